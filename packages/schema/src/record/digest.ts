import { sha256 } from "@noble/hashes/sha2.js";
import { crc32 } from "#crc32";
import { LailaError } from "../errors.js";
import type { DigestName } from "./types.js";

export const digestNames: readonly DigestName[] = ["crc32", "sha256"];

/** `crc32-<8 hexadecimal digits>` or `sha256-<base64>` over all the parts, one after another. */
export function digestOf(name: DigestName, parts: Iterable<Uint8Array>): string {
  if (name === "crc32") {
    let value = 0;
    for (const part of parts) value = crc32(part, value);
    return `crc32-${value.toString(16).padStart(8, "0")}`;
  }
  const hash = sha256.create();
  for (const part of parts) hash.update(part);
  return `sha256-${btoa(String.fromCharCode(...hash.digest()))}`;
}

/** So much of a copy is still in the processor's cache when its digest is made. */
const pieceLength = 128 * 1024;

/**
 * Copies the parts, one after another, and gives the digest of the copy: what is stored or given back is what was
 * checked, also where the original is memory that somebody else writes to.
 */
export function copyWithDigest(
  name: DigestName,
  target: Uint8Array,
  parts: readonly Uint8Array[],
): string {
  return digestOf(name, copied(target, parts));
}

function* copied(target: Uint8Array, parts: readonly Uint8Array[]): Generator<Uint8Array> {
  let at = 0;
  for (const part of parts) {
    for (let from = 0; from < part.length; from += pieceLength) {
      const piece = part.subarray(from, from + pieceLength);
      target.set(piece, at);
      yield target.subarray(at, at + piece.length);
      at += piece.length;
    }
  }
}

/** The length of every digest of that name, in ASCII characters. */
export function digestLength(name: DigestName): number {
  return name === "crc32" ? 14 : 51;
}

/** The algorithm a stored digest names. CORRUPT when it is none; UNSUPPORTED when it is not known here. */
export function digestNameOf(digest: unknown): DigestName {
  const name = typeof digest === "string" ? /^([a-z0-9]{1,16})-/.exec(digest)?.[1] : undefined;
  if (name === "crc32" || name === "sha256") return name;
  if (name === undefined)
    throw new LailaError(
      "CORRUPT",
      "The record has no digest, so it is damaged. Restore it from a copy.",
    );
  throw new LailaError(
    "UNSUPPORTED",
    `The record has a digest of the kind "${name}", which this version does not know. Update @laila/schema.`,
  );
}
