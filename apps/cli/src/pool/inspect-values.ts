import type { PoolLike } from "@laila/core";
import { type DecodedRecord, decodeRecord, isGlobalId, isLailaError } from "@laila/schema";

/** What is known of a value without its data. */
export interface ValueInfo {
  readonly key: string;
  readonly bytes: number;
  /** Null for what is no record, or cannot be read as one. */
  readonly codec: DecodedRecord["codec"] | null;
  readonly nickname: string | null;
  /** By the clock of who wrote it (ISO 8601). */
  readonly written: string | null;
  /** `whole`: a record whose digest fits. `unverified`: it cannot be checked. */
  readonly state: "whole" | "unverified" | "damaged" | "failed";
  readonly error: unknown;
}

/** How many values are asked for at a time. */
const atOnce = 64;

/** Reads values and lets them go. Keys that are gone meanwhile are left out. */
export async function* inspectValues(
  pool: PoolLike,
  keys: Iterable<string> | AsyncIterable<string>,
  signal: AbortSignal,
): AsyncGenerator<ValueInfo> {
  let some: string[] = [];
  for await (const key of keys) {
    some.push(key);
    if (some.length < atOnce) continue;
    yield* inspectSome(pool, some, signal);
    some = [];
  }
  yield* inspectSome(pool, some, signal);
}

async function* inspectSome(pool: PoolLike, keys: readonly string[], signal: AbortSignal) {
  if (keys.length === 0) return;
  for await (const { key, result, error } of pool.readMany(keys, { signal })) {
    if (error !== undefined)
      yield infoOf(key, 0, isLailaError(error, "CORRUPT") ? "damaged" : "failed", error);
    else if (result) yield inspect(key, result.bytes);
  }
}

/** Checked to the last byte, if it is a record. */
function inspect(key: string, bytes: Uint8Array): ValueInfo {
  if (!isGlobalId(key)) return infoOf(key, bytes.byteLength, "unverified", null);
  try {
    const { entry, codec, timestamp } = decodeRecord(bytes, { key });
    const nickname = entry.nickname ?? null;
    return {
      key,
      bytes: bytes.byteLength,
      codec,
      nickname,
      written: timestamp,
      state: "whole",
      error: null,
    };
  } catch (error) {
    if (!isLailaError(error)) throw error;
    return infoOf(
      key,
      bytes.byteLength,
      error.code === "CORRUPT" ? "damaged" : "unverified",
      error,
    );
  }
}

function infoOf(key: string, bytes: number, state: ValueInfo["state"], error: unknown): ValueInfo {
  return { key, bytes, codec: null, nickname: null, written: null, state, error };
}
