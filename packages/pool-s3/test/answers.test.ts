import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { S3Pool } from "@laila/pool-s3";
import { afterEach, describe, expect, it } from "vitest";
import { collect, rejection } from "./reports.js";

const opened: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of opened.splice(0)) await close();
});

/** A pool of a server that says what it is told to: its requests in order, as method, path and body. */
async function saying(answer: (request: IncomingMessage, body: string, n: number) => string) {
  const bodies: string[] = [];
  const http = createServer(async (request, reply) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    bodies.push(Buffer.concat(chunks).toString());
    reply.writeHead(200, { "Content-Type": "application/xml" });
    reply.end(answer(request, bodies.at(-1) ?? "", bodies.length));
  });
  await new Promise<void>((resolve) => http.listen(0, "127.0.0.1", resolve));
  const { port } = http.address() as AddressInfo;
  const pool = new S3Pool({
    endpoint: `http://127.0.0.1:${port}`,
    bucketName: "bucket",
    accessKeyId: "AKIDEXAMPLE-1",
    secretAccessKey: "wJalrXUtnFEMI-1",
  });
  opened.push(async () => {
    await pool.close();
    await new Promise((resolve) => {
      http.close(resolve);
      http.closeAllConnections();
    });
  });
  return { pool, bodies };
}

const failed = (key: string, code: string) =>
  `<Error><Key>${key}</Key><Code>${code}</Code><Message>no</Message></Error>`;
const deleted = (key: string) => `<Deleted><Key>${key}</Key></Deleted>`;

describe("a batch delete", () => {
  it("gives each key its own outcome, and tries again what the server was too busy for", async () => {
    const { pool, bodies } = await saying((_, __, n) => {
      const rest =
        n === 1
          ? failed("busy", "SlowDown") + failed("broken", "InternalError")
          : deleted("busy") + failed("broken", "InternalError");
      const first = deleted("a") + failed("denied", "AccessDenied") + failed("gone", "NoSuchKey");
      return `<DeleteResult>${n === 1 ? first : ""}${rest}</DeleteResult>`;
    });
    const keys = ["a", "denied", "gone", "silent", "busy", "broken"];
    const results = await pool.deleteMany(keys);
    expect(results.map(({ key, error }) => [key, (error as { code?: string })?.code])).toEqual([
      ["a", undefined],
      ["denied", "ACCESS_DENIED"],
      ["gone", undefined],
      // Of which the answer says nothing.
      ["silent", "UNAVAILABLE"],
      ["busy", undefined],
      ["broken", "UNAVAILABLE"],
    ]);
    const asked = bodies.map((body) =>
      [...body.matchAll(/<Key>(\w+)<\/Key>/g)].map(([, key]) => key),
    );
    expect(asked).toEqual([keys, ["busy", "broken"], ["broken"]]);
  });
});

describe("a listing", () => {
  const page = (keys: readonly string[], { count = keys.length, more = "" } = {}) =>
    `<ListBucketResult><IsTruncated>${more !== ""}</IsTruncated>${more}<KeyCount>${count}</KeyCount><EncodingType>url</EncodingType>${keys
      .map((key) => `<Contents><Key>${key}</Key></Contents>`)
      .join("")}</ListBucketResult>`;
  const cases: Readonly<Record<string, string>> = {
    "that counts more than it has": page(["k1"], { count: 2 }),
    "of names that were not asked for": page(["k1", "j2"]),
    "that does not say where it goes on": page(["k1"], { more: " " }),
  };

  it.each(Object.entries(cases))(
    "%s is asked for again, and never cut silently",
    async (_, wrong) => {
      let broken = 2;
      const { pool } = await saying(() => (broken-- > 0 ? wrong : page(["k1", "k2"])));
      expect(await collect(pool.keys({ prefix: "k" }))).toEqual(["k1", "k2"]);
      broken = 3;
      expect((await rejection(collect(pool.keys({ prefix: "k" })))).code).toBe("UNAVAILABLE");
    },
  );
});

it("an upload that the server does not name is no upload", async () => {
  const { pool } = await saying(() => "<InitiateMultipartUploadResult/>");
  const error = await rejection(pool.write("k", new Uint8Array(17 * 1024 ** 2)));
  expect(error.code).toBe("UNAVAILABLE");
});

it("a listing of uploads that goes nowhere ends", async () => {
  const { pool } = await saying(({ url }) =>
    url?.includes("uploads")
      ? "<ListMultipartUploadsResult><IsTruncated>true</IsTruncated></ListMultipartUploadsResult>"
      : page0,
  );
  expect((await rejection(pool.cleanup({ olderThan: 0 }))).code).toBe("UNAVAILABLE");
  expect((await rejection(pool.cleanup({} as never))).code).toBe("INVALID_ARGUMENT");
  expect((await rejection(pool.cleanup({ olderThan: -1 }))).code).toBe("INVALID_ARGUMENT");
});

const page0 =
  "<ListBucketResult><IsTruncated>false</IsTruncated><KeyCount>0</KeyCount></ListBucketResult>";
