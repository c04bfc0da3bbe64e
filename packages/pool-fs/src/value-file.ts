import { randomBytes } from "node:crypto";
import { constants } from "node:fs";
import { crc32 } from "node:zlib";
import type { ReadResult, Version } from "@laila/pool";
import { corrupt } from "./errors.js";
import { files, readFully, withFile, writeFully } from "./files.js";

/*
 * A value's file: the bytes as they are, the key in UTF-8, and a footer of 40 bytes, little endian:
 *
 *   write id (16 random bytes) | length of the value u64 | length of the key u32 |
 *   crc32 of key, id and lengths u32 | "LAILAFS" 0x01
 *
 * The value comes first, so that `head`, a JSON viewer or mmap finds it where it expects it.
 */
const magic = Buffer.from("LAILAFS\x01", "latin1");
const footerBytes = 40;
const checkedBytes = 28;
/** Never through a symbolic link that somebody put in a value's place; 0 where there is no such flag. */
const readOnly = constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0);

/** What stands behind a value. */
export interface Footer {
  readonly key: string;
  readonly version: Version;
  readonly valueBytes: number;
}

/** Writes the value to a new file and syncs it; the version is this write's own. */
export async function writeValue(path: string, key: string, value: Uint8Array): Promise<Version> {
  const id = randomBytes(16);
  const behind = footer(key, value.byteLength, id);
  await withFile(path, "wx", async (fd) => {
    await writeFully(fd, [value, behind], 0);
    await files.fsync(fd);
  });
  return id.toString("hex");
}

/** CORRUPT when it is not what was written, or another key's; system errors as they are. */
export async function readValue(path: string, key: string): Promise<ReadResult> {
  return withFile(path, readOnly, async (fd) => {
    const { size } = await files.fstat(fd);
    const bytes = await readFully(fd, 0, size);
    const { version, valueBytes, key: found } = parseFooter(path, bytes, size);
    if (found !== key) throw corrupt(path, `holds the value of ${JSON.stringify(found)}`);
    return { bytes: new Uint8Array(bytes.buffer, 0, valueBytes), version };
  });
}

/** As {@link readValue}, without reading the value. */
export async function readFooter(path: string): Promise<Footer> {
  return withFile(path, readOnly, async (fd) => {
    const { size } = await files.fstat(fd);
    const last = await readFully(fd, Math.max(0, size - footerBytes), footerBytes);
    const keyBytes = last.byteLength < footerBytes ? 0 : last.readUInt32LE(24);
    // A false length shows when the footer is parsed.
    const wanted = Math.min(size, footerBytes + Math.min(keyBytes, 2 ** 16));
    return parseFooter(path, await readFully(fd, size - wanted, wanted), size);
  });
}

function footer(key: string, valueBytes: number, id: Buffer): Buffer {
  const name = Buffer.from(key);
  const fixed = Buffer.alloc(footerBytes);
  id.copy(fixed, 0);
  fixed.writeBigUInt64LE(BigInt(valueBytes), 16);
  fixed.writeUInt32LE(name.byteLength, 24);
  fixed.writeUInt32LE(crc32(fixed.subarray(0, checkedBytes), crc32(name)), checkedBytes);
  magic.copy(fixed, 32);
  return Buffer.concat([name, fixed]);
}

/** From the end of a file of `size` bytes. */
function parseFooter(path: string, end: Buffer, size: number): Footer {
  const fixed = end.subarray(-footerBytes);
  if (fixed.byteLength < footerBytes || !fixed.subarray(32).equals(magic)) {
    throw corrupt(path, "does not end as a value's file does: it was cut, or is another program's");
  }
  const valueBytes = Number(fixed.readBigUInt64LE(16));
  const keyBytes = fixed.readUInt32LE(24);
  const name = end.subarray(Math.max(0, end.byteLength - footerBytes - keyBytes), -footerBytes);
  const whole =
    valueBytes + keyBytes + footerBytes === size &&
    name.byteLength === keyBytes &&
    crc32(fixed.subarray(0, checkedBytes), crc32(name)) === fixed.readUInt32LE(checkedBytes);
  if (!whole) throw corrupt(path, "is damaged: its length or its footer is not what was written");
  return { key: name.toString(), version: fixed.toString("hex", 0, 16), valueBytes };
}
