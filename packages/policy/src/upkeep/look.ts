import type { PoolLike } from "@laila/pool";
import { type DecodedRecord, decodeRecord, type GlobalId, isLailaError } from "@laila/schema";
import type { Crew } from "./crew.js";

/** `unverified`: it is there, and cannot be checked: encrypted or compressed bytes, a later format, Python code. */
export type RecordState = "whole" | "unverified" | "missing" | "damaged";

export interface Looked {
  readonly state: RecordState;
  /** Bytes of the value; 0 when there is none, or the pool itself found it damaged. */
  readonly bytes: number;
  /** Why it is damaged or unverified. */
  readonly error?: unknown;
}

/**
 * Reads a record and lets it go; in a cache, where it is found without leaving a copy. `use` is given what
 * was decoded. What hinders the reading is thrown.
 */
export function look(
  pool: PoolLike,
  id: GlobalId,
  { budget, signal }: Crew,
  use: (record: DecodedRecord) => void = () => undefined,
): Promise<Looked> {
  return budget.hold(async (arrived): Promise<Looked> => {
    const holder = await holderOf(pool, id, signal);
    let bytes: Uint8Array | undefined;
    try {
      bytes = (await holder?.read(id, { signal }))?.bytes;
    } catch (error) {
      if (!isLailaError(error, "CORRUPT")) throw error;
      return { state: "damaged", bytes: 0, error };
    }
    if (!bytes) return { state: "missing", bytes: 0 };
    arrived(bytes.byteLength);
    return { ...checked(id, bytes, use), bytes: bytes.byteLength };
  });
}

/** A cache's read that misses would go on to the origin, and leave a copy of all that is looked at. */
async function holderOf(
  pool: PoolLike,
  id: GlobalId,
  signal: AbortSignal,
): Promise<PoolLike | undefined> {
  for (let at: PoolLike | undefined = pool; at; at = at.proxy)
    if (!at.proxy || (await at.exists(id, { signal }))) return at;
  return undefined;
}

function checked(
  id: GlobalId,
  bytes: Uint8Array,
  use: (record: DecodedRecord) => void,
): Omit<Looked, "bytes"> {
  let record: DecodedRecord;
  try {
    record = decodeRecord(bytes, { key: id });
  } catch (error) {
    // Its digest was checked before a class in it turned out to be unknown here.
    if (isLailaError(error, "UNSUPPORTED_TYPE")) return { state: "whole" };
    if (isLailaError(error, "UNSUPPORTED_VERSION", "UNSUPPORTED", "UNTRUSTED_CODE", "TOO_LARGE"))
      return { state: "unverified", error };
    if (isLailaError(error)) return { state: "damaged", error };
    throw error;
  }
  use(record);
  return { state: "whole" };
}
