import { isDeepStrictEqual } from "node:util";
import { isLailaError } from "@laila/pool";
import type { S3Pool } from "@laila/pool-s3";
import type { S3Server } from "@laila-tooling/s3-server";
import { collect } from "./reports.js";

type Outcome = { readonly value: unknown } | { readonly error: unknown };

/** One operation on a pool of the bucket `bucket`, and what has to be true after it. */
export interface Operation {
  prepare?(): Promise<unknown>;
  act(): Promise<unknown>;
  /** What is wrong, in words. */
  check(outcome: Outcome): Promise<string[]>;
}

/** Bytes that tell which value they are, and where a piece of it belongs. */
function patterned(seed: number, length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  for (let i = 0, state = seed | 1; i < length; i++) {
    state = Math.imul(state ^ (state >>> 15), 0x2c1b3c6d) + i;
    bytes[i] = state >>> 11;
  }
  return bytes;
}

const old = patterned(1, 50_000);
const fresh = patterned(2, 60_000);
/** More than two parts of the least length. */
const large = patterned(5, 11 * 1024 ** 2);
const same = (a: Uint8Array | undefined, b: Uint8Array | undefined): boolean =>
  a === b || (a !== undefined && b !== undefined && Buffer.compare(a, b) === 0);

async function* pieces(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += 1_000_000) yield bytes.subarray(at, at + 1_000_000);
}

const keys = ["one", "two", "three"];
const bytesAt = (key: string): Uint8Array => patterned(key.length * 7, 3000);

function reading(act: () => Promise<unknown>, right: unknown, prepare: () => Promise<unknown>) {
  return {
    prepare,
    act,
    check: async (outcome: Outcome) =>
      "value" in outcome && !isDeepStrictEqual(outcome.value, right) ? ["gave something else"] : [],
  };
}

/** Has found out whether the server honours conditions, which would meet the first fault. */
async function probed(pool: S3Pool): Promise<void> {
  const bytes = patterned(3, 10);
  await pool.delete("other");
  const version = (await pool.write("other", bytes, { condition: { ifAbsent: true } })) ?? "";
  await pool.write("other", bytes, { condition: { ifVersion: version } });
}

function writing(
  pool: S3Pool,
  server: S3Server,
  before: Uint8Array | undefined,
  act: () => Promise<unknown>,
  after: Uint8Array | undefined,
): Operation {
  return {
    prepare: async () => {
      await probed(pool);
      if (before) await pool.write("key", before);
    },
    act,
    check: async (outcome) => {
      const stored = await server.readObject("bucket", "key");
      const problems: string[] = [];
      if (!same(stored, before) && !same(stored, after)) problems.push("left neither old nor new");
      if ("value" in outcome && !same(stored, after)) problems.push("said it was done");
      const lost =
        "error" in outcome &&
        isLailaError(outcome.error, "CONFLICT") &&
        outcome.error.details.outcome !== "unknown";
      if (lost) problems.push("lost to nobody");
      return problems;
    },
  };
}

/** What happened to one key of several. */
interface One {
  readonly key: string;
  readonly error?: unknown;
}

/** A call for several keys: a failure of any is the failure of the whole. */
async function whole<T extends One>(results: readonly T[]): Promise<readonly T[]> {
  for (const { error } of results) if (error !== undefined) throw error;
  return results;
}

const writeAll = (pool: S3Pool): Promise<unknown> =>
  pool.writeMany(keys.map((key) => ({ key, bytes: bytesAt(key) })));

export const operations: Readonly<Record<string, (pool: S3Pool, server: S3Server) => Operation>> = {
  open: (pool) =>
    reading(
      () => pool.open(),
      undefined,
      async () => undefined,
    ),
  read: (pool) =>
    reading(
      async () => (await pool.read("key"))?.bytes,
      old,
      () => pool.write("key", old),
    ),
  "read of what is not there": (pool) =>
    reading(
      () => pool.read("nothing"),
      undefined,
      () => pool.write("key", old),
    ),
  exists: (pool) =>
    reading(
      () => pool.exists("key"),
      true,
      () => pool.write("key", old),
    ),
  "exists of what is not there": (pool) =>
    reading(
      () => pool.exists("nothing"),
      false,
      async () => undefined,
    ),
  write: (pool, server) => writing(pool, server, old, () => pool.write("key", fresh), fresh),
  "write if absent": (pool, server) =>
    writing(
      pool,
      server,
      undefined,
      () => pool.write("key", fresh, { condition: { ifAbsent: true } }),
      fresh,
    ),
  "write if version": (pool, server) => {
    let version = "";
    const operation = writing(
      pool,
      server,
      old,
      () => pool.write("key", fresh, { condition: { ifVersion: version } }),
      fresh,
    );
    const prepare = async () => {
      await probed(pool);
      version = (await pool.write("key", old)) ?? "";
    };
    return { ...operation, prepare };
  },
  delete: (pool, server) => writing(pool, server, old, () => pool.delete("key"), undefined),
  keys: (pool) =>
    reading(
      async () => (await collect(pool.keys())).sort(),
      [...keys].sort(),
      () => writeAll(pool),
    ),
  readMany: (pool) =>
    reading(
      async () => {
        const found = await whole(await collect(pool.readMany(keys)));
        return Object.fromEntries(found.map(({ key, result }) => [key, result?.bytes]));
      },
      Object.fromEntries(keys.map((key) => [key, bytesAt(key)])),
      () => writeAll(pool),
    ),
  writeMany: (pool, server) => ({
    act: async () => whole(await pool.writeMany(keys.map((key) => ({ key, bytes: bytesAt(key) })))),
    check: async (outcome) => {
      const wrong = [];
      for (const key of keys) {
        const stored = await server.readObject("bucket", key);
        const absent = stored === undefined && "error" in outcome;
        if (!absent && !same(stored, bytesAt(key))) wrong.push(`${key} is not what was written`);
      }
      return wrong;
    },
  }),
  deleteMany: (pool, server) => ({
    prepare: () => writeAll(pool),
    act: async () => whole(await pool.deleteMany(keys)),
    check: async (outcome) => {
      const left = await server.listObjects("bucket");
      return "value" in outcome && left.length > 0 ? [`${left} are still there`] : [];
    },
  }),
  "write in parts": (pool, server) =>
    writing(pool, server, old, () => pool.write("key", large), large),
  "write in parts if version": (pool, server) => {
    let version = "";
    const operation = writing(
      pool,
      server,
      old,
      () => pool.write("key", large, { condition: { ifVersion: version } }),
      large,
    );
    const prepare = async () => {
      await probed(pool);
      version = (await pool.write("key", old)) ?? "";
    };
    return { ...operation, prepare };
  },
  writeStream: (pool, server) =>
    writing(pool, server, undefined, () => pool.writeStream("key", pieces(large)), large),
  "read in ranges": (pool) =>
    reading(
      async () => same((await pool.read("key"))?.bytes, large),
      true,
      () => pool.write("key", large),
    ),
  readStream: (pool) =>
    reading(
      async () => {
        const found = await pool.readStream("key");
        return same(Buffer.concat(await collect(found?.stream ?? pieces(old))), large);
      },
      true,
      () => pool.write("key", large),
    ),
};

const uploading = ["CreateMultipartUpload", "UploadPart", "CompleteMultipartUpload"];

/** The kinds of request that the large ones are made of, each of which can fail by itself. */
export const stages: Readonly<Record<string, readonly string[]>> = {
  "write in parts": uploading,
  "write in parts if version": uploading,
  writeStream: uploading,
  "read in ranges": ["GetObject"],
  readStream: ["GetObject"],
};
