import { setTimeout as delay } from "node:timers/promises";
import type { PoolLike, Version, WriteCondition } from "@laila/pool";
import {
  abortError,
  checkOptions,
  constant,
  documentDigest,
  type Entry,
  type EnvironmentDocument,
  encodeRecord,
  type GlobalId,
  isLailaError,
  LailaError,
  newUuid,
  parseEnvironmentDocument,
} from "@laila/schema";
import { refuseSecrets } from "../capture/scan.js";
import { checkPool } from "./check-pool.js";
import {
  currentOf,
  encodeHead,
  type Head,
  type HeadState,
  headIdOf,
  readHead,
  type SavedVersion,
} from "./head.js";

export interface SaveOptions {
  /** The name it is found by again. */
  readonly name: string;
  readonly pool: PoolLike;
  readonly message?: string | undefined;
  readonly author?: string | undefined;
  /** Makes a new version even of an unchanged environment. */
  readonly force?: boolean | undefined;
  /** Saves on a pool without conditional writes too: two who save at once may lose a version. */
  readonly unsafe?: boolean | undefined;
  /** The namespace (a uuid) of the name. */
  readonly namespace?: string | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface SaveResult {
  readonly version: number;
  readonly name: string;
  /** The head: the manifest of the name. */
  readonly manifestId: GlobalId;
  /** The entry that holds the document of this version. */
  readonly leafId: GlobalId;
  readonly digest: string;
  /** False when the current version already had the same digest, so that no new one was made. */
  readonly created: boolean;
}

const optionNames: readonly (keyof SaveOptions)[] = [
  "name",
  "pool",
  "message",
  "author",
  "force",
  "unsafe",
  "namespace",
  "signal",
];

const maxTries = 64;
const maxFailedReads = 5;
/** A leaf without a head may be cleaned up after a day: nobody commits one that is older than this. */
const giveUpMs = 60 * 60 * 1000;

/**
 * Saves an environment as the next version (1, 2, 3 …) under a name. Whoever saves at the same time gets
 * the versions before or after: none is lost, none doubled. An unchanged environment makes no new version.
 * Two round trips, two more for each race lost.
 *
 * INVALID_ARGUMENT for options that there are not, or no pool; INVALID_DOCUMENT when it is no environment document, or the name belongs to another kind of manifest;
 * UNSUPPORTED on a pool without conditional writes (unless `unsafe`); NOT_FOUND when the saved environment
 * was deleted meanwhile; CONFLICT after 64 lost races; UNAVAILABLE, or the code of a
 * refusal (CREDENTIALS_EXPIRED, ACCESS_DENIED, NO_SPACE …), with `details.outcome: "unknown"` and `details.op`
 * when it could not be known whether the version was saved; CORRUPT, and what the pool throws.
 */
export async function saveEnvironment(
  environment: EnvironmentDocument,
  options: SaveOptions,
): Promise<SaveResult> {
  checkOptions("saveEnvironment", options, optionNames);
  checkPool(options.pool, "saveEnvironment");
  const document = parseEnvironmentDocument(environment);
  refuseSecrets(document, new Map());
  const { name, pool, unsafe = false, namespace } = options;
  const headId = headIdOf(name, namespace);
  if (!pool.supports.conditionalWrites && !unsafe) {
    throw new LailaError(
      "UNSUPPORTED",
      `The pool ${pool.nickname ?? pool.globalId} has no conditional writes: of two who save at once, one could be lost. Save to a pool that has them, or accept that with { unsafe: true }.`,
    );
  }
  return new Saving(document, headId, options).run();
}

/** One act of saving: one leaf, one `op`, as many tries at the head as it takes. */
class Saving {
  readonly #headId: GlobalId;
  readonly #options: SaveOptions;
  readonly #leaf: Entry<EnvironmentDocument>;
  readonly #digest: string;
  readonly #op = newUuid();
  readonly #began = Date.now();
  /** Once a head was seen, its absence means that somebody deleted it. */
  #seen = false;
  /** From the first try at the head on, only the head itself tells whether the leaf is in use. */
  #tried = false;
  /** The head's versions (null: there was none) on which a write may still land, or may have landed. */
  readonly #unsettled = new Set<Version | null>();

  constructor(document: EnvironmentDocument, headId: GlobalId, options: SaveOptions) {
    this.#headId = headId;
    this.#options = options;
    this.#leaf = constant(document);
    this.#digest = documentDigest(document);
  }

  async run(): Promise<SaveResult> {
    const { pool, signal } = this.#options;
    const [read, written] = await Promise.allSettled([
      readHead(pool, this.#headId, signal),
      this.#writeLeaf(),
    ]);
    // Where the leaf itself could not be written, there is nothing to delete, and no way to.
    if (written.status === "rejected") throw written.reason;
    if (read.status === "rejected") return this.#abandon(read.reason);
    let head = read.value;
    for (let tries = 1; ; tries++) {
      const settled = this.#settled(head);
      if (settled) {
        if (settled.leafId !== this.#leaf.globalId && !this.#mayStillLand(head))
          await this.#dropLeaf();
        return settled;
      }
      if (head && !head.state) return this.#abandon(this.#notSaved());
      let failure: unknown;
      this.#tried = true;
      try {
        return await this.#commit(head);
      } catch (error) {
        failure = error;
      }
      if (isUnknown(failure)) this.#unsettled.add(versionOf(head));
      // Trying again is no use after a refusal (no access, no space, too large), whatever it leaves open.
      if (!isPassing(failure)) return this.#abandon(failure);
      if (signal?.aborted) throw failure;
      if (tries >= maxTries || Date.now() - this.#began > giveUpMs) {
        if (!isLost(failure)) throw this.#unknown(failure);
        return this.#abandon(this.#exhausted(tries, failure));
      }
      await this.#pause(tries);
      head = await this.#reread(failure);
      if (!head && (this.#seen || isLost(failure))) return this.#abandon(this.#gone());
    }
  }

  async #writeLeaf(): Promise<void> {
    const { pool, signal } = this.#options;
    const bytes = encodeRecord(this.#leaf, { recorder: this.#recorder });
    await pool.write(this.#leaf.globalId, bytes, {
      signal,
      condition: conditional(pool, { ifAbsent: true }),
    });
  }

  /** The result, when this head already has what was to be saved. */
  #settled(head: Head | undefined): SaveResult | undefined {
    if (!head?.state) return undefined;
    this.#seen = true;
    const own = head.state.versions.find(({ op }) => op === this.#op);
    if (own) return this.#result(own.n, own.config, true);
    const current = currentOf(head.state);
    if (this.#options.force || current.digest !== this.#digest) return undefined;
    return this.#result(current.n, current.config, false);
  }

  async #commit(head: Head | undefined): Promise<SaveResult> {
    const { name, pool, signal } = this.#options;
    const state = this.#nextState(head?.state);
    const bytes = encodeHead(this.#headId, name, state, this.#leaf.globalId, {
      recorder: this.#recorder,
      extra: head?.extra ?? {},
    });
    const wanted =
      head?.version === undefined ? ({ ifAbsent: true } as const) : { ifVersion: head.version };
    await pool.write(this.#headId, bytes, { signal, condition: conditional(pool, wanted) });
    return this.#result(state.head, this.#leaf.globalId, true);
  }

  #nextState(before: HeadState | undefined): HeadState {
    const { author, message } = this.#options;
    const n = (before?.head ?? 0) + 1;
    const version: SavedVersion = {
      n,
      config: this.#leaf.globalId,
      digest: this.#digest,
      parent: before?.head ?? null,
      op: this.#op,
      author: author ?? null,
      time: new Date().toISOString(),
      message: message ?? null,
    };
    const { versions = [], labels = {}, trash = [], ...more } = before ?? {};
    return { ...more, head: n, versions: [...versions, version], labels, trash };
  }

  /** The head after a try that failed; that one must be known, so a few failures are lived through. */
  async #reread(failure: unknown): Promise<Head | undefined> {
    const { pool, signal } = this.#options;
    for (let tries = 1; ; tries++) {
      try {
        return await readHead(pool, this.#headId, signal);
      } catch (error) {
        if (signal?.aborted) throw error;
        const last = tries >= maxFailedReads || !isLailaError(error, "UNAVAILABLE", "TIMEOUT");
        if (last) throw isLost(failure) ? error : this.#unknown(error);
        await this.#pause(tries);
      }
    }
  }

  #pause(tries: number): Promise<void> {
    const { signal } = this.#options;
    const longest = Math.min(1000, 10 * 2 ** Math.min(tries, 7));
    return delay(Math.random() * longest, undefined, signal ? { signal } : {}).catch(
      (error: unknown) => {
        throw signal ? abortError(signal, "Saving the environment") : error;
      },
    );
  }

  /**
   * Gives up. Of a write that failed the reply may be a refusal and the deed be done all the same (the
   * first attempt committed, its reply was lost, the second one refused), so the head decides: the leaf
   * goes only where a head that can be read neither lists this act nor may still come to. An orphan does
   * no harm; a head that points nowhere does.
   */
  async #abandon(error: unknown): Promise<SaveResult> {
    if (this.#tried) {
      const { pool, signal } = this.#options;
      let head: Head | undefined;
      try {
        head = await readHead(pool, this.#headId, signal);
      } catch {
        // Why the save failed says more than why the head cannot be read now.
        throw this.#unsettled.size > 0 ? this.#unknown(error) : error;
      }
      const own = head?.state?.versions.find(({ op }) => op === this.#op);
      if (own) return this.#result(own.n, own.config, true);
      if (this.#mayStillLand(head)) throw this.#unknown(error);
    }
    await this.#dropLeaf();
    throw error;
  }

  /** True while a write whose outcome is not known could still win: the head is what it expects. */
  #mayStillLand(head: Head | undefined): boolean {
    return this.#unsettled.has(versionOf(head));
  }

  async #dropLeaf(): Promise<void> {
    const { pool } = this.#options;
    try {
      await pool.delete(this.#leaf.globalId);
    } catch {
      // What counts has been decided. An unreferenced leaf is harmless, and cleaned up after a day.
      process.emitWarning(
        `The unused entry ${this.#leaf.globalId} could not be deleted from ${pool.nickname ?? pool.globalId}. It does no harm.`,
        {
          type: "LailaWarning",
          code: "LAILA_UNUSED_LEAF",
        },
      );
    }
  }

  #result(version: number, leafId: GlobalId, created: boolean): SaveResult {
    return {
      version,
      name: this.#options.name,
      manifestId: this.#headId,
      leafId,
      digest: this.#digest,
      created,
    };
  }

  get #recorder(): GlobalId {
    return this.#leaf.data.policy.global_id;
  }

  get #shown(): string {
    return `The environment ${JSON.stringify(this.#options.name)}`;
  }

  #notSaved(): LailaError {
    return new LailaError(
      "INVALID_DOCUMENT",
      `${this.#shown} was memorized as a manifest, not saved: it has no versions to add to. Save under another name.`,
      { details: { headId: this.#headId } },
    );
  }

  #gone(): LailaError {
    return new LailaError(
      "NOT_FOUND",
      `${this.#shown} was deleted while it was being saved. It is not made anew by itself: save again if that is what you want.`,
      {
        details: { headId: this.#headId },
      },
    );
  }

  #unknown(cause: unknown): LailaError {
    const refused = isLailaError(cause) && !isPassing(cause);
    return new LailaError(
      refused ? cause.code : "UNAVAILABLE",
      `${this.#shown} may or may not have been saved: the storage failed before it could be known. When it is back, save again; an unchanged environment makes no second version.${refused ? ` What it said: ${cause.message}` : ""}`,
      {
        cause,
        details: {
          headId: this.#headId,
          leafId: this.#leaf.globalId,
          op: this.#op,
          outcome: "unknown",
        },
      },
    );
  }

  #exhausted(tries: number, cause: unknown): LailaError {
    return new LailaError(
      "CONFLICT",
      `${this.#shown} was not saved: others were faster ${tries} times in a row. Save again when fewer are at it.`,
      {
        cause,
        details: { headId: this.#headId, outcome: "lost" },
      },
    );
  }
}

function conditional(pool: PoolLike, condition: WriteCondition): WriteCondition | undefined {
  return pool.supports.conditionalWrites ? condition : undefined;
}

function versionOf(head: Head | undefined): Version | null {
  return head?.version ?? null;
}

/** True for what another try may get over, once the head was read again. */
function isPassing(error: unknown): boolean {
  return isLailaError(error, "CONFLICT", "TIMEOUT", "UNAVAILABLE", "ABORTED");
}

/** True for a race that was lost for certain: the write did not happen. */
function isLost(error: unknown): boolean {
  return isLailaError(error, "CONFLICT") && error.details.outcome !== "unknown";
}

/** True when the write may have happened, or may still: pools mark a refusal of a later attempt so. */
function isUnknown(error: unknown): boolean {
  if (!isLailaError(error)) return true;
  return error.details.outcome === "unknown" || (isPassing(error) && !isLost(error));
}
