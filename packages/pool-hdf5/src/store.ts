import { abortError, isLailaError, LailaError, type ReadResult, type Version } from "@laila/pool";
import {
  type CheckpointJob,
  type CheckpointOutcome,
  changeFields,
  goneMarker,
  lostMarker,
} from "./checkpoint-job.js";
import { CommitQueue, type Operation } from "./commit-queue.js";
import { because, fileError } from "./errors.js";
import { files, syncDirectory } from "./files.js";
import type { Journal, JournalRecord } from "./journal.js";
import { Op } from "./journal-format.js";
import { Journals } from "./journals.js";
import type { Kind } from "./layout.js";
import { Lock } from "./lock.js";
import type { PoolPaths } from "./paths.js";
import { type Damage, type Recovered, recover } from "./recovery.js";
import { SnapshotFile } from "./snapshot-file.js";
import { type Change, isInJournal, isInSnapshot, type View } from "./view.js";

export interface StoreOptions {
  /** The least size of the journals, in bytes, at which they go into the snapshot. */
  readonly checkpointBytes: number;
  readonly forceUnlock: boolean;
}

/**
 * The files of one pool. The journal is the truth of what was acknowledged; the HDF5 file is a snapshot that
 * never changes: a checkpoint writes a new one and renames it into place.
 */
export class Store {
  readonly damage: Damage[];
  readonly #paths: PoolPaths;
  readonly #options: StoreOptions;
  readonly #lock: Lock;
  readonly #snapshot: SnapshotFile;
  readonly #view: View;
  readonly #poolId: Uint8Array;
  readonly #journals: Journals;
  readonly #queue = new CommitQueue((batch) => this.#commit(batch));
  #sequence: number;
  #snapshotSize: number | undefined;
  #checkpointing: Promise<void> | undefined;
  /** After a failed checkpoint, the size of the journals at which it is tried again. */
  #nextCheckpointAt = 0;
  #broken: LailaError | undefined;

  private constructor(
    paths: PoolPaths,
    options: StoreOptions,
    lock: Lock,
    snapshot: SnapshotFile,
    found: Recovered,
  ) {
    this.#paths = paths;
    this.#options = options;
    this.#lock = lock;
    this.#snapshot = snapshot;
    this.#view = found.view;
    this.#poolId = found.poolId;
    this.#sequence = found.lastSequence;
    this.#snapshotSize = found.snapshotSize;
    this.damage = found.damage;
    const damaged = new Set(found.damage.map(({ file }) => file));
    const { journals, nextGeneration } = found;
    this.#journals = new Journals(paths, found.poolId, journals, nextGeneration, damaged);
  }

  /** LOCKED, INVALID_CONFIG, UNSUPPORTED_VERSION, CORRUPT, ACCESS_DENIED, NO_SUCH_STORE. */
  static async open(paths: PoolPaths, options: StoreOptions): Promise<Store> {
    const lock = await Lock.acquire(paths.lock, { force: options.forceUnlock });
    const snapshot = new SnapshotFile(paths.file);
    try {
      const found = await recover(paths, snapshot);
      return new Store(paths, options, lock, snapshot, found);
    } catch (error) {
      await snapshot.close();
      await lock.release();
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

  keys(prefix: string): string[] {
    return this.#view.keys(prefix);
  }

  write: CommitQueue["add"] = (...args) => this.#queue.add(...args);

  /** Waits for what was begun, brings the journals into the snapshot, and lets go of everything. */
  async close(): Promise<void> {
    await this.#queue.drained();
    await this.#checkpointing;
    try {
      if (!this.#broken && this.#journals.count > 0) {
        await this.#checkpoint(this.#journals.generation, "last");
      }
    } finally {
      await this.#snapshot.close();
      await this.#journals.close();
      await this.#lock.release();
    }
  }

  // --- commit ------------------------------------------------------------------------------------

  async #commit(batch: readonly Operation[]): Promise<void> {
    await this.#roomInJournals();
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
      await this.#checkpointing;
      await this.#lock.check();
      const moved = await this.#journals.rescue(this.#view.changes(), () => ++this.#sequence);
      for (const [key, change] of moved) this.#view.set(key, change);
    } catch (cause) {
      const text = `The pool ${this.#paths.file} can only be read until it is opened again, because its journal cannot be written: ${error.message}`;
      this.#broken = because(cause, "UNAVAILABLE", text, { path: this.#paths.file });
    }
  }

  async #afterCommit(): Promise<void> {
    const full = this.#journals.bytes >= Math.max(this.#threshold, this.#nextCheckpointAt);
    if (full && !this.#checkpointing) await this.#startCheckpoint();
    else if (this.#queue.isEmpty) await this.#journals.markSynced(++this.#sequence);
  }

  // --- checkpoint --------------------------------------------------------------------------------

  get #threshold(): number {
    return Math.max(this.#options.checkpointBytes, (this.#snapshotSize ?? 0) / 2);
  }

  /** Writers wait while a checkpoint cannot keep up with them. */
  async #roomInJournals(): Promise<void> {
    if (this.#journals.bytes >= 2 * this.#threshold) await this.#checkpointing;
  }

  /** At a batch boundary: writing goes on in the next journal, and those before it become a snapshot. */
  async #startCheckpoint(): Promise<void> {
    const generation = this.#journals.generation;
    try {
      await this.#lock.check();
      await this.#journals.next();
    } catch (error) {
      this.#postpone(error);
      return;
    }
    this.#checkpointing = this.#checkpoint(generation, "running")
      .catch((error: unknown) => this.#postpone(error))
      .finally(() => {
        this.#checkpointing = undefined;
      });
  }

  /** Everything acknowledged is in the journals, which go on growing: nothing is lost, but it is said. */
  #postpone(error: unknown): void {
    this.#nextCheckpointAt = this.#journals.bytes + this.#threshold;
    // Whoever took the lock by force has read the journals and will delete them: no more acknowledgements.
    if (isLailaError(error, "LOCKED")) this.#broken = error;
    const message = error instanceof Error ? error.message : String(error);
    process.emitWarning(
      `A checkpoint of ${this.#paths.file} failed and is tried again later: ${message}`,
      {
        code: "LAILA_CHECKPOINT",
      },
    );
  }

  async #checkpoint(generation: number, when: "running" | "last"): Promise<void> {
    const frozen = this.#view.freeze();
    const journals = this.#journals.upTo(generation);
    const job = this.#job(frozen, journals, generation);
    await this.#checkSpace(journals);
    const outcome = await this.#replaceSnapshot(job);
    const swap = when === "last" ? undefined : await this.#snapshot.prepare(generation);
    this.#install(outcome, frozen);
    swap?.();
    await this.#syncDirectory();
    await this.#journals.discard(generation);
  }

  /** Until the rename, a failure leaves everything as it was. */
  async #replaceSnapshot(job: CheckpointJob): Promise<CheckpointOutcome> {
    let aside: string | undefined;
    try {
      const outcome = await this.#snapshot.checkpoint(job);
      await this.#lock.check();
      // A copy, not a link: killed before the rename, the file would be left with two names.
      if (outcome.damaged.length > 0 || outcome.foreignObjects) {
        const copy = this.#paths.damaged("snapshot", job.mark.generation);
        await files.copy(job.path, copy);
        aside = copy;
      }
      await files.rename(job.target, job.path);
      return outcome;
    } catch (error) {
      await removeIfThere(job.target);
      if (aside !== undefined) await removeIfThere(aside);
      throw isLailaError(error) ? error : fileError(error, "Writing the snapshot", job.path);
    }
  }

  async #syncDirectory(): Promise<void> {
    try {
      await syncDirectory(this.#paths.directory);
    } catch (error) {
      throw fileError(error, "Syncing the directory of", this.#paths.file);
    }
  }

  #job(
    frozen: ReadonlyMap<string, Change>,
    journals: readonly Journal[],
    generation: number,
  ): CheckpointJob {
    const changes = new Float64Array(frozen.size * changeFields);
    let at = 0;
    for (const change of frozen.values()) {
      if (change === null) changes[at] = goneMarker;
      else if (isInJournal(change)) {
        const { journal, offset, length, crc, sequence } = change;
        changes.set([journals.indexOf(journal), offset, length, crc, sequence], at);
      } else changes.set([lostMarker, 0, 0, 0, change.sequence], at);
      at += changeFields;
    }
    return {
      path: this.#paths.file,
      target: this.#paths.temporary(generation),
      mark: {
        poolId: Buffer.from(this.#poolId).toString("hex"),
        generation,
        sequence: this.#sequence,
      },
      insertsOnly: this.#view.isFrozenInsertsOnly,
      hasBase: this.#snapshotSize !== undefined,
      journals: journals.map(({ path, codec }) => ({ path, seed: codec.seed })),
      keys: [...frozen.keys()],
      changes,
    };
  }

  #install(
    { size, damaged, stored }: CheckpointOutcome,
    frozen: ReadonlyMap<string, Change>,
  ): void {
    this.#snapshotSize = size;
    this.#view.install((key, i, sequence) => {
      const [kind = 0, prefixLength = 0, crc = 0] = stored.subarray(i * 3, i * 3 + 3);
      const change = frozen.get(key);
      const length = change && isInJournal(change) ? change.length : 0;
      return { kind: kind as Kind, prefixLength, crc, length, sequence };
    });
    for (const key of damaged) this.#view.lose(key);
    this.damage.push(...damaged.map((key) => ({ file: this.#paths.file, key })));
  }

  /** NO_SPACE before anything is begun, when the new snapshot cannot fit. */
  async #checkSpace(journals: readonly Journal[]): Promise<void> {
    const { bavail, bsize } = await files.statfs(this.#paths.directory);
    const needed = journals.reduce((sum, { size }) => sum + size, this.#snapshotSize ?? 0);
    if (bavail * bsize >= needed) return;
    throw new LailaError(
      "NO_SPACE",
      `The new snapshot of ${this.#paths.file} needs ${needed} bytes, and ${bavail * bsize} are free. Everything acknowledged stays in the journal; free some space.`,
    );
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

async function removeIfThere(path: string): Promise<void> {
  try {
    await files.unlink(path);
  } catch {
    // Never written, or not removable now: the next opening removes it.
  }
}
