import { isLailaError, LailaError } from "@laila/pool";
import { type CheckpointJob, changeFields, goneMarker, lostMarker } from "./checkpoint-job.js";
import { fileError } from "./errors.js";
import { files, syncDirectory } from "./files.js";
import type { Journal } from "./journal.js";
import type { Journals } from "./journals.js";
import type { Lock } from "./lock.js";
import type { PoolPaths } from "./paths.js";
import type { Damage } from "./recovery.js";
import type { PreparedSnapshot, SnapshotFile } from "./snapshot-file.js";
import { type Change, isInJournal, type View } from "./view.js";

/** When a checkpoint is made. */
export interface CheckpointPolicy {
  /** The least size of the journals, in bytes, at which they go into the snapshot; also the least that is reclaimed. */
  readonly checkpointBytes: number;
  /** What part of the snapshot may be values that were overwritten or deleted, before it is written anew. */
  readonly reclaimRatio: number;
  /** False: on closing, the journals stay as they are unless a checkpoint is due. */
  readonly checkpointOnClose: boolean;
}

/** What a checkpoint has to do with. */
export interface CheckpointParts {
  readonly paths: PoolPaths;
  readonly lock: Lock;
  readonly snapshot: SnapshotFile;
  readonly view: View;
  readonly journals: Journals;
  readonly poolId: Uint8Array;
  readonly damage: Damage[];
  readonly policy: CheckpointPolicy;
  /** The highest sequence number given out. */
  sequence(): number;
  /** Called when the lock turns out to be somebody else's. */
  robbed(error: LailaError): void;
}

interface Kind {
  /** Nothing comes after it: the new snapshot need not be opened. */
  readonly last: boolean;
  /** Set the old snapshot aside whatever it is, and write the new one from the ground up. */
  readonly anew: boolean;
}

/** Brings the journals into a new snapshot: when they have grown, and at the end. */
export class Checkpointer {
  readonly #parts: CheckpointParts;
  #snapshotSize: number | undefined;
  #running: Promise<void> | undefined;
  /** After a failed checkpoint, the size of the journals at which it is tried again. */
  #nextAt = 0;

  constructor(parts: CheckpointParts, snapshotSize: number | undefined) {
    this.#parts = parts;
    this.#snapshotSize = snapshotSize;
  }

  /** The one that is under way. */
  get running(): Promise<void> | undefined {
    return this.#running;
  }

  get isDue(): boolean {
    const { journals, view, policy } = this.#parts;
    if (this.#running || journals.bytes < this.#nextAt) return false;
    if (journals.bytes >= this.#threshold) return true;
    const reclaimed = policy.reclaimRatio * (this.#snapshotSize ?? 0);
    return view.deadBytes >= Math.max(policy.checkpointBytes, reclaimed);
  }

  /** Writers wait while a checkpoint cannot keep up with them. */
  async room(): Promise<void> {
    if (this.#parts.journals.bytes >= 2 * this.#threshold) await this.#running;
  }

  /** At a batch boundary: writing goes on in the next journal, and those before it become a snapshot. */
  async start(): Promise<void> {
    try {
      await this.#begin(false);
    } catch (error) {
      this.#postpone(error);
    }
  }

  /**
   * The same, for who needs a snapshot of everything that was acknowledged: resolves when writing can go on, with what
   * resolves when the snapshot is there, and rejects when that fails. `anew`: written from the ground up, whatever
   * changed, and the old one is set aside.
   */
  async request({ anew = false } = {}): Promise<{ readonly done: Promise<void> }> {
    await this.#running;
    if (!anew && this.#parts.journals.count === 0 && this.#snapshotSize !== undefined)
      return { done: Promise.resolve() };
    return this.#begin(anew);
  }

  async #begin(anew: boolean): Promise<{ readonly done: Promise<void> }> {
    const { journals, lock } = this.#parts;
    await lock.check();
    if (journals.count === 0) await journals.next();
    const { generation } = journals;
    await journals.next();
    const done = this.#checkpoint(generation, { last: false, anew });
    this.#running = done
      .catch((error: unknown) => this.#postpone(error))
      .finally(() => {
        this.#running = undefined;
      });
    return { done };
  }

  /** On closing: everything into the snapshot, if there is anything; rejects when that fails. */
  async last(): Promise<void> {
    const { journals, view, policy, paths } = this.#parts;
    if (journals.count === 0) return;
    if (!view.isChanged && this.#snapshotSize !== undefined) {
      // A checkpoint may have failed to sync the snapshot's name, without which the journals are all there is.
      await syncSnapshotName(paths);
      await journals.discard(journals.generation);
    } else if (policy.checkpointOnClose || this.isDue) {
      await this.#checkpoint(journals.generation, { last: true, anew: false });
    }
  }

  get #threshold(): number {
    return Math.max(this.#parts.policy.checkpointBytes, (this.#snapshotSize ?? 0) / 2);
  }

  /** Everything acknowledged is in the journals, which go on growing: nothing is lost, but it is said. */
  #postpone(error: unknown): void {
    this.#nextAt = this.#parts.journals.bytes + this.#threshold;
    // Whoever took the lock by force has read the journals and will delete them: no more acknowledgements.
    if (isLailaError(error, "LOCKED")) this.#parts.robbed(error);
    const message = error instanceof Error ? error.message : String(error);
    process.emitWarning(
      `A checkpoint of ${this.#parts.paths.file} failed and is tried again later: ${message}`,
      { code: "LAILA_CHECKPOINT" },
    );
  }

  async #checkpoint(generation: number, kind: Kind): Promise<void> {
    const { view, journals } = this.#parts;
    const frozen = view.freeze();
    const frozenJournals = journals.upTo(generation);
    const job = this.#job(frozen, frozenJournals, generation, kind);
    await this.#checkSpace(frozenJournals);
    await this.#replaceSnapshot(job, kind);
    await this.#settle(job);
    await journals.discard(generation);
  }

  /** Until the rename, a failure leaves everything as it was; behind it, the new snapshot is the one in use. */
  async #replaceSnapshot(job: CheckpointJob, { last, anew }: Kind): Promise<void> {
    const { snapshot, lock, paths, view, damage } = this.#parts;
    let aside: string | undefined;
    let prepared: PreparedSnapshot | undefined;
    try {
      const outcome = await snapshot.checkpoint(job);
      if (!last) prepared = await snapshot.prepare(outcome, job);
      await lock.check();
      // A copy, not a link: killed before the rename, the file would be left with two names.
      if (job.base && (outcome.keepBase || anew)) {
        const copy = paths.damaged("snapshot", job.mark.generation);
        await files.copy(job.path, copy);
        aside = copy;
      }
      await files.rename(job.target, job.path);
      this.#snapshotSize = outcome.size;
      damage.push(...outcome.damaged.map((key) => ({ file: job.path, key })));
    } catch (error) {
      await prepared?.drop();
      await removeIfThere(job.target);
      await removeIfThere(`${job.target}.sum`);
      if (aside !== undefined) await removeIfThere(aside);
      throw isLailaError(error) ? error : fileError(error, "Writing the snapshot", job.path);
    }
    if (!prepared) return;
    view.install(prepared.entries);
    prepared.swap();
  }

  /** Should the process end before this, the next one finds the sums by what is in them. */
  async #settle({ target, sums }: CheckpointJob): Promise<void> {
    const { paths } = this.#parts;
    try {
      await files.rename(`${target}.sum`, sums);
    } catch (error) {
      throw fileError(error, "Writing the sums of", paths.file);
    }
    await syncSnapshotName(paths);
  }

  #job(
    frozen: ReadonlyMap<string, Change>,
    journals: readonly Journal[],
    generation: number,
    { anew }: Kind,
  ): CheckpointJob {
    const { paths, poolId, view, sequence } = this.#parts;
    const id = Buffer.from(poolId).toString("hex");
    const changes = new Float64Array(frozen.size * changeFields);
    let at = 0;
    for (const change of frozen.values()) {
      if (change === null) changes[at] = goneMarker;
      else if (isInJournal(change)) {
        const { journal, offset, length, crc, sequence: own } = change;
        changes.set([journals.indexOf(journal), offset, length, crc, own], at);
      } else changes.set([lostMarker, 0, 0, 0, change.sequence], at);
      at += changeFields;
    }
    return {
      path: paths.file,
      target: paths.temporary(generation),
      sums: paths.sums,
      mark: { poolId: id, generation, sequence: sequence() },
      insertsOnly: view.isFrozenInsertsOnly && !anew,
      base: this.#parts.snapshot.base(id),
      journals: journals.map(({ path, codec }) => ({ path, seed: codec.seed })),
      keys: [...frozen.keys()],
      changes,
    };
  }

  /** NO_SPACE before anything is begun, when the new snapshot cannot fit. */
  async #checkSpace(journals: readonly Journal[]): Promise<void> {
    const { paths, view } = this.#parts;
    const { bavail, bsize } = await freeSpace(paths.directory);
    const kept = Math.max(0, (this.#snapshotSize ?? 0) - view.deadBytes);
    const needed = journals.reduce((sum, { size }) => sum + size, kept);
    if (bavail * bsize >= needed) return;
    throw new LailaError(
      "NO_SPACE",
      `The new snapshot of ${paths.file} needs ${needed} bytes, and ${bavail * bsize} are free. Everything acknowledged stays in the journal; free some space.`,
    );
  }
}

async function freeSpace(directory: string): ReturnType<typeof files.statfs> {
  try {
    return await files.statfs(directory);
  } catch (error) {
    throw fileError(error, "Looking at", directory);
  }
}

async function syncSnapshotName({ directory, file }: PoolPaths): Promise<void> {
  try {
    await syncDirectory(directory);
  } catch (error) {
    throw fileError(error, "Syncing the directory of", file);
  }
}

async function removeIfThere(path: string): Promise<void> {
  try {
    await files.unlink(path);
  } catch {
    // Never written, or not removable now: the next opening removes it.
  }
}
