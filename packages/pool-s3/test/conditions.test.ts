import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import type { PoolLike, WriteCondition } from "@laila/pool";
import { S3Pool, type S3PoolConfig } from "@laila/pool-s3";
import { type S3Server, startS3Server } from "@laila-tooling/s3-server";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { rejection } from "./reports.js";
import { keysOf } from "./server.js";

const [one, two, three] = [Uint8Array.of(1), Uint8Array.of(2, 2), Uint8Array.of(3, 3, 3)];
const ifAbsent: WriteCondition = { ifAbsent: true };

let server: S3Server;
let config: S3PoolConfig;
let pool: S3Pool;
let other: S3Pool;
let key: string;
let keys = 0;

beforeAll(async () => {
  server = await startS3Server({ buckets: ["bucket"] });
  config = { ...keysOf(server), bucketName: "bucket" };
  [pool, other] = [new S3Pool(config), new S3Pool(config)];
  // The probes of both kinds, so that the faults below meet only the writes they are meant for.
  for (const made of [pool, other]) {
    const ifVersion = await made.write("warm", one);
    await made.write("warm", two, { condition: { ifVersion: ifVersion ?? "" } });
    await rejection(made.write("warm", one, { condition: ifAbsent }));
  }
});
beforeEach(() => {
  key = `key ${++keys}`;
  server.clearRequests();
});
afterEach(() => server.fault(undefined));
afterAll(async () => {
  await Promise.all([pool.close(), other.close()]);
  await server.close();
});

/** The first PUT is done, its reply is lost; `between` happens before the SDK tries again. */
function loseFirstReply(between: () => Promise<unknown> = () => Promise.resolve()): void {
  let puts = 0;
  server.fault(async ({ operation }) => {
    if (operation !== "PutObject") return undefined;
    puts++;
    if (puts === 1) return "reset-after-commit";
    if (puts > 2) return undefined;
    // Holds the second try back for as long as the other writer needs.
    await between();
    return { status: 503, code: "SlowDown" };
  });
}

const operations = (): string[] => server.requests.map(({ operation }) => operation);

describe("a lost reply", () => {
  it("of a write without a condition: it is written again", async () => {
    loseFirstReply();
    const version = await pool.write(key, one);
    expect(await pool.read(key)).toEqual({ bytes: one, version });
  });

  it("of ifAbsent: our own value is known again", async () => {
    loseFirstReply();
    const version = await pool.write(key, one, { condition: ifAbsent });
    expect(await pool.read(key)).toEqual({ bytes: one, version });
    expect(operations().filter((name) => name === "HeadObject")).toHaveLength(1);
  });

  it("of ifVersion: our own value is known again", async () => {
    const ifVersion = (await pool.write(key, one)) ?? "";
    loseFirstReply();
    const version = await pool.write(key, two, { condition: { ifVersion } });
    expect(version).not.toBe(ifVersion);
    expect(await pool.read(key)).toEqual({ bytes: two, version });
  });

  it("is CONFLICT with an unknown outcome once somebody else has written it", async () => {
    loseFirstReply(() => other.write(key, three));
    const error = await rejection(pool.write(key, one, { condition: ifAbsent }));
    expect(error).toMatchObject({ code: "CONFLICT", details: { outcome: "unknown", key } });
    expect((await pool.read(key))?.bytes).toEqual(three);
  });

  it("is CONFLICT with an unknown outcome once somebody else has deleted it", async () => {
    const ifVersion = (await pool.write(key, one)) ?? "";
    loseFirstReply(() => other.delete(key));
    const error = await rejection(pool.write(key, two, { condition: { ifVersion } }));
    expect(error).toMatchObject({ code: "CONFLICT", details: { outcome: "unknown" } });
    expect(await pool.exists(key)).toBe(false);
  });

  it("leaves equal bytes of another writer to that writer", async () => {
    await other.write(key, one, { condition: ifAbsent });
    let first = true;
    server.fault(({ operation }) => {
      if (operation !== "PutObject" || !first) return undefined;
      first = false;
      return "reset";
    });
    const error = await rejection(pool.write(key, one, { condition: ifAbsent }));
    expect(error).toMatchObject({ code: "CONFLICT", details: { outcome: "unknown" } });
  });
});

describe("a refusal of the second attempt, after the first was done", () => {
  const refusals: [number, string, string][] = [
    [400, "ExpiredToken", "CREDENTIALS_EXPIRED"],
    [403, "AccessDenied", "ACCESS_DENIED"],
    [403, "QuotaExceeded", "NO_SPACE"],
  ];

  it.each(refusals)("%i %s has an unknown outcome", async (status, code, told) => {
    let puts = 0;
    server.fault(({ operation }) => {
      if (operation !== "PutObject") return undefined;
      return puts++ === 0 ? "reset-after-commit" : { status, code };
    });
    const error = await rejection(pool.write(key, one, { condition: ifAbsent }));
    expect(error).toMatchObject({ code: told, details: { outcome: "unknown", key } });
    server.fault(undefined);
    expect((await pool.read(key))?.bytes).toEqual(one);
  });

  it("of one attempt is certain", async () => {
    server.fault(() => ({ status: 403, code: "AccessDenied" }));
    const error = await rejection(pool.write(key, one, { condition: ifAbsent }));
    expect(error.code).toBe("ACCESS_DENIED");
    expect(error.details).not.toHaveProperty("outcome");
  });

  it("a 412 that cannot be looked into has an unknown outcome too", async () => {
    let puts = 0;
    server.fault(({ operation }) => {
      if (operation === "PutObject") return puts++ === 0 ? "reset-after-commit" : undefined;
      return { status: 403, code: "AccessDenied" };
    });
    const error = await rejection(pool.write(key, one, { condition: ifAbsent }));
    expect(error).toMatchObject({
      code: "ACCESS_DENIED",
      message: expect.stringContaining("cannot be known"),
      details: { outcome: "unknown" },
    });
  });
});

describe("a refusal", () => {
  it("after one attempt is lost, and asks nothing more", async () => {
    await pool.write(key, one);
    server.clearRequests();
    const error = await rejection(pool.write(key, two, { condition: ifAbsent }));
    expect(error).toMatchObject({ code: "CONFLICT", details: { outcome: "lost", status: 412 } });
    expect(operations()).toEqual(["PutObject"]);
  });

  it.each([
    [412, "PreconditionFailed"],
    [409, "ConditionalRequestConflict"],
    [409, "OperationAborted"],
    [409, "ConcurrentModification"],
    [404, "NoSuchKey"],
  ])("%i %s is CONFLICT", async (status, code) => {
    server.fault(() => ({ status, code }));
    for (const condition of [ifAbsent, { ifVersion: '"abc"' }]) {
      const error = await rejection(pool.write(key, one, { condition }));
      expect(error).toMatchObject({ code: "CONFLICT", details: { outcome: "lost" } });
    }
  });

  it("404 NoSuchBucket is no CONFLICT", async () => {
    server.fault(() => ({ status: 404, code: "NoSuchBucket" }));
    const error = await rejection(pool.write(key, one, { condition: ifAbsent }));
    expect(error.code).toBe("NO_SUCH_STORE");
  });

  it.each(["*", "", 'a, "b"', '"a", "b"', "a\nb", '"a', "é"])(
    "ifVersion %j is no version: CONFLICT, and nothing is sent",
    async (ifVersion) => {
      const error = await rejection(pool.write(key, one, { condition: { ifVersion } }));
      expect(error).toMatchObject({ code: "CONFLICT", details: { outcome: "lost" } });
      expect(operations()).toEqual([]);
    },
  );
});

describe("the probe", () => {
  it("is made once for all who wait, and leaves nothing behind", async () => {
    const fresh = new S3Pool({ ...config, prefix: "probed" });
    await Promise.all([1, 2, 3].map((n) => fresh.write(`k${n}`, one, { condition: ifAbsent })));
    expect(operations().filter((name) => name === "DeleteObject")).toHaveLength(1);
    expect(operations().filter((name) => name === "PutObject")).toHaveLength(2 + 3);
    const left = await server.listObjects("bucket");
    expect(left.filter((name) => name.includes("probe"))).toEqual([
      "probed/k1",
      "probed/k2",
      "probed/k3",
    ]);
    await fresh.close();
  });

  it("is made again after it failed", async () => {
    const fresh = new S3Pool(config);
    server.fault(() => ({ status: 403, code: "AccessDenied" }));
    expect((await rejection(fresh.write(key, one, { condition: ifAbsent }))).code).toBe(
      "ACCESS_DENIED",
    );
    server.fault(undefined);
    await fresh.write(key, one, { condition: ifAbsent });
    await fresh.close();
  });

  it.each([ifAbsent, { ifVersion: '"abc"' }])(
    "refuses %j on a server that ignores conditions",
    async (condition) => {
      const stub = await lookAlike();
      const careless = new S3Pool({ ...config, endpoint: stub.endpoint });
      const supported = (of: PoolLike) => of.supports.conditionalWrites;
      expect(supported(careless)).toBe(true);
      const error = await rejection(careless.write("k", one, { condition }));
      expect(error.code).toBe("UNSUPPORTED");
      expect(supported(careless)).toBe(false);
      expect([...stub.objects.keys()]).toEqual([]);
      await careless.write("k", one);
      expect([...stub.objects.keys()]).toEqual(["/bucket/k"]);
      await careless.close();
      await stub.close();
    },
  );
});

/** A server that takes every PUT, whatever its condition: what some S3 look-alikes do. */
async function lookAlike() {
  const objects = new Map<string, Uint8Array>();
  const http = createServer(async (request, reply) => {
    const chunks: Uint8Array[] = [];
    for await (const chunk of request) chunks.push(chunk as Uint8Array);
    const path = new URL(request.url ?? "/", "http://stub").pathname;
    if (request.method === "PUT") objects.set(path, Buffer.concat(chunks));
    if (request.method === "DELETE") objects.delete(path);
    reply.writeHead(request.method === "DELETE" ? 204 : 200, { ETag: '"always"' }).end();
  });
  await new Promise<void>((resolve) => http.listen(0, "127.0.0.1", resolve));
  const { port } = http.address() as AddressInfo;
  const close = () => new Promise<unknown>((resolve) => http.close(resolve));
  return { endpoint: `http://127.0.0.1:${port}`, objects, close };
}
