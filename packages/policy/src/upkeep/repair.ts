import type { PoolLike } from "@laila/pool";
import { checkOptions, encodeRecord, isLailaError, LailaError } from "@laila/schema";
import { nameOf } from "../pool-io.js";
import { Task } from "../task.js";
import { type Copied, Copier } from "../transfer/copier.js";
import { heldBack } from "../transfer/manifest-leaves.js";
import { type OnConflict, settingsOf } from "../transfer/options.js";
import { endsAll } from "../transfer/run.js";
import { Crew, type UpkeepOptions, upkeepNames } from "./crew.js";
import { type LeafEvent, type LeafReport, LeafTally } from "./leaf-report.js";
import { type Looked, look } from "./look.js";
import { countOf, missing } from "./verify.js";
import {
  checkManifest,
  checkPool,
  type FoundManifest,
  findManifest,
  type Leaf,
  leavesOf,
  type WhichManifest,
} from "./which.js";

/**
 * `whole` and `unverified`: it was, and nothing was written. `repaired`: a sound copy was brought, and read
 * back. `lost`: no pool has one. `failed`: it could not be brought, or a pool could not tell; see `error`.
 */
export type RepairOutcome = "whole" | "unverified" | "repaired" | "lost" | "failed";
export type RepairEvent = LeafEvent<RepairOutcome>;

export interface RepairReport extends LeafReport<RepairOutcome> {
  readonly dryRun: boolean;
}

export interface RepairManifestOptions extends UpkeepOptions<RepairEvent> {
  /** The pool that is repaired. */
  readonly pool: PoolLike;
  /** Where copies may be, in the order in which they are asked. */
  readonly from: readonly PoolLike[];
  /** Tells what would be done, and writes nothing. No unless said. */
  readonly dryRun?: boolean | undefined;
}

const outcomes = ["whole", "unverified", "repaired", "lost", "failed"] as const;

/**
 * Makes a manifest whole again: every leaf that is missing or damaged is brought from the first pool that
 * has a sound copy, written only over what was found damaged, and read back; the manifest's own record
 * last, and only when all its leaves are there. What is whole is not touched, so it is just started again
 * after an interruption. Memory is bounded as in `verifyManifest`.
 */
export function repairManifest(
  manifest: WhichManifest,
  options: RepairManifestOptions,
): RepairTask {
  return new RepairTask(manifest, options);
}

/**
 * A repair that was started: await it for its report (`ok` is false when leaves are lost or failed), or go
 * through its events. It rejects as a {@link VerifyTask} does.
 */
export class RepairTask extends Task<RepairReport, RepairEvent> {
  readonly #tally = new LeafTally<RepairOutcome>(outcomes, ["whole", "unverified", "repaired"]);
  readonly #dryRun: boolean;

  /** @internal See {@link repairManifest}. */
  constructor(manifest: WhichManifest, options: RepairManifestOptions) {
    const { signal, onProgress } = { ...options };
    super(
      { signal, onProgress },
      async (signal, tell) => {
        const call = "repairManifest";
        checkOptions(call, options, ["pool", "from", "dryRun", ...upkeepNames]);
        checkManifest(call, manifest);
        checkPools(call, options);
        const crew = new Crew("The repair", options, signal);
        const repairer = new Repairer(options, crew);
        const found = await findManifest(manifest, options.pool, crew, options.from);
        const tally = this.#tally;
        tally.manifest = found.id;
        tally.total = countOf(leavesOf(found.blueprint)) + 1;
        await crew.each(leavesOf(found.blueprint), async (leaf) => {
          await tell(tally.add(leaf, await repairer.leaf(leaf)));
        });
        const own = { id: found.id, path: "" };
        await tell(tally.add(own, await repairer.own(found, tally.wrong)));
        return this.report;
      },
      { patient: true },
    );
    this.#dryRun = options?.dryRun ?? false;
  }

  get [Symbol.toStringTag](): string {
    return "RepairTask";
  }

  get report(): RepairReport {
    return { ...this.#tally.report(), dryRun: this.#dryRun };
  }
}

interface Outcome {
  readonly outcome: RepairOutcome;
  readonly bytes?: number;
  readonly error?: unknown;
}

class Repairer {
  readonly #options: RepairManifestOptions;
  readonly #crew: Crew;

  constructor(options: RepairManifestOptions, crew: Crew) {
    this.#options = options;
    this.#crew = crew;
  }

  async leaf(leaf: Leaf): Promise<Outcome> {
    return this.#guarded(async () =>
      this.#mend(leaf, await look(this.#options.pool, leaf.id, this.#crew)),
    );
  }

  /** One that can be read has all its leaves, so it waits until they are there. */
  async own({ id, own, entry }: FoundManifest, wrong: number): Promise<Outcome> {
    const leaf = { id, path: "" };
    if (own.state !== "whole" && own.state !== "unverified" && wrong > 0)
      return { outcome: "failed", error: heldBack(id, wrong) };
    return this.#guarded(async () => {
      const mended = await this.#mend(leaf, own);
      // The caller's own is as good as a copy.
      if (mended.outcome !== "lost" || !entry) return mended;
      if (!this.#options.dryRun) {
        const { pool } = this.#options;
        const { signal } = this.#crew;
        const conditional = own.state === "missing" && pool.supports.conditionalWrites;
        const condition = conditional ? ({ ifAbsent: true } as const) : undefined;
        await pool.write(id, encodeRecord(entry), { condition, signal });
      }
      return { outcome: "repaired" };
    });
  }

  async #mend(leaf: Leaf, looked: Looked): Promise<Outcome> {
    const { state, bytes } = looked;
    if (state === "whole" || state === "unverified") return { outcome: state, bytes };
    // Of another manifest under the id nobody can say which of the two is right.
    if (isLailaError(looked.error, "CONFLICT")) return { outcome: "failed", error: looked.error };
    let unclear: unknown;
    for (const from of this.#options.from) {
      try {
        const copied = await this.#copy(from, leaf, state === "missing" ? "skip" : "overwrite");
        if (copied.outcome === "copied") return { outcome: "repaired", bytes: copied.bytes ?? 0 };
        // Somebody else was at it, too: what is there now counts.
        if (copied.outcome !== "gone") return this.#again(leaf);
      } catch (error) {
        this.#crew.check();
        // A damaged copy is none; of what could not be read it is not known.
        if (!isLailaError(error, "CORRUPT")) unclear ??= error;
      }
    }
    if (unclear !== undefined) return { outcome: "failed", error: unclear };
    return { outcome: "lost", error: this.#lost(leaf, looked) };
  }

  async #again(leaf: Leaf): Promise<Outcome> {
    const { state, bytes, error } = await look(this.#options.pool, leaf.id, this.#crew);
    if (state === "whole" || state === "unverified") return { outcome: state, bytes };
    return { outcome: "failed", error: error ?? missing(leaf, this.#options.pool) };
  }

  #copy(from: PoolLike, { id }: Leaf, onConflict: OnConflict): Promise<Copied> {
    const { dryRun } = this.#options;
    const { budget, signal } = this.#crew;
    const settings = settingsOf({ dryRun, onConflict, verify: "records" });
    return new Copier(from, this.#options.pool, { settings, budget, signal }).copy(id);
  }

  async #guarded(act: () => Promise<Outcome>): Promise<Outcome> {
    try {
      return await act();
    } catch (error) {
      this.#crew.check();
      if (isLailaError(error, ...endsAll)) throw error;
      return { outcome: "failed", error };
    }
  }

  #lost(leaf: Leaf, { state, error }: Looked): LailaError {
    const { pool, from } = this.#options;
    const what =
      leaf.path === "" ? `The manifest ${leaf.id}` : `The leaf ${leaf.path} (${leaf.id})`;
    return new LailaError(
      "NOT_FOUND",
      `${what} is ${state} in ${nameOf(pool)}, and there is no sound copy in ${from.map(nameOf).join(", ")}. Give another pool in \`from\`, or write it again.`,
      { cause: error, details: { id: leaf.id, path: leaf.path, pool: pool.globalId } },
    );
  }
}

function checkPools(call: string, { pool, from }: RepairManifestOptions): void {
  checkPool(call, pool);
  const wrong = (why: string): LailaError => new LailaError("INVALID_ARGUMENT", `${call}: ${why}.`);
  if (!Array.isArray(from) || from.length === 0)
    throw wrong("from lists the pools that copies may be in, such as { pool, from: [backup] }");
  for (const one of from) {
    checkPool(call, one);
    if (one === pool) throw wrong("from lists other pools than the one to repair");
  }
}
