import { mapLimit, type PoolLike } from "@laila/pool";
import { checkOptions, decodeRecord, type GlobalId, isGlobalId, isLailaError } from "@laila/schema";
import { checkPool } from "./check-pool.js";
import { currentOf, headOf } from "./head.js";
import { infoOf, type VersionInfo } from "./version.js";

export interface ListOptions {
  readonly pool: PoolLike;
  readonly signal?: AbortSignal | undefined;
}

/** One saved environment of a pool. */
export interface SavedEnvironment {
  /** Undefined where the record does not say, or cannot be read. */
  readonly name: string | undefined;
  readonly manifestId: GlobalId;
  /** The current version; undefined where `error` says why it cannot be known. */
  readonly latest: VersionInfo | undefined;
  /** Label -> version. */
  readonly labels: Readonly<Record<string, number>>;
  /** What is wrong with a record that may be one: CORRUPT, UNSUPPORTED_VERSION … */
  readonly error: unknown;
}

const manifestPrefix = "LAILA:MANIFEST:GLOBAL_ID:";
const atOnce = 16;

/**
 * Every environment that was saved in a pool, in no order. Manifests of other kinds are read, and left
 * out; one that cannot be read is given with its `error`. INVALID_ARGUMENT, and what the pool throws.
 */
export async function* listEnvironments(options: ListOptions): AsyncGenerator<SavedEnvironment> {
  checkOptions("listEnvironments", options, ["pool", "signal"]);
  const { pool, signal } = options;
  checkPool(pool, "listEnvironments");
  let keys: GlobalId[] = [];
  for await (const key of pool.keys({ prefix: manifestPrefix, signal })) {
    if (!isGlobalId(key, "MANIFEST")) continue;
    keys.push(key);
    if (keys.length < atOnce * 4) continue;
    yield* readAll(pool, keys, signal);
    keys = [];
  }
  yield* readAll(pool, keys, signal);
}

async function* readAll(
  pool: PoolLike,
  keys: readonly GlobalId[],
  signal: AbortSignal | undefined,
): AsyncGenerator<SavedEnvironment> {
  for await (const found of mapLimit(keys, atOnce, (key) => readOne(pool, key, signal)))
    if (found) yield found;
}

async function readOne(
  pool: PoolLike,
  manifestId: GlobalId,
  signal: AbortSignal | undefined,
): Promise<SavedEnvironment | undefined> {
  let name: string | undefined;
  try {
    const found = await pool.read(manifestId, { signal });
    // Somebody deleted it since it was listed.
    if (!found) return undefined;
    const record = decodeRecord(found.bytes, { key: manifestId });
    name = record.entry.nickname;
    if (record.extra.environment === undefined) return undefined;
    const { state } = headOf(record, found.version);
    if (!state) return undefined;
    const latest = infoOf(currentOf(state), state);
    return { name, manifestId, latest, labels: { ...state.labels }, error: undefined };
  } catch (error) {
    const own = ["CORRUPT", "INVALID_DOCUMENT", "UNSUPPORTED", "UNSUPPORTED_VERSION"] as const;
    if (!isLailaError(error, ...own, "UNTRUSTED_CODE", "UNSUPPORTED_TYPE")) throw error;
    return { name, manifestId, latest: undefined, labels: {}, error };
  }
}
