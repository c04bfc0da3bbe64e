import { crc32 } from "node:zlib";
import type { SnapshotMark } from "./snapshot.js";
import { isWholeIndex } from "./snapshot-index.js";

/**
 * The file `pool.h5.sum` beside a snapshot: checksums of its blocks and a copy of its index, by which its values are
 * found and verified without a single structure of HDF5.
 *
 * Little endian: magic (8) | version u32 | block bytes u32 | size of the snapshot u64 | its time of modification in
 * ms u64 | generation u64 | sequence u64 | pool id (16) | number of blocks u32 | 0 u32 | bytes of the index u64; then
 * the crc32 of each block u32, the index, and the crc32 of all before it u32.
 */
const magic = Buffer.from("LAILASUM", "latin1");
const version = 1;
const headBytes = 80;

/** A block that is summed up, in bytes. */
export const blockBytes = 1 << 20;

export interface Sums {
  readonly mark: SnapshotMark;
  /** Of the snapshot, in bytes. */
  readonly size: number;
  /** The snapshot's time of modification, in whole milliseconds: another program's edit changes it. */
  readonly modified: number;
  readonly blocks: Uint32Array;
  readonly index: Buffer;
}

export function encodeSums({ mark, size, modified, blocks, index }: Sums): Buffer {
  const bytes = Buffer.alloc(headBytes + blocks.length * 4 + index.length + 4);
  magic.copy(bytes, 0);
  bytes.writeUInt32LE(version, 8);
  bytes.writeUInt32LE(blockBytes, 12);
  bytes.writeBigUInt64LE(BigInt(size), 16);
  bytes.writeBigUInt64LE(BigInt(modified), 24);
  bytes.writeBigUInt64LE(BigInt(mark.generation), 32);
  bytes.writeBigUInt64LE(BigInt(mark.sequence), 40);
  bytes.write(mark.poolId, 48, 16, "hex");
  bytes.writeUInt32LE(blocks.length, 64);
  bytes.writeBigUInt64LE(BigInt(index.length), 72);
  for (const [i, crc] of blocks.entries()) bytes.writeUInt32LE(crc, headBytes + i * 4);
  index.copy(bytes, headBytes + blocks.length * 4);
  bytes.writeUInt32LE(crc32(bytes.subarray(0, -4)), bytes.length - 4);
  return bytes;
}

/** Undefined for anything but sums that say what they said when they were written. */
export function decodeSums(bytes: Buffer): Sums | undefined {
  if (bytes.length < headBytes + 4 || !bytes.subarray(0, 8).equals(magic)) return undefined;
  if (bytes.readUInt32LE(8) !== version || bytes.readUInt32LE(12) !== blockBytes) return undefined;
  if (bytes.readUInt32LE(bytes.length - 4) !== crc32(bytes.subarray(0, -4))) return undefined;
  const count = bytes.readUInt32LE(64);
  const index = bytes.subarray(headBytes + count * 4, -4);
  if (index.length !== Number(bytes.readBigUInt64LE(72)) || !isWholeIndex(index)) return undefined;
  return {
    mark: {
      poolId: bytes.toString("hex", 48, 64),
      generation: Number(bytes.readBigUInt64LE(32)),
      sequence: Number(bytes.readBigUInt64LE(40)),
    },
    size: Number(bytes.readBigUInt64LE(16)),
    modified: Number(bytes.readBigUInt64LE(24)),
    blocks: Uint32Array.from({ length: count }, (_, i) => bytes.readUInt32LE(headBytes + i * 4)),
    index,
  };
}

/** True when the sums are of this very file, as the pool wrote it. */
export function areOf(
  { size, modified }: Sums,
  stats: { readonly size: number; readonly mtimeMs: number },
): boolean {
  return stats.size === size && Math.floor(stats.mtimeMs) === modified;
}
