import { isDeepStrictEqual } from "node:util";
import type { PoolLike } from "@laila/pool";
import {
  type Blueprint,
  decodeRecord,
  type Entry,
  type GlobalId,
  isGlobalId,
  isLailaError,
  LailaError,
  parseBlueprint,
} from "@laila/schema";
import { leafPaths } from "../blueprint-paths.js";
import { nameOf } from "../pool-io.js";
import { isManifestLike, type ManifestLike } from "../selectors.js";
import { noManifest } from "../transfer/manifest-leaves.js";
import type { Crew } from "./crew.js";
import { type Looked, look } from "./look.js";

/** A manifest, or the global id of one. */
export type WhichManifest = ManifestLike | GlobalId;

/** What is known of a manifest before its leaves are looked at. */
export interface FoundManifest {
  readonly id: GlobalId;
  readonly blueprint: Blueprint;
  /** What lies under its id in the pool. */
  readonly own: Looked;
  /** Its entry, where the caller has it. */
  readonly entry: Entry | undefined;
}

export interface Leaf {
  readonly id: GlobalId;
  readonly path: string;
}

/** INVALID_ARGUMENT for what is neither. */
export function checkManifest(call: string, which: WhichManifest): void {
  if (isManifestLike(which) || isGlobalId(which, "MANIFEST")) return;
  throw new LailaError(
    "INVALID_ARGUMENT",
    `${call} takes a manifest, or the global id of one. By its nickname, get it first: await Manifest.recall(nickname, { pool }).`,
  );
}

/** INVALID_ARGUMENT for what is no pool. */
export function checkPool(call: string, pool: unknown): asserts pool is PoolLike {
  if (typeof pool === "object" && pool !== null && "read" in pool && "supports" in pool) return;
  throw new LailaError(
    "INVALID_ARGUMENT",
    `${call} needs a pool, as an object. One that a policy has by a name is policy.central.memory.poolRouter.route({ poolNickname }).`,
  );
}

/**
 * The blueprint: the manifest's own, or that of its record in the pool, or else in one of `others`.
 * NOT_FOUND, CORRUPT, INVALID_DOCUMENT when there is none to go by.
 */
export async function findManifest(
  which: WhichManifest,
  pool: PoolLike,
  crew: Crew,
  others: readonly PoolLike[] = [],
): Promise<FoundManifest> {
  if (typeof which !== "string") {
    const { globalId: id, data: blueprint } = which.toEntry();
    return {
      id,
      blueprint,
      own: await ownRecord(pool, id, crew, blueprint),
      entry: which.toEntry(),
    };
  }
  const own = await ownRecord(pool, which, crew);
  let failure = own.error;
  for (const at of [pool, ...others]) {
    try {
      const blueprint = await blueprintIn(at, which, crew);
      if (blueprint) return { id: which, blueprint, own, entry: undefined };
    } catch (error) {
      failure ??= error;
    }
  }
  throw failure ?? noManifest(which, pool);
}

/** Every leaf once, with its first path. */
export function* leavesOf(blueprint: Blueprint): Generator<Leaf> {
  const seen = new Set<GlobalId>();
  for (const [path, id] of leafPaths(blueprint)) {
    if (seen.has(id)) continue;
    seen.add(id);
    yield { id, path };
  }
}

async function ownRecord(
  pool: PoolLike,
  id: GlobalId,
  crew: Crew,
  expected?: Blueprint,
): Promise<Looked> {
  let data: unknown;
  const looked = await look(pool, id, crew, ({ entry }) => {
    data = entry.data;
  });
  if (looked.state !== "whole") return looked;
  try {
    const blueprint = parseBlueprint(data);
    if (!expected || isDeepStrictEqual({ ...blueprint }, { ...expected })) return looked;
  } catch (error) {
    return { ...looked, state: "damaged", error };
  }
  const error = new LailaError(
    "CONFLICT",
    `Another manifest lies under ${id} in ${nameOf(pool)} than the one that was given: its blueprint differs. Recall it from there, or memorize yours.`,
    { details: { id, pool: pool.globalId, outcome: "lost" } },
  );
  return { ...looked, state: "damaged", error };
}

async function blueprintIn(
  pool: PoolLike,
  id: GlobalId,
  { budget, signal }: Crew,
): Promise<Blueprint | undefined> {
  return budget.hold(async (arrived) => {
    const found = await pool.read(id, { signal });
    if (!found) return undefined;
    arrived(found.bytes.byteLength);
    try {
      return parseBlueprint(decodeRecord(found.bytes, { key: id }).entry.data);
    } catch (error) {
      if (!isLailaError(error)) throw error;
      throw unknownLeaves(error, pool, id);
    }
  });
}

function unknownLeaves(error: LailaError, pool: PoolLike, id: GlobalId): LailaError {
  return new LailaError(
    error.code,
    `The manifest ${id} in ${nameOf(pool)}: ${error.message} Which leaves it has is not known without it; a copy in another pool, given as \`from\`, would tell.`,
    { cause: error, details: { ...error.details, id, pool: pool.globalId } },
  );
}
