import { readFully } from "./files.js";
import { findMagic, firstRecord, Op, type RecordCodec, recordBytes } from "./journal-format.js";

/** What a journal says happened, in order. */
export type Change =
  | {
      readonly op: "put";
      readonly key: string;
      readonly sequence: number;
      readonly offset: number;
      readonly length: number;
      readonly crc: number;
    }
  | { readonly op: "delete"; readonly key: string; readonly sequence: number }
  /** The key was written, and what was written is damaged. */
  | { readonly op: "lost"; readonly key: string; readonly sequence: number }
  | { readonly op: "reset"; readonly sequence: number };

/** Bytes of a journal that no longer say what they said. */
export interface DamagedRange {
  readonly start: number;
  readonly end: number;
  /** The key, where it could still be read. */
  readonly key?: string;
}

export interface Replay {
  readonly changes: readonly Change[];
  readonly damage: readonly DamagedRange[];
  /** Everything from here on was never acknowledged. */
  readonly end: number;
  readonly lastSequence: number;
}

/** The sequence numbers that were passed over so far: a record with one of them stands in the wrong place. */
class Gaps {
  readonly #gaps: { readonly from: number; readonly to: number }[] = [];

  add(from: number, to: number): void {
    if (from <= to) this.#gaps.push({ from, to });
  }

  has(sequence: number): boolean {
    return this.#gaps.some(({ from, to }) => sequence >= from && sequence <= to);
  }
}

interface Parsed {
  readonly op: Op;
  readonly sequence: number;
  readonly start: number;
  readonly end: number;
  /** It belongs before a record that was read before it. */
  readonly early?: boolean;
  readonly change?: Change | undefined;
  readonly damage?: DamagedRange | undefined;
}

const pieceBytes = 1 << 20;

/**
 * Reads a journal. Damage with anything valid behind it is damage: that record is reported, the rest
 * goes on. Only damage in the last batch, with nothing valid behind it, is what a crash leaves of a
 * write that was never acknowledged: it ends the journal. A batch in the wrong place counts by its sequence
 * numbers, and one that is there twice counts once; both are reported.
 *
 * @param size of the file in bytes
 */
export async function replayJournal(fd: number, size: number, codec: RecordCodec): Promise<Replay> {
  const reader = new Reader(fd, size, codec);
  const changes: Change[] = [];
  const damage: DamagedRange[] = [];
  const gaps = new Gaps();
  let misplaced = false;
  let batch: Parsed[] = [];
  let batchStart = firstRecord;
  let sealedAt = -1;
  let lastSequence = 0;
  let at = firstRecord;

  const settle = (): void => {
    for (const { change, damage: hit } of batch) {
      if (change) changes.push(change);
      if (hit) damage.push(hit);
    }
    const [first] = batch;
    if (first && batch.some(({ early }) => early)) {
      misplaced = true;
      damage.push({ start: first.start, end: batch.at(-1)?.end ?? first.end });
    }
    batch = [];
    sealedAt = -1;
  };

  while (at < size) {
    const record = await reader.next(at, lastSequence, gaps);
    if (!record) break;
    // A record behind a finished batch proves that the batch's sync had returned.
    if (sealedAt >= 0) {
      settle();
      batchStart = at;
    }
    batch.push(record);
    at = record.end;
    if (record.sequence > lastSequence) {
      gaps.add(lastSequence + 1, record.sequence - 1);
      lastSequence = record.sequence;
    }
    if (record.op === Op.synced) {
      settle();
      batchStart = at;
    } else if (record.op === Op.commit) {
      sealedAt = at;
    }
  }

  // The last batch: whole, or followed by the beginning of another write (whose being there proves that
  // this one was synced). Otherwise it was cut off in the middle, and nobody was told that it is there.
  const whole = sealedAt >= 0 && (sealedAt < size || batch.every(({ damage: hit }) => !hit));
  const end = whole ? sealedAt : batchStart;
  if (whole) settle();
  if (misplaced) changes.sort((a, b) => a.sequence - b.sequence);
  return { changes, damage, end, lastSequence };
}

class Reader {
  readonly #fd: number;
  readonly #size: number;
  readonly #codec: RecordCodec;
  #piece: Buffer = Buffer.alloc(0);
  #pieceStart = 0;

  constructor(fd: number, size: number, codec: RecordCodec) {
    this.#fd = fd;
    this.#size = size;
    this.#codec = codec;
  }

  /** The record at a place, or what is damaged there; undefined when nothing valid follows. */
  async next(at: number, after: number, gaps: Gaps): Promise<Parsed | undefined> {
    const bytes = await this.#bytes(at, recordBytes);
    const header = this.#codec.decode(bytes, 0);
    if (header && header.sequence > after) return this.#record(at, header);
    if (header && gaps.has(header.sequence)) {
      const record = await this.#record(at, header);
      return record && { ...record, early: true };
    }
    const repaired = this.#codec.repair(bytes, 0);
    if (repaired && repaired.sequence > after) {
      const record = await this.#record(at, repaired);
      if (record) return record;
    }
    const following = await this.#find(at + 1, after);
    if (following === undefined) return undefined;
    return {
      op: Op.put,
      sequence: 0,
      start: at,
      end: following,
      damage: { start: at, end: following },
    };
  }

  async #record(
    start: number,
    header: NonNullable<ReturnType<RecordCodec["decode"]>>,
  ): Promise<Parsed | undefined> {
    const { op, sequence, keyLength, valueLength, keyCrc, valueCrc } = header;
    const offset = start + recordBytes + keyLength;
    const end = offset + valueLength;
    if (end > this.#size) return undefined;
    const base = { op, sequence, start, end };
    if (op === Op.commit || op === Op.synced) return base;
    if (op === Op.reset) return { ...base, change: { op: "reset", sequence } };

    const stored = await this.#bytes(start + recordBytes, keyLength);
    const whole = this.#codec.crc(stored) === keyCrc;
    const keyBytes = whole ? stored : this.#codec.repairKey(stored, keyCrc);
    if (!keyBytes) return { ...base, damage: { start, end } };
    const key = keyBytes.toString("utf8");
    if (op === Op.delete) return { ...base, change: { op: "delete", key, sequence } };
    if (op === Op.lost) return { ...base, change: { op: "lost", key, sequence } };
    if ((await this.#crc(offset, valueLength)) === valueCrc) {
      const change = {
        op: "put",
        key,
        sequence,
        offset,
        length: valueLength,
        crc: valueCrc,
      } as const;
      return { ...base, change };
    }
    return { ...base, change: { op: "lost", key, sequence }, damage: { start, end, key } };
  }

  /** Where the next valid record begins. */
  async #find(from: number, after: number): Promise<number | undefined> {
    let at = from;
    while (at + recordBytes <= this.#size) {
      const bytes = await this.#bytes(at, Math.min(pieceBytes, this.#size - at));
      for (let hit = findMagic(bytes, 0); hit >= 0; hit = findMagic(bytes, hit + 1)) {
        if (hit + recordBytes > bytes.length) break;
        const header = this.#codec.decode(bytes, hit);
        if (!header || header.sequence <= after) continue;
        const end = at + hit + recordBytes + header.keyLength + header.valueLength;
        if (end <= this.#size) return at + hit;
      }
      if (at + bytes.length >= this.#size) return undefined;
      at += bytes.length - recordBytes + 1;
    }
    return undefined;
  }

  async #crc(offset: number, length: number): Promise<number> {
    let running = this.#codec.seed;
    for (let done = 0; done < length; ) {
      const piece = await this.#bytes(offset + done, Math.min(pieceBytes, length - done));
      if (piece.length === 0) return Number.NaN;
      running = this.#codec.crc(piece, running);
      done += piece.length;
    }
    return running;
  }

  /** At most `length` bytes from a place; fewer only at the end of the file. */
  async #bytes(at: number, length: number): Promise<Buffer> {
    const end = Math.min(at + length, this.#size);
    if (at < this.#pieceStart || end > this.#pieceStart + this.#piece.length) {
      this.#piece = await readFully(
        this.#fd,
        at,
        Math.min(Math.max(length, pieceBytes), this.#size - at),
      );
      this.#pieceStart = at;
    }
    return this.#piece.subarray(at - this.#pieceStart, end - this.#pieceStart);
  }
}
