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
import { configSchema, type HDF5PoolConfig, type ParsedConfig } from "./config.js";
import { inspect } from "./inspect.js";
import type { HDF5Inspection } from "./inspection.js";
import { configuredPath, preparePath } from "./paths.js";
import type { Damage } from "./recovery.js";
import { Store } from "./store.js";

const defaultCheckpointBytes = 64 << 20;

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

  readonly supports: Supports = {
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
  /** Absolute; where the pool's file lies, or will lie after the first checkpoint. */
  readonly filePath: string;
  #store: Store | undefined;

  constructor(config: HDF5PoolConfig = {}, options: PoolOptions = {}) {
    super(config, options);
    const uuid = this.globalId.slice(this.globalId.lastIndexOf(":") + 1);
    this.filePath = configuredPath(this.config.filePath, uuid, options);
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

  /** What opening and checkpoints found damaged. Reading such a key is CORRUPT; the rest is served. */
  get damage(): readonly Damage[] {
    return this.#store?.damage ?? [];
  }

  protected async _open(): Promise<void> {
    const paths = await preparePath(this.filePath);
    const { checkpointBytes = defaultCheckpointBytes, forceUnlock = false } = this.config;
    this.#store = await Store.open(paths, { checkpointBytes, forceUnlock });
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

  protected async _close(): Promise<void> {
    await this.#opened().close();
  }

  #opened(): Store {
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
