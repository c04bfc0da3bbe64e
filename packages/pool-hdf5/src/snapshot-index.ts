import { crc32 } from "node:zlib";
import type { Kind } from "./layout.js";

/** What the snapshot's index says of one key. */
export interface SnapshotEntry {
  readonly kind: Kind;
  /** For an array: the bytes of the record before the array's data. */
  readonly prefixLength: number;
  /** Of the whole value, in bytes. */
  readonly length: number;
  readonly crc: number;
  readonly sequence: number;
  /** Where in the file the bytes behind the prefix lie, so that they are found without the HDF5 library; 0: not known. */
  readonly offset: number;
  /** Where the prefix lies; 0: not known, or there is none. */
  readonly prefixOffset: number;
}

/** A part of the file. */
export interface Stretch {
  readonly offset: number;
  readonly length: number;
}

/** Where a value's bytes lie, in order; undefined when only the HDF5 library can find them. */
export function stretchesOf(entry: SnapshotEntry): Stretch[] | undefined {
  const { prefixLength, prefixOffset, offset, length } = entry;
  const stretches = [
    { offset: prefixOffset, length: prefixLength },
    { offset, length: length - prefixLength },
  ].filter((stretch) => stretch.length > 0);
  return stretches.every((stretch) => stretch.offset > 0) ? stretches : undefined;
}

/*
 * The dataset of the index, little endian: magic u32 | version u32 | count u32 | crc32 of all else u32; then
 * for each key: key length u16 | kind u8 | 0 u8 | prefix length u32 | length u64 | crc32 u32 | sequence u64
 * | offset u64 | prefix offset u64 | key.
 */
const magic = 0x5849414c; // "LAIX"
const version = 2;
const headBytes = 16;
const entryBytes = 44;

/** Collects entries and becomes the bytes of an index. */
export class IndexWriter {
  readonly #parts: Buffer[] = [];
  #block = Buffer.allocUnsafe(1 << 16);
  #used = 0;
  #count = 0;

  add(key: Buffer, entry: SnapshotEntry): void {
    const needed = entryBytes + key.length;
    if (this.#used + needed > this.#block.length) {
      this.#parts.push(this.#block.subarray(0, this.#used));
      this.#block = Buffer.allocUnsafe(Math.max(1 << 16, needed));
      this.#used = 0;
    }
    const block = this.#block;
    const at = this.#used;
    block.writeUInt16LE(key.length, at);
    block.writeUInt8(entry.kind, at + 2);
    block.writeUInt8(0, at + 3);
    block.writeUInt32LE(entry.prefixLength, at + 4);
    writeWide(block, entry.length, at + 8);
    block.writeUInt32LE(entry.crc, at + 16);
    writeWide(block, entry.sequence, at + 20);
    writeWide(block, entry.offset, at + 28);
    writeWide(block, entry.prefixOffset, at + 36);
    key.copy(block, at + entryBytes);
    this.#used += needed;
    this.#count++;
  }

  finish(): Buffer {
    const head = Buffer.alloc(headBytes);
    const all = Buffer.concat([head, ...this.#parts, this.#block.subarray(0, this.#used)]);
    all.writeUInt32LE(magic, 0);
    all.writeUInt32LE(version, 4);
    all.writeUInt32LE(this.#count, 8);
    all.writeUInt32LE(checksum(all), 12);
    return all;
  }
}

/** True when the bytes are an index that says what it said when it was written. */
export function isWholeIndex(bytes: Buffer): boolean {
  return (
    bytes.length >= headBytes &&
    bytes.readUInt32LE(0) === magic &&
    bytes.readUInt32LE(4) === version &&
    bytes.readUInt32LE(12) === checksum(bytes)
  );
}

/** The entries of an index for which {@link isWholeIndex} is true. */
export function* readIndex(bytes: Buffer): Generator<[key: string, entry: SnapshotEntry]> {
  const count = bytes.readUInt32LE(8);
  let at = headBytes;
  for (let i = 0; i < count; i++) {
    const keyLength = bytes.readUInt16LE(at);
    const entry: SnapshotEntry = {
      kind: bytes.readUInt8(at + 2) as Kind,
      prefixLength: bytes.readUInt32LE(at + 4),
      length: readWide(bytes, at + 8),
      crc: bytes.readUInt32LE(at + 16),
      sequence: readWide(bytes, at + 20),
      offset: readWide(bytes, at + 28),
      prefixOffset: readWide(bytes, at + 36),
    };
    const key = bytes.toString("utf8", at + entryBytes, at + entryBytes + keyLength);
    at += entryBytes + keyLength;
    yield [key, entry];
  }
}

function checksum(bytes: Buffer): number {
  return crc32(bytes.subarray(headBytes), crc32(bytes.subarray(0, 12)));
}

function writeWide(into: Buffer, value: number, at: number): void {
  into.writeUInt32LE(value % 2 ** 32, at);
  into.writeUInt32LE(Math.floor(value / 2 ** 32), at + 4);
}

function readWide(bytes: Buffer, at: number): number {
  return bytes.readUInt32LE(at) + bytes.readUInt32LE(at + 4) * 2 ** 32;
}
