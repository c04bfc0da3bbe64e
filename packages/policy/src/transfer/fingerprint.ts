import { createHash } from "node:crypto";
import type { PoolLike } from "@laila/pool";
import { decodeRecord, isGlobalId, isLailaError, LailaError } from "@laila/schema";
import { nameOf } from "../pool-io.js";

/** What stands for a value once its bytes are let go: equal for equal bytes only. */
export type Fingerprint = string;

export function fingerprintOf(bytes: Uint8Array): Fingerprint {
  return createHash("sha256").update(bytes).digest("base64");
}

/**
 * True for a sound record of its key, false for what cannot be checked: bytes under a key that is no
 * global id, encrypted or compressed values, records of a later version or that need code. CORRUPT for
 * a damaged record, for one of another key, and for bytes under a global id that are no record.
 */
export function checkRecord(pool: PoolLike, key: string, bytes: Uint8Array): boolean {
  if (!isGlobalId(key)) return false;
  try {
    decodeRecord(bytes, { key });
    return true;
  } catch (error) {
    // The digest is checked before any of these is found; the others have none that can be read here.
    const unreadable = isLailaError(
      error,
      "UNSUPPORTED_TYPE",
      "UNSUPPORTED_VERSION",
      "UNSUPPORTED",
      "UNTRUSTED_CODE",
      "TOO_LARGE",
    );
    if (unreadable) return false;
    if (!isLailaError(error)) throw error;
    throw unsound(error, pool, key);
  }
}

function unsound(error: LailaError, pool: PoolLike, key: string): LailaError {
  return new LailaError(
    error.code,
    `${key} in ${nameOf(pool)} was not copied. ${error.message} { verify: "bytes" } copies it as it is.`,
    { cause: error, details: { ...error.details, key, pool: pool.globalId } },
  );
}
