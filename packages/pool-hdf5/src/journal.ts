import { isLailaError, LailaError } from "@laila/pool";
import { because, fileError } from "./errors.js";
import { files, readFully, syncDirectory, writeFully } from "./files.js";
import {
  decodeHeader,
  encodeHeader,
  firstRecord,
  isWholeHeader,
  type JournalHeader,
  Op,
  RecordCodec,
  recordBytes,
} from "./journal-format.js";
import { type DamagedRange, type Replay, replayJournal } from "./journal-replay.js";

/** What is to be appended; `value` only with `put`. */
export interface JournalRecord {
  readonly op: Op;
  readonly sequence: number;
  readonly key?: Buffer;
  readonly value?: Uint8Array;
}

/** Where a value lies in a journal. */
export interface Place {
  readonly offset: number;
  readonly length: number;
  readonly crc: number;
}

const nothing = Buffer.alloc(0);
/** Values up to this size are copied into one buffer with their headers; larger ones are written from where they are. */
const inlineBytes = 64 * 1024;

/** One journal file: appended to by this process if it made it, else only read. */
export class Journal {
  readonly path: string;
  readonly generation: number;
  readonly poolId: Uint8Array;
  readonly codec: RecordCodec;
  readonly #fd: number;
  #size: number;
  #readers = 0;
  #discarded: (() => void) | undefined;
  #released = false;
  /** Where the batch that is being appended will end. */
  #pending = 0;

  private constructor(path: string, fd: number, size: number, header: JournalHeader) {
    this.path = path;
    this.generation = header.generation;
    this.poolId = header.poolId;
    this.codec = new RecordCodec(header);
    this.#fd = fd;
    this.#size = size;
  }

  /** Bytes up to the end of the last acknowledged batch. */
  get size(): number {
    return this.#size;
  }

  /** Creates the file exclusively, and makes it and its directory entry durable. */
  static async create(path: string, directory: string, header: JournalHeader): Promise<Journal> {
    try {
      const fd = await files.open(path, "wx+", 0o600);
      try {
        await writeFully(fd, [encodeHeader(header)], 0);
        await files.fsync(fd);
        await syncDirectory(directory);
      } catch (error) {
        await files.close(fd);
        await files.unlink(path);
        throw error;
      }
      return new Journal(path, fd, firstRecord, header);
    } catch (error) {
      throw fileError(error, "Creating the journal", path);
    }
  }

  /**
   * Opens a journal of an earlier run and reads it; undefined when the file was never finished
   * creating, so that nothing can be in it. CORRUPT when its header is gone.
   */
  static async open(path: string): Promise<{ journal: Journal; replay: Replay } | undefined> {
    try {
      const fd = await files.open(path, "r+");
      try {
        const { size } = await files.fstat(fd);
        const header = decodeHeader(await readFully(fd, 0, firstRecord));
        if (!header && size <= firstRecord) {
          await files.close(fd);
          return undefined;
        }
        if (!header) {
          throw new LailaError(
            "CORRUPT",
            `The journal ${path} has no readable header, so the writes in it cannot be read. Restore it from a backup, or move it away to go on without them.`,
            { details: { path } },
          );
        }
        // Written by a process that may have died before its own sync: from here on it counts.
        await files.fdatasync(fd);
        const replay = await replayJournal(fd, size, new RecordCodec(header));
        return { journal: new Journal(path, fd, replay.end, header), replay };
      } catch (error) {
        await files.close(fd);
        throw error;
      }
    } catch (error) {
      throw isLailaError(error) ? error : fileError(error, "Reading the journal", path);
    }
  }

  /** Copies what lies behind the last acknowledged batch to `aside`, and cuts it off. */
  async setAsideTail(aside: string): Promise<void> {
    try {
      const { size } = await files.fstat(this.#fd);
      if (size <= this.#size) return;
      const copy = await files.open(aside, "w", 0o600);
      try {
        const step = 1 << 20;
        for (let at = this.#size; at < size; at += step) {
          const piece = await readFully(this.#fd, at, Math.min(step, size - at));
          await writeFully(copy, [piece], at - this.#size);
        }
        await files.fsync(copy);
      } finally {
        await files.close(copy);
      }
      await files.ftruncate(this.#fd, this.#size);
      await files.fsync(this.#fd);
    } catch (error) {
      throw fileError(error, "Setting aside the torn end of", this.path);
    }
  }

  /**
   * Appends records and a commit, and returns where each value lies, without syncing. When writing fails
   * (NO_SPACE and others), what was written is cut off again; when that fails too, `damaged` is set on the
   * error's details and the file must not be written any more.
   */
  async append(records: readonly JournalRecord[], commitSequence: number): Promise<Place[]> {
    const { buffers, places, end } = this.#encode([
      ...records,
      { op: Op.commit, sequence: commitSequence },
    ]);
    try {
      await writeFully(this.#fd, buffers, this.#size);
    } catch (error) {
      let damaged = false;
      try {
        await files.ftruncate(this.#fd, this.#size);
      } catch {
        damaged = true;
      }
      const failure = fileError(error, "Writing the journal", this.path);
      throw because(error, failure.code, failure.message, { ...failure.details, damaged });
    }
    this.#pending = end;
    return places;
  }

  /** Makes the appended batch durable. After a failure the file must never be written or synced again. */
  async sync(): Promise<void> {
    await files.fdatasync(this.#fd);
    this.#size = this.#pending;
  }

  /** Notes, without syncing, that the last batch's sync returned. */
  async markSynced(sequence: number): Promise<void> {
    const mark = Buffer.alloc(recordBytes);
    this.codec.encode(mark, 0, {
      op: Op.synced,
      keyLength: 0,
      valueLength: 0,
      sequence,
      keyCrc: 0,
      valueCrc: 0,
    });
    await writeFully(this.#fd, [mark], this.#size);
    this.#size += recordBytes;
  }

  /** A value's bytes, verified; undefined when they are damaged. */
  async read({ offset, length, crc }: Place): Promise<Buffer | undefined> {
    const bytes = await this.#reading(() => readFully(this.#fd, offset, length));
    return bytes.length === length && this.codec.crc(bytes) === crc ? bytes : undefined;
  }

  /** What is damaged in the acknowledged part, by now. */
  async verify(): Promise<readonly DamagedRange[]> {
    const size = this.#size;
    const [header, { damage, end }] = await this.#reading(() =>
      Promise.all([readFully(this.#fd, 0, firstRecord), replayJournal(this.#fd, size, this.codec)]),
    );
    const first = isWholeHeader(header) ? [] : [{ start: 0, end: firstRecord }];
    return end < size ? [...first, ...damage, { start: end, end: size }] : [...first, ...damage];
  }

  async #reading<T>(read: () => Promise<T>): Promise<T> {
    // The number of a closed descriptor may already be another file's.
    if (this.#released) throw new LailaError("UNAVAILABLE", `${this.path} is closed. Try again.`);
    this.#readers++;
    try {
      return await read();
    } catch (error) {
      throw fileError(error, "Reading the journal", this.path);
    } finally {
      this.#readers--;
      if (this.#readers === 0) this.#discarded?.();
    }
  }

  /** Closes the file once no read holds it. */
  async release(): Promise<void> {
    if (this.#readers > 0) {
      await new Promise<void>((resolve) => {
        this.#discarded = resolve;
      });
    }
    this.#released = true;
    await files.close(this.#fd);
  }

  #encode(records: readonly JournalRecord[]): {
    buffers: Uint8Array[];
    places: Place[];
    end: number;
  } {
    let small = 0;
    for (const { key, value } of records) {
      small += recordBytes + (key?.length ?? 0);
      if (value && value.byteLength <= inlineBytes) small += value.byteLength;
    }
    const block = Buffer.allocUnsafe(small);
    const buffers: Uint8Array[] = [];
    const places: Place[] = [];
    let flushed = 0;
    let at = 0;
    let offset = this.#size;
    for (const { op, sequence, key = nothing, value = nothing } of records) {
      const crc = this.codec.crc(value);
      this.codec.encode(block, at, {
        op,
        sequence,
        keyLength: key.length,
        valueLength: value.byteLength,
        keyCrc: this.codec.crc(key),
        valueCrc: crc,
      });
      key.copy(block, at + recordBytes);
      at += recordBytes + key.length;
      offset += recordBytes + key.length;
      places.push({ offset, length: value.byteLength, crc });
      offset += value.byteLength;
      if (value.byteLength <= inlineBytes) {
        block.set(value, at);
        at += value.byteLength;
      } else {
        buffers.push(block.subarray(flushed, at), value);
        flushed = at;
      }
    }
    buffers.push(block.subarray(flushed, at));
    return { buffers, places, end: offset };
  }
}
