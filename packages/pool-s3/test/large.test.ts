import { createHash } from "node:crypto";
import { ListMultipartUploadsCommand, S3Client } from "@aws-sdk/client-s3";
import { S3Pool, type S3PoolConfig } from "@laila/pool-s3";
import { type FaultRequest, type S3Server, startS3Server } from "@laila-tooling/s3-server";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { collect, rejection } from "./reports.js";
import { keysOf } from "./server.js";

const MiB = 1024 ** 2;
const ifAbsent = { ifAbsent: true } as const;

/** No two parts alike. */
function noise(length: number, seed = 1): Uint8Array {
  const bytes = new Uint8Array(length);
  const words = new Uint32Array(bytes.buffer, 0, Math.floor(length / 4));
  for (let i = 0; i < words.length; i++) words[i] = Math.imul(i + seed, 0x9e3779b1);
  return bytes;
}

const digest = (bytes: Uint8Array | undefined) =>
  createHash("sha256")
    .update(bytes ?? "")
    .digest("hex");

let server: S3Server;
let config: S3PoolConfig;
let client: S3Client;
let pool: S3Pool;
let key: string;
let keys = 0;
/** Small parts, so that not much is needed for several. */
const part = 5 * MiB;
const large = noise(2 * part + 1000_003);

beforeAll(async () => {
  server = await startS3Server({ buckets: ["bucket"] });
  config = { ...keysOf(server), bucketName: "bucket", partSizeBytes: part };
  const { accessKeyId, secretAccessKey, endpoint, region } = server;
  const credentials = { accessKeyId, secretAccessKey };
  client = new S3Client({ endpoint, region, forcePathStyle: true, credentials });
  pool = new S3Pool(config);
  // The probes, so that the faults below meet only the writes they are meant for.
  const version = await pool.write("warm", large, { condition: ifAbsent });
  await pool.write("warm", large, { condition: { ifVersion: version ?? "" } });
});
beforeEach(() => {
  key = `key-${++keys}`;
  server.clearRequests();
});
afterEach(() => server.fault(undefined));
afterAll(async () => {
  await pool.close();
  client.destroy();
  await server.close();
});

const operations = (): Record<string, number> => {
  const counts: Record<string, number> = {};
  for (const { operation } of server.requests) counts[operation] = (counts[operation] ?? 0) + 1;
  return counts;
};

async function uploads(): Promise<string[]> {
  const reply = await client.send(new ListMultipartUploadsCommand({ Bucket: "bucket" }));
  return (reply.Uploads ?? []).map(({ Key = "" }) => Key);
}

/** Lets the first requests that fit meet a fault. */
function fault(
  what: Parameters<S3Server["fault"]>[0],
  fits: (request: FaultRequest) => boolean,
  times = 1,
): void {
  let left = times;
  server.fault((request) => (fits(request) && left-- > 0 ? what?.(request) : undefined));
}
const of =
  (operation: string) =>
  (request: FaultRequest): boolean =>
    request.operation === operation;

describe("a value above two parts", () => {
  it("goes in parts and comes in ranges, and is what it was", async () => {
    const version = await pool.write(key, large);
    expect(operations()).toEqual({
      CreateMultipartUpload: 1,
      UploadPart: 3,
      CompleteMultipartUpload: 1,
    });
    server.clearRequests();
    const found = await pool.read(key);
    expect(found?.version).toBe(version);
    expect(digest(found?.bytes)).toBe(digest(large));
    const { GetObject = 0, ...others } = operations();
    expect(others).toEqual({});
    expect(GetObject).toBeGreaterThan(1);
    expect(GetObject).toBeLessThanOrEqual(3);
  });

  it("comes also where its first answers take every connection", async () => {
    await pool.write(key, large);
    for (const maxConnections of [1, 2]) {
      const busy = new S3Pool({ ...config, maxConnections });
      const found = await Promise.all([busy.read(key), busy.read(key), busy.read(key)]);
      expect(found.map((one) => digest(one?.bytes))).toEqual(Array(3).fill(digest(large)));
      await busy.close();
    }
  });

  it("that has no more, 16 MiB unless configured, is one request", async () => {
    await pool.write(key, large.subarray(0, 2 * part));
    expect((await pool.read(key))?.bytes.byteLength).toBe(2 * part);
    expect(operations()).toEqual({ PutObject: 1, GetObject: 1 });
    const plain = new S3Pool({ ...config, partSizeBytes: undefined });
    server.clearRequests();
    await plain.write(key, noise(16 * MiB));
    await plain.write(key, noise(16 * MiB + 1));
    expect(operations()).toMatchObject({ PutObject: 1, CreateMultipartUpload: 1, UploadPart: 3 });
    await plain.close();
  });

  it("has one winner among many writers", async () => {
    const writers = Array.from({ length: 4 }, (_, i) =>
      pool
        .write(key, noise(large.byteLength, i), { condition: ifAbsent })
        .then(() => i)
        .catch((error: { code: string }) => error.code),
    );
    const outcomes = await Promise.all(writers);
    const winners = outcomes.filter((outcome) => typeof outcome === "number");
    expect(winners).toHaveLength(1);
    expect(outcomes.filter((outcome) => outcome === "CONFLICT")).toHaveLength(3);
    const found = await pool.read(key);
    expect(digest(found?.bytes)).toBe(digest(noise(large.byteLength, Number(winners[0]))));
    expect(await uploads()).toEqual([]);
  });

  it("is read as one version while it is overwritten", async () => {
    const other = noise(large.byteLength, 99);
    await pool.write(key, large);
    let overwritten: Promise<unknown> | undefined;
    server.fault(({ operation, headers }) => {
      if (operation !== "GetObject" || headers.range === undefined) return undefined;
      overwritten ??= pool.write(key, other);
      return { delayMs: 300 };
    });
    const found = await pool.read(key);
    await overwritten;
    expect([digest(large), digest(other)]).toContain(digest(found?.bytes));
    expect(digest((await pool.read(key))?.bytes)).toBe(digest(other));
  });

  it("is read from a server that ignores ranges, and by helpers that fail", async () => {
    await pool.write(key, large);
    server.fault(({ headers }) =>
      headers.range === undefined ? undefined : { status: 403, code: "AccessDenied" },
    );
    expect(digest((await pool.read(key))?.bytes)).toBe(digest(large));
  });

  it.each(["flip", "truncate", "reset-in-reply"] as const)(
    "that arrives damaged is read again: %s",
    async (how) => {
      await pool.write(key, large);
      fault(() => how, of("GetObject"), 2);
      expect(digest((await pool.read(key))?.bytes)).toBe(digest(large));
    },
  );

  it("that does not have its checksum is CORRUPT, read as a value or as a stream", async () => {
    await pool.write(key, large);
    const damaged = new Uint8Array(large);
    damaged[2 * part] = 1 ^ (damaged[2 * part] ?? 0);
    await server.writeObject("bucket", key, damaged, { keepChecksums: true });
    expect((await rejection(pool.read(key))).code).toBe("CORRUPT");
    const found = await pool.readStream(key);
    expect((await rejection(collect(found?.stream ?? ([].values() as never)))).code).toBe(
      "CORRUPT",
    );
  });
});

describe("an upload that fails leaves no parts", () => {
  it("of a part", async () => {
    server.fault(({ partNumber }) =>
      partNumber === "2" ? { status: 403, code: "QuotaExceeded" } : undefined,
    );
    expect((await rejection(pool.write(key, large))).code).toBe("NO_SPACE");
    expect(await uploads()).toEqual([]);
    expect(await pool.exists(key)).toBe(false);
  });

  it("of its completion", async () => {
    server.fault((request) =>
      of("CompleteMultipartUpload")(request) ? { status: 403, code: "AccessDenied" } : undefined,
    );
    expect((await rejection(pool.write(key, large))).code).toBe("ACCESS_DENIED");
    expect(await uploads()).toEqual([]);
  });

  it.each(["UploadPart", "CompleteMultipartUpload"])("aborted during %s", async (operation) => {
    const controller = new AbortController();
    server.fault((request) => {
      if (request.operation !== operation) return undefined;
      controller.abort();
      return { delayMs: 50 };
    });
    const own = new S3Pool(config);
    const error = await rejection(own.write(key, large, { signal: controller.signal }));
    expect(error.code).toBe("ABORTED");
    // Closing waits for what is under way, and so for the abort of the upload.
    await own.close();
    expect(await uploads()).toEqual([]);
  });

  it("whose abort fails too says so, and cleanup finds it", async () => {
    server.fault(({ operation }) =>
      operation === "UploadPart" || operation === "AbortMultipartUpload"
        ? { status: 403, code: "AccessDenied" }
        : undefined,
    );
    const error = await rejection(pool.write(key, large));
    expect(error).toMatchObject({ code: "ACCESS_DENIED", details: { leftUpload: /./ } });
    expect(error.message).toContain("cleanup");
    server.fault(undefined);
    expect(await uploads()).toEqual([key]);
    expect(await pool.cleanup({ olderThan: 60_000 })).toEqual([]);
    expect(await pool.cleanup({ olderThan: 0 })).toEqual([{ key, since: expect.any(Date) }]);
    expect(await uploads()).toEqual([]);
  });
});

describe("a lost reply of a completion", () => {
  it.each([undefined, ifAbsent])("is found out: %j", async (condition) => {
    fault(() => "reset-after-commit", of("CompleteMultipartUpload"));
    const version = await pool.write(key, large, { condition });
    const found = await pool.read(key);
    expect(found?.version).toBe(version);
    expect(digest(found?.bytes)).toBe(digest(large));
    expect(await uploads()).toEqual([]);
  });

  it("is of unknown outcome when somebody has written meanwhile", async () => {
    const other = new S3Pool(config);
    let meanwhile: Promise<unknown> | undefined;
    let completions = 0;
    server.fault(async ({ operation }) => {
      // Whose value lies there is asked behind the other's write.
      if (operation === "HeadObject") await meanwhile;
      if (operation !== "CompleteMultipartUpload") return undefined;
      if (++completions === 1) return "reset-after-commit";
      meanwhile ??= other.write(key, Uint8Array.of(1));
      return completions === 2 ? { status: 503, code: "SlowDown" } : undefined;
    });
    const error = await rejection(pool.write(key, large));
    await meanwhile;
    expect(error).toMatchObject({ code: "UNAVAILABLE", details: { outcome: "unknown" } });
    expect((await pool.read(key))?.bytes).toEqual(Uint8Array.of(1));
    await other.close();
  });

  it("that was not done is not done, for certain", async () => {
    server.fault((request) => (of("CompleteMultipartUpload")(request) ? "reset" : undefined));
    const error = await rejection(pool.write(key, large, { condition: ifAbsent }));
    expect(error.code).toBe("UNAVAILABLE");
    expect(error.details).not.toHaveProperty("outcome");
    expect(await uploads()).toEqual([]);
    server.fault(undefined);
    expect(await pool.exists(key)).toBe(false);
  });
});

describe("streams", () => {
  async function* chunks(bytes: Uint8Array, length = 777_777): AsyncGenerator<Uint8Array> {
    // Of one buffer, as a source may.
    const buffer = new Uint8Array(length);
    for (let at = 0; at < bytes.byteLength; at += length) {
      const part = bytes.subarray(at, at + length);
      buffer.set(part);
      yield buffer.subarray(0, part.byteLength);
    }
  }
  async function hashOf(stream: AsyncIterable<Uint8Array>): Promise<string> {
    const hash = createHash("sha256");
    for await (const chunk of stream) hash.update(chunk);
    return hash.digest("hex");
  }

  it.each([0, 1, part - 1, part, part + 1, 4 * part + 3])(
    "of %i bytes come back",
    async (length) => {
      const bytes = noise(length);
      const version = await pool.writeStream(key, chunks(bytes));
      const found = await pool.readStream(key);
      expect(found).toMatchObject({ size: length, version });
      expect(await hashOf(found?.stream ?? chunks(bytes))).toBe(digest(bytes));
      expect(digest((await pool.read(key))?.bytes)).toBe(digest(bytes));
      expect(await uploads()).toEqual([]);
    },
  );

  it("of a missing value is undefined", async () => {
    expect(await pool.readStream(key)).toBeUndefined();
  });

  it("have conditions", async () => {
    await pool.writeStream(key, chunks(large), { condition: ifAbsent });
    for (const length of [10, part + 1]) {
      const again = pool.writeStream(key, chunks(noise(length)), { condition: ifAbsent });
      expect((await rejection(again)).code).toBe("CONFLICT");
    }
    expect(await uploads()).toEqual([]);
    expect(digest((await pool.read(key))?.bytes)).toBe(digest(large));
  });

  it("that fail leave nothing, and say why", async () => {
    const dry = (async function* () {
      yield* chunks(large);
      throw new RangeError("dry");
    })();
    await expect(pool.writeStream(key, dry)).rejects.toThrow(new RangeError("dry"));
    let ended = false;
    const endless = (async function* () {
      try {
        for (;;) yield large;
      } finally {
        ended = true;
      }
    })();
    server.fault(({ partNumber }) =>
      partNumber === "7" ? { status: 403, code: "QuotaExceeded" } : undefined,
    );
    expect((await rejection(pool.writeStream(key, endless))).code).toBe("NO_SPACE");
    expect(ended).toBe(true);
    server.fault(undefined);
    expect(await uploads()).toEqual([]);
    expect(await pool.exists(key)).toBe(false);
  });

  it("aborted while the source is silent leave nothing", async () => {
    const controller = new AbortController();
    const own = new S3Pool(config);
    const never = new Promise<never>(() => undefined);
    const silent = (async function* () {
      yield* chunks(large);
      controller.abort();
      await never;
    })();
    const writing = own.writeStream(key, silent, { signal: controller.signal });
    expect((await rejection(writing)).code).toBe("ABORTED");
    await own.close();
    expect(await uploads()).toEqual([]);
  });

  it("of a value that is overwritten meanwhile are a CONFLICT, never a mixture", async () => {
    const bytes = noise(5 * part);
    await pool.write(key, bytes);
    const found = await pool.readStream(key);
    const iterator = found?.stream[Symbol.asyncIterator]();
    await iterator?.next();
    await pool.write(key, large);
    const rest = (async () => {
      for (;;) if ((await iterator?.next())?.done) return;
    })();
    expect((await rejection(rest)).code).toBe("CONFLICT");
  });

  it("that nobody reads on hold no connection", async () => {
    const one = new S3Pool({ ...config, maxConnections: 1 });
    await one.write(key, large);
    const left = await Promise.all([one.readStream(key), one.readStream(key)]);
    const iterator = left[0]?.stream[Symbol.asyncIterator]();
    await iterator?.next();
    await iterator?.next();
    expect(await one.exists(key)).toBe(true);
    await iterator?.return?.();
    await one.close();
  });

  it("arrive whole when ranges break off on their way", async () => {
    await pool.write(key, large);
    fault(() => "truncate", of("GetObject"), 2);
    const found = await pool.readStream(key);
    expect(await hashOf(found?.stream ?? chunks(large))).toBe(digest(large));
  });
});
