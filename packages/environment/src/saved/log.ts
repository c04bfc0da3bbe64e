import type { CallOptions, PoolLike } from "@laila/pool";
import {
  constant,
  decodeRecord,
  documentDigest,
  encodeRecord,
  type GlobalId,
  isLailaError,
  LailaError,
} from "@laila/schema";
import type { Head, HeadState, LogReference, SavedVersion } from "./head.js";

/** Above this many versions in a head, the older half moves to a log. */
const maxInHead = 500;
const keptInHead = 250;

/** What an entry of older versions holds. */
interface LogPayload {
  readonly laila_environment_log: 1;
  readonly environment: GlobalId;
  readonly versions: readonly SavedVersion[];
}

/** The logs that one change of a head writes. What the head did not come to name is deleted in the end. */
export class Logs {
  readonly #pool: PoolLike;
  readonly #headId: GlobalId;
  readonly #signal: AbortSignal | undefined;
  readonly #written = new Map<string, LogReference>();

  constructor(pool: PoolLike, headId: GlobalId, signal: AbortSignal | undefined) {
    this.#pool = pool;
    this.#headId = headId;
    this.#signal = signal;
  }

  /** The state with no more than 500 versions in it; beyond that the oldest are written to logs. */
  async shorten(state: HeadState, recorder: GlobalId | null): Promise<HeadState> {
    let { versions, log = [] } = state;
    while (versions.length > maxInHead) {
      const older = versions.slice(0, keptInHead);
      log = [...log, await this.#write(older, recorder)];
      versions = versions.slice(keptInHead);
    }
    return log.length === 0 ? state : { ...state, versions, log };
  }

  /** Entries that were written and are not named by the head: nobody else knows of them. */
  unused({ log = [] }: Partial<HeadState> = {}): GlobalId[] {
    const named = new Set(log.map(({ entry }) => entry));
    return [...this.#written.values()].map(({ entry }) => entry).filter((id) => !named.has(id));
  }

  async #write(
    versions: readonly SavedVersion[],
    recorder: GlobalId | null,
  ): Promise<LogReference> {
    const payload: LogPayload = {
      laila_environment_log: 1,
      environment: this.#headId,
      versions,
    };
    const digest = documentDigest(payload);
    const before = this.#written.get(digest);
    if (before) return before;
    const entry = constant(payload);
    await this.#pool.write(entry.globalId, encodeRecord(entry, { recorder }), {
      signal: this.#signal,
    });
    const [first, last] = [versions[0], versions.at(-1)] as [SavedVersion, SavedVersion];
    const reference = { entry: entry.globalId, first: first.n, last: last.n, digest };
    this.#written.set(digest, reference);
    return reference;
  }
}

/** Every version of a head, oldest first, those in logs too. CORRUPT, NOT_FOUND for a log that is gone. */
export async function allVersions(
  pool: PoolLike,
  { state }: Head,
  options: CallOptions,
): Promise<SavedVersion[]> {
  const { log = [], versions = [] } = state ?? {};
  const older = await Promise.all(log.map((reference) => readLog(pool, reference, options)));
  return [...older.flat(), ...versions];
}

/** True for a log that the head named and that is not there. */
export function isLogGone(error: unknown): boolean {
  return isLailaError(error, "NOT_FOUND") && error.details.log !== undefined;
}

/** The versions that a log holds. CORRUPT, NOT_FOUND. */
export async function readLog(
  pool: PoolLike,
  { entry: id, digest }: LogReference,
  { signal }: CallOptions,
): Promise<readonly SavedVersion[]> {
  const found = await pool.read(id, { signal });
  if (!found) {
    throw new LailaError(
      "NOT_FOUND",
      `The list of older versions ${id} is gone from the pool ${pool.nickname ?? pool.globalId}: somebody deleted it, or pruned at this moment. Try again; a versioned bucket still has it.`,
      { details: { log: id, poolId: pool.globalId } },
    );
  }
  const payload = decodeRecord(found.bytes, { key: id }).entry.data;
  // The digest is the head's own, so what has it is what was written.
  if (documentDigest(payload) === digest) return (payload as LogPayload).versions;
  throw new LailaError(
    "CORRUPT",
    `The list of older versions ${id} is not the one that the head names: its digest differs. Restore it from a copy.`,
    { details: { log: id } },
  );
}
