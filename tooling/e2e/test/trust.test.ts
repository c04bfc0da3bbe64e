import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { inspect } from "node:util";
import { createLaila, type Laila, recoverPolicy, saveEnvironment } from "@laila/core";
import { S3Pool } from "@laila/pool-s3";
import { type S3Server, startS3Server } from "@laila-tooling/s3-server";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from "vitest";
import { secretsIn } from "./support/secrets.js";

// A document in the bucket is changed by somebody else. A second host records every request it gets.

let server: S3Server;
let stranger: Server;
let strangerUrl: string;
const received: string[] = [];
let l: Laila;
let s3: S3Pool;

beforeAll(async () => {
  server = await startS3Server({ buckets: ["trust"] });
  stranger = createServer((request, response) => {
    received.push(`${request.method} ${request.url} ${JSON.stringify(request.headers)}`);
    response.writeHead(404).end();
  });
  await new Promise<void>((listening) => stranger.listen(0, "127.0.0.1", listening));
  stranger.on("connection", () => received.push("connection"));
  strangerUrl = `http://127.0.0.1:${(stranger.address() as AddressInfo).port}`;
});
afterAll(async () => {
  stranger.closeAllConnections();
  await new Promise((closed) => stranger.close(closed));
  await server.close();
});

beforeEach(async () => {
  received.length = 0;
  // What the machine itself has: it must not leave either.
  vi.stubEnv("AWS_ACCESS_KEY_ID", "AMBIENTKEYID0001");
  vi.stubEnv("AWS_SECRET_ACCESS_KEY", "ambient-secret-of-this-machine");
  vi.stubEnv("AWS_SESSION_TOKEN", "ambient-session-token");
  l = createLaila({
    args: {
      AWS_ACCESS_KEY_ID: server.accessKeyId,
      AWS_SECRET_ACCESS_KEY: server.secretAccessKey,
      DB_PASSWORD: "correct horse battery",
    },
  });
  s3 = bucketPool();
  l.memory.extend(s3, { poolNickname: "s3" });
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await l.close();
});

function bucketPool(more: object = {}): S3Pool {
  return new S3Pool({
    bucketName: "trust",
    regionName: server.region,
    accessKeyId: server.accessKeyId,
    secretAccessKey: server.secretAccessKey,
    endpoint: server.endpoint,
    nickname: "s3",
    ...more,
  });
}

type Fields = Record<string, unknown>;

/** The environment with the S3 pool's configuration changed. */
function changed(change: (config: Fields) => void): unknown {
  const document = structuredClone(l.environment);
  change(document.policy.central.memory.pool_router.pools[s3.globalId] as Fields);
  return document;
}

async function refusal(
  environment: unknown,
  more: object = {},
): Promise<{ code: string; message: string; details: unknown }> {
  const error = await recoverPolicy({
    environment,
    poolClasses: [S3Pool],
    args: l.args,
    from: s3,
    ...more,
  }).then(
    () => undefined,
    (e: unknown) => e,
  );
  const text = `${inspect(error, { depth: 10 })} ${JSON.stringify(error)}`;
  expect(
    secretsIn(text, [
      server.secretAccessKey,
      "ambient-secret-of-this-machine",
      "correct horse battery",
    ]),
  ).toEqual([]);
  expect(received).toEqual([]);
  return error as never;
}

const changes: [string, (config: Fields) => void, object][] = [
  ["the endpoint", (config) => (config.endpoint = strangerUrl), { code: "UNTRUSTED" }],
  [
    "the endpoint, and no credentials named: the machine's own would go",
    (config) => {
      config.endpoint = strangerUrl;
      delete config.access_key_id;
      delete config.secret_access_key;
    },
    { code: "UNTRUSTED" },
  ],
  [
    "no credentials named, at the endpoint it came from",
    (config) => {
      delete config.access_key_id;
      delete config.secret_access_key;
    },
    { code: "UNTRUSTED" },
  ],
  [
    "another secret",
    (config) => (config.secret_access_key = { $secret: "DB_PASSWORD" }),
    { code: "UNTRUSTED" },
  ],
  [
    "a secret where none belongs",
    (config) => (config.bucket_name = { $secret: "DB_PASSWORD" }),
    { code: "INVALID_DOCUMENT" },
  ],
  [
    "a secret as part of the host",
    (config) => {
      config.endpoint = { $secret: "DB_PASSWORD" };
    },
    { code: "INVALID_DOCUMENT" },
  ],
  [
    "the endpoint in user info's clothes",
    (config) =>
      (config.endpoint = strangerUrl.replace("//", `//${new URL(server.endpoint).host}@`)),
    { code: "INVALID_DOCUMENT" },
  ],
  [
    "a region that is a host",
    (config) => {
      delete config.endpoint;
      config.region_name = "x.evil.example/#";
    },
    { code: "INVALID_CONFIG" },
  ],
  [
    "a bucket that is a host",
    (config) => {
      delete config.endpoint;
      config.bucket_name = "evil.example/x";
    },
    { code: "INVALID_CONFIG" },
  ],
  [
    "ambient credentials asked for",
    (config) => (config.ambient_credentials = true),
    { code: "INVALID_DOCUMENT" },
  ],
  ["a client", (config) => (config.client = {}), { code: "INVALID_DOCUMENT" }],
  [
    "a provider",
    (config) => (config.credential_process = "sh -c id"),
    { code: "INVALID_DOCUMENT" },
  ],
];
test.each(changes)(
  "a document with %s changed is refused; the stranger gets no connection",
  async (_, change, expected) => {
    expect(await refusal(changed(change))).toMatchObject(expected);
  },
);

test("UNTRUSTED lists the secrets, the destination and the fix, and the fix works", async () => {
  const environment = changed((config) => (config.endpoint = strangerUrl));
  const error = await refusal(environment);
  expect(error.details).toEqual({
    pools: [
      {
        pool: s3.globalId,
        destination: strangerUrl,
        secrets: ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"],
      },
    ],
  });
  const [rules = ""] = /\[\{.*\}\]/.exec(error.message) ?? [];
  const trust = JSON.parse(rules.replace(/(secret|origin):/g, '"$1":'));
  expect(trust).toEqual([
    { secret: "AWS_ACCESS_KEY_ID", origin: strangerUrl },
    { secret: "AWS_SECRET_ACCESS_KEY", origin: strangerUrl },
  ]);
  // Now the caller says so. The pool is opened there, and finds no bucket.
  await expect(
    recoverPolicy({ environment, poolClasses: [S3Pool], args: l.args, from: s3, trust }),
  ).rejects.toMatchObject({
    code: expect.stringMatching(/^(NO_SUCH_STORE|UNAVAILABLE|NOT_FOUND|ACCESS_DENIED)$/),
  });
  expect(received.length).toBeGreaterThan(0);
  expect(secretsIn(received.join("\n"), [server.secretAccessKey])).toEqual([]);
});

test("a stored environment that somebody exchanged is refused by name as well", async () => {
  await saveEnvironment(
    changed((config) => (config.endpoint = strangerUrl)) as typeof l.environment,
    { name: "prod", pool: s3 },
  );
  await expect(
    recoverPolicy({ name: "prod", pool: s3, poolClasses: [S3Pool], args: l.args }),
  ).rejects.toMatchObject({ code: "UNTRUSTED" });
  expect(received).toEqual([]);
});

test("what was not changed is recovered, and the machine's own credentials are not used for it", async () => {
  const policy = await recoverPolicy({
    environment: l.environment,
    poolClasses: [S3Pool],
    args: l.args,
    from: s3,
  });
  server.clearRequests();
  await policy.central.memory.memorize(l.constant(1, { nickname: "one" }), { poolNickname: "s3" });
  expect(JSON.stringify(server.requests)).not.toContain("AMBIENTKEYID0001");
  await policy.close();
});
