import * as fs from "node:fs";
import { crc32 } from "node:zlib";
import {
  type CheckpointJob,
  type CheckpointOutcome,
  changeFields,
  goneMarker,
  lostMarker,
} from "./checkpoint-job.js";
import { type Hdf5, WorkerError } from "./hdf5.js";
import { indexNames, Kind } from "./layout.js";
import {
  putValue,
  readIndexBytes,
  readMark,
  readValue,
  writeIndexBytes,
  writeMark,
} from "./snapshot.js";
import { IndexWriter, readIndex, type SnapshotEntry } from "./snapshot-index.js";

/** How long the worker goes on before it looks whether somebody wants to read. */
const turnMilliseconds = 4;

/**
 * Writes the new snapshot to `target`, makes it durable, opens it again, and verifies every value that was
 * added. The caller renames it. Yields now and then, so that reads are served meanwhile.
 */
export async function checkpoint(library: Hdf5, job: CheckpointJob): Promise<CheckpointOutcome> {
  const plain = new Set<string>();
  for (;;) {
    const run = new CheckpointRun(library, job, plain);
    const outcome = await run.write();
    const wrong = await run.verify();
    if (wrong.length === 0) return outcome;
    // A value that did not come back exactly as an array or text is stored as bytes.
    if (wrong.some((key) => plain.has(key))) {
      throw new WorkerError(
        "UNAVAILABLE",
        `The new snapshot ${job.target} does not hold what was written to it. The old one and the journals stay; check the disk.`,
      );
    }
    for (const key of wrong) plain.add(key);
  }
}

class CheckpointRun {
  readonly #library: Hdf5;
  readonly #job: CheckpointJob;
  readonly #plain: ReadonlySet<string>;
  readonly #added: [key: string, entry: SnapshotEntry][] = [];
  readonly #damaged: string[] = [];
  readonly #index = new IndexWriter();
  readonly #stored: Float64Array;
  #turnEnds = performance.now() + turnMilliseconds;

  constructor(library: Hdf5, job: CheckpointJob, plain: ReadonlySet<string>) {
    this.#library = library;
    this.#job = job;
    this.#plain = plain;
    this.#stored = new Float64Array(job.keys.length * 3);
  }

  async write(): Promise<CheckpointOutcome> {
    const { target, path, insertsOnly, hasBase } = this.#job;
    const append = insertsOnly && hasBase;
    if (append) await fs.promises.copyFile(path, target, fs.constants.COPYFILE_FICLONE);
    // Opened before anything is written, so that no failed write-back can go unnoticed.
    const fd = fs.openSync(target, append ? "r+" : "w+", 0o600);
    try {
      // Whoever may read the file may read the new one.
      if (hasBase) fs.fchmodSync(fd, fs.statSync(path).mode);
      const foreignObjects = await this.#fill(append);
      fs.fsyncSync(fd);
      const { size } = fs.fstatSync(fd);
      return { size, damaged: this.#damaged, foreignObjects, stored: this.#stored };
    } finally {
      fs.closeSync(fd);
    }
  }

  /** The keys whose values don't come back. */
  async verify(): Promise<string[]> {
    const file = this.#library.openFile(this.#job.target, "read");
    try {
      const wrong: string[] = [];
      readMark(this.#library, file, this.#job.target);
      readIndexBytes(this.#library, file, this.#job.target);
      for (const [key, entry] of this.#added) {
        await this.#turn();
        if (!isReadable(() => readValue(this.#library, file, key, entry))) wrong.push(key);
      }
      return wrong;
    } finally {
      this.#library.closeFile(file);
    }
  }

  async #fill(append: boolean): Promise<boolean> {
    const { target, mark, hasBase, path } = this.#job;
    const library = this.#library;
    const base = hasBase ? library.openFile(path, "read") : undefined;
    let foreign = false;
    try {
      const file = append ? library.openFile(target, "write") : library.createFile(target);
      let closed = false;
      try {
        if (base !== undefined) foreign = await this.#carryOver(base, file, append);
        await this.#addChanges(file);
        writeIndexBytes(library, file, this.#index.finish(), !append);
        writeMark(library, file, mark);
        library.flush(file);
        closed = true;
        library.closeFile(file);
      } finally {
        if (!closed) isReadable(() => library.closeFile(file));
      }
    } finally {
      if (base !== undefined) library.closeFile(base);
    }
    return foreign;
  }

  /** Brings what did not change from the old snapshot to the new one. */
  async #carryOver(base: bigint, file: bigint, append: boolean): Promise<boolean> {
    const library = this.#library;
    const changed = new Set(this.#job.keys);
    let datasets: number = indexNames.length;
    for (const [key, entry] of readIndex(readIndexBytes(library, base, this.#job.path))) {
      if (entry.kind !== Kind.lost) datasets++;
      if (changed.has(key)) continue;
      if (append || entry.kind === Kind.lost) {
        this.#index.add(Buffer.from(key), entry);
        continue;
      }
      await this.#turn();
      const bytes = isReadable(() => readValue(library, base, key, entry));
      if (bytes) this.#add(file, key, bytes, entry.sequence);
      else {
        this.#damaged.push(key);
        this.#index.add(Buffer.from(key), { ...entry, kind: Kind.lost, prefixLength: 0 });
      }
    }
    return !append && library.names(base).length !== datasets;
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
          seed === undefined ? undefined : readExactly(open[journal] as number, offset, length);
        if (bytes && crc32(bytes, seed) === crc) {
          const entry = this.#add(file, key, bytes, sequence);
          this.#stored.set([entry.kind, entry.prefixLength, entry.crc], i * 3);
        } else {
          if (journal !== lostMarker) this.#damaged.push(key);
          const lost = { kind: Kind.lost, prefixLength: 0, length, crc: 0, sequence };
          this.#index.add(Buffer.from(key), lost);
          this.#stored.set([Kind.lost, 0, 0], i * 3);
        }
      }
    } finally {
      for (const fd of open) fs.closeSync(fd);
    }
  }

  #add(file: bigint, key: string, bytes: Buffer, sequence: number): SnapshotEntry {
    const layout = putValue(this.#library, file, key, bytes, this.#plain.has(key));
    const { kind, prefixLength } = layout;
    const entry = { kind, prefixLength, length: bytes.length, crc: crc32(bytes), sequence };
    this.#index.add(Buffer.from(key), entry);
    this.#added.push([key, entry]);
    return entry;
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

function readExactly(fd: number, offset: number, length: number): Buffer | undefined {
  const bytes = Buffer.allocUnsafeSlow(length);
  for (let done = 0; done < length; ) {
    const count = fs.readSync(fd, bytes, done, length - done, offset + done);
    if (count === 0) return undefined;
    done += count;
  }
  return bytes;
}
