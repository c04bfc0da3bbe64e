import type { PoolLike } from "@laila/pool";
import {
  blueprintLeaves,
  type DecodedRecord,
  decodeRecord,
  type GlobalId,
  isGlobalId,
  isLailaError,
  LailaError,
  parseBlueprint,
  parseGlobalId,
} from "@laila/schema";
import { nameOf } from "../pool-io.js";
import type { Crew } from "./crew.js";

/** What the manifests of some pools reach. */
export interface Reach {
  readonly manifests: number;
  readonly ids: ReadonlySet<GlobalId>;
}

/**
 * Reads every manifest of the pools. Reached is what a blueprint names, and what the record names besides it:
 * a saved environment keeps its older versions, those in the trash and its logs there, and each log in turn
 * names versions. `prefix` says which keys may be those of manifests. Where one manifest cannot be read nobody knows what it reaches: CORRUPT, or why not; NOT_FOUND for a log.
 */
export async function reachOf(
  pools: readonly PoolLike[],
  crew: Crew,
  prefix: string,
  tell: (id: GlobalId, leaves: number) => Promise<unknown> | undefined = () => undefined,
): Promise<Reach> {
  const ids = new Set<GlobalId>();
  const logs = new Map<GlobalId, PoolLike>();
  let manifests = 0;
  await crew.each(manifestsIn(pools, crew, prefix), async ({ pool, id }) => {
    const record = await recordOf(pool, id, crew);
    // Forgotten since it was listed.
    if (!record) return;
    manifests++;
    let leaves = 0;
    for (const leaf of blueprintLeaves(blueprintOf(record, pool, id))) {
      ids.add(leaf);
      leaves++;
    }
    for (const named of idsIn(record.extra)) ids.add(named);
    for (const log of logsOf(record)) logs.set(log, pool);
    await tell(id, leaves);
  });
  await crew.each(logs, async ([id, pool]) => {
    const record = await recordOf(pool, id, crew);
    // Without it nobody knows which documents it named.
    if (!record) throw logGone(pool, id);
    for (const named of idsIn(record.entry.data)) ids.add(named);
  });
  return { manifests, ids };
}

/** Manifests by their keys: also those with further scopes. */
async function* manifestsIn(
  pools: readonly PoolLike[],
  { signal }: Crew,
  prefix: string,
): AsyncGenerator<{ readonly pool: PoolLike; readonly id: GlobalId }> {
  for (const pool of pools) {
    for await (const id of pool.keys({ prefix, signal })) {
      if (!id.includes(":MANIFEST:") || !isGlobalId(id)) continue;
      if (scopesOf(id).includes("MANIFEST")) yield { pool, id };
    }
  }
}

function scopesOf(id: GlobalId): readonly string[] {
  return parseGlobalId(id).scopes;
}

async function recordOf(
  pool: PoolLike,
  id: GlobalId,
  { budget, signal }: Crew,
): Promise<DecodedRecord | undefined> {
  return budget.hold(async (arrived) => {
    try {
      const found = await pool.read(id, { signal });
      if (!found) return undefined;
      arrived(found.bytes.byteLength);
      return decodeRecord(found.bytes, { key: id });
    } catch (error) {
      throw unreadable(error, pool, id);
    }
  });
}

function blueprintOf({ entry }: DecodedRecord, pool: PoolLike, id: GlobalId) {
  try {
    return parseBlueprint(entry.data);
  } catch (error) {
    throw unreadable(error, pool, id);
  }
}

function unreadable(error: unknown, pool: PoolLike, id: GlobalId): unknown {
  const unsound = ["CORRUPT", "INVALID_DOCUMENT", "UNSUPPORTED", "UNSUPPORTED_VERSION"] as const;
  if (!isLailaError(error, ...unsound, "UNSUPPORTED_TYPE", "UNTRUSTED_CODE", "TOO_LARGE"))
    return error;
  return new LailaError(
    error.code,
    `Nothing more is collected from ${nameOf(pool)}: what ${id} reaches cannot be known. ${error.message} Repair it, or forget it if nothing of it is wanted.`,
    { cause: error, details: { ...error.details, id, pool: pool.globalId } },
  );
}

function logGone(pool: PoolLike, id: GlobalId): LailaError {
  return new LailaError(
    "NOT_FOUND",
    `Nothing more is collected from ${nameOf(pool)}: the list of older versions ${id}, which a saved environment names, is not there. If somebody pruned at this moment, start again; else bring it back from a copy.`,
    { details: { id, pool: pool.globalId } },
  );
}

/** The logs that the head of a saved environment names. */
function* logsOf({ extra }: DecodedRecord): Generator<GlobalId> {
  const { environment } = extra as { environment?: { log?: unknown } | null };
  for (const one of Array.isArray(environment?.log) ? (environment.log as unknown[]) : []) {
    const { entry } = { ...(one as { entry?: unknown } | null) };
    if (isGlobalId(entry)) yield entry;
  }
}

/** Every global id anywhere in a plain value: rather one too many than one too few. */
function* idsIn(root: unknown): Generator<GlobalId> {
  const open: unknown[] = [root];
  while (open.length > 0) {
    const value = open.pop();
    if (isGlobalId(value)) yield value;
    else if (typeof value === "object" && value !== null) {
      for (const [name, member] of Object.entries(value)) {
        if (isGlobalId(name)) yield name;
        open.push(member);
      }
    }
  }
}
