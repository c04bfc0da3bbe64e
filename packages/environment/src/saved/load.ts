import type { PoolLike } from "@laila/pool";
import {
  checkOptions,
  decodeRecord,
  documentDigest,
  type Entry,
  type EnvironmentDocument,
  type GlobalId,
  LailaError,
  parseEnvironmentDocument,
} from "@laila/schema";
import { checkPool } from "./check-pool.js";
import { currentOf, type Head, headIdOf, readHead, type SavedVersion } from "./head.js";
import { neverSaved, type SavedOptions, savedNames, stateOf } from "./history.js";
import { isLogGone } from "./log.js";
import {
  checkSelector,
  findVersion,
  infoOf,
  selectorNames,
  type VersionInfo,
  type VersionSelector,
} from "./version.js";

export interface LoadOptions extends SavedOptions, VersionSelector {}

export interface LoadedEnvironment {
  readonly environment: EnvironmentDocument;
  /** Undefined for a plain manifest `{ config }`, which has no versions. */
  readonly version: number | undefined;
  readonly manifestId: GlobalId;
  readonly leafId: GlobalId;
  /** Undefined for a plain manifest. */
  readonly info: VersionInfo | undefined;
  /** As the head keeps it with the version; not verified. */
  readonly signature: unknown;
}

/**
 * Reads a saved environment and verifies it: the current version, or the one with a `version`, a `label`,
 * or that was current at a `time`. Two round trips (three for one that has moved to a log).
 * INVALID_ARGUMENT for options that there are not, or no pool; NOT_FOUND when nothing was saved under the
 * name, there is no such version, or its document is gone; CORRUPT when a byte or the
 * digest is wrong; INVALID_DOCUMENT and UNSUPPORTED_VERSION for what is no document of this release.
 */
export async function loadEnvironment(options: LoadOptions): Promise<LoadedEnvironment> {
  checkOptions("loadEnvironment", options, [...savedNames, ...selectorNames]);
  checkSelector("loadEnvironment", options);
  const { name, pool, namespace, signal } = options;
  checkPool(pool, "loadEnvironment");
  const manifestId = headIdOf(name, namespace);
  const read = async () => {
    const found = await find(options, manifestId);
    return { ...found, leaf: await readLeaf(pool, found.leafId, signal) };
  };
  const first = await read().catch((error: unknown) => {
    if (!isLogGone(error)) throw error;
    return undefined;
  });
  // Gone may mean pruned between the reads: the document of a version that is not current any more, or the
  // log that told of it. Then a fresh head knows.
  const { leafId, version, head, leaf } = first?.leaf ? first : await read();
  if (!leaf) throw leafGone(name, pool, leafId);
  const environment = parseEnvironmentDocument(leaf.data);
  if (version && version.digest !== documentDigest(environment)) {
    throw new LailaError(
      "CORRUPT",
      `The document ${leafId} of the environment ${JSON.stringify(name)} is not the one that was saved as version ${version.n}: its digest differs. Recover another version, or find out who changed it.`,
      { details: { manifestId, leafId, version: version.n } },
    );
  }
  const info = version && head.state && infoOf(version, head.state);
  const signature = version?.signature;
  return { environment, version: version?.n, manifestId, leafId, info, signature };
}

interface Found {
  readonly head: Head;
  readonly leafId: GlobalId;
  readonly version: SavedVersion | undefined;
}

async function find(options: LoadOptions, manifestId: GlobalId): Promise<Found> {
  const { name, pool, signal } = options;
  const head = await readHead(pool, manifestId, signal);
  if (!head) throw neverSaved(name, pool, manifestId);
  if (selectorNames.every((selector) => options[selector] === undefined)) {
    return { head, leafId: head.config, version: head.state && currentOf(head.state) };
  }
  const state = stateOf(head, name, manifestId);
  const version = await findVersion(pool, name, { ...head, state }, options, { signal });
  return { head, leafId: version.config, version };
}

async function readLeaf(
  pool: PoolLike,
  leafId: GlobalId,
  signal: AbortSignal | undefined,
): Promise<Entry | undefined> {
  const found = await pool.read(leafId, { signal });
  return found && decodeRecord(found.bytes, { key: leafId }).entry;
}

function leafGone(name: string, pool: PoolLike, leafId: GlobalId): LailaError {
  return new LailaError(
    "NOT_FOUND",
    `The environment ${JSON.stringify(name)} is there, but its document ${leafId} is gone from the pool ${pool.nickname ?? pool.globalId}. Restore that object (a versioned bucket still has it), recover an older version, or save the environment again under another name.`,
    { details: { name, leafId, poolId: pool.globalId } },
  );
}
