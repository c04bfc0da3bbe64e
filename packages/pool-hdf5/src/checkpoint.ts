import * as fs from "node:fs";
import { crc32 } from "node:zlib";
import { Base, readStretches } from "./base.js";
import {
  type CheckpointJob,
  type CheckpointOutcome,
  changeFields,
  goneMarker,
  lostMarker,
} from "./checkpoint-job.js";
import { type Hdf5, WorkerError } from "./hdf5.js";
import { datasetName, Kind } from "./layout.js";
import { Places } from "./places.js";
import {
  putValue,
  readIndexBytes,
  readMark,
  readValue,
  writeIndexBytes,
  writeMark,
} from "./snapshot.js";
import { IndexWriter, readIndex, type SnapshotEntry, stretchesOf } from "./snapshot-index.js";
import { blockBytes, encodeSums } from "./sums.js";

/** How long the worker goes on before it looks whether somebody wants to read. */
const turnMilliseconds = 4;
/** Reading up to this size costs the library more calls than copying. */
const cheapBytes = 64 * 1024;

type Placed = { -readonly [Name in keyof SnapshotEntry]: SnapshotEntry[Name] };

/** What a first try could not store as it wanted to. */
interface Again {
  /** Values that did not come back exactly as arrays or text: they are stored as bytes. */
  readonly plain: Set<string>;
  /** Values that do not lie where they seemed to: the HDF5 library will have to find them. */
  readonly unplaced: Set<string>;
}

/**
 * Writes the new snapshot to `target` and its sums beside it, makes both durable, opens the snapshot again, and
 * verifies every value that was added. The caller renames them. Yields now and then, so that reads are served
 * meanwhile.
 */
export async function checkpoint(library: Hdf5, job: CheckpointJob): Promise<CheckpointOutcome> {
  const again: Again = { plain: new Set(), unplaced: new Set() };
  for (;;) {
    const run = new CheckpointRun(library, job, again);
    await run.write();
    if (await run.verify()) return run.finish();
  }
}

class CheckpointRun {
  readonly #library: Hdf5;
  readonly #job: CheckpointJob;
  readonly #again: Again;
  readonly #places = new Places();
  /** What the new index says. */
  readonly #entries: [key: string, entry: Placed][] = [];
  readonly #added: [key: string, entry: Placed][] = [];
  readonly #damaged: string[] = [];
  readonly #prefixSums = new Map<SnapshotEntry, number>();
  /** Checksums of the blocks that were copied as they are. */
  #copied: Uint32Array | undefined;
  #copiedBytes = 0;
  #keepBase = false;
  #index: Buffer = Buffer.alloc(0);
  #turnEnds = performance.now() + turnMilliseconds;

  constructor(library: Hdf5, job: CheckpointJob, again: Again) {
    this.#library = library;
    this.#job = job;
    this.#again = again;
  }

  async write(): Promise<void> {
    const { target, path, sums, base: expected } = this.#job;
    const base = expected ? Base.open(this.#library, path, sums, expected) : undefined;
    try {
      const append = base !== undefined && (await this.#copyBase(base));
      // Opened before anything is written, so that no failed write-back can go unnoticed.
      const fd = fs.openSync(target, append ? "r+" : "w+", 0o600);
      try {
        // Whoever may read the file may read the new one.
        if (base) fs.fchmodSync(fd, fs.statSync(path).mode);
        this.#library.observer = this.#places.observe;
        await this.#fill(base, append, fd);
        fs.fsyncSync(fd);
      } finally {
        this.#library.observer = undefined;
        fs.closeSync(fd);
      }
    } finally {
      base?.close();
    }
  }

  /** True when every value that was added comes back; if not, it is noted how to write it the next time. */
  async verify(): Promise<boolean> {
    const library = this.#library;
    const { target } = this.#job;
    const file = library.openFile(target, "read");
    const fd = fs.openSync(target, "r");
    let whole = true;
    try {
      readMark(library, file, target);
      readIndexBytes(library, file, target);
      for (const [key, entry] of this.#added) {
        await this.#turn();
        const stretches = stretchesOf(entry);
        if (stretches && !isWhole(readStretches(fd, stretches), entry.crc)) {
          this.#again.unplaced.add(key);
          whole = false;
        }
        // What lies where the library put it need not be moved through the library again, unless that is cheap.
        const read =
          stretches && entry.length > cheapBytes
            ? (): unknown => library.metadata(file, datasetName(key))
            : (): unknown => readValue(library, file, key, entry);
        if (isReadable(read) !== undefined) continue;
        if (this.#again.plain.has(key)) throw notWritten(target);
        this.#again.plain.add(key);
        whole = false;
      }
      return whole;
    } finally {
      fs.closeSync(fd);
      library.closeFile(file);
    }
  }

  /** Sums up the verified file, in a file beside it. */
  async finish(): Promise<CheckpointOutcome> {
    const { target, mark } = this.#job;
    const fd = fs.openSync(target, "r");
    try {
      const { size, mtimeMs } = fs.fstatSync(fd);
      const blocks = new Uint32Array(Math.ceil(size / blockBytes));
      const whole = Math.floor(Math.min(this.#copiedBytes, size) / blockBytes);
      for (let i = 0; i < blocks.length; i++) {
        await this.#turn();
        const known = i < whole && !this.#places.touched.has(i);
        blocks[i] = known ? (this.#copied?.[i] ?? 0) : (sumOfBlock(fd, i, size) ?? 0);
      }
      const modified = Math.floor(mtimeMs);
      const sums = encodeSums({ mark, size, modified, blocks, index: this.#index });
      writeDurably(`${target}.sum`, sums, fs.fstatSync(fd).mode);
      return {
        size,
        damaged: this.#damaged,
        keepBase: this.#keepBase,
        // A buffer of its own: it is given away.
        index: Uint8Array.from(this.#index),
      };
    } finally {
      fs.closeSync(fd);
    }
  }

  /** True when the new file is a copy of the old one, whole, to which the changes are added. */
  async #copyBase({ sums }: Base): Promise<boolean> {
    const { path, target, insertsOnly } = this.#job;
    if (!sums || !insertsOnly) return false;
    await fs.promises.copyFile(path, target, fs.constants.COPYFILE_FICLONE);
    const fd = fs.openSync(target, "r");
    try {
      for (const [i, sum] of sums.blocks.entries()) {
        await this.#turn();
        if (sumOfBlock(fd, i, sums.size) !== sum) {
          this.#keepBase = true;
          return false;
        }
      }
    } finally {
      fs.closeSync(fd);
    }
    this.#copied = sums.blocks;
    this.#copiedBytes = sums.size;
    return true;
  }

  async #fill(base: Base | undefined, append: boolean, fd: number): Promise<void> {
    const { target, mark } = this.#job;
    const library = this.#library;
    const file = append ? library.openFile(target, "write") : library.createFile(target);
    let closed = false;
    try {
      if (base) await this.#carryOver(base, file, append);
      await this.#addChanges(file);
      // Now all that stands before the values has its place.
      library.flush(file);
      this.#checkPrefixes(fd);
      const index = new IndexWriter();
      for (const [key, entry] of this.#entries) index.add(Buffer.from(key), entry);
      this.#index = index.finish();
      writeIndexBytes(library, file, this.#index, !append);
      writeMark(library, file, mark);
      library.flush(file);
      closed = true;
      library.closeFile(file);
    } finally {
      if (!closed) isReadable(() => library.closeFile(file));
    }
  }

  /** Brings what did not change from the old snapshot to the new one. */
  async #carryOver(base: Base, file: bigint, append: boolean): Promise<void> {
    const changed = new Set(this.#job.keys);
    for (const [key, entry] of readIndex(base.index)) {
      if (changed.has(key)) continue;
      if (append || entry.kind === Kind.lost) {
        this.#entries.push([key, entry]);
        continue;
      }
      await this.#turn();
      const bytes = isReadable(() => base.read(key, entry));
      if (bytes) this.#add(file, key, bytes, entry.sequence);
      else {
        this.#damaged.push(key);
        this.#lose(key, entry.length, entry.sequence);
      }
    }
    this.#keepBase ||= this.#damaged.length > 0 || base.hasMore;
  }

  async #addChanges(file: bigint): Promise<void> {
    const { keys, changes, journals } = this.#job;
    const open = journals.map(({ path }) => fs.openSync(path, "r"));
    try {
      for (const [i, key] of keys.entries()) {
        await this.#turn();
        const [journal = goneMarker, offset = 0, length = 0, crc = 0, sequence = 0] =
          changes.subarray(i * changeFields, (i + 1) * changeFields);
        if (journal === goneMarker) continue;
        const seed = journals[journal]?.seed;
        const bytes =
          seed === undefined
            ? undefined
            : readStretches(open[journal] as number, [{ offset, length }]);
        if (bytes && crc32(bytes, seed) === crc) {
          this.#add(file, key, bytes, sequence);
        } else {
          if (journal !== lostMarker) this.#damaged.push(key);
          this.#lose(key, length, sequence);
        }
      }
    } finally {
      for (const fd of open) fs.closeSync(fd);
    }
  }

  #add(file: bigint, key: string, bytes: Buffer, sequence: number): void {
    const { plain, unplaced } = this.#again;
    this.#places.begin();
    const { kind, prefixLength } = putValue(this.#library, file, key, bytes, plain.has(key));
    const offset = this.#places.of(bytes.subarray(prefixLength));
    const entry: Placed = {
      ...{ kind, prefixLength, length: bytes.length, crc: crc32(bytes), sequence },
      ...{ offset, prefixOffset: 0 },
    };
    if (unplaced.has(key)) entry.offset = 0;
    else if (prefixLength > 0) {
      const prefix = bytes.subarray(0, prefixLength);
      this.#prefixSums.set(entry, crc32(prefix));
      this.#places.seek(prefix, (found) => {
        entry.prefixOffset = found;
      });
    }
    this.#entries.push([key, entry]);
    this.#added.push([key, entry]);
  }

  #lose(key: string, length: number, sequence: number): void {
    const nowhere = { kind: Kind.lost, prefixLength: 0, crc: 0, offset: 0, prefixOffset: 0 };
    this.#entries.push([key, { ...nowhere, length, sequence }]);
  }

  /** The places of what stands before arrays, as far as it is there: the last write of it may not have been seen. */
  #checkPrefixes(fd: number): void {
    for (const [, entry] of this.#added) {
      const { prefixOffset: offset, prefixLength: length } = entry;
      if (offset === 0) continue;
      const crc = this.#prefixSums.get(entry);
      if (!isWhole(readStretches(fd, [{ offset, length }]), crc)) entry.prefixOffset = 0;
    }
  }

  async #turn(): Promise<void> {
    if (performance.now() < this.#turnEnds) return;
    await new Promise((resolve) => setImmediate(resolve));
    this.#turnEnds = performance.now() + turnMilliseconds;
  }
}

/** The result, or undefined when the HDF5 library says that the data is damaged. */
function isReadable<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    if (error instanceof WorkerError) return undefined;
    throw error;
  }
}

function isWhole(bytes: Buffer | undefined, crc: number | undefined): boolean {
  return bytes !== undefined && crc32(bytes) === crc;
}

function notWritten(target: string): WorkerError {
  return new WorkerError(
    "UNAVAILABLE",
    `The new snapshot ${target} does not hold what was written to it. The old one and the journals stay; check the disk.`,
  );
}

/** The checksum of a block; undefined when it cannot be read. */
function sumOfBlock(fd: number, block: number, size: number): number | undefined {
  const offset = block * blockBytes;
  const bytes = readStretches(fd, [{ offset, length: Math.min(blockBytes, size - offset) }]);
  return bytes && crc32(bytes);
}

function writeDurably(path: string, bytes: Buffer, mode: number): void {
  const fd = fs.openSync(path, "w", mode);
  try {
    for (let done = 0; done < bytes.length; ) {
      done += fs.writeSync(fd, bytes, done, bytes.length - done, done);
    }
    fs.fsyncSync(fd);
  } finally {
    fs.closeSync(fd);
  }
}
