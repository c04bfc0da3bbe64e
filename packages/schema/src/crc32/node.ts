import { crc32 as zlibCrc32 } from "node:zlib";

/** CRC-32 (ISO-HDLC, as in gzip) of bytes, going on from the value of the bytes before them. */
export function crc32(bytes: Uint8Array, before = 0): number {
  return zlibCrc32(bytes, before);
}
