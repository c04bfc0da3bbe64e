import { abortError, isLailaError, LailaError, type ReadResult, type Version } from "@laila/pool";
import { Checkpointer, type CheckpointPolicy } from "./checkpointer.js";
import { CommitQueue, type Operation } from "./commit-queue.js";
import { because, fileError } from "./errors.js";
import type { ExportOutcome } from "./export.js";
import { type ExportOptions, exportSnapshot } from "./export-file.js";
import type { Journal, JournalRecord } from "./journal.js";
import { Op } from "./journal-format.js";
import { Journals } from "./journals.js";
import { Lock } from "./lock.js";
import type { PoolPaths } from "./paths.js";
import { type Damage, type Recovered, recover } from "./recovery.js";
import { SnapshotFile } from "./snapshot-file.js";
import { type Checked, type Repair, type Verification, verifyValues } from "./verification.js";
import { isInJournal, isInSnapshot, type View, withPrefix } from "./view.js";

export interface StoreOptions extends CheckpointPolicy {
  readonly forceUnlock: boolean;
}

/**
 * The files of one pool. The journal is the truth of what was acknowledged; the HDF5 file is a snapshot that
 * never changes: a checkpoint writes a new one and renames it into place.
 */
export class Store {
  readonly damage: Damage[];
  readonly #paths: PoolPaths;
  readonly #lock: Lock;
  readonly #snapshot: SnapshotFile;
  readonly #view: View;
  readonly #journals: Journals;
  readonly #checkpointer: Checkpointer;
  readonly #queue = new CommitQueue((batch) => this.#commit(batch));
  #sequence: number;
  #broken: LailaError | undefined;

  private constructor(
    paths: PoolPaths,
    options: StoreOptions,
    lock: Lock,
    snapshot: SnapshotFile,
    found: Recovered,
  ) {
    this.#paths = paths;
    this.#lock = lock;
    this.#snapshot = snapshot;
    this.#view = found.view;
    this.#sequence = found.lastSequence;
    this.damage = found.damage;
    const damaged = new Set(found.damage.map(({ file }) => file));
    const { journals, nextGeneration, poolId, view, damage } = found;
    this.#journals = new Journals(paths, poolId, journals, nextGeneration, damaged);
    this.#checkpointer = new Checkpointer(
      {
        ...{ paths, lock, snapshot, view, poolId, damage, journals: this.#journals },
        policy: options,
        sequence: () => this.#sequence,
        robbed: (error) => {
          this.#broken = error;
        },
      },
      found.snapshotSize,
    );
  }

  /** LOCKED, INVALID_CONFIG, UNSUPPORTED_VERSION, CORRUPT, ACCESS_DENIED, NO_SUCH_STORE. */
  static async open(paths: PoolPaths, options: StoreOptions): Promise<Store> {
    const lock = await Lock.acquire(paths.lock, { force: options.forceUnlock });
    const snapshot = new SnapshotFile(paths);
    try {
      const found = await recover(paths, snapshot);
      return new Store(paths, options, lock, snapshot, found);
    } catch (error) {
      // What went wrong first is what is told.
      await Promise.allSettled([snapshot.close(), lock.release()]);
      throw error;
    }
  }

  async read(key: string): Promise<ReadResult | undefined> {
    const entry = this.#view.get(key);
    if (!entry) return undefined;
    const version = String(entry.sequence);
    if (isInJournal(entry)) {
      const bytes = await entry.journal.read(entry);
      if (!bytes) throw lost(key, entry.journal.path);
      return { bytes: new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength), version };
    }
    if (!isInSnapshot(entry)) throw lost(key, this.#paths.file);
    return { bytes: await this.#snapshot.read(key, entry), version };
  }

  has(key: string): boolean {
    return this.#view.get(key) !== undefined;
  }

  keys(prefix: string): AsyncGenerator<string> {
    return withPrefix(this.#view.keys(), prefix);
  }

  /** Everything acknowledged so far, into a file for other programs that is not there yet. */
  async exportTo(target: string, options: ExportOptions): Promise<ExportOutcome> {
    const { done } = await this.#queue.between(() => this.#checkpointer.request());
    await done;
    return exportSnapshot(this.#paths, target, options);
  }

  write: CommitQueue["add"] = (...args) => this.#queue.add(...args);

  /** Reads everything, and says what is not as it was written. */
  async verify(signal: AbortSignal | undefined): Promise<Verification> {
    const values = await verifyValues(this.#view.keys(), (key) => this.#check(key), signal);
    const journals = await this.#journals.verify();
    const structures = await this.#snapshot.checkStructures(signal);
    return { ...values, damage: [...values.damage, ...journals, ...structures] };
  }

  /** Takes what is damaged out of the pool, and keeps the files as they were beside it. */
  async repair(signal: AbortSignal | undefined): Promise<Repair> {
    const { damage, entries } = await this.verify(signal);
    if (damage.length === 0 && this.damage.length === 0) {
      return { kept: entries, removed: [], aside: [] };
    }
    const removed: string[] = [];
    for (const key of new Set(damage.flatMap(({ key }) => key ?? []))) {
      const entry = this.#view.get(key);
      // A value that was written in the meantime is a new one, and whole.
      if (!entry || (await this.#check(key))?.whole) continue;
      await this.write(key, undefined, { condition: { ifVersion: String(entry.sequence) } });
      removed.push(key);
    }
    const before = new Set(await this.#paths.asides());
    const { done } = await this.#queue.between(() => this.#checkpointer.request({ anew: true }));
    await done;
    this.damage.splice(0);
    const aside = (await this.#paths.asides()).filter((path) => !before.has(path));
    return { kept: entries - removed.length, removed, aside };
  }

  async #check(key: string): Promise<Checked | undefined> {
    const entry = this.#view.get(key);
    if (!entry) return undefined;
    if (isInJournal(entry)) {
      const { journal, length } = entry;
      return { file: journal.path, length, whole: (await journal.read(entry)) !== undefined };
    }
    const { file } = this.#paths;
    if (!isInSnapshot(entry)) return { file, length: 0, whole: false };
    return { file, length: entry.length, whole: await this.#snapshot.check(key, entry) };
  }

  /** Waits for what was begun, brings the journals into the snapshot, and lets go of everything. */
  async close(): Promise<void> {
    await this.#queue.drained();
    await this.#checkpointer.running;
    const steps = [
      () => (this.#broken ? Promise.resolve() : this.#checkpointer.last()),
      () => this.#snapshot.close(),
      () => this.#journals.close(),
      () => this.#lock.release(),
    ];
    const failures: unknown[] = [];
    for (const step of steps) await step().catch((error: unknown) => failures.push(error));
    if (failures.length > 0) throw failures[0];
  }

  // --- commit ------------------------------------------------------------------------------------

  async #commit(batch: readonly Operation[]): Promise<void> {
    await this.#checkpointer.room();
    if (this.#broken) throw this.#broken;
    const decided = this.#decide(batch);
    if (decided.records.length > 0) {
      const journal = await this.#writableJournal();
      const commitSequence = ++this.#sequence;
      const places = await this.#append(journal, decided.records, commitSequence);
      await this.#sync(journal);
      for (const [i, { sequence, value }] of decided.records.entries()) {
        const { key } = decided.accepted[i] as Operation;
        const place = places[i];
        this.#view.set(key, value && place ? { journal, ...place, sequence } : null);
      }
    }
    for (const settle of decided.settle) settle();
    if (decided.records.length > 0) await this.#afterCommit();
  }

  /** Applies each operation's condition to what is there and to what the batch did before it. */
  #decide(batch: readonly Operation[]): {
    records: JournalRecord[];
    accepted: Operation[];
    settle: (() => void)[];
  } {
    const records: JournalRecord[] = [];
    const accepted: Operation[] = [];
    const settle: (() => void)[] = [];
    /** The version that each key of the batch has by now; null when it is gone. */
    const staged = new Map<string, number | null>();
    for (const operation of batch) {
      const { key, value, condition, signal, resolve, reject } = operation;
      if (signal?.aborted) {
        settle.push(() => reject(abortError(signal)));
        continue;
      }
      const before = staged.get(key);
      const current = before === undefined ? this.#view.get(key)?.sequence : (before ?? undefined);
      if (condition && !holds(condition, current)) {
        settle.push(() => reject(conflict(key)));
      } else if (value === undefined && current === undefined) {
        settle.push(() => resolve(undefined));
      } else {
        const sequence = ++this.#sequence;
        const base = { sequence, key: Buffer.from(key) };
        records.push(value ? { ...base, op: Op.put, value } : { ...base, op: Op.delete });
        accepted.push(operation);
        staged.set(key, value ? sequence : null);
        settle.push(() => resolve(value ? String(sequence) : undefined));
      }
    }
    return { records, accepted, settle };
  }

  async #writableJournal(): Promise<Journal> {
    if (!this.#journals.isWriting) await this.#lock.check();
    return this.#journals.current();
  }

  async #append(
    journal: Journal,
    records: readonly JournalRecord[],
    commitSequence: number,
  ): ReturnType<Journal["append"]> {
    try {
      return await journal.append(records, commitSequence);
    } catch (error) {
      if (isLailaError(error) && error.details.damaged === true) await this.#rescue(error);
      throw error;
    }
  }

  async #sync(journal: Journal): Promise<void> {
    try {
      await journal.sync();
    } catch (cause) {
      const { message } = fileError(cause, "Syncing the journal", journal.path);
      const text = `${message} The writes of this moment may or may not be there after the pool is opened again.`;
      const error = because(cause, "UNAVAILABLE", text, { path: journal.path });
      await this.#rescue(error);
      throw error;
    }
  }

  /** A journal that failed is never written or synced again: what was acknowledged goes to a fresh one. */
  async #rescue(error: LailaError): Promise<void> {
    try {
      // Its end closes journals that would be copied from here.
      await this.#checkpointer.running;
      await this.#lock.check();
      const moved = await this.#journals.rescue(this.#view.changes(), () => ++this.#sequence);
      for (const [key, change] of moved) this.#view.set(key, change);
    } catch (cause) {
      const text = `The pool ${this.#paths.file} can only be read until it is opened again, because its journal cannot be written: ${error.message}`;
      this.#broken = because(cause, "UNAVAILABLE", text, { path: this.#paths.file });
    }
  }

  async #afterCommit(): Promise<void> {
    if (this.#checkpointer.isDue) await this.#checkpointer.start();
    else if (this.#queue.isEmpty) await this.#journals.markSynced(++this.#sequence);
  }
}

function holds(
  condition: NonNullable<Operation["condition"]>,
  current: number | undefined,
): boolean {
  if ("ifAbsent" in condition) return current === undefined;
  return current !== undefined && condition.ifVersion === (String(current) satisfies Version);
}

function conflict(key: string): LailaError {
  return new LailaError(
    "CONFLICT",
    `Somebody else wrote ${JSON.stringify(key)} first. Read it again and decide.`,
    { details: { key, outcome: "lost" } },
  );
}

function lost(key: string, path: string): LailaError {
  return new LailaError(
    "CORRUPT",
    `The value of ${JSON.stringify(key)} in ${path} is damaged. Restore it from a backup, write it again, or delete it.`,
    { details: { key, path } },
  );
}
