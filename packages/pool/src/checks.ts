import { LailaError } from "@laila/schema";
import type { PoolLike, ReadResult, Supports, WriteOptions } from "./contract.js";

/** INVALID_ARGUMENT for what is no bytes or no condition, TOO_LARGE, UNSUPPORTED for a condition. */
export function checkWrite(
  supports: Supports,
  key: string,
  bytes: unknown,
  { condition }: WriteOptions,
): void {
  if (!(bytes instanceof Uint8Array)) {
    throw new LailaError(
      "INVALID_ARGUMENT",
      `The value for ${JSON.stringify(key)} must be a Uint8Array. Encode it first.`,
    );
  }
  if (bytes.byteLength > supports.maxValueBytes) {
    throw new LailaError(
      "TOO_LARGE",
      `The value for ${JSON.stringify(key)} has ${bytes.byteLength} bytes; this pool takes at most ${supports.maxValueBytes}.`,
      { details: { key, bytes: bytes.byteLength, maxValueBytes: supports.maxValueBytes } },
    );
  }
  if (condition !== undefined) checkCondition(supports, condition);
}

/** INVALID_ARGUMENT for what cannot make bytes. */
export function checkLazy(key: string, value: unknown): void {
  if (typeof value === "object" && value !== null && "toBytes" in value) return;
  throw new LailaError(
    "INVALID_ARGUMENT",
    `The lazy value for ${JSON.stringify(key)} must have a method toBytes. Write bytes with write().`,
  );
}

/** UNSUPPORTED, INVALID_ARGUMENT. */
export function checkCondition(supports: Supports, condition: unknown): void {
  if (!supports.conditionalWrites) {
    throw new LailaError(
      "UNSUPPORTED",
      "This pool has no conditional writes. Write without a condition, or use a pool whose supports.conditionalWrites is true.",
    );
  }
  const given = typeof condition === "object" && condition !== null ? condition : {};
  const { ifAbsent, ifVersion } = given as { ifAbsent?: unknown; ifVersion?: unknown };
  const one =
    ifAbsent === true
      ? ifVersion === undefined
      : ifAbsent === undefined && typeof ifVersion === "string";
  if (!one) {
    throw new LailaError(
      "INVALID_ARGUMENT",
      "A write condition is either { ifAbsent: true } or { ifVersion: version }, with a version that this pool gave.",
    );
  }
}

/**
 * The bytes as a hook gets them: its own, in a plain Uint8Array. Copied, because the caller may change
 * them as soon as the call has returned; `handOver` says that the caller won't.
 */
export function ownBytes(bytes: Uint8Array, handOver: boolean | undefined): Uint8Array {
  return handOver === true ? plainBytes(bytes) : new Uint8Array(bytes);
}

/** A hook may give a Buffer, whose `slice` shares memory; callers get what the type says. */
export function plainResult(found: ReadResult | undefined): ReadResult | undefined {
  if (!found) return undefined;
  const bytes = plainBytes(found.bytes);
  return bytes === found.bytes ? found : { bytes, version: found.version };
}

function plainBytes(bytes: Uint8Array): Uint8Array {
  if (Object.getPrototypeOf(bytes) === Uint8Array.prototype) return bytes;
  return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** INVALID_ARGUMENT for what cannot be read through to. */
export function checkOrigin(origin: PoolLike | undefined): void {
  if (origin === undefined) return;
  if (typeof origin !== "object" || origin === null || typeof origin.read !== "function") {
    throw new LailaError(
      "INVALID_ARGUMENT",
      "proxyTo takes a pool, or undefined to take the origin off.",
    );
  }
}
