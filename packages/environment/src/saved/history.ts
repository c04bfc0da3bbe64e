import type { PoolLike } from "@laila/pool";
import { checkOptions, type GlobalId, LailaError } from "@laila/schema";
import { checkPool } from "./check-pool.js";
import { type Head, type HeadState, headIdOf, readHead } from "./head.js";
import { allVersions, isLogGone } from "./log.js";
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
  const { state, manifestId, versions } = await withHead(
    "environmentHistory",
    options,
    async ({ head, manifestId }) => {
      const enough = head.state.versions.length > limit;
      const versions = enough ? head.state.versions : await allVersions(pool, head, { signal });
      return { state: head.state, manifestId, versions };
    },
  );
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
  return withHead(call, options, async ({ head }) =>
    infoOf(await findVersion(pool, name, head, selector, { signal }), head.state),
  );
}

/** A head that has versions. */
interface SavedHead {
  readonly manifestId: GlobalId;
  readonly head: Head & { readonly state: HeadState };
}

/**
 * Does something with a head that has versions, and again with a fresh one where a log that it names is
 * gone: somebody pruned between the two reads, and what is left is in new logs. NOT_FOUND, INVALID_DOCUMENT.
 */
async function withHead<T>(
  call: string,
  { name, pool, namespace, signal }: SavedOptions,
  act: (found: SavedHead) => Promise<T>,
): Promise<T> {
  checkPool(pool, call);
  const manifestId = headIdOf(name, namespace);
  const read = async (): Promise<SavedHead> => {
    const head = await readHead(pool, manifestId, signal);
    if (!head) throw neverSaved(name, pool, manifestId);
    return { manifestId, head: { ...head, state: stateOf(head, name, manifestId) } };
  };
  const found = await read();
  try {
    return await act(found);
  } catch (error) {
    if (!isLogGone(error)) throw error;
    return act(await read());
  }
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
