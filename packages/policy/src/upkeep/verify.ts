import type { PoolLike } from "@laila/pool";
import { checkOptions, isLailaError, LailaError } from "@laila/schema";
import { nameOf } from "../pool-io.js";
import { Task } from "../task.js";
import { endsAll } from "../transfer/run.js";
import { Crew, type UpkeepOptions, upkeepNames } from "./crew.js";
import { type LeafEvent, type LeafReport, LeafTally } from "./leaf-report.js";
import { type Looked, look } from "./look.js";
import {
  checkManifest,
  checkPool,
  findManifest,
  type Leaf,
  leavesOf,
  type WhichManifest,
} from "./which.js";

/**
 * `whole`: there, and every byte as it was written. `unverified`: there, and cannot be checked (encrypted
 * or compressed bytes, a later format). `missing`. `damaged`: what is there is not what was written.
 * `failed`: the pool could not tell; see `error`.
 */
export type VerifyOutcome = "whole" | "unverified" | "missing" | "damaged" | "failed";
export type VerifyEvent = LeafEvent<VerifyOutcome>;
export type VerifyReport = LeafReport<VerifyOutcome>;

export interface VerifyManifestOptions extends UpkeepOptions<VerifyEvent> {
  /** Where its record and its leaves are. In a cache, what its origin has counts as there. */
  readonly pool: PoolLike;
}

const outcomes = ["whole", "unverified", "missing", "damaged", "failed"] as const;

/**
 * Looks whether a manifest is whole: reads its own record and every leaf, each once, and checks their
 * digests. Nothing is written; what is in memory is bounded by `maxBytes`, however many leaves there are.
 */
export function verifyManifest(
  manifest: WhichManifest,
  options: VerifyManifestOptions,
): VerifyTask {
  return new VerifyTask(manifest, options);
}

/**
 * A verification that was started. Await it for the report, which has the problems in it (`ok`, `problems`),
 * or go through its events: all of them, for the work waits for who reads slowly. It rejects where the
 * leaves cannot be known (NOT_FOUND, CORRUPT for the manifest itself), with ABORTED or TIMEOUT through its
 * signal, with INVALID_ARGUMENT, and with what every leaf would fail with (CLOSED, NO_SUCH_STORE …).
 */
export class VerifyTask extends Task<VerifyReport, VerifyEvent> {
  #tally = new LeafTally<VerifyOutcome>(outcomes, ["whole", "unverified"]);

  /** @internal See {@link verifyManifest}. */
  constructor(manifest: WhichManifest, options: VerifyManifestOptions) {
    const { signal, onProgress } = { ...options };
    super(
      { signal, onProgress },
      async (signal, tell) => {
        const call = "verifyManifest";
        checkOptions(call, options, ["pool", ...upkeepNames]);
        checkManifest(call, manifest);
        checkPool(call, options.pool);
        const { pool } = options;
        const crew = new Crew("The verification", options, signal);
        const { id, blueprint, own } = await findManifest(manifest, pool, crew);
        const tally = this.#tally;
        tally.manifest = id;
        tally.total = countOf(leavesOf(blueprint)) + 1;
        await tell(tally.add({ id, path: "" }, outcomeOf(own, { id, path: "" }, pool)));
        await crew.each(leavesOf(blueprint), async (leaf) => {
          await tell(tally.add(leaf, await check(pool, leaf, crew)));
        });
        return tally.report();
      },
      { patient: true },
    );
  }

  get [Symbol.toStringTag](): string {
    return "VerifyTask";
  }

  get report(): VerifyReport {
    return this.#tally.report();
  }
}

async function check(pool: PoolLike, leaf: Leaf, crew: Crew): Promise<Outcome> {
  try {
    return outcomeOf(await look(pool, leaf.id, crew), leaf, pool);
  } catch (error) {
    crew.check();
    if (isLailaError(error, ...endsAll)) throw error;
    return { outcome: "failed", error };
  }
}

interface Outcome {
  readonly outcome: VerifyOutcome;
  readonly bytes?: number;
  readonly error?: unknown;
}

function outcomeOf({ state, bytes, error }: Looked, leaf: Leaf, pool: PoolLike): Outcome {
  if (state === "missing") return { outcome: state, error: missing(leaf, pool) };
  return { outcome: state, bytes, error };
}

export function missing({ id, path }: Leaf, pool: PoolLike): LailaError {
  const what = path === "" ? `The manifest ${id}` : `The leaf ${path} (${id})`;
  return new LailaError(
    "NOT_FOUND",
    `${what} is not in ${nameOf(pool)}. Bring it back from another pool with repairManifest(manifest, { pool, from: [other] }).`,
    { details: { id, path, pool: pool.globalId } },
  );
}

export function countOf(items: Iterable<unknown>): number {
  let count = 0;
  for (const _ of items) count++;
  return count;
}
