import { resolve } from "node:path";
import {
  type CallOptions,
  type KeysOptions,
  LailaError,
  type ManyResult,
  Pool,
  type PoolOptions,
  type ReadResult,
  type Supports,
  type Version,
  type WriteManyItem,
  type WriteOptions,
} from "@laila/pool";
import { poolPath } from "@laila/pool/node";
import { configSchema, type HDF5PoolConfig, type ParsedConfig } from "./config.js";
import type { ExportOutcome } from "./export.js";
import type { ExportOptions } from "./export-file.js";
import { inspect } from "./inspect.js";
import type { HDF5Inspection } from "./inspection.js";
import { existingPath, preparePath } from "./paths.js";
import { type HDF5Dataset, type ReadDatasetsOptions, readDatasets } from "./read-datasets.js";
import { ReadOnlyStore } from "./read-only-store.js";
import type { Damage } from "./recovery.js";
import { Store } from "./store.js";
import type { Repair, Verification } from "./verification.js";

const supports: Supports = {
  conditionalWrites: true,
  durable: true,
  persistent: true,
  batch: true,
  streams: false,
  sharedBetweenProcesses: false,
  evicts: false,
  maxValueBytes: 2 ** 30,
  maxKeyBytes: 1024,
};
const readOnlySupports: Supports = { ...supports, readOnly: true, sharedBetweenProcesses: true };

/**
 * A pool in one HDF5 file. A write is acknowledged when it is durable in the journal beside the file; the
 * journal goes into the file when it has grown, and on close. One process at a time: LOCKED for a second.
 *
 * Besides the codes of every pool: LOCKED; INVALID_CONFIG for a file that is not a pool's, or has hard links;
 * UNSUPPORTED_VERSION; CORRUPT for a damaged file (on opening) or a damaged value (on reading it); NO_SPACE.
 */
export class HDF5Pool extends Pool<ParsedConfig> {
  static readonly configSchema = configSchema;
  static readonly classToken: string = "HDF5Pool";
  static readonly packageName: string = "@laila/pool-hdf5";

  readonly supports: Supports;
  /** Absolute; where the pool's file lies, or will lie after the first checkpoint. */
  readonly filePath: string;
  #store: Store | ReadOnlyStore | undefined;
  readonly #underWay = new Set<Promise<unknown>>();

  constructor(config: HDF5PoolConfig = {}, options: PoolOptions = {}) {
    super(config, options);
    const { filePath: given } = this.config;
    this.supports = this.config.readOnly ? readOnlySupports : supports;
    this.filePath = poolPath({ given, globalId: this.globalId, name: "pool.h5", options });
  }

  /**
   * Lists an HDF5 file, whoever wrote it, in a thread of its own. Nothing in it is executed, no data is read, no link to
   * another file is followed, and nothing is written; a damaged object is in the list as `damaged`.
   *
   * Rejects with CORRUPT when it cannot be read as HDF5 at all, NO_SUCH_STORE, ACCESS_DENIED, INVALID_ARGUMENT for what is no
   * file, ABORTED, TIMEOUT.
   *
   * @param path absolute, or relative to the working directory
   */
  static inspect(path: string, { signal }: CallOptions = {}): Promise<HDF5Inspection> {
    return inspect(path, signal);
  }

  /**
   * Reads the datasets of an HDF5 file, whoever wrote it, one after the other, in the thread of {@link HDF5Pool.inspect}: whole
   * numbers, floats, bool and complex numbers as an `NdArray`, text as text. For all else there is a `problem` in words: compound
   * types, references, links (no link is followed), virtual and damaged datasets, what is larger than `maxBytes`. Nothing in
   * the file is executed, no other file is opened, and at most one dataset is in memory at a time. In a file of LAILA's, bool and
   * float16 are what they were; bfloat16 is float32. Groups are left out, and so is the index of a pool.
   *
   * The iteration fails with CORRUPT when it cannot be read as HDF5 at all, NO_SUCH_STORE, ACCESS_DENIED, INVALID_ARGUMENT,
   * ABORTED, TIMEOUT.
   *
   * @param path absolute, or relative to the working directory
   */
  static readDatasets(path: string, options: ReadDatasetsOptions = {}): AsyncIterable<HDF5Dataset> {
    return readDatasets(path, options);
  }

  /** What opening and checkpoints found damaged. Reading such a key is CORRUPT; the rest is served. */
  get damage(): readonly Damage[] {
    return this.#store?.damage ?? [];
  }

  /**
   * Writes everything that is in the pool at this moment to a new HDF5 file for other programs: each value under its key
   * (with `%`, `/` and control characters in percent-encoding), arrays of 4 KiB or more in chunks, float16 and bfloat16
   * as the float32 that they stand for (with the attribute `dtype`), bool as uint8 with it, and what else a record says
   * as text in `laila_record` and `nickname`. It is durable when it resolves, and no pool's own file. A value that is
   * damaged is left out, and its key is in `damaged`.
   *
   * Rejects with INVALID_ARGUMENT when there is something at that path already; NO_SPACE, ACCESS_DENIED, NO_SUCH_STORE,
   * UNAVAILABLE, CLOSED, ABORTED, TIMEOUT. Then there is no new file.
   *
   * @param path absolute, or relative to the working directory
   */
  async exportSnapshot(path: string, options: ExportOptions = {}): Promise<ExportOutcome> {
    const { compress = false } = options;
    if (
      typeof compress !== "boolean" &&
      !(Number.isInteger(compress) && compress >= 1 && compress <= 9)
    )
      throw new LailaError(
        "INVALID_ARGUMENT",
        "compress has to be true, false, or a level of 1 to 9.",
      );
    return this.#upkeep(options, (store) => store.exportTo(resolve(path), options));
  }

  /**
   * Reads everything that is stored, and compares it with its checksums; also the framing of the journals, the blocks of
   * the HDF5 file, and whether the HDF5 library can open it. Changes nothing. Takes the memory of the largest value in the
   * journals, and the time to read the files. ABORTED, TIMEOUT, CLOSED.
   */
  async verify({ signal }: CallOptions = {}): Promise<Verification> {
    return this.#upkeep({ signal }, (store) => store.verify(signal));
  }

  /**
   * Makes a damaged pool whole again: keys whose values are damaged are removed, all else goes into a new HDF5 file, and the
   * damaged files stay beside it as they were. Does nothing where `verify()` finds nothing. NO_SPACE, LOCKED,
   * UNSUPPORTED for a pool with `readOnly`, ABORTED, TIMEOUT, CLOSED.
   */
  async repair({ signal }: CallOptions = {}): Promise<Repair> {
    return this.#upkeep({ signal }, (store) => store.repair(signal));
  }

  protected async _open(): Promise<void> {
    if (this.config.readOnly) {
      this.#store = await ReadOnlyStore.open(await existingPath(this.filePath));
      return;
    }
    const paths = await preparePath(this.filePath);
    const {
      checkpointBytes = 64 << 20,
      reclaimRatio = 0.5,
      checkpointOnClose = true,
      forceUnlock = false,
    } = this.config;
    const policy = { checkpointBytes, reclaimRatio, checkpointOnClose };
    this.#store = await Store.open(paths, { ...policy, forceUnlock });
  }

  protected async _read(key: string): Promise<ReadResult | undefined> {
    return this.#opened().read(key);
  }

  protected async _write(
    key: string,
    bytes: Uint8Array,
    options: WriteOptions,
  ): Promise<Version | undefined> {
    return this.#opened().write(key, bytes, options);
  }

  protected async _delete(key: string, options: CallOptions): Promise<void> {
    await this.#opened().write(key, undefined, options);
  }

  protected async _exists(key: string): Promise<boolean> {
    return this.#opened().has(key);
  }

  protected async *_keys({ prefix = "" }: KeysOptions): AsyncGenerator<string> {
    yield* this.#opened().keys(prefix);
  }

  /** All of them wait together, so they share the fewest commits. */
  protected override async _writeMany(
    items: readonly WriteManyItem[],
    options: CallOptions,
  ): Promise<ManyResult[]> {
    return Promise.all(
      items.map(({ key, bytes, condition }) =>
        outcome(key, this._write(key, bytes, { ...options, condition })),
      ),
    );
  }

  protected override async _deleteMany(
    keys: readonly string[],
    options: CallOptions,
  ): Promise<ManyResult[]> {
    return Promise.all(
      keys.map((key) => outcome(key, this.#opened().write(key, undefined, options))),
    );
  }

  /** Waits for exports, verifications and repairs too: they must not use files that are closed. */
  protected async _close(): Promise<void> {
    await Promise.allSettled(this.#underWay);
    await this.#opened().close();
  }

  async #upkeep<T>(
    { signal }: CallOptions,
    act: (store: Store | ReadOnlyStore) => Promise<T>,
  ): Promise<T> {
    await this.open({ signal });
    const work = act(this.#opened());
    this.#underWay.add(work);
    try {
      return await work;
    } finally {
      this.#underWay.delete(work);
    }
  }

  #opened(): Store | ReadOnlyStore {
    if (!this.#store) throw new LailaError("CLOSED", `The pool ${this.globalId} is not open.`);
    return this.#store;
  }
}

async function outcome(key: string, work: Promise<Version | undefined>): Promise<ManyResult> {
  try {
    return { key, version: await work };
  } catch (error) {
    return { key, error };
  }
}
