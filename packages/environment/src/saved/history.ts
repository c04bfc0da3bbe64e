import type { PoolLike } from "@laila/pool";
import { checkOptions, type GlobalId, LailaError } from "@laila/schema";
import { checkPool } from "./check-pool.js";
import { type Head, type HeadState, headIdOf, readHead } from "./head.js";
import { allVersions } from "./log.js";
import {
  checkSelector,
  findVersion,
  infoOf,
  selectorNames,
  type VersionInfo,
  type VersionSelector,
} from "./version.js";

/** Which saved environment, and where. */
export interface SavedOptions {
  readonly name: string;
  readonly pool: PoolLike;
  /** The namespace (a uuid) of the name. */
  readonly namespace?: string | undefined;
  readonly signal?: AbortSignal | undefined;
}

export const savedNames: readonly (keyof SavedOptions)[] = ["name", "pool", "namespace", "signal"];

export interface HistoryOptions extends SavedOptions {
  /** The most versions to give; all unless given. */
  readonly limit?: number | undefined;
}

export interface EnvironmentHistory {
  readonly name: string;
  /** The head: the manifest of the name. */
  readonly manifestId: GlobalId;
  /** The number of the current version. */
  readonly current: number;
  /** Newest first. */
  readonly versions: readonly VersionInfo[];
  /** True when `limit` left older ones out. */
  readonly more: boolean;
  /** Label -> version. */
  readonly labels: Readonly<Record<string, number>>;
  /** What was pruned and is still there, newest first. */
  readonly trash: readonly VersionInfo[];
}

/**
 * What was saved under a name, newest first. One round trip, and another where there are more than 500
 * versions. NOT_FOUND when nothing was saved, INVALID_DOCUMENT for a manifest without versions,
 * INVALID_ARGUMENT, CORRUPT, and what the pool throws.
 */
export async function environmentHistory(options: HistoryOptions): Promise<EnvironmentHistory> {
  checkOptions("environmentHistory", options, [...savedNames, "limit"]);
  const { limit = Number.POSITIVE_INFINITY, name, pool, signal } = options;
  if (limit !== Number.POSITIVE_INFINITY && !(Number.isSafeInteger(limit) && limit > 0))
    throw new LailaError("INVALID_ARGUMENT", "environmentHistory: limit is a whole number from 1.");
  const found = await savedHead("environmentHistory", options);
  const { head, manifestId } = found;
  const { state } = head;
  const enough = state.versions.length > limit;
  const versions = enough ? state.versions : await allVersions(pool, head, { signal });
  const info = (version: (typeof versions)[number]): VersionInfo => infoOf(version, state);
  return {
    name,
    manifestId,
    current: state.head,
    versions: versions.map(info).reverse().slice(0, limit),
    more: versions.length > limit,
    labels: { ...state.labels },
    trash: state.trash.map(info).sort((a, b) => b.version - a.version),
  };
}

/** The current version. One round trip. NOT_FOUND, INVALID_DOCUMENT, INVALID_ARGUMENT, CORRUPT. */
export async function latestVersion(options: SavedOptions): Promise<VersionInfo> {
  checkOptions("latestVersion", options, savedNames);
  return find("latestVersion", options, {});
}

/**
 * The version with that number, under that label, or the one that was current at that time (by the clocks
 * of those who saved). One round trip, two for one among the older than 500. NOT_FOUND when there is none,
 * INVALID_DOCUMENT, INVALID_ARGUMENT, CORRUPT.
 */
export async function versionAt(options: SavedOptions & VersionSelector): Promise<VersionInfo> {
  checkOptions("versionAt", options, [...savedNames, ...selectorNames]);
  checkSelector("versionAt", options);
  return find("versionAt", options, options);
}

async function find(
  call: string,
  options: SavedOptions,
  selector: VersionSelector,
): Promise<VersionInfo> {
  const { name, pool, signal } = options;
  const { head } = await savedHead(call, options);
  return infoOf(await findVersion(pool, name, head, selector, { signal }), head.state);
}

/** The head of an environment that has versions. NOT_FOUND, INVALID_DOCUMENT. */
export async function savedHead(
  call: string,
  { name, pool, namespace, signal }: SavedOptions,
): Promise<{ readonly manifestId: GlobalId; readonly head: Head & { readonly state: HeadState } }> {
  checkPool(pool, call);
  const manifestId = headIdOf(name, namespace);
  const head = await readHead(pool, manifestId, signal);
  if (!head) throw neverSaved(name, pool, manifestId);
  return { manifestId, head: { ...head, state: stateOf(head, name, manifestId) } };
}

/** INVALID_DOCUMENT for a plain manifest `{ config }`. */
export function stateOf({ state }: Head, name: string, manifestId: GlobalId): HeadState {
  if (state) return state;
  throw new LailaError(
    "INVALID_DOCUMENT",
    `${JSON.stringify(name)} was memorized as a manifest, not saved: it has no versions. Save it with saveEnvironment under another name to have them.`,
    { details: { name, headId: manifestId } },
  );
}

export function neverSaved(name: string, pool: PoolLike, manifestId: GlobalId): LailaError {
  return new LailaError(
    "NOT_FOUND",
    `No environment was ever saved under the name ${JSON.stringify(name)} in the pool ${pool.nickname ?? pool.globalId}. Check the name, the bucket and the namespace, or save one with saveEnvironment(laila.environment, { name, pool }).`,
    { details: { name, manifestId, poolId: pool.globalId } },
  );
}
