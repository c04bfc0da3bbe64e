import { getEventListeners, once } from "node:events";
import { createServer } from "node:http";
import { type AddressInfo, connect, type Socket } from "node:net";
import { Worker } from "node:worker_threads";
import type { PoolLike } from "@laila/pool";
import { S3Pool, type S3PoolConfig } from "@laila/pool-s3";
import { type S3Server, startS3Server } from "@laila-tooling/s3-server";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { collect, expectNoSecret, rejection } from "./reports.js";
import { keysOf } from "./server.js";

const bytes = Uint8Array.of(1, 2, 3);
let server: S3Server;
let config: S3PoolConfig;
const pools: PoolLike[] = [];

beforeAll(async () => {
  server = await startS3Server({ buckets: ["bucket"] });
  config = { ...keysOf(server), bucketName: "bucket" };
});
afterEach(async () => {
  server.fault(undefined);
  for (const pool of pools.splice(0)) await pool.close();
});
afterAll(() => server.close());

function made(more: Partial<S3PoolConfig> = {}): S3Pool {
  const pool = new S3Pool({ ...config, ...more });
  pools.push(pool);
  return pool;
}

const verbs: Readonly<Record<string, (pool: PoolLike) => Promise<unknown>>> = {
  open: (pool) => pool.open(),
  read: (pool) => pool.read("k"),
  write: (pool) => pool.write("k", bytes),
  "write ifAbsent": (pool) => pool.write("k", bytes, { condition: { ifAbsent: true } }),
  "write ifVersion": (pool) => pool.write("k", bytes, { condition: { ifVersion: '"0"' } }),
  delete: (pool) => pool.delete("k"),
  exists: (pool) => pool.exists("k"),
  keys: (pool) => collect(pool.keys()),
  readMany: async (pool) => fail(await collect(pool.readMany(["k"]))),
  writeMany: async (pool) => fail(await pool.writeMany([{ key: "k", bytes }])),
  deleteMany: async (pool) => fail(await pool.deleteMany(["k"])),
};

function fail(results: readonly { readonly error?: unknown }[]): void {
  for (const { error } of results) throw error;
}

describe.each(Object.entries(verbs))("%s", (_, call) => {
  it("a bucket that does not exist is NO_SUCH_STORE", async () => {
    const error = await rejection(call(made({ bucketName: "nobodys" })));
    expect(error).toMatchObject({ code: "NO_SUCH_STORE", details: { bucket: "nobodys" } });
    expect(error.message).toContain("nobodys");
  });

  it("a wrong secret is ACCESS_DENIED, and is not shown", async () => {
    const secretAccessKey = "not-the-secret-it-should-be";
    const error = await rejection(call(made({ secretAccessKey })));
    expect(error).toMatchObject({ code: "ACCESS_DENIED", details: { status: 403 } });
    expect(error.message).toContain("secretAccessKey");
    expectNoSecret(error, [secretAccessKey, server.accessKeyId]);
  });

  it("an unknown access key id is ACCESS_DENIED", async () => {
    const error = await rejection(call(made({ accessKeyId: "AKIAUNKNOWNUNKNOWN00" })));
    expect(error.code).toBe("ACCESS_DENIED");
    expect(error.message).toContain("accessKeyId");
    expectNoSecret(error, ["AKIAUNKNOWNUNKNOWN00", server.secretAccessKey]);
  });

  it("a server that is not there is UNAVAILABLE", async () => {
    const error = await rejection(call(made({ endpoint: "http://127.0.0.1:1" })));
    expect(error).toMatchObject({ code: "UNAVAILABLE", details: { host: "127.0.0.1:1" } });
    expectNoSecret(error, [server.secretAccessKey, server.accessKeyId]);
  });
});

describe("what the server says", () => {
  const cases: readonly (readonly [number, string, string])[] = [
    [403, "AccessDenied", "ACCESS_DENIED"],
    [403, "SomethingNew", "ACCESS_DENIED"],
    [400, "ExpiredToken", "CREDENTIALS_EXPIRED"],
    [400, "InvalidToken", "ACCESS_DENIED"],
    [403, "RequestTimeTooSkewed", "CLOCK_SKEW"],
    [301, "PermanentRedirect", "WRONG_REGION"],
    [400, "AuthorizationHeaderMalformed", "WRONG_REGION"],
    [404, "NoSuchBucket", "NO_SUCH_STORE"],
    [503, "SlowDown", "UNAVAILABLE"],
    [500, "InternalError", "UNAVAILABLE"],
    [429, "SomethingNew", "UNAVAILABLE"],
    [409, "OperationAborted", "UNAVAILABLE"],
    [400, "EntityTooLarge", "TOO_LARGE"],
    [400, "KeyTooLongError", "INVALID_ARGUMENT"],
    [400, "BadDigest", "UNAVAILABLE"],
    [400, "SomethingNew", "UNSUPPORTED"],
    [501, "NotImplemented", "UNSUPPORTED"],
    [507, "SomethingNew", "NO_SPACE"],
    [403, "QuotaExceeded", "NO_SPACE"],
  ];
  it.each(cases)("%i %s is %s", async (status, code, expected) => {
    server.fault(() => ({ status, code }));
    for (const call of [verbs.read, verbs.write, verbs.exists, verbs.keys]) {
      const error = await rejection(call?.(made()) as Promise<unknown>);
      expect(error.code).toBe(expected);
      expect(error.message).toMatch(/\. [A-Z].*\.$/);
      expectNoSecret(error, [server.secretAccessKey, server.accessKeyId]);
    }
  });

  it.each([
    [404, "text/html", "<!doctype html><title>Not found</title>"],
    [200, "text/html", "<!doctype html><title>Welcome</title>"],
    [200, "application/json", "{}"],
    [403, "text/plain", "no"],
  ])("is never taken for an empty bucket: %i %s", async (status, type, body) => {
    const web = createServer((_, reply) =>
      reply.writeHead(status, { "Content-Type": type }).end(body),
    );
    await new Promise<void>((resolve) => web.listen(0, "127.0.0.1", resolve));
    const { port } = web.address() as AddressInfo;
    const endpoint = `http://127.0.0.1:${port}`;
    const expected = status === 403 ? "ACCESS_DENIED" : "UNAVAILABLE";
    const { delete: one, deleteMany, ...others } = verbs;
    for (const call of [...Object.values(others), ...(status === 200 ? [deleteMany] : [one])]) {
      expect((await rejection(call?.(made({ endpoint })) as Promise<unknown>)).code).toBe(expected);
    }
    await new Promise((resolve) => {
      web.close(resolve);
      web.closeAllConnections();
    });
  });

  it.each([400, 403])("is told without the secrets that it repeats: %i", async (status) => {
    const { accessKeyId, secretAccessKey } = server;
    const sessionToken = "FwoGZXIvYXdzEXAMPLE";
    const all = [accessKeyId, secretAccessKey, sessionToken];
    const echo = createServer((_, reply) => {
      const body = `<Error><Code>Strange</Code><Message>You sent ${all.join()} and AKIAIOSFODNN7EXAMPLE</Message>
        <AWSAccessKeyId>${accessKeyId}</AWSAccessKeyId><StringToSign>${secretAccessKey}</StringToSign></Error>`;
      reply.writeHead(status, { "Content-Type": "application/xml" }).end(body);
    });
    await new Promise<void>((resolve) => echo.listen(0, "127.0.0.1", resolve));
    const { port } = echo.address() as AddressInfo;
    const pool = made({ endpoint: `http://127.0.0.1:${port}`, sessionToken });
    for (const call of [verbs.read, verbs.write, verbs.keys]) {
      const error = await rejection(call?.(pool) as Promise<unknown>);
      expect(error.cause).toMatchObject({ name: "Strange" });
      expectNoSecret(error, [...all, "AKIAIOSFODNN7EXAMPLE"]);
    }
    expectNoSecret(pool, all);
    await new Promise((resolve) => {
      echo.close(resolve);
      echo.closeAllConnections();
    });
  });

  it("is asked for again when it fails for a moment", async () => {
    let failures = 2;
    server.fault(() => (failures-- > 0 ? { status: 503, code: "SlowDown" } : undefined));
    const pool = made();
    await pool.write("for a moment", bytes);
    expect((await pool.read("for a moment"))?.bytes).toEqual(bytes);
  });

  it("gives each key of deleteMany its own outcome when the whole request fails", async () => {
    server.fault(() => ({ status: 403, code: "AccessDenied" }));
    const results = await made().deleteMany(["a", "b", "a"]);
    expect(results.map(({ key, error }) => [key, (error as { code?: string }).code])).toEqual([
      ["a", "ACCESS_DENIED"],
      ["b", "ACCESS_DENIED"],
      ["a", "ACCESS_DENIED"],
    ]);
  });
});

describe("time", () => {
  it("a server that never answers is TIMEOUT, for every attempt", async () => {
    server.fault(() => ({ delayMs: 60_000 }));
    const error = await rejection(made({ requestTimeoutMs: 50 }).read("k"));
    expect(error.code).toBe("TIMEOUT");
  });

  it("a host that lets nobody connect is UNAVAILABLE after one attempt", async () => {
    // A thread that listens and never accepts: when its queue is full, the system drops what comes.
    const deaf = new Worker(
      `const { parentPort } = require("node:worker_threads");
      const server = require("node:net").createServer().listen(0, "127.0.0.1", 1, () => {
        parentPort.postMessage(server.address().port);
        Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
      });`,
      { eval: true },
    );
    const port = await new Promise<number>((resolve) => deaf.once("message", resolve));
    const queue = Array.from({ length: 4 }, () =>
      connect(port, "127.0.0.1").on("error", () => undefined),
    );
    await once(queue[0] as Socket, "connect");
    const pool = made({ endpoint: `http://127.0.0.1:${port}`, connectTimeoutMs: 300 });
    const error = await rejection(pool.read("k"));
    expect(error).toMatchObject({ code: "UNAVAILABLE", cause: { name: "ConnectTimeoutError" } });
    expect(error.message).toContain("cannot be reached");
    for (const socket of queue) socket.destroy();
    await deaf.terminate();
  });

  it("a caller's signal ends a request that is under way", async () => {
    const controller = new AbortController();
    server.fault(() => {
      controller.abort(new Error("enough"));
      return { delayMs: 60_000 };
    });
    const error = await rejection(made().read("k", { signal: controller.signal }));
    expect(error).toMatchObject({ code: "ABORTED", cause: { message: "enough" } });
  });

  it("a signal that many calls share gets no listener for each, and keeps none", async () => {
    const { signal } = new AbortController();
    const pool = made();
    await pool.open();
    let most = 0;
    server.fault(() => {
      most = Math.max(most, getEventListeners(signal, "abort").length);
      return undefined;
    });
    const keys = Array.from({ length: 40 }, (_, i) => `k${i}`);
    await collect(pool.readMany(keys, { signal }));
    // One of the base class, one for all requests.
    expect(most).toBeLessThanOrEqual(2);
    expect(getEventListeners(signal, "abort")).toEqual([]);
  });

  it("a caller's signal ends the wait for a connection", async () => {
    const pool = made({ maxConnections: 1 });
    const arrived = new Promise<void>((resolve) => {
      server.fault(() => {
        resolve();
        return { delayMs: 60_000 };
      });
    });
    const first = new AbortController();
    const blocking = rejection(pool.read("k", { signal: first.signal }));
    await arrived;
    server.fault(undefined);
    const second = new AbortController();
    const waiting = rejection(pool.read("k", { signal: second.signal }));
    second.abort(new DOMException("too long", "TimeoutError"));
    expect((await waiting).code).toBe("TIMEOUT");
    first.abort();
    expect((await blocking).code).toBe("ABORTED");
    expect(await pool.read("k")).toBeUndefined();
  });
});
