import { crc32 } from "node:zlib";
import type { GetObjectCommandOutput } from "@aws-sdk/client-s3";

/** The CRC-32 of zlib, reflected. */
const polynomial = 0xedb88320;

/** a × b modulo the polynomial; the highest bit is x⁰. */
function multiply(a: number, b: number): number {
  let product = 0;
  let factor = b;
  for (let bit = 0x80000000; bit !== 0; bit >>>= 1) {
    if (a & bit) product ^= factor;
    factor = factor & 1 ? (factor >>> 1) ^ polynomial : factor >>> 1;
  }
  return product >>> 0;
}

/** x^(8 × bytes) modulo the polynomial. */
function shift(bytes: number): number {
  let power = 0x80000000;
  // x^8, and its squares.
  let square = 0x00800000;
  for (let left = bytes; left > 0; left = Math.floor(left / 2)) {
    if (left % 2 === 1) power = multiply(square, power);
    square = multiply(square, square);
  }
  return power;
}

/** A CRC-32 and of how many bytes it is. */
export interface Sum {
  readonly crc: number;
  readonly length: number;
}

/** The CRC-32 of what has these sums, one behind the other (as zlib's crc32_combine). */
export function combined(sums: Iterable<Sum>): number {
  let crc = 0;
  for (const sum of sums) crc = (multiply(shift(sum.length), crc) ^ sum.crc) >>> 0;
  return crc;
}

/** As S3 writes a CRC-32: base64 of its four bytes, big endian. */
export function encodeCrc(crc: number): string {
  return bigEndian([crc]).toString("base64");
}

function bigEndian(crcs: readonly number[]): Buffer {
  const bytes = Buffer.alloc(4 * crcs.length);
  for (const [i, crc] of crcs.entries()) bytes.writeUInt32BE(crc >>> 0, 4 * i);
  return bytes;
}

/** Sums bytes that come in order, a sum for each unit of so many bytes. */
export class Sums {
  readonly sums: Sum[] = [];
  readonly #unit: number;
  #crc = 0;
  #length = 0;

  constructor(unit: number) {
    this.#unit = unit;
  }

  add(bytes: Uint8Array): void {
    for (let at = 0; at < bytes.byteLength; ) {
      const part = bytes.subarray(at, at + this.#unit - this.#length);
      this.#crc = crc32(part, this.#crc);
      this.#length += part.byteLength;
      at += part.byteLength;
      if (this.#length === this.#unit) this.end();
    }
  }

  /** Closes a last unit that is not full. */
  end(): readonly Sum[] {
    if (this.#length > 0) this.sums.push({ crc: this.#crc, length: this.#length });
    this.#crc = 0;
    this.#length = 0;
    return this.sums;
  }
}

/** The object's metadata that says how long its parts are, and that has its CRC-32 where the server keeps none. */
export const partName = "laila-part";
export const crcName = "laila-crc32";
const [leastPart, mostPart] = [1024 ** 2, 128 * 1024 ** 2];

/** What an answer says of the checksums of its object. */
export function storedOf(reply: GetObjectCommandOutput): Stored {
  const { ChecksumCRC32, ChecksumCRC32C, ChecksumCRC64NVME, ChecksumSHA1, ChecksumSHA256 } = reply;
  const others = [ChecksumCRC32C, ChecksumCRC64NVME, ChecksumSHA1, ChecksumSHA256];
  const unit = Number(reply.Metadata?.[partName]);
  return {
    crc32: ChecksumCRC32 ?? reply.Metadata?.[crcName],
    other: others.some((checksum) => checksum !== undefined),
    unit: Number.isSafeInteger(unit) && unit >= leastPart && unit <= mostPart ? unit : undefined,
  };
}

/** The checksums of an object that S3 gives with it. */
export interface Stored {
  /** CRC-32 of the whole, or (with `-N`) that of the CRC-32s of its N parts. */
  readonly crc32: string | undefined;
  /** It has one of another algorithm, which only the SDK checks, and only of a whole answer. */
  readonly other: boolean;
  /** The length of its parts, the last one's excepted, where we have written it. */
  readonly unit: number | undefined;
}

/**
 * Whether a value with these sums of `stored.unit` bytes is the one that was stored. True also where that
 * cannot be known: no CRC-32 was stored, or in parts that are not known.
 */
export function matches(sums: readonly Sum[], { crc32: expected, unit }: Stored): boolean {
  if (expected === undefined) return true;
  const [, whole, parts] = /^([^-]*)(?:-(\d+))?$/.exec(expected) ?? [];
  if (parts === undefined) return encodeCrc(combined(sums)) === whole;
  if (unit === undefined || Number(parts) !== sums.length) return true;
  return encodeCrc(crc32(bigEndian(sums.map(({ crc }) => crc)))) === whole;
}
