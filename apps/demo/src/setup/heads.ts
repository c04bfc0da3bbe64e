import { isLailaError, type PoolLike } from "@laila/core";
import { type DecodedRecord, decodeRecord, isGlobalId } from "@laila/schema";
import type { EntryHead } from "../api.js";
import { failureOf } from "../failure.js";
import { kindOf } from "./kinds.js";
import { open } from "./open.js";

/** Larger records are not looked into for a list. */
const largeBytes = 4 * 2 ** 20;
/** A nickname may be as long as a record; nobody reads that in a list. */
const nicknameLength = 1_000;

const nothing = { nickname: null, kind: null, bytes: null, timestamp: null, failure: null };

/** What a list shows of a key. Never throws: what is wrong with it is its state. */
export async function headOf(pool: PoolLike, key: string): Promise<EntryHead> {
  try {
    const found = await look(pool, key);
    if (found === undefined) return { ...nothing, key, state: "missing" };
    if (found.bytes === undefined) return { ...nothing, key, state: "large", bytes: found.size };
    return inspect(key, found.bytes);
  } catch (error) {
    const state = isLailaError(error, "CORRUPT") ? "corrupt" : "failed";
    return { ...nothing, key, state, failure: failureOf(error) };
  }
}

interface Found {
  readonly size: number;
  /** Undefined of what is too large. */
  readonly bytes: Uint8Array | undefined;
}

async function look(pool: PoolLike, key: string): Promise<Found | undefined> {
  const found = await open(pool, key);
  if (found === undefined) return undefined;
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of found.chunks) {
    if ((found.size ?? 0) > largeBytes || size > largeBytes) break; // ends the request, too
    chunks.push(chunk);
    size += chunk.length;
  }
  if ((found.size ?? size) > largeBytes) return { size: found.size ?? size, bytes: undefined };
  return { size, bytes: Buffer.concat(chunks, size) };
}

function inspect(key: string, bytes: Uint8Array): EntryHead {
  const head = { ...nothing, key, bytes: bytes.length };
  if (!isGlobalId(key) || !looksLikeRecord(bytes)) return { ...head, state: "foreign" };
  let record: DecodedRecord;
  try {
    record = decodeRecord(bytes, { key });
  } catch (error) {
    const state = isLailaError(error, "CORRUPT") ? "corrupt" : "failed";
    return { ...head, state, failure: failureOf(error) };
  }
  const { entry, timestamp } = record;
  const nickname = entry.nickname?.slice(0, nicknameLength) ?? null;
  return { ...head, state: "whole", nickname, kind: kindOf(record), timestamp };
}

/** JSON, or the first bytes of a binary record: the rest is for {@link decodeRecord} to say. */
function looksLikeRecord(bytes: Uint8Array): boolean {
  const start = Buffer.from(bytes.subarray(0, 4)).toString("latin1");
  return start.startsWith("{") || start.startsWith("LAIL");
}
