import { innermost, type PoolLike } from "@laila/pool";
import { checkOptions, type GlobalId, isLailaError, LailaError } from "@laila/schema";
import { type ChangeOptions, HeadChange, type Next, requireConditions } from "./change.js";
import { checkPool } from "./check-pool.js";
import {
  type Head,
  type HeadState,
  headIdOf,
  readHead,
  type SavedVersion,
  type TrashedVersion,
} from "./head.js";
import { neverSaved, stateOf } from "./history.js";
import { allVersions } from "./log.js";
import { infoOf, timeOf, type VersionInfo } from "./version.js";

const hour = 60 * 60 * 1000;
/** How long a pruned document stays, for whoever is reading it. */
const graceMs = 24 * hour;
/** Who saves looks for an hour whether it was done: as long the head has to know of every version. */
const shortestGrace = 2 * hour;

/** Which versions go. Without any of these, only what is in the trash for long enough is deleted. */
export interface PruneOptions extends ChangeOptions {
  /** How many of the newest stay. */
  readonly keep?: number | undefined;
  /** Those that were saved before that time go; with `keep`, those that both say. */
  readonly before?: Date | string | undefined;
  /** Exactly these go. */
  readonly versions?: readonly number[] | undefined;
  /** Tells what would happen, and does nothing. */
  readonly dryRun?: boolean | undefined;
  /** How long what is pruned stays, in milliseconds; 24 hours unless given, and at least 2. */
  readonly graceMs?: number | undefined;
}

export interface PruneResult {
  readonly name: string;
  readonly manifestId: GlobalId;
  /** Moved to the trash now: they are no versions any more, their documents are still there. */
  readonly trashed: readonly VersionInfo[];
  /** Their documents are deleted now, for good. */
  readonly deleted: readonly VersionInfo[];
  /** In the trash, and not for long enough. */
  readonly waiting: readonly WaitingVersion[];
  /** Would have gone, but have a label. */
  readonly labelled: readonly VersionInfo[];
  /** How many versions there are now. */
  readonly left: number;
  /** By whose clock: the storage's own, or this machine's where the storage has none. */
  readonly clock: "storage" | "local";
  readonly dryRun: boolean;
}

export interface WaitingVersion extends VersionInfo {
  /** When a further run deletes its document (ISO 8601). */
  readonly due: string;
}

/**
 * Prunes in two steps. The first run takes versions off the line and puts them into the trash, with the
 * time; their documents stay readable for 24 hours. A run after that deletes the documents, then their
 * entries in the trash. The current version and labelled ones never go. Numbers are not given again.
 * Two round trips, two more for each race lost, and the deletes.
 *
 * NOT_FOUND when nothing was saved, or one of `versions` is not there; INVALID_ARGUMENT when one of
 * `versions` is the current one or has a label; the codes of `saveEnvironment`.
 */
export async function pruneEnvironment(options: PruneOptions): Promise<PruneResult> {
  const call = "pruneEnvironment";
  checkOptions(call, options, [
    "name",
    "pool",
    "keep",
    "before",
    "versions",
    "dryRun",
    "graceMs",
    "unsafe",
    "namespace",
    "signal",
  ]);
  checkPool(options.pool, call);
  checkWhich(call, options);
  const headId = headIdOf(options.name, options.namespace);
  requireConditions(options);
  return new Pruning(headId, options).run();
}

interface Plan {
  readonly all: readonly SavedVersion[];
  readonly going: ReadonlySet<number>;
  readonly labelled: readonly SavedVersion[];
}

class Pruning extends HeadChange<PruneResult> {
  protected readonly done = "pruned";
  protected readonly details = {};
  readonly #which: PruneOptions;
  readonly #grace: number;
  #clock: "storage" | "local" = "local";
  #now = 0;
  /** Documents that this run has deleted. */
  readonly #deleted = new Set<GlobalId>();
  #result: PruneResult | undefined;
  /** Logs that the head named and does not need any more. */
  #oldLogs: readonly GlobalId[] = [];

  constructor(headId: GlobalId, options: PruneOptions) {
    super(headId, options);
    this.#which = options;
    this.#grace = options.graceMs ?? graceMs;
  }

  async run(): Promise<PruneResult> {
    const { name, pool, signal } = this.options;
    const [head, time] = await Promise.all([
      readHead(pool, this.headId, signal),
      storageTime(pool, signal),
    ]);
    this.#now = (time ?? new Date()).getTime();
    if (time) this.#clock = "storage";
    if (!head) throw neverSaved(name, pool, this.headId);
    const { result } = await this.next(head);
    const nothing = result.trashed.length === 0 && result.deleted.length === 0;
    if (this.#which.dryRun || nothing) return result;
    const done = await this.change(head);
    // Nobody is told of them any more; who read the head before reads it again.
    await this.drop(this.#oldLogs);
    return done;
  }

  protected async settled(head: Head): Promise<PruneResult | undefined> {
    return this.isOwn(head) ? this.#result : undefined;
  }

  protected async next(head: Head | undefined): Promise<Next<PruneResult>> {
    const { name, pool, signal } = this.options;
    if (!head) throw neverSaved(name, pool, this.headId);
    const state = stateOf(head, name, this.headId);
    const plan = this.#plan(state, await allVersions(pool, head, { signal }));
    const due = state.trash.filter((one) => this.#dueAt(one) <= this.#now);
    await this.#delete(state, due);
    const gone = new Set(due.map(({ config }) => config));
    const trashed = plan.all
      .filter(({ n }) => plan.going.has(n))
      .map((version) => ({ ...version, trashed: new Date(this.#now).toISOString() }));
    const waiting = state.trash.filter(({ config }) => !gone.has(config));
    const next = this.#nextState(state, plan, [...waiting, ...trashed]);
    const info = (version: SavedVersion): VersionInfo => infoOf(version, state);
    this.#result = {
      name,
      manifestId: this.headId,
      trashed: trashed.map(info),
      deleted: due.map(info),
      waiting: waiting.map((one) => ({
        ...info(one),
        due: new Date(this.#dueAt(one)).toISOString(),
      })),
      labelled: plan.labelled.map(info),
      left: plan.all.length - trashed.length,
      clock: this.#clock,
      dryRun: this.#which.dryRun ?? false,
    };
    return { state: next, recorder: head.recorder, result: this.#result };
  }

  protected unused(): readonly GlobalId[] {
    return [];
  }

  #plan({ labels, head }: HeadState, all: readonly SavedVersion[]): Plan {
    const { keep, before, versions } = this.#which;
    const held = new Set([...Object.values(labels), head]);
    const chosen = new Set(versions ?? this.#chosen(all, keep, before));
    for (const n of versions ?? []) {
      const there = all.some((one) => one.n === n);
      if (!there || held.has(n)) throw this.#cannotGo(n, there, n === head);
    }
    const going = new Set([...chosen].filter((n) => !held.has(n)));
    const labelled = all.filter(({ n }) => chosen.has(n) && n !== head && held.has(n));
    return { all, going, labelled };
  }

  #chosen(
    all: readonly SavedVersion[],
    keep: number | undefined,
    before: PruneOptions["before"],
  ): number[] {
    if (keep === undefined && before === undefined) return [];
    const limit = before === undefined ? Number.POSITIVE_INFINITY : timeOf(before);
    const older = keep === undefined ? all : all.slice(0, Math.max(0, all.length - keep));
    return older.filter(({ time }) => Date.parse(time) < limit).map(({ n }) => n);
  }

  #nextState(state: HeadState, { all, going }: Plan, trash: readonly TrashedVersion[]): HeadState {
    // Of this try: an earlier one that lost its race may have meant to do without logs that stay now.
    this.#oldLogs = [];
    if (going.size === 0) return this.signed({ ...state, trash });
    // The logs are written anew from what is left, as far as that is still too much for the head.
    const { log = [], ...rest } = state;
    this.#oldLogs = log.map(({ entry }) => entry);
    return this.signed({ ...rest, versions: all.filter(({ n }) => !going.has(n)), trash });
  }

  /** Before the entries in the trash go, so that no document is left that nobody knows of. */
  async #delete({ versions }: HeadState, due: readonly TrashedVersion[]): Promise<void> {
    const { pool, signal } = this.options;
    if (this.#which.dryRun) return;
    const used = new Set(versions.map(({ config }) => config));
    const ids = due
      .map(({ config }) => config)
      .filter((id) => !this.#deleted.has(id) && !used.has(id));
    if (ids.length === 0) return;
    for (const { key, error } of await pool.deleteMany(ids, { signal })) {
      if (error !== undefined) throw error;
      this.#deleted.add(key);
    }
  }

  #dueAt({ trashed }: TrashedVersion): number {
    return Date.parse(trashed) + this.#grace;
  }

  #cannotGo(n: number, there: boolean, current: boolean): LailaError {
    if (!there) {
      return new LailaError(
        "NOT_FOUND",
        `${this.shown} has no version ${n} to prune. Look at environmentHistory.`,
        { details: { version: n } },
      );
    }
    const why = current ? "is the current one" : "has a label";
    return new LailaError(
      "INVALID_ARGUMENT",
      `${this.shown}: version ${n} ${why}, and such a version is never pruned. ${current ? "Save or roll back to another first." : "Move the label first."}`,
      { details: { version: n } },
    );
  }
}

/** The storage's own clock, which all who prune there share; undefined where it has none, or does not tell us. */
async function storageTime(
  pool: PoolLike,
  signal: AbortSignal | undefined,
): Promise<Date | undefined> {
  try {
    return await innermost(pool).time?.({ signal });
  } catch (error) {
    // Who may read and write need not be allowed to list; the result says whose clock it was.
    if (isLailaError(error, "ACCESS_DENIED")) return undefined;
    throw error;
  }
}

function checkWhich(call: string, { keep, before, versions, graceMs: grace }: PruneOptions): void {
  const wrong = (why: string): LailaError => new LailaError("INVALID_ARGUMENT", `${call}: ${why}.`);
  if (keep !== undefined && !(Number.isSafeInteger(keep) && keep > 0))
    throw wrong("keep is how many of the newest stay, a whole number from 1");
  if (before !== undefined && Number.isNaN(timeOf(before)))
    throw wrong('before is a Date, or a text such as "2026-01-31T12:00:00Z"');
  const areNumbers = Array.isArray(versions) && versions.every((n) => Number.isSafeInteger(n));
  if (versions !== undefined && !areNumbers)
    throw wrong("versions is a list of the numbers of versions");
  if (versions !== undefined && (keep !== undefined || before !== undefined))
    throw wrong("give versions, or keep and before, not both");
  if (grace !== undefined && !(Number.isFinite(grace) && grace >= shortestGrace))
    throw wrong(`graceMs is a number of milliseconds, at least ${shortestGrace} (2 hours)`);
}
