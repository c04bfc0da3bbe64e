import { sha256 } from "@noble/hashes/sha2.js";
import { crc32 } from "#crc32";
import { LailaError } from "../errors.js";
import type { DigestName } from "./types.js";

export const digestNames: readonly DigestName[] = ["crc32", "sha256"];

/** `crc32-<8 hexadecimal digits>` or `sha256-<base64>` over all the parts, one after another. */
export function digestOf(name: DigestName, ...parts: readonly Uint8Array[]): string {
  if (name === "crc32") {
    let value = 0;
    for (const part of parts) value = crc32(part, value);
    return `crc32-${value.toString(16).padStart(8, "0")}`;
  }
  const hash = sha256.create();
  for (const part of parts) hash.update(part);
  return `sha256-${btoa(String.fromCharCode(...hash.digest()))}`;
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
