import { crc32 } from "node:zlib";

/**
 * The framing of a journal. All numbers are little endian.
 *
 * File: the header twice (so that one damaged copy loses nothing), then records.
 * Header, 64 bytes: magic and version (8) | pool id (16) | generation u64 | nonce (16) | zeros (12)
 * | crc32 of the 60 bytes before.
 * Record, 40 bytes: magic u32 | op u8 | 0 u8 | key length u16 | generation u32 | crc32(value) u32
 * | sequence u64 | value length u64 | crc32(key) u32 | crc32 of the 36 bytes before u32;
 * then the key, then the value. Every checksum of a record begins from the checksum of the header's
 * nonce, so that a journal that lies inside a value (or is left over on the disk) is never taken for
 * records of this one.
 */
const headerBytes = 64;
export const firstRecord = 2 * headerBytes;
export const recordBytes = 40;

export const Op = {
  put: 1,
  delete: 2,
  /** Ends a batch. */
  commit: 3,
  /** Written, unsynced, after the last batch's fdatasync returned: that batch was acknowledged. */
  synced: 4,
  /** What earlier generations and this one say up to here no longer counts. */
  reset: 5,
  /** The key had a value that was damaged before this record was written. */
  lost: 6,
} as const;
export type Op = (typeof Op)[keyof typeof Op];

const fileMagic = Buffer.from("LAILAJ\x01\n", "latin1");
/** "LREC" backwards on disk; what matters is that it is not zero. */
const recordMagic = 0x4c524543;
const ops: ReadonlySet<number> = new Set(Object.values(Op));

export interface JournalHeader {
  readonly poolId: Uint8Array;
  readonly generation: number;
  readonly nonce: Uint8Array;
}

export interface RecordHeader {
  readonly op: Op;
  readonly keyLength: number;
  readonly valueLength: number;
  readonly sequence: number;
  readonly keyCrc: number;
  readonly valueCrc: number;
}

export function encodeHeader({ poolId, generation, nonce }: JournalHeader): Buffer {
  const copy = Buffer.alloc(headerBytes);
  fileMagic.copy(copy, 0);
  copy.set(poolId, 8);
  copy.writeBigUInt64LE(BigInt(generation), 24);
  copy.set(nonce, 32);
  copy.writeUInt32LE(crc32(copy.subarray(0, 60)), 60);
  return Buffer.concat([copy, copy]);
}

/** The header of a journal, from whichever copy is whole; undefined when neither is. */
export function decodeHeader(bytes: Buffer): JournalHeader | undefined {
  for (const start of [0, headerBytes]) {
    const copy = bytes.subarray(start, start + headerBytes);
    if (copy.length < headerBytes || !copy.subarray(0, 8).equals(fileMagic)) continue;
    if (copy.readUInt32LE(60) !== crc32(copy.subarray(0, 60))) continue;
    return {
      poolId: Uint8Array.from(copy.subarray(8, 24)),
      generation: Number(copy.readBigUInt64LE(24)),
      nonce: Uint8Array.from(copy.subarray(32, 48)),
    };
  }
  return undefined;
}

/** True when both copies of a journal's header say the same. */
export function isWholeHeader(bytes: Buffer): boolean {
  const [first, second] = [bytes.subarray(0, headerBytes), bytes.subarray(headerBytes)];
  return decodeHeader(first) !== undefined && first.equals(second);
}

/** Reads and writes the records of one journal. */
export class RecordCodec {
  readonly generation: number;
  readonly #seed: number;

  constructor({ generation, nonce }: JournalHeader) {
    this.generation = generation;
    this.#seed = crc32(nonce);
  }

  crc(bytes: Uint8Array, running: number = this.#seed): number {
    return crc32(bytes, running);
  }

  /** The checksum of nothing, where a checksum that is carried on begins. */
  get seed(): number {
    return this.#seed;
  }

  encode(into: Buffer, at: number, record: RecordHeader): void {
    into.writeUInt32LE(recordMagic, at);
    into.writeUInt8(record.op, at + 4);
    into.writeUInt8(0, at + 5);
    into.writeUInt16LE(record.keyLength, at + 6);
    into.writeUInt32LE(this.generation, at + 8);
    into.writeUInt32LE(record.valueCrc, at + 12);
    writeWide(into, record.sequence, at + 16);
    writeWide(into, record.valueLength, at + 24);
    into.writeUInt32LE(record.keyCrc, at + 32);
    into.writeUInt32LE(this.crc(into.subarray(at, at + 36)), at + 36);
  }

  /** The record header at a place, or undefined when there is no whole one. */
  decode(bytes: Buffer, at: number): RecordHeader | undefined {
    if (at + recordBytes > bytes.length || bytes.readUInt32LE(at) !== recordMagic) return undefined;
    if (bytes.readUInt32LE(at + 36) !== this.crc(bytes.subarray(at, at + 36))) return undefined;
    const op = bytes.readUInt8(at + 4);
    if (!ops.has(op) || bytes.readUInt32LE(at + 8) !== this.generation) return undefined;
    return {
      op: op as Op,
      keyLength: bytes.readUInt16LE(at + 6),
      valueCrc: bytes.readUInt32LE(at + 12),
      sequence: readWide(bytes, at + 16),
      valueLength: readWide(bytes, at + 24),
      keyCrc: bytes.readUInt32LE(at + 32),
    };
  }

  /** The header at a place with one damaged byte put right, or undefined when that does not help. */
  repair(bytes: Buffer, at: number): RecordHeader | undefined {
    if (at + recordBytes > bytes.length) return undefined;
    const copy = Buffer.from(bytes.subarray(at, at + recordBytes));
    return repairByte(copy, () => this.decode(copy, 0));
  }

  /** The key with one damaged byte put right, or undefined when that does not help. */
  repairKey(bytes: Buffer, keyCrc: number): Buffer | undefined {
    const copy = Buffer.from(bytes);
    return repairByte(copy, () => (this.crc(copy) === keyCrc ? copy : undefined));
  }
}

/** Where the bytes of a record's magic number next occur, or -1. */
export function findMagic(bytes: Buffer, from: number): number {
  return bytes.indexOf(magicBytes, from);
}
const magicBytes = Buffer.alloc(4);
magicBytes.writeUInt32LE(recordMagic);

function repairByte<T>(copy: Buffer, check: () => T | undefined): T | undefined {
  for (let i = 0; i < copy.length; i++) {
    const stored = copy[i] as number;
    for (let flip = 1; flip < 256; flip++) {
      copy[i] = stored ^ flip;
      const found = check();
      if (found !== undefined) return found;
    }
    copy[i] = stored;
  }
  return undefined;
}

function writeWide(into: Buffer, value: number, at: number): void {
  into.writeUInt32LE(value % 2 ** 32, at);
  into.writeUInt32LE(Math.floor(value / 2 ** 32), at + 4);
}

function readWide(bytes: Buffer, at: number): number {
  return bytes.readUInt32LE(at) + bytes.readUInt32LE(at + 4) * 2 ** 32;
}
