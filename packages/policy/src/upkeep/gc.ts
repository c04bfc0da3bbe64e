import { innermost, type PoolLike } from "@laila/pool";
import {
  checkOptions,
  decodeRecord,
  type GlobalId,
  isGlobalId,
  isLailaError,
  LailaError,
} from "@laila/schema";
import { listedErrors } from "../multiple.js";
import { Task } from "../task.js";
import { endsAll } from "../transfer/run.js";
import { Crew, type UpkeepOptions, upkeepNames } from "./crew.js";
import { type Reach, reachOf } from "./reach.js";
import { checkPool } from "./which.js";

const day = 24 * 60 * 60 * 1000;
/** Whoever saves an environment writes its document up to an hour before anything names it. */
const shortestGrace = 2 * 60 * 60 * 1000;
/** How many are deleted between two looks at the manifests. */
const sweepSize = 1000;

/** An entry that no manifest reaches. */
export interface Unreached {
  readonly id: GlobalId;
  readonly nickname: string | undefined;
  /** When its record was written, by the clock of who did; undefined where that cannot be read. */
  readonly written: Date | undefined;
  readonly bytes: number;
}

export interface GcOptions extends UpkeepOptions<GcEvent> {
  /** False deletes. Unless said it is a dry run, which tells what would go. */
  readonly dryRun?: boolean | undefined;
  /** Younger entries stay, in milliseconds; 24 hours unless given, and at least 2 without `unsafe`. */
  readonly graceMs?: number | undefined;
  /** True for what is to stay although no manifest reaches it. What it throws ends the collection. */
  readonly keep?: ((entry: Unreached) => boolean | Promise<boolean>) | undefined;
  /** Whether entries with a nickname stay: they can be found without a manifest. No unless said. */
  readonly keepNamed?: boolean | undefined;
  /** Other pools whose manifests name entries that lie in this one: what they reach stays, too. */
  readonly alsoReachedFrom?: readonly PoolLike[] | undefined;
  /** Accepts a grace below 2 hours: nobody else may write to the pool meanwhile. */
  readonly unsafe?: boolean | undefined;
}

/**
 * `manifest`: one was read. Of entries that no manifest reaches: `garbage` (it would go: a dry run),
 * `deleted`, `young`, `kept`, `undated` (it stays: when it was written cannot be read), `failed`. Nothing
 * is told of entries that are reached.
 */
export type GcOutcome = "garbage" | "deleted" | "young" | "kept" | "undated" | "failed";

export type GcEvent =
  | { readonly outcome: "manifest"; readonly id: GlobalId; readonly leaves: number }
  | (Unreached & { readonly outcome: GcOutcome; readonly error?: unknown });

export interface GcReport {
  readonly dryRun: boolean;
  /** How many manifests were read, and how many different ids they reach. */
  readonly manifests: number;
  readonly reached: number;
  /** How many entries there are, reached or not. */
  readonly entries: number;
  /** How many of those that are not reached came to which outcome. */
  readonly counts: Readonly<Record<GcOutcome, number>>;
  /** How many of `garbage` and `deleted` have a nickname. */
  readonly named: number;
  /** Bytes of `garbage` and `deleted`. */
  readonly bytes: number;
  /** The first 100 failures. */
  readonly failures: readonly { readonly id: GlobalId; readonly error: unknown }[];
}

/**
 * Collects the entries that no manifest in the pool reaches: leaves of manifests that were forgotten or
 * overwritten, documents that a killed saver left behind. A dry run unless `dryRun: false` is given, and
 * never an entry that is younger than the grace period. Only entries are deleted, never manifests, nor
 * what lies under other keys. An entry that was memorized by itself is reached by no manifest: look at the
 * dry run, or use `keep` and `keepNamed`. Copies keep the time of their original: do not collect a pool
 * that something is being copied into.
 *
 * All manifests are read before the entries are listed, and the entries and all manifests again before each
 * 1,000 deletes, so an entry that is written anew meanwhile stays, and a manifest that is memorized keeps its leaves; only in the moment between that look and the delete it could lose an old
 * entry that it names and that nothing reached before. Ids of what is reached are in memory, values only up
 * to `maxBytes`.
 */
export function gc(pool: PoolLike, options: GcOptions = {}): GcTask {
  return new GcTask(pool, options);
}

/**
 * A collection that was started: await it for its report, or go through its events. It rejects when a
 * manifest cannot be read (CORRUPT …: what it reaches is not known, so nothing more is deleted), with
 * ABORTED or TIMEOUT, INVALID_ARGUMENT, and what listing the pool throws.
 */
export class GcTask extends Task<GcReport, GcEvent> {
  readonly #counts: Record<GcOutcome, number> = {
    garbage: 0,
    deleted: 0,
    young: 0,
    kept: 0,
    undated: 0,
    failed: 0,
  };
  readonly #failures: { readonly id: GlobalId; readonly error: unknown }[] = [];
  readonly #dryRun: boolean;
  #reach: Reach = { manifests: 0, ids: new Set() };
  #entries = 0;
  #named = 0;
  #bytes = 0;

  /** @internal See {@link gc}. */
  constructor(pool: PoolLike, options: GcOptions) {
    const { signal, onProgress } = { ...options };
    super(
      { signal, onProgress },
      async (signal, tell) => {
        checkGc(pool, options);
        const crew = new Crew("The collection", options, signal);
        const pools = [pool, ...(options.alsoReachedFrom ?? [])] as const;
        // By any key that could be one; those written from now on are of LAILA's own form.
        this.#reach = await reachOf(pools, crew, "LAILA:", (id, leaves) =>
          tell({ outcome: "manifest", id, leaves }),
        );
        const settle = async (one: Unreached, outcome: GcOutcome, error?: unknown) => {
          this.#add(one, outcome, error);
          await tell({ ...one, outcome, ...(error === undefined ? {} : { error }) });
        };
        await this.#collect(pools, options, crew, settle);
        return this.report;
      },
      { patient: true },
    );
    this.#dryRun = options?.dryRun ?? true;
  }

  get [Symbol.toStringTag](): string {
    return "GcTask";
  }

  get report(): GcReport {
    return {
      dryRun: this.#dryRun,
      manifests: this.#reach.manifests,
      reached: this.#reach.ids.size,
      entries: this.#entries,
      counts: { ...this.#counts },
      named: this.#named,
      bytes: this.#bytes,
      failures: [...this.#failures],
    };
  }

  async #collect(
    pools: readonly [PoolLike, ...PoolLike[]],
    options: GcOptions,
    crew: Crew,
    settle: Settle,
  ): Promise<void> {
    const [pool] = pools;
    const { signal } = crew;
    const now = (await innermost(pool).time?.({ signal })) ?? new Date();
    const limit = now.getTime() - (options.graceMs ?? day);
    const going: Unreached[] = [];
    let sweeping = Promise.resolve();
    const sweep = (): Promise<void> => {
      const some = going.splice(0, sweepSize);
      // One sweep at a time; the next ones wait for it.
      sweeping = sweeping.then(() => this.#sweep(pools, some, limit, crew, settle));
      return sweeping;
    };
    await crew.each(this.#unreachedIn(pool, crew), async (id) => {
      const found = await this.#described(pool, id, crew, settle);
      if (!found) return;
      const stays = await reasonToStay(found, limit, options);
      if (stays) await settle(found, stays);
      else if (this.#dryRun) await settle(found, "garbage");
      else if (going.push(found) >= sweepSize) await sweep();
    });
    while (going.length > 0) await sweep();
  }

  /** Undefined when it is gone, or cannot be read, which is told. */
  async #described(
    pool: PoolLike,
    id: GlobalId,
    crew: Crew,
    settle: Settle,
  ): Promise<Unreached | undefined> {
    try {
      return await describe(pool, id, crew);
    } catch (error) {
      crew.check();
      if (isLailaError(error, ...endsAll)) throw error;
      await settle({ id, nickname: undefined, written: undefined, bytes: 0 }, "failed", error);
      return undefined;
    }
  }

  async *#unreachedIn(pool: PoolLike, { signal }: Crew): AsyncGenerator<GlobalId> {
    for await (const key of pool.keys({ prefix: "LAILA:ENTRY:GLOBAL_ID:", signal })) {
      if (!isGlobalId(key, "ENTRY")) continue;
      this.#entries++;
      if (!this.#reach.ids.has(key)) yield key;
    }
  }

  async #sweep(
    pools: readonly [PoolLike, ...PoolLike[]],
    some: readonly Unreached[],
    limit: number,
    crew: Crew,
    settle: Settle,
  ): Promise<void> {
    if (some.length === 0) return;
    const [pool] = pools;
    // One that was written anew since it was looked at is young again, and its manifest may still come.
    const old: Unreached[] = [];
    await crew.each(some, async (one) => {
      const now = await this.#described(pool, one.id, crew, settle);
      if (!now) return;
      if (!now.written) await settle(now, "undated");
      else if (now.written.getTime() > limit) await settle(now, "young");
      else old.push(now);
    });
    const { ids } = await reachOf(pools, crew, "LAILA:MANIFEST:");
    const left = old.filter(({ id }) => !ids.has(id));
    const results = await pool.deleteMany(
      left.map(({ id }) => id),
      { signal: crew.signal },
    );
    const errors = new Map(results.map(({ key, error }) => [key, error]));
    for (const one of left) {
      const error = errors.get(one.id);
      await settle(one, error === undefined ? "deleted" : "failed", error);
    }
  }

  #add(one: Unreached, outcome: GcOutcome, error: unknown): void {
    this.#counts[outcome]++;
    if (outcome === "failed" && this.#failures.length < listedErrors)
      this.#failures.push({ id: one.id, error });
    if (outcome !== "garbage" && outcome !== "deleted") return;
    this.#bytes += one.bytes;
    if (one.nickname !== undefined) this.#named++;
  }
}

type Settle = (one: Unreached, outcome: GcOutcome, error?: unknown) => Promise<void>;

async function reasonToStay(
  entry: Unreached,
  limit: number,
  { keep, keepNamed = false }: GcOptions,
): Promise<"undated" | "young" | "kept" | undefined> {
  if (!entry.written) return "undated";
  if (entry.written.getTime() > limit) return "young";
  const kept = (keepNamed && entry.nickname !== undefined) || (await keep?.(entry));
  return kept ? "kept" : undefined;
}

/** Undefined when it is gone since it was listed. */
function describe(
  pool: PoolLike,
  id: GlobalId,
  { budget, signal }: Crew,
): Promise<Unreached | undefined> {
  return budget.hold(async (arrived) => {
    const found = await pool.read(id, { signal });
    if (!found) return undefined;
    const bytes = found.bytes.byteLength;
    arrived(bytes);
    try {
      const { entry, timestamp } = decodeRecord(found.bytes, { key: id });
      const time = Date.parse(timestamp);
      const written = Number.isNaN(time) ? undefined : new Date(time);
      return { id, nickname: entry.nickname, written, bytes };
    } catch (error) {
      if (!isLailaError(error)) throw error;
      return { id, nickname: undefined, written: undefined, bytes };
    }
  });
}

function checkGc(pool: PoolLike, options: GcOptions): void {
  checkOptions("gc", options, [
    "dryRun",
    "graceMs",
    "keep",
    "keepNamed",
    "alsoReachedFrom",
    "unsafe",
    ...upkeepNames,
  ]);
  checkPool("gc", pool);
  for (const other of options.alsoReachedFrom ?? []) checkPool("gc: alsoReachedFrom", other);
  const { graceMs = day, keep, unsafe = false, dryRun } = options;
  const wrong = (why: string): LailaError => new LailaError("INVALID_ARGUMENT", `gc: ${why}.`);
  if (!(Number.isFinite(graceMs) && graceMs >= 0))
    throw wrong("graceMs is a number of milliseconds from 0");
  if (graceMs < shortestGrace && !unsafe)
    throw wrong(
      "a grace below 2 hours could take from those who are writing what they have just written. Accept that with { unsafe: true } when nobody else writes to the pool",
    );
  if (keep !== undefined && typeof keep !== "function")
    throw wrong("keep is a function of an entry");
  if (dryRun !== undefined && typeof dryRun !== "boolean") throw wrong("dryRun is true or false");
}
