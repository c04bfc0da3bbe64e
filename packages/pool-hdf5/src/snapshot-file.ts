import { abortError, isLailaError, LailaError } from "@laila/pool";
import type { ExpectedBase } from "./base.js";
import type { CheckpointJob, CheckpointOutcome } from "./checkpoint-job.js";
import { because, fileError, systemCode } from "./errors.js";
import { files } from "./files.js";
import type { PoolPaths } from "./paths.js";
import { RawFile } from "./raw-file.js";
import type { Damage } from "./recovery.js";
import type { SnapshotMark } from "./snapshot.js";
import { isWholeIndex, readIndex, type SnapshotEntry, stretchesOf } from "./snapshot-index.js";
import { areOf, blockBytes, decodeSums, type Sums } from "./sums.js";
import { WorkerClient } from "./worker-client.js";

/** By which one and the same file is recognised. */
export interface FileIdentity {
  readonly ino: number;
  readonly size: number;
  readonly mtimeMs: number;
}

export interface LoadedSnapshot {
  readonly mark: SnapshotMark;
  readonly entries: Map<string, SnapshotEntry>;
  /** Of the file that was opened. */
  readonly identity: FileIdentity;
  /** True when the HDF5 library cannot open the file any more: what is whole in it is found by its sums. */
  readonly salvaged: boolean;
  /** True when the sums are those of another snapshot of the pool: they must not be relied on later. */
  readonly staleSums: boolean;
}

export interface PreparedSnapshot {
  readonly entries: Map<string, SnapshotEntry>;
  swap(): void;
  /** Instead of `swap`. */
  drop(): Promise<void>;
}

interface Opened {
  readonly raw: RawFile;
  /** True when values are read from where they lie, false when by the HDF5 library only: the file may be edited. */
  readonly placed: boolean;
  readonly salvaged: boolean;
  readonly generation: number;
  /** Of the file in the worker, once it was needed. */
  library: { readonly epoch: number; readonly handle: Promise<number> } | undefined;
}

type Loaded = Omit<LoadedSnapshot, "identity"> & { readonly opened: Opened };

/** A file that the library cannot open however often one tries is damaged. */
const openAttempts = 2;
/** A file that this pool has just written. */
const own = { placed: true, salvaged: false };

/** How many entries of an index are read before the event loop has its turn. */
const entriesPerTurn = 2_000;

/**
 * The immutable snapshot, as the pool's own thread sees it. Values are read from where the sums say that they lie; only
 * a file that is not (or no longer) the one the pool wrote is read by the HDF5 library, in the worker.
 */
export class SnapshotFile {
  readonly #paths: PoolPaths;
  readonly #worker = new WorkerClient();
  #open: Opened | undefined;

  constructor(paths: PoolPaths) {
    this.#paths = paths;
  }

  /**
   * Opens it and reads its index; undefined when there is no file. INVALID_CONFIG, UNSUPPORTED_VERSION, CORRUPT.
   * What was open before stays in use until the new one is whole; `adopt` is called at the moment of the change.
   */
  async load(adopt?: (loaded: LoadedSnapshot) => void): Promise<LoadedSnapshot | undefined> {
    const { file } = this.#paths;
    const fd = await openIfThere(file);
    if (fd === undefined) return undefined;
    const raw = new RawFile(fd);
    try {
      const identity = await files.fstat(fd);
      const { opened, ...rest } = await this.#load(raw, identity);
      const loaded = { ...rest, identity };
      this.#replace(opened);
      adopt?.(loaded);
      return loaded;
    } catch (error) {
      await raw.release();
      throw isLailaError(error) ? error : fileError(error, "Reading", file);
    }
  }

  /** A value, verified. CORRUPT when it is not what was written. */
  async read(key: string, entry: SnapshotEntry): Promise<Uint8Array> {
    const open = this.#opened();
    const stretches = open.placed ? stretchesOf(entry) : undefined;
    if (!stretches) return this.#readByLibrary(open, key, entry);
    let bytes: Uint8Array | undefined;
    try {
      bytes = await open.raw.read(stretches, entry.crc);
    } catch (error) {
      throw fileError(error, "Reading", this.#paths.file);
    }
    if (bytes) return bytes;
    throw damaged(key, this.#paths.file);
  }

  /** Whether a value is what was written, without having all of it in memory where that can be. */
  async check(key: string, entry: SnapshotEntry): Promise<boolean> {
    const open = this.#opened();
    const stretches = open.placed ? stretchesOf(entry) : undefined;
    if (stretches) return open.raw.check(stretches, entry.crc);
    try {
      await this.#readByLibrary(open, key, entry);
      return true;
    } catch (error) {
      if (isLailaError(error, "CORRUPT")) return false;
      throw error;
    }
  }

  /**
   * Damage to the file that no value need be hit by: blocks that are not as they were written, and a file that the
   * HDF5 library cannot open.
   */
  async checkStructures(signal: AbortSignal | undefined): Promise<Damage[]> {
    const damage: Damage[] = [];
    if (!this.#open) return damage;
    const { raw } = this.#open;
    const { file, sums: sumsPath } = this.#paths;
    const sums = await readSums(sumsPath);
    if (!sums && (await isThere(sumsPath))) damage.push({ file: sumsPath });
    await raw.hold(async () => {
      if (!sums || !areOf(sums, await raw.stat())) return;
      for (const [i, crc] of sums.blocks.entries()) {
        if (signal?.aborted) throw abortError(signal);
        const start = i * blockBytes;
        const end = Math.min(start + blockBytes, sums.size);
        const whole = await raw.check([{ offset: start, length: end - start }], crc);
        if (!whole) damage.push({ file, start, end });
      }
    });
    try {
      const { handle } = await this.#worker.call("open", file);
      await this.#worker.call("close", handle);
    } catch (error) {
      await this.#worker.stop();
      if (!isLailaError(error)) throw error;
      if (damage.length === 0) damage.push({ file });
    }
    return damage;
  }

  /** What a checkpoint has to find; undefined when there is no snapshot. */
  base(poolId: string): ExpectedBase | undefined {
    const open = this.#open;
    return open && { poolId, generation: open.generation, salvaged: open.salvaged };
  }

  async checkpoint(job: CheckpointJob): Promise<CheckpointOutcome> {
    try {
      return await this.#worker.call("checkpoint", job);
    } catch (error) {
      // A library that failed to close a file keeps it; a new thread does not.
      await this.#worker.stop();
      throw error;
    }
  }

  /**
   * Opens what a checkpoint has written, under the name it has before it is put into place. Until `swap` is called,
   * reads go to the old file; those under way then still end on it.
   */
  async prepare({ index }: CheckpointOutcome, job: CheckpointJob): Promise<PreparedSnapshot> {
    const entries = await parseIndex(index);
    const raw = new RawFile(await files.open(job.target, "r"));
    const { generation } = job.mark;
    return {
      entries,
      swap: () => this.#replace({ raw, ...own, generation, library: undefined }),
      drop: () => raw.release(),
    };
  }

  async close(): Promise<void> {
    const open = this.#open;
    this.#open = undefined;
    await this.#worker.stop();
    await open?.raw.release();
  }

  async #load(raw: RawFile, identity: FileIdentity): Promise<Loaded> {
    const sums = await this.#sumsOf(identity);
    if (sums && areOf(sums, identity)) return this.#placed(raw, sums, false);
    try {
      return await this.#loadByLibrary(raw, sums);
    } catch (error) {
      if (sums && isLailaError(error) && ["CORRUPT", "INVALID_CONFIG"].includes(error.code)) {
        const salvaged = await this.#salvage(raw, sums);
        if (salvaged) return salvaged;
      }
      if (!isLailaError(error, "CORRUPT")) throw error;
      const { file } = this.#paths;
      const message = `${file} cannot be read as an HDF5 file of a pool: it is damaged, or something else. It was not touched. Restore it from a backup, or give another filePath. (${error.message})`;
      throw because(error, "CORRUPT", message, { path: file });
    }
  }

  /** A file's own sums, also while its writer is just putting them into place; otherwise those that are there. */
  async #sumsOf(identity: FileIdentity): Promise<Sums | undefined> {
    const { sums: path, directory } = this.#paths;
    const first = await readSums(path);
    if (first && areOf(first, identity)) return first;
    const drafts = this.#paths.temporarySums(await files.readdir(directory));
    for (const candidate of [...drafts, path]) {
      const sums = await readSums(candidate);
      if (sums && areOf(sums, identity)) return sums;
    }
    return first;
  }

  async #loadByLibrary(raw: RawFile, sums: Sums | undefined): Promise<Loaded> {
    for (let attempt = 1; ; attempt++) {
      const epoch = this.#worker.epoch;
      try {
        const { handle, mark, index } = await this.#worker.call("open", this.#paths.file);
        const { generation } = mark;
        const library = { epoch, handle: Promise.resolve(handle) };
        const opened = { raw, placed: false, salvaged: false, generation, library };
        const staleSums = sums !== undefined && sums.mark.generation !== generation;
        return { mark, staleSums, entries: await parseIndex(index), salvaged: false, opened };
      } catch (error) {
        // Whatever a malformed file did to the library goes with its thread.
        await this.#worker.stop();
        if (!isLailaError(error, "CORRUPT") || attempt === openAttempts) throw error;
      }
    }
  }

  /** What the sums find in a file, provided that it is theirs: that anything of what they say is there. */
  async #salvage(raw: RawFile, sums: Sums): Promise<Loaded | undefined> {
    const salvaged = await this.#placed(raw, sums, true);
    for (const [, entry] of salvaged.entries) {
      const stretches = entry.length > 0 ? stretchesOf(entry) : undefined;
      if (stretches && (await raw.check(stretches, entry.crc))) return salvaged;
    }
    return undefined;
  }

  async #placed(raw: RawFile, { mark, index }: Sums, salvaged: boolean): Promise<Loaded> {
    const { generation } = mark;
    const opened = { raw, placed: true, salvaged, generation, library: undefined };
    return { mark, staleSums: false, entries: await parseIndex(index), salvaged, opened };
  }

  #opened(): Opened {
    if (this.#open) return this.#open;
    throw new LailaError("UNAVAILABLE", `${this.#paths.file} is not open.`);
  }

  async #readByLibrary(open: Opened, key: string, entry: SnapshotEntry): Promise<Uint8Array> {
    for (let attempt = 0; ; attempt++) {
      const { handle, epoch } = this.#inLibrary(open);
      try {
        return await this.#worker.call("read", await handle, key, entry);
      } catch (error) {
        if (isLailaError(error, "CORRUPT")) {
          throw because(error, "CORRUPT", error.message, { key });
        }
        if (attempt > 0 || epoch === this.#worker.epoch) throw error;
      }
    }
  }

  #inLibrary(open: Opened): NonNullable<Opened["library"]> {
    if (open.library?.epoch === this.#worker.epoch) return open.library;
    const path = this.#paths.file;
    const byLibrary = async (): Promise<number> => {
      const { handle, mark } = await this.#worker.call("open", path);
      if (mark.generation === open.generation) return handle;
      throw new LailaError(
        "UNAVAILABLE",
        `${path} was replaced by another file while the pool was open. Close the pool and open it again.`,
      );
    };
    open.library = { epoch: this.#worker.epoch, handle: byLibrary() };
    return open.library;
  }

  #replace(next: Opened): void {
    const old = this.#open;
    this.#open = next;
    if (old) void this.#retire(old);
  }

  async #retire({ raw, library }: Opened): Promise<void> {
    await raw.release();
    if (!library || library.epoch !== this.#worker.epoch) return;
    try {
      await this.#worker.call("close", await library.handle);
    } catch (error) {
      // A worker that ended has closed its files; one that lives must be able to close this one.
      if (library.epoch === this.#worker.epoch) await this.#worker.stop();
      if (!isLailaError(error)) throw error;
    }
  }
}

/** The sums beside a snapshot; undefined when there are none, or they are damaged. */
export async function readSums(path: string): Promise<Sums | undefined> {
  try {
    return decodeSums(await files.readFile(path));
  } catch {
    // Without them the snapshot is read by the HDF5 library.
    return undefined;
  }
}

async function openIfThere(path: string): Promise<number | undefined> {
  try {
    return await files.open(path, "r");
  } catch (error) {
    if (systemCode(error) === "ENOENT") return undefined;
    throw fileError(error, "Opening", path);
  }
}

async function isThere(path: string): Promise<boolean> {
  try {
    await files.stat(path);
    return true;
  } catch (error) {
    if (systemCode(error) === "ENOENT") return false;
    throw fileError(error, "Looking at", path);
  }
}

async function parseIndex(index: Uint8Array): Promise<Map<string, SnapshotEntry>> {
  const bytes = Buffer.from(index.buffer, index.byteOffset, index.byteLength);
  if (!isWholeIndex(bytes))
    throw new LailaError("CORRUPT", "The index of the snapshot is damaged.");
  const entries = new Map<string, SnapshotEntry>();
  for (const [key, entry] of readIndex(bytes)) {
    entries.set(key, entry);
    if (entries.size % entriesPerTurn === 0) await new Promise((resolve) => setImmediate(resolve));
  }
  return entries;
}

function damaged(key: string, path: string): LailaError {
  return new LailaError(
    "CORRUPT",
    `The value of ${JSON.stringify(key)} in ${path} is not the one that was written. Restore it from a backup, write it again, or delete it.`,
    { details: { key, path } },
  );
}
