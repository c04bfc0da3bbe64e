import type { PoolLike } from "@laila/pool";
import {
  blueprintLeaves,
  decodeRecord,
  type GlobalId,
  isGlobalId,
  LailaError,
  parseBlueprint,
} from "@laila/schema";
import { nameOf } from "../pool-io.js";
import { type Fingerprint, fingerprintOf } from "./fingerprint.js";
import { type CopyOptions, invalid } from "./options.js";
import type { Run } from "./run.js";

/** What keys of manifests without further scopes begin with. */
export const manifestPrefix = "LAILA:MANIFEST:GLOBAL_ID:";

/** A manifest as its record says. */
export interface StoredManifest {
  readonly id: GlobalId;
  readonly leaves: ReadonlySet<GlobalId>;
  readonly print: Fingerprint;
}

/** The id that `manifest` names; undefined without it. INVALID_ARGUMENT. */
export function manifestIdOf({ manifest, filter }: CopyOptions): GlobalId | undefined {
  if (manifest === undefined) return undefined;
  const id = typeof manifest === "string" ? manifest : manifest.globalId;
  if (!isGlobalId(id, "MANIFEST"))
    throw invalid("manifest is a manifest, or the global id of one.");
  if (filter)
    throw invalid("A manifest goes with all its leaves: give manifest or filter, not both.");
  return id;
}

/** Reads the record; undefined where it is not. CORRUPT, INVALID_DOCUMENT. */
export async function readManifest(
  pool: PoolLike,
  id: GlobalId,
  { budget, signal }: Run,
): Promise<StoredManifest | undefined> {
  return budget.hold(async (arrived) => {
    const found = await pool.read(id, { signal });
    if (!found) return undefined;
    arrived(found.bytes.byteLength);
    const { entry } = decodeRecord(found.bytes, { key: id });
    const leaves = new Set(blueprintLeaves(parseBlueprint(entry.data)));
    return { id, leaves, print: fingerprintOf(found.bytes) };
  });
}

export function noManifest(id: GlobalId, from: PoolLike): LailaError {
  return new LailaError(
    "NOT_FOUND",
    `The manifest ${id} is not in ${nameOf(from)}. Memorize it there first, or check the name and its namespace.`,
    { details: { id, pool: from.globalId } },
  );
}

export function missingLeaf(key: string, from: PoolLike): LailaError {
  return new LailaError(
    "NOT_FOUND",
    `The leaf ${key} is neither in ${nameOf(from)} nor at the destination. Write it again, or make a manifest without it.`,
    { details: { key, pool: from.globalId } },
  );
}

export function heldBack(id: GlobalId, failures: number): LailaError {
  return new LailaError(
    "CONFLICT",
    `The manifest ${id} was not copied because ${failures} of its leaves were not: one that can be read has all its leaves. Mend them and run it again.`,
    { details: { key: id, failures } },
  );
}
