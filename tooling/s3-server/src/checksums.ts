import { createHash } from "node:crypto";
import { crc32 } from "node:zlib";
import { S3Error } from "./errors.js";

/** The checksum algorithms of S3 ("Checking object integrity" in its user guide). */
export const algorithms = ["CRC32", "CRC32C", "CRC64NVME", "SHA1", "SHA256"] as const;
export type Algorithm = (typeof algorithms)[number];

/** A checksum as S3 shows it: base64, and `-N` behind it where it is one of N parts' checksums. */
export interface Checksum {
  readonly algorithm: Algorithm;
  readonly value: string;
  readonly type: "FULL_OBJECT" | "COMPOSITE";
}

export interface Digest {
  update(chunk: Uint8Array): void;
  /** Base64 of the big-endian value. */
  digest(): string;
}

const byteLength: Readonly<Record<Algorithm, number>> = {
  CRC32: 4,
  CRC32C: 4,
  CRC64NVME: 8,
  SHA1: 20,
  SHA256: 32,
};

const headerPrefix = "x-amz-checksum-";

export const checksumHeader = (algorithm: Algorithm): string =>
  headerPrefix + algorithm.toLowerCase();

export const algorithmOfHeader = (header: string): Algorithm | undefined =>
  algorithms.find((algorithm) => checksumHeader(algorithm) === header.toLowerCase());

export function parseAlgorithm(name: string): Algorithm {
  const found = algorithms.find((algorithm) => algorithm === name.toUpperCase());
  if (found === undefined) {
    throw new S3Error("InvalidRequest", `The checksum algorithm ${name} is not known.`);
  }
  return found;
}

/** Refuses what cannot be a checksum of this algorithm. */
export function checkShape(algorithm: Algorithm, value: string): string {
  const bytes = Buffer.from(value, "base64");
  if (bytes.length !== byteLength[algorithm] || bytes.toString("base64") !== value) {
    throw new S3Error(
      "InvalidRequest",
      `Value for ${checksumHeader(algorithm)} header is invalid.`,
    );
  }
  return value;
}

/** The one checksum that a request's headers give; more than one is an error in S3, too. */
export function checksumOfHeaders(
  headers: Readonly<Record<string, string>>,
): { algorithm: Algorithm; value: string } | undefined {
  const found = algorithms.flatMap((algorithm) => {
    const value = headers[checksumHeader(algorithm)];
    return value === undefined ? [] : [{ algorithm, value }];
  });
  if (found.length > 1) {
    throw new S3Error(
      "InvalidRequest",
      "Expecting a single x-amz-checksum- header. Multiple checksum Types are not allowed.",
    );
  }
  const [one] = found;
  if (one !== undefined) checkShape(one.algorithm, one.value);
  return one;
}

/** The headers by which a response shows a checksum. */
export const checksumHeaders = (checksum: Checksum | undefined): Record<string, string> =>
  checksum === undefined
    ? {}
    : {
        [checksumHeader(checksum.algorithm)]: checksum.value,
        "x-amz-checksum-type": checksum.type,
      };

/** The elements by which a document shows a checksum. */
export const checksumElements = (checksum: Checksum | undefined): Record<string, string> =>
  checksum === undefined ? {} : { [`Checksum${checksum.algorithm}`]: checksum.value };

export function createDigest(algorithm: Algorithm): Digest {
  switch (algorithm) {
    case "CRC32":
      return new Crc32();
    case "CRC32C":
      return new Crc32c();
    case "CRC64NVME":
      return new Crc64Nvme();
    case "SHA1":
    case "SHA256": {
      const hash = createHash(algorithm.toLowerCase());
      return { update: (chunk) => void hash.update(chunk), digest: () => hash.digest("base64") };
    }
  }
}

export function digestOf(algorithm: Algorithm, bytes: Uint8Array): string {
  const digest = createDigest(algorithm);
  digest.update(bytes);
  return digest.digest();
}

const base64OfUint32 = (value: number): string => {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value >>> 0);
  return bytes.toString("base64");
};

class Crc32 implements Digest {
  #state = 0;
  update(chunk: Uint8Array): void {
    this.#state = crc32(chunk, this.#state);
  }
  digest(): string {
    return base64OfUint32(this.#state);
  }
}

/** CRC-32C (Castagnoli): reflected polynomial 0x82f63b78. */
const castagnoli = Uint32Array.from({ length: 256 }, (_, n) => {
  let c = n;
  for (let bit = 0; bit < 8; bit++) c = c & 1 ? 0x82f63b78 ^ (c >>> 1) : c >>> 1;
  return c >>> 0;
});

class Crc32c implements Digest {
  #state = 0xffffffff;
  update(chunk: Uint8Array): void {
    let c = this.#state;
    for (const byte of chunk) c = (castagnoli[(c ^ byte) & 0xff] ?? 0) ^ (c >>> 8);
    this.#state = c;
  }
  digest(): string {
    return base64OfUint32(this.#state ^ 0xffffffff);
  }
}

/** CRC-64/NVME: reflected polynomial 0x9a6c9329ac4bc9b5, all ones before and after. */
const nvme = BigUint64Array.from({ length: 256 }, (_, n) => {
  let c = BigInt(n);
  for (let bit = 0; bit < 8; bit++) c = c & 1n ? 0x9a6c9329ac4bc9b5n ^ (c >> 1n) : c >> 1n;
  return c;
});

class Crc64Nvme implements Digest {
  #state = 0xffffffffffffffffn;
  update(chunk: Uint8Array): void {
    let c = this.#state;
    for (const byte of chunk) c = (nvme[Number(c & 0xffn) ^ byte] ?? 0n) ^ (c >> 8n);
    this.#state = c;
  }
  digest(): string {
    const bytes = Buffer.alloc(8);
    bytes.writeBigUInt64BE(this.#state ^ 0xffffffffffffffffn);
    return bytes.toString("base64");
  }
}
