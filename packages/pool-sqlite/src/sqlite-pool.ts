import { setImmediate as turn, setTimeout as wait } from "node:timers/promises";
import {
  abortError,
  type CallOptions,
  type KeysOptions,
  LailaError,
  type ManyResult,
  Pool,
  type PoolOptions,
  type ReadResult,
  type Supports,
  type Version,
  type WriteCondition,
  type WriteManyItem,
  type WriteOptions,
} from "@laila/pool";
import { poolPath } from "@laila/pool/node";
import { configSchema, type ParsedConfig, type SQLitePoolConfig } from "./config.js";
import { PoolDatabase } from "./database.js";
import { fileError, isBusy } from "./errors.js";
import { preparePath } from "./paths.js";

const longestPauseMs = 25;
/** How long calls may follow one another before everybody else on the event loop has a turn. */
const longestRunMs = 10;

/**
 * A pool in one SQLite file, for any number of processes of one machine. A write is a transaction, and
 * synced when it resolves. Reading and writing block the event loop, for as long as the disk takes.
 *
 * Besides the codes of every pool: LOCKED when another process holds the file for longer than
 * `busyTimeoutMs`; NO_SPACE; CORRUPT; INVALID_CONFIG for a file of another program; UNSUPPORTED_VERSION;
 * UNSUPPORTED where the file system cannot have a write-ahead log.
 */
export class SQLitePool extends Pool<ParsedConfig> {
  static readonly configSchema = configSchema;
  static readonly classToken: string = "SQLitePool";
  static readonly packageName: string = "@laila/pool-sqlite";

  readonly supports: Supports = {
    conditionalWrites: true,
    durable: true,
    persistent: true,
    batch: true,
    streams: false,
    sharedBetweenProcesses: true,
    evicts: false,
    maxValueBytes: 2 ** 29,
    maxKeyBytes: 1024,
  };
  /** Absolute; where the pool's file lies, or will lie once the pool is open. */
  readonly filePath: string;
  #database: PoolDatabase | undefined;
  #lastTurn = 0;

  constructor(config: SQLitePoolConfig = {}, options: PoolOptions = {}) {
    super(config, options);
    // Absolute in any case: libsql takes ":memory:", "file:…" and URLs for something else than a path.
    const { filePath: given } = this.config;
    this.filePath = poolPath({ given, globalId: this.globalId, name: "pool.sqlite", options });
  }

  protected async _open(options: CallOptions): Promise<void> {
    await preparePath(this.filePath);
    this.#database = await this.#patiently("Opening", options, () => {
      return new PoolDatabase(this.filePath, this.config.maxBytes);
    });
  }

  protected async _read(key: string, options: CallOptions): Promise<ReadResult | undefined> {
    return this.#patiently("Reading from", options, () => this.#opened().read(key));
  }

  protected async _write(
    key: string,
    bytes: Uint8Array,
    options: WriteOptions,
  ): Promise<Version | undefined> {
    const database = this.#opened();
    return this.#patiently("Writing to", options, () =>
      database.transaction(() => {
        check(database, key, options.condition);
        return database.write(key, bytes);
      }),
    );
  }

  protected async _delete(key: string, options: CallOptions): Promise<void> {
    const database = this.#opened();
    await this.#patiently("Deleting from", options, () =>
      database.transaction(() => database.delete(key)),
    );
  }

  protected async _exists(key: string, options: CallOptions): Promise<boolean> {
    return this.#patiently("Reading from", options, () => this.#opened().has(key));
  }

  /** Page by page, so that no cursor is open while the caller thinks. */
  protected async *_keys({ prefix = "", ...options }: KeysOptions): AsyncGenerator<string> {
    for (let after: string | undefined; ; ) {
      const page = await this.#patiently("Listing", options, () =>
        this.#opened().keys(prefix, after),
      );
      if (page.length === 0) return;
      yield* page;
      after = page.at(-1);
    }
  }

  /** One transaction: a condition that does not hold is that key's alone, any other failure is everybody's. */
  protected override async _writeMany(
    items: readonly WriteManyItem[],
    options: CallOptions,
  ): Promise<ManyResult[]> {
    const database = this.#opened();
    return this.#together(items, options, ({ key, bytes, condition }) => {
      try {
        check(database, key, condition);
      } catch (error) {
        return { key, error };
      }
      return { key, version: database.write(key, bytes) };
    });
  }

  protected override async _deleteMany(
    keys: readonly string[],
    options: CallOptions,
  ): Promise<ManyResult[]> {
    const database = this.#opened();
    const items = keys.map((key) => ({ key }));
    return this.#together(items, options, ({ key }) => {
      database.delete(key);
      return { key };
    });
  }

  protected async _close(): Promise<void> {
    const database = this.#opened();
    this.#database = undefined;
    try {
      database.close();
    } catch (error) {
      throw fileError(error, "Closing", this.filePath);
    }
  }

  async #together<T extends { readonly key: string }>(
    items: readonly T[],
    options: CallOptions,
    act: (item: T) => ManyResult,
  ): Promise<ManyResult[]> {
    try {
      return await this.#patiently("Writing to", options, () =>
        this.#opened().transaction(() => items.map(act)),
      );
    } catch (error) {
      return items.map(({ key }) => ({ key, error }));
    }
  }

  /** Tries again while another process holds the file; SQLite itself would block this thread meanwhile. */
  async #patiently<T>(doing: string, { signal }: CallOptions, act: () => T): Promise<T> {
    const deadline = performance.now() + this.config.busyTimeoutMs;
    for (let pause = 1; ; pause = Math.min(2 * pause, longestPauseMs)) {
      await this.#giveTurn();
      try {
        return act();
      } catch (error) {
        if (!isBusy(error)) throw fileError(error, doing, this.filePath);
        if (performance.now() >= deadline) throw this.#locked(doing, error);
      }
      await wait(pause * (0.5 + Math.random()));
      if (signal?.aborted) throw abortError(signal);
    }
  }

  /** Calls that do not wait for anything would otherwise keep timers and sockets from their turn. */
  async #giveTurn(): Promise<void> {
    if (performance.now() - this.#lastTurn < longestRunMs) return;
    await turn();
    this.#lastTurn = performance.now();
  }

  #locked(doing: string, cause: unknown): LailaError {
    const { busyTimeoutMs } = this.config;
    return new LailaError(
      "LOCKED",
      `${doing} ${this.filePath} failed: another process has held it for ${busyTimeoutMs} ms. End its transaction, or raise busyTimeoutMs.`,
      { cause, details: { path: this.filePath } },
    );
  }

  #opened(): PoolDatabase {
    if (!this.#database) throw new LailaError("CLOSED", `The pool ${this.globalId} is not open.`);
    return this.#database;
  }
}

/** Inside the transaction that writes. */
function check(database: PoolDatabase, key: string, condition: WriteCondition | undefined): void {
  if (!condition) return;
  const version = database.versionOf(key);
  if ("ifAbsent" in condition ? version === undefined : version === condition.ifVersion) return;
  throw new LailaError(
    "CONFLICT",
    `Somebody else wrote ${JSON.stringify(key)} first. Read it again and decide.`,
    { details: { key, outcome: "lost" } },
  );
}
