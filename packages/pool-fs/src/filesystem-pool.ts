import {
  abortError,
  type CallOptions,
  type KeysOptions,
  LailaError,
  Pool,
  type PoolOptions,
  type ReadResult,
  Slots,
  type Supports,
  type Version,
  type WriteCondition,
  type WriteOptions,
} from "@laila/pool";
import { poolPath } from "@laila/pool/node";
import { clean } from "./cleaning.js";
import { configSchema, type FilesystemPoolConfig, type ParsedConfig } from "./config.js";
import { corrupt, failedWith, fileError } from "./errors.js";
import { files, syncDirectory, unlinkIfThere } from "./files.js";
import { KeyLocks } from "./key-locks.js";
import { Layout } from "./layout.js";
import { listKeys } from "./listing.js";
import { type Place, placeOf } from "./names.js";
import { readFooter, readValue, writeValue } from "./value-file.js";
import { Writer } from "./writer.js";

/**
 * A pool in one directory, with one file for each key. Any number of processes may use it at the same time;
 * a write is acknowledged when it is durable.
 *
 * Besides the codes of every pool: NO_SPACE, and TOO_LARGE for a file above the system's limit; NO_SUCH_STORE
 * when the directory has gone; CORRUPT for a file that is damaged or no file of the pool's; LOCKED for a key
 * that another process does not let go of; INVALID_CONFIG for a path that is no directory;
 * UNSUPPORTED_VERSION; UNSUPPORTED for a file system without hard links.
 */
export class FilesystemPool extends Pool<ParsedConfig> {
  static readonly configSchema = configSchema;
  static readonly classToken: string = "FilesystemPool";
  static readonly packageName: string = "@laila/pool-fs";

  readonly supports: Supports = {
    conditionalWrites: true,
    durable: true,
    persistent: true,
    batch: false,
    streams: false,
    sharedBetweenProcesses: true,
    evicts: false,
    maxValueBytes: 2 ** 30,
    maxKeyBytes: 1024,
  };
  /** Absolute; made when the pool is opened, if it is not there. */
  readonly directory: string;
  readonly #layout: Layout;
  readonly #writer: Writer;
  readonly #locks: KeyLocks;
  /** So many files are open at a time, whatever the callers start at once. */
  readonly #descriptors = new Slots(64);

  constructor(config: FilesystemPoolConfig = {}, options: PoolOptions = {}) {
    super(config, options);
    const { directory: given } = this.config;
    this.directory = poolPath({ given, globalId: this.globalId, name: "files", options });
    this.#layout = new Layout(this.directory);
    this.#writer = new Writer(this.#layout);
    this.#locks = new KeyLocks(this.#layout, this.#writer, { force: this.config.forceUnlock });
  }

  protected async _open(): Promise<void> {
    await this.#told("Opening the pool", async () => {
      try {
        await this.#layout.prepare(() => this.#writer.temporary());
        await clean(this.#layout, this.#locks);
      } catch (error) {
        // What went wrong is told; a file that stays goes stale with this process.
        await this.#writer.retire().catch(() => undefined);
        throw error;
      }
    });
  }

  protected override async _verify(): Promise<void> {
    await this.#told("Opening the pool", () => this.#layout.verify());
  }

  protected async _read(key: string): Promise<ReadResult | undefined> {
    const path = this.#layout.value(placeOf(key));
    return this.#told(`Reading ${JSON.stringify(key)}`, () =>
      this.#unlessMissing(() => this.#descriptors.run(() => readValue(path, key))),
    );
  }

  protected async _write(
    key: string,
    bytes: Uint8Array,
    { condition, signal }: WriteOptions,
  ): Promise<Version> {
    const place = placeOf(key);
    return this.#told(`Writing ${JSON.stringify(key)}`, async () => {
      // Without the lock: a condition that does not hold now need not wait for anything.
      if (condition) await this.#check(key, place, condition);
      const draft = await this.#writer.temporary();
      try {
        const version = await this.#descriptors.run(() => writeValue(draft, key, bytes));
        await this.#descriptors.run(() => this.#layout.ensureFan(place));
        await this.#locks.hold(place.hash, signal, async () => {
          if (condition) await this.#check(key, place, condition);
          if (signal?.aborted) throw abortError(signal);
          await this.#putInPlace(draft, place);
        });
        await this.#syncFan(place);
        return version;
      } catch (error) {
        // What went wrong is told; a draft that stays is removed by the next opening.
        await unlinkIfThere(draft).catch(() => false);
        throw error;
      }
    });
  }

  protected async _delete(key: string, { signal }: CallOptions): Promise<void> {
    const place = placeOf(key);
    await this.#told(`Deleting ${JSON.stringify(key)}`, async () => {
      await this.#locks.hold(place.hash, signal, () => unlinkIfThere(this.#layout.value(place)));
      // Also when it was gone: whoever deleted it may not have synced yet.
      await this.#unlessMissing(() => this.#syncFan(place));
    });
  }

  protected async _exists(key: string): Promise<boolean> {
    const path = this.#layout.value(placeOf(key));
    return this.#told(`Looking for ${JSON.stringify(key)}`, async () => {
      const stats = await this.#unlessMissing(() => files.lstat(path));
      if (stats && !stats.isFile()) throw corrupt(path, "is no file");
      return stats !== undefined;
    });
  }

  protected async *_keys({ prefix = "" }: KeysOptions): AsyncGenerator<string> {
    const keys = listKeys(this.#layout, prefix);
    for (;;) {
      const step = await this.#told("Listing the keys", () => keys.next());
      if (step.done) return;
      yield step.value;
    }
  }

  protected async _close(): Promise<void> {
    await this.#told("Closing the pool", () => this.#writer.retire());
  }

  /** CONFLICT unless it holds. */
  async #check(key: string, place: Place, condition: WriteCondition): Promise<void> {
    const path = this.#layout.value(place);
    const found = await this.#unlessMissing(async () =>
      "ifAbsent" in condition
        ? files.lstat(path)
        : (await this.#descriptors.run(() => readFooter(path))).version,
    );
    const holds = "ifAbsent" in condition ? found === undefined : found === condition.ifVersion;
    if (holds) return;
    throw new LailaError(
      "CONFLICT",
      `Somebody else wrote ${JSON.stringify(key)} first. Read it again and decide.`,
      { details: { key, outcome: "lost" } },
    );
  }

  async #putInPlace(draft: string, place: Place): Promise<void> {
    try {
      await files.rename(draft, this.#layout.value(place));
    } catch (error) {
      if (!failedWith(error, "ENOENT")) throw error;
      // Somebody tidied up empty directories. (If it is the draft that has gone, this fails as well.)
      this.#layout.forgetFan(place);
      await this.#layout.ensureFan(place);
      await files.rename(draft, this.#layout.value(place));
    }
  }

  #syncFan(place: Place): Promise<void> {
    return this.#descriptors.run(() => syncDirectory(this.#layout.fan(place)));
  }

  /** Undefined for a file that is not there in a directory that is; NO_SUCH_STORE if that has gone too. */
  async #unlessMissing<T>(act: () => Promise<T>): Promise<T | undefined> {
    try {
      return await act();
    } catch (error) {
      if (!failedWith(error, "ENOENT")) throw error;
      await this.#layout.verify();
      return undefined;
    }
  }

  /** System errors as what they mean. */
  async #told<T>(doing: string, act: () => Promise<T>): Promise<T> {
    try {
      return await act();
    } catch (error) {
      throw fileError(error, doing, this.directory);
    }
  }
}
