import { LailaError, type ReadResult } from "@laila/pool";
import { fileError, systemCode } from "./errors.js";
import type { ExportOutcome } from "./export.js";
import { type ExportOptions, exportSnapshot } from "./export-file.js";
import { files } from "./files.js";
import type { PoolPaths } from "./paths.js";
import type { Damage } from "./recovery.js";
import { type FileIdentity, SnapshotFile } from "./snapshot-file.js";
import type { SnapshotEntry } from "./snapshot-index.js";
import { type Checked, type Verification, verifyValues } from "./verification.js";
import { isInSnapshot, withPrefix } from "./view.js";

/** How often a file is opened that is replaced while it is being opened. */
const attempts = 10;

/**
 * The snapshot of a pool that another process may be writing to. Takes no lock, writes nothing, holds one descriptor. Each
 * call looks first whether a checkpoint has put another file into place.
 */
export class ReadOnlyStore {
  readonly damage: Damage[] = [];
  readonly #paths: PoolPaths;
  readonly #snapshot: SnapshotFile;
  #entries: ReadonlyMap<string, SnapshotEntry> = new Map();
  /** Of the file that is open; undefined while there has been no checkpoint. */
  #identity: FileIdentity | undefined;
  #following: Promise<void> | undefined;

  private constructor(paths: PoolPaths) {
    this.#paths = paths;
    this.#snapshot = new SnapshotFile(paths);
  }

  /** NO_SUCH_STORE when there is neither a file nor a journal; INVALID_CONFIG, UNSUPPORTED_VERSION, CORRUPT. */
  static async open(paths: PoolPaths): Promise<ReadOnlyStore> {
    const store = new ReadOnlyStore(paths);
    try {
      await store.#follow();
      if (!store.#identity) await store.#expectJournal();
      return store;
    } catch (error) {
      await store.close();
      throw error;
    }
  }

  async read(key: string): Promise<ReadResult | undefined> {
    await this.#follow();
    const entry = this.#entries.get(key);
    if (!entry) return undefined;
    if (!isInSnapshot(entry)) {
      throw new LailaError(
        "CORRUPT",
        `The value of ${JSON.stringify(key)} was damaged before ${this.#paths.file} was written. Restore it from a backup.`,
        { details: { key, path: this.#paths.file } },
      );
    }
    return { bytes: await this.#snapshot.read(key, entry), version: String(entry.sequence) };
  }

  async has(key: string): Promise<boolean> {
    await this.#follow();
    return this.#entries.has(key);
  }

  async *keys(prefix: string): AsyncGenerator<string> {
    await this.#follow();
    yield* withPrefix(this.#entries.keys(), prefix);
  }

  async verify(signal: AbortSignal | undefined): Promise<Verification> {
    await this.#follow();
    const values = await verifyValues(this.#entries.keys(), (key) => this.#check(key), signal);
    const structures = this.#identity ? await this.#snapshot.checkStructures(signal) : [];
    return { ...values, damage: [...values.damage, ...structures] };
  }

  async write(key: string): Promise<never> {
    throw new LailaError(
      "UNSUPPORTED",
      `${JSON.stringify(key)} cannot be changed: the pool of ${this.#paths.file} was opened with readOnly. Open it without, in one process.`,
      { details: { key, path: this.#paths.file } },
    );
  }

  /** What the last checkpoint wrote, into a file for other programs. UNAVAILABLE when there has been none. */
  async exportTo(target: string, options: ExportOptions): Promise<ExportOutcome> {
    await this.#follow();
    if (this.#identity) return exportSnapshot(this.#paths, target, options);
    throw new LailaError(
      "UNAVAILABLE",
      `There is no ${this.#paths.file} yet to export: the process that writes to the pool has not made a checkpoint. Try again when it has closed the pool.`,
      { details: { path: this.#paths.file } },
    );
  }

  async repair(): Promise<never> {
    throw new LailaError(
      "UNSUPPORTED",
      `${this.#paths.file} cannot be repaired: the pool was opened with readOnly. Open it without, in one process.`,
      { details: { path: this.#paths.file } },
    );
  }

  async close(): Promise<void> {
    await this.#snapshot.close();
  }

  async #check(key: string): Promise<Checked | undefined> {
    const entry = this.#entries.get(key);
    if (!entry) return undefined;
    const { file } = this.#paths;
    const whole = isInSnapshot(entry) && (await this.#snapshot.check(key, entry));
    return { file, length: entry.length, whole };
  }

  async #follow(): Promise<void> {
    if (!this.#following && (await this.#isCurrent())) return;
    this.#following ??= this.#load().finally(() => {
      this.#following = undefined;
    });
    await this.#following;
  }

  async #isCurrent(): Promise<boolean> {
    const open = this.#identity;
    const { file } = this.#paths;
    try {
      const { ino, size, mtimeMs } = await files.stat(file);
      return open?.ino === ino && open.size === size && open.mtimeMs === mtimeMs;
    } catch (error) {
      // A file that is there no more must not look like an empty pool.
      if (systemCode(error) === "ENOENT" && !open) return true;
      throw fileError(error, "Looking at", file);
    }
  }

  /** Until what was opened is what lies there: the library opens by name, and may have got a newer file. */
  async #load(): Promise<void> {
    for (let attempt = 0; attempt < attempts; attempt++) {
      await this.#snapshot.load(({ entries, identity, salvaged }) => {
        this.#entries = entries;
        this.#identity = identity;
        this.damage.splice(0);
        if (salvaged) this.damage.push({ file: this.#paths.file });
      });
      if (await this.#isCurrent()) return;
    }
  }

  /** A pool without a checkpoint has a journal, or at least a lock. */
  async #expectJournal(): Promise<void> {
    const { directory, file, lock } = this.#paths;
    try {
      const names = await files.readdir(directory);
      if (this.#paths.generations(names).length > 0) return;
      await files.stat(lock);
    } catch (error) {
      throw fileError(error, "Looking for", file);
    }
  }
}
