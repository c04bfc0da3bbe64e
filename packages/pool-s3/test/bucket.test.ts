import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout } from "node:timers/promises";
import {
  GetObjectCommand,
  HeadObjectCommand,
  PutObjectCommand,
  S3Client,
} from "@aws-sdk/client-s3";
import { S3Pool, type S3PoolConfig } from "@laila/pool-s3";
import { type S3Server, startS3Server } from "@laila-tooling/s3-server";
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import { createClient } from "../src/client.js";
import { collect, expectNoSecret, rejection } from "./reports.js";
import { keysOf } from "./server.js";

const text = (words: string) => new TextEncoder().encode(words);

let server: S3Server;
let config: S3PoolConfig;
let client: S3Client;

beforeAll(async () => {
  server = await startS3Server({ buckets: ["bucket"] });
  config = { ...keysOf(server), bucketName: "bucket" };
  const { accessKeyId, secretAccessKey, endpoint, region } = server;
  client = new S3Client({
    endpoint,
    region,
    forcePathStyle: true,
    credentials: { accessKeyId, secretAccessKey },
  });
});
afterEach(() => server.fault(undefined));
afterAll(async () => {
  client.destroy();
  await server.close();
});

async function using<T>(
  more: Partial<S3PoolConfig>,
  act: (pool: S3Pool) => Promise<T>,
): Promise<T> {
  const pool = new S3Pool({ ...config, ...more });
  try {
    return await act(pool);
  } finally {
    await pool.close();
  }
}

describe("what lies in the bucket", () => {
  it("is the prefix and the encoded key, with the type of its content", async () => {
    await using({ prefix: "lies/here" }, async (pool) => {
      await pool.write("a:b/c", text('{"laila_record":1}'));
      await pool.write(".x", text("LAILA\u0001"));
      await pool.write("empty", new Uint8Array(0));
    });
    const typeOf = async (Key: string) =>
      (await client.send(new HeadObjectCommand({ Bucket: "bucket", Key }))).ContentType;
    expect(await typeOf("lies/here/a%3Ab%2Fc")).toBe("application/json");
    expect(await typeOf("lies/here/%2Ex")).toBe("application/vnd.laila.record");
    expect(await typeOf("lies/here/empty")).toBe("application/vnd.laila.record");
  });

  it("of others is not listed", async () => {
    const others = [
      "lists/",
      "lists/a b",
      "lists/a+b",
      "lists/sub/file",
      "lists/%3a",
      "lists/%",
      "lists/.dot",
      "lists/\u0001",
      "lists/<&>",
      `lists/${"x".repeat(400)}`,
      "listsx",
      "other/k",
      "root",
    ];
    for (const Key of others)
      await client.send(new PutObjectCommand({ Bucket: "bucket", Key, Body: "x" }));
    await using({ prefix: "lists" }, async (pool) => {
      await pool.write("a b", text("x"));
      await pool.write("k", text("x"));
      expect((await collect(pool.keys())).sort()).toEqual(["a b", "k"]);
      expect(await collect(pool.keys({ prefix: "a " }))).toEqual(["a b"]);
    });
  });

  it("under one prefix is not seen under another", async () => {
    const [prod, prod2] = ["prod", "prod2/"].map((prefix) => new S3Pool({ ...config, prefix }));
    if (!prod || !prod2) throw new Error("There are two.");
    await prod.write("k", text("1"));
    await prod2.write("k", text("2"));
    await prod2.write("only", text("2"));
    expect(await collect(prod.keys())).toEqual(["k"]);
    expect(await prod.exists("only")).toBe(false);
    await prod.deleteMany(["k", "only"]);
    expect((await prod2.read("k"))?.bytes).toEqual(text("2"));
    expect((await collect(prod2.keys())).sort()).toEqual(["k", "only"]);
    await Promise.all([prod.close(), prod2.close()]);
  });

  it("is deleted a thousand keys at a time", async () => {
    await using({ prefix: "batch" }, async (pool) => {
      const keys = Array.from({ length: 2001 }, (_, i) => `k${i}`);
      await pool.writeMany([1500, 2000].map((i) => ({ key: `k${i}`, bytes: text("x") })));
      server.clearRequests();
      const results = await pool.deleteMany(keys);
      expect(results.map(({ key }) => key)).toEqual(keys);
      expect(results.filter(({ error }) => error !== undefined)).toEqual([]);
      expect(server.requests.map(({ operation }) => operation)).toEqual(
        Array(3).fill("DeleteObjects"),
      );
      expect(await collect(pool.keys())).toEqual([]);
    });
  });
});

describe("a damaged value", () => {
  it("is CORRUPT when it does not have its checksum, after it was asked for again", async () => {
    await using({ prefix: "damaged" }, async (pool) => {
      await pool.write("k", text("as it was written"));
      await server.writeObject("bucket", "damaged/k", text("as it WAS written"), {
        keepChecksums: true,
      });
      server.clearRequests();
      expect(await rejection(pool.read("k"))).toMatchObject({
        code: "CORRUPT",
        details: { key: "k", bucket: "bucket" },
      });
      expect(server.requests).toHaveLength(3);
      const [found] = await collect(pool.readMany(["k"]));
      expect(found?.error).toMatchObject({ code: "CORRUPT" });
    });
  });

  it("is CORRUPT when it always ends at the same byte, UNAVAILABLE when the connection breaks anywhere", async () => {
    const lengths = [5, 5, 5, 3, 4, 5];
    const { endpoint, close } = await truncating(() => lengths.shift() ?? 10);
    await using({ endpoint }, async (pool) => {
      const short = await rejection(pool.read("k"));
      expect(short.code).toBe("CORRUPT");
      expect(short.message).toContain("5 bytes");
      expect((await rejection(pool.read("k"))).code).toBe("UNAVAILABLE");
      expect((await pool.read("k"))?.bytes).toHaveLength(10);
    });
    await close();
  });

  it("holds no connection", async () => {
    const lengths = Array.from({ length: 12 }, () => 5);
    const { endpoint, close } = await truncating(() => lengths.shift() ?? 10);
    await using({ endpoint, maxConnections: 1 }, async (pool) => {
      for (let i = 0; i < 4; i++) await rejection(pool.read("k"));
      expect((await pool.read("k"))?.bytes).toHaveLength(10);
    });
    await close();
  });
});

describe("requests", () => {
  it("are one for each operation", async () => {
    await using({ prefix: "count" }, async (pool) => {
      const counted = async (call: Promise<unknown>) => {
        await call;
        const made = server.requests.map(({ operation }) => operation);
        server.clearRequests();
        return made;
      };
      server.clearRequests();
      expect(await counted(pool.write("k", text("x")))).toEqual(["PutObject"]);
      expect(await counted(pool.read("k"))).toEqual(["GetObject"]);
      expect(await counted(pool.read("missing"))).toEqual(["GetObject"]);
      expect(await counted(pool.exists("k"))).toEqual(["GetObject"]);
      expect(await counted(pool.exists("missing"))).toEqual(["GetObject"]);
      expect(await counted(collect(pool.keys()))).toEqual(["ListObjectsV2"]);
      expect(await counted(pool.delete("k"))).toEqual(["DeleteObject"]);
      expect(await counted(pool.open())).toEqual(["ListObjectsV2"]);
    });
  });

  it("of exists ask for one byte at most", async () => {
    await using({ prefix: "exists" }, async (pool) => {
      await pool.write("empty", new Uint8Array(0));
      await pool.write("full", new Uint8Array(100_000));
      const ranges: (string | undefined)[] = [];
      server.fault(({ headers }) => {
        ranges.push(headers.range);
        return undefined;
      });
      expect(await pool.exists("missing")).toBe(false);
      expect(await pool.exists("empty")).toBe(true);
      expect(await pool.exists("full")).toBe(true);
      expect(ranges).toEqual(Array(3).fill("bytes=0-0"));
    });
  });

  it("carry the session token", async () => {
    const tokens: (string | undefined)[] = [];
    server.fault(({ headers }) => {
      tokens.push(headers["x-amz-security-token"]);
      return { status: 400, code: "ExpiredToken" };
    });
    await using({ sessionToken: "FwoGZXIvYXdzEXAMPLE" }, async (pool) => {
      const error = await rejection(pool.read("k"));
      expect(error.code).toBe("CREDENTIALS_EXPIRED");
      expectNoSecret(error, ["FwoGZXIvYXdzEXAMPLE", server.secretAccessKey, server.accessKeyId]);
      expectNoSecret(pool, ["FwoGZXIvYXdzEXAMPLE", server.secretAccessKey, server.accessKeyId]);
    });
    expect(tokens).toEqual(["FwoGZXIvYXdzEXAMPLE"]);
  });

  it("go to AWS whatever AWS_ENDPOINT_URL says", async () => {
    const { endpoint, ...rest } = config;
    vi.stubEnv("AWS_ENDPOINT_URL", endpoint);
    vi.stubEnv("AWS_ENDPOINT_URL_S3", endpoint);
    const aws = createClient(S3Pool.configSchema.parse({ ...rest, regionName: "eu-west-1" }));
    const hosts: string[] = [];
    // In place of the handler, so that nothing is sent.
    aws.middlewareStack.add(
      () => (args) => {
        hosts.push((args.request as { hostname: string }).hostname);
        throw Object.assign(new Error("not sent"), { name: "NotSent" });
      },
      { step: "deserialize", priority: "low" },
    );
    try {
      const sent = aws.send(new GetObjectCommand({ Bucket: "bucket", Key: "k" }));
      await expect(sent).rejects.toThrow("not sent");
      expect(hosts).toEqual(["bucket.s3.eu-west-1.amazonaws.com"]);
    } finally {
      vi.unstubAllEnvs();
      aws.destroy();
    }
  });

  it("wait for one another within maxConnections", async () => {
    let [under, most] = [0, 0];
    const { endpoint, close } = await truncating(() => 10, {
      begin: async () => {
        most = Math.max(most, ++under);
        // Long enough for all who may to come.
        await setTimeout(5);
      },
      end: () => under--,
    });
    await using({ endpoint, maxConnections: 3 }, async (pool) => {
      await collect(pool.readMany(Array.from({ length: 30 }, (_, i) => `k${i}`)));
      await Promise.all(Array.from({ length: 30 }, (_, i) => pool.read(`k${i}`)));
    });
    await close();
    expect(most).toBe(3);
  });
});

describe("closing", () => {
  const sockets = () =>
    process.getActiveResourcesInfo().filter((name) => name === "TCPSocketWrap").length;

  it("leaves no connection, also when iterations were left half way", async () => {
    client.destroy();
    await vi.waitFor(() => expect(sockets()).toBe(0), { timeout: 20_000 });
    const pool = new S3Pool({ ...config, prefix: "sockets" });
    const keys = Array.from({ length: 40 }, (_, i) => `k${i}`);
    await pool.writeMany(keys.map((key) => ({ key, bytes: text(key) })));
    const reads = pool.readMany(keys)[Symbol.asyncIterator]();
    await reads.next();
    expect(sockets()).toBeGreaterThan(0);
    await pool.close();
    await vi.waitFor(() => expect(sockets()).toBe(0), { timeout: 20_000 });
    expect((await rejection(pool.read("k"))).code).toBe("CLOSED");
  });

  it("does not destroy a client that it was given", async () => {
    const own = new S3Client({
      endpoint: server.endpoint,
      region: "us-east-1",
      forcePathStyle: true,
      credentials: server,
    });
    const pool = new S3Pool({ bucketName: "bucket", prefix: "ready", client: own });
    await pool.write("k", text("x"), { condition: { ifAbsent: true } });
    const running = own.send(new GetObjectCommand({ Bucket: "bucket", Key: "ready/k" }));
    await pool.close();
    const reply = await running;
    expect(await reply.Body?.transformToString()).toBe("x");
    own.destroy();
  });
});

/** A server whose every object has ten bytes, of which it sends as many as `next` says and breaks off. */
async function truncating(next: () => number, watch?: { begin(): Promise<void>; end(): unknown }) {
  const http = createServer(async (_, reply) => {
    reply.once("close", () => watch?.end());
    await watch?.begin();
    const length = next();
    reply.writeHead(200, { "Content-Length": 10, ETag: '"ten"' });
    reply.write("0123456789".slice(0, length), () =>
      length === 10 ? reply.end() : reply.destroy(),
    );
  });
  await new Promise<void>((resolve) => http.listen(0, "127.0.0.1", resolve));
  const { port } = http.address() as AddressInfo;
  const close = () =>
    new Promise<unknown>((resolve) => {
      http.close(resolve);
      http.closeAllConnections();
    });
  return { endpoint: `http://127.0.0.1:${port}`, close };
}
