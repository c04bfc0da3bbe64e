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
import { currentOf, type Head, headIdOf, readHead } from "./head.js";

export interface LoadOptions {
  readonly name: string;
  readonly pool: PoolLike;
  readonly namespace?: string | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface LoadedEnvironment {
  readonly environment: EnvironmentDocument;
  /** Undefined for a plain manifest `{ config }`, which has no versions. */
  readonly version: number | undefined;
  readonly manifestId: GlobalId;
  readonly leafId: GlobalId;
}

/**
 * Reads the current version of a saved environment and verifies it.
 * INVALID_ARGUMENT for options that there are not, or no pool; NOT_FOUND when nothing was saved under the name, or its document is gone; CORRUPT when a byte or the
 * digest is wrong; INVALID_DOCUMENT and UNSUPPORTED_VERSION for what is no document of this release.
 */
export async function loadEnvironment(options: LoadOptions): Promise<LoadedEnvironment> {
  checkOptions("loadEnvironment", options, ["name", "pool", "namespace", "signal"]);
  const { name, pool, namespace, signal } = options;
  checkPool(pool, "loadEnvironment");
  const manifestId = headIdOf(name, namespace);
  let head = await readHead(pool, manifestId, signal);
  let leaf = head && (await readLeaf(pool, head, signal));
  if (head && !leaf) {
    // It may have been pruned between the two reads, when another version is the current one by now.
    head = await readHead(pool, manifestId, signal);
    leaf = head && (await readLeaf(pool, head, signal));
  }
  if (!head) throw neverSaved(name, pool, manifestId);
  if (!leaf) throw leafGone(name, pool, head.config);
  const environment = parseEnvironmentDocument(leaf.data);
  const current = head.state && currentOf(head.state);
  if (current && current.digest !== documentDigest(environment)) {
    throw new LailaError(
      "CORRUPT",
      `The document ${head.config} of the environment ${JSON.stringify(name)} is not the one that was saved as version ${current.n}: its digest differs. Recover another version, or find out who changed it.`,
      { details: { manifestId, leafId: head.config, version: current.n } },
    );
  }
  return { environment, version: current?.n, manifestId, leafId: head.config };
}

async function readLeaf(
  pool: PoolLike,
  { config }: Head,
  signal: AbortSignal | undefined,
): Promise<Entry | undefined> {
  const found = await pool.read(config, { signal });
  return found && decodeRecord(found.bytes, { key: config }).entry;
}

function neverSaved(name: string, pool: PoolLike, manifestId: GlobalId): LailaError {
  return new LailaError(
    "NOT_FOUND",
    `No environment was ever saved under the name ${JSON.stringify(name)} in the pool ${pool.nickname ?? pool.globalId}. Check the name, the bucket and the namespace, or save one with saveEnvironment(laila.environment, { name, pool }).`,
    { details: { name, manifestId, poolId: pool.globalId } },
  );
}

function leafGone(name: string, pool: PoolLike, leafId: GlobalId): LailaError {
  return new LailaError(
    "NOT_FOUND",
    `The environment ${JSON.stringify(name)} is there, but its document ${leafId} is gone from the pool ${pool.nickname ?? pool.globalId}. Restore that object (a versioned bucket still has it), or save the environment again under another name.`,
    { details: { name, leafId, poolId: pool.globalId } },
  );
}
