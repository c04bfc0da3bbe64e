import { setTimeout as delay } from "node:timers/promises";
import type { PoolLike, Version, WriteCondition } from "@laila/pool";
import { abortError, type GlobalId, isLailaError, LailaError, newUuid } from "@laila/schema";
import { encodeHead, type Head, type HeadState, readHead } from "./head.js";
import { Logs } from "./log.js";

const maxTries = 64;
const maxFailedReads = 5;
/** A leaf without a head may be cleaned up after a day: nobody commits one that is older than this. */
const giveUpMs = 60 * 60 * 1000;
/** How many acts without a version a head remembers. */
const rememberedOps = 64;

/** What every call that writes a head is told. */
export interface ChangeOptions {
  /** The name of the saved environment. */
  readonly name: string;
  readonly pool: PoolLike;
  /** Also on a pool without conditional writes: of two who write at once, one may be lost. */
  readonly unsafe?: boolean | undefined;
  /** The namespace (a uuid) of the name. */
  readonly namespace?: string | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** What a try writes, and what comes of it. */
export interface Next<R> {
  readonly state: HeadState;
  readonly recorder: GlobalId | null;
  readonly result: R;
}

/**
 * One act that changes a head: read, decide, write on the condition that nobody else has meanwhile, and
 * again. After a try whose outcome is not known the head itself tells: it lists the acts (`op`).
 */
export abstract class HeadChange<R> {
  readonly op = newUuid();
  readonly headId: GlobalId;
  readonly options: ChangeOptions;
  protected readonly logs: Logs;
  readonly #began = Date.now();
  /** Once a head was seen, its absence means that somebody deleted it. */
  #seen = false;
  /** From the first try at the head on, only the head itself tells what was done. */
  #tried = false;
  /** The head's versions (null: there was none) on which a write may still land, or may have landed. */
  readonly #unsettled = new Set<Version | null>();

  constructor(headId: GlobalId, options: ChangeOptions) {
    this.headId = headId;
    this.options = options;
    this.logs = new Logs(options.pool, headId, options.signal);
  }

  /** For messages: `The environment "prod"`. */
  protected get shown(): string {
    return `The environment ${JSON.stringify(this.options.name)}`;
  }

  /** For messages, behind {@link shown}: "saved". */
  protected abstract readonly done: string;
  /** What else an error tells of this act. */
  protected abstract readonly details: Readonly<Record<string, unknown>>;

  /** The result, when this act is in the head, or the head is already what was wanted. */
  protected abstract settled(head: Head): Promise<R | undefined>;
  /** What to write on this head. */
  protected abstract next(head: Head | undefined): Promise<Next<R>>;
  /** Entries that were written for this act, and that the head does not need. */
  protected abstract unused(head: Head | undefined): readonly GlobalId[];

  protected async change(first: Head | undefined): Promise<R> {
    try {
      return await this.#change(first);
    } catch (error) {
      // Given up while a write may have happened: also the abort of a pause, or of a look at the head.
      throw this.#unsettled.size > 0 ? this.#unknown(error) : error;
    }
  }

  async #change(first: Head | undefined): Promise<R> {
    const { signal } = this.options;
    let head = first;
    for (let tries = 1; ; tries++) {
      if (head?.state) this.#seen = true;
      const settled = head && (await this.settled(head));
      if (settled) {
        if (!this.#mayStillLand(head)) await this.#dropUnused(head);
        return settled;
      }
      let next: Next<R>;
      try {
        next = await this.#prepare(head);
      } catch (error) {
        return this.abandon(error);
      }
      // Nothing was sent yet, so that this is certain.
      if (signal?.aborted) {
        const what = `The change of the environment ${JSON.stringify(this.options.name)}`;
        return this.abandon(abortError(signal, what));
      }
      let failure: unknown;
      this.#tried = true;
      try {
        return await this.#commit(head, next);
      } catch (error) {
        failure = error;
      }
      if (isUnknown(failure)) this.#unsettled.add(versionOf(head));
      // Trying again is no use after a refusal (no access, no space, too large), whatever it leaves open.
      if (!isPassing(failure)) return this.abandon(failure);
      if (signal?.aborted) throw failure;
      if (tries >= maxTries || this.#late) {
        if (!isLost(failure)) throw failure;
        return this.abandon(this.#exhausted(tries, failure));
      }
      await this.#pause(tries);
      head = await this.#reread();
      if (!head && (this.#seen || isLost(failure))) return this.abandon(this.#gone());
    }
  }

  /**
   * Gives up. Of a write that failed the reply may be a refusal and the deed be done all the same (the
   * first attempt committed, its reply was lost, the second one refused), so the head decides: what was
   * written for it goes only where a head that can be read neither lists this act nor may still come to.
   * An orphan does no harm; a head that points nowhere does.
   */
  protected async abandon(error: unknown): Promise<R> {
    let head: Head | undefined;
    if (this.#tried) {
      const { pool, signal } = this.options;
      try {
        head = await readHead(pool, this.headId, signal);
      } catch {
        // Why it failed says more than why the head cannot be read now.
        throw error;
      }
      const own = head && (await this.settled(head));
      if (own) return own;
      if (this.#mayStillLand(head)) throw error;
      // The head has told that none of the tries was done.
      this.#unsettled.clear();
    }
    await this.#dropUnused(head);
    throw error;
  }

  /** True when the head says that this act was done. */
  protected isOwn({ state }: Head): boolean {
    const { ops = [], versions = [], trash = [] } = state ?? {};
    return ops.includes(this.op) || [...versions, ...trash].some(({ op }) => op === this.op);
  }

  /** The state with this act remembered. */
  protected signed(state: HeadState): HeadState {
    return { ...state, ops: [...(state.ops ?? []), this.op].slice(-rememberedOps) };
  }

  async #prepare(head: Head | undefined): Promise<Next<R>> {
    const next = await this.next(head);
    const state = await this.logs.shorten(next.state, next.recorder);
    // Also where the process was put to sleep in between.
    if (this.#late) throw this.#tooLate();
    return { ...next, state };
  }

  async #commit(head: Head | undefined, { state, recorder, result }: Next<R>): Promise<R> {
    const { name, pool, signal } = this.options;
    const bytes = encodeHead(this.headId, name, state, { recorder, extra: head?.extra ?? {} });
    const wanted =
      head?.version === undefined ? ({ ifAbsent: true } as const) : { ifVersion: head.version };
    await pool.write(this.headId, bytes, { signal, condition: conditional(pool, wanted) });
    await this.drop(this.logs.unused(state));
    return result;
  }

  get #late(): boolean {
    return Date.now() - this.#began > giveUpMs;
  }

  /** The head after a try that failed; that one must be known, so a few failures are lived through. */
  async #reread(): Promise<Head | undefined> {
    const { pool, signal } = this.options;
    for (let tries = 1; ; tries++) {
      try {
        return await readHead(pool, this.headId, signal);
      } catch (error) {
        if (signal?.aborted) throw error;
        const last = tries >= maxFailedReads || !isLailaError(error, "UNAVAILABLE", "TIMEOUT");
        if (last) throw error;
        await this.#pause(tries);
      }
    }
  }

  #pause(tries: number): Promise<void> {
    const { signal } = this.options;
    const longest = Math.min(1000, 10 * 2 ** Math.min(tries, 7));
    return delay(Math.random() * longest, undefined, signal ? { signal } : {}).catch(
      (error: unknown) => {
        throw signal ? abortError(signal, "Waiting for the next try") : error;
      },
    );
  }

  /** True while a write whose outcome is not known could still win: the head is what it expects. */
  #mayStillLand(head: Head | undefined): boolean {
    return this.#unsettled.has(versionOf(head));
  }

  #dropUnused(head: Head | undefined): Promise<void> {
    return this.drop([...this.unused(head), ...this.logs.unused(head?.state)]);
  }

  /** Deletes entries that nothing names. */
  protected async drop(ids: readonly GlobalId[]): Promise<void> {
    const { pool } = this.options;
    for (const id of ids) {
      try {
        await pool.delete(id);
      } catch {
        // What counts has been decided. An unreferenced entry is harmless, and cleaned up after a day.
        process.emitWarning(
          `The unused entry ${id} could not be deleted from ${pool.nickname ?? pool.globalId}. It does no harm.`,
          { type: "LailaWarning", code: "LAILA_UNUSED_LEAF" },
        );
      }
    }
  }

  #gone(): LailaError {
    return new LailaError(
      "NOT_FOUND",
      `${this.shown} was deleted while it was being ${this.done}. It is not made anew by itself: save it again if that is what you want.`,
      { details: { headId: this.headId } },
    );
  }

  #tooLate(): LailaError {
    return new LailaError(
      "TIMEOUT",
      `${this.shown} was not ${this.done}: more than an hour went by since that began, and what was written for it may have been cleaned up. Do it again.`,
      { details: { headId: this.headId, outcome: "lost" } },
    );
  }

  #unknown(cause: unknown): LailaError {
    const refused = isLailaError(cause) && !isPassing(cause);
    const { signal } = this.options;
    const stopped = !refused && signal?.aborted ? abortError(signal) : undefined;
    const advice = stopped
      ? `that was ${stopped.code === "TIMEOUT" ? "out of time" : "aborted"} before it could be known. Do it again, or look`
      : "the storage failed before it could be known. When it is back, do it again";
    return new LailaError(
      refused ? cause.code : (stopped?.code ?? "UNAVAILABLE"),
      `${this.shown} may or may not have been ${this.done}: ${advice}; what is done already is not done twice.${refused ? ` What it said: ${cause.message}` : ""}`,
      {
        cause,
        details: { headId: this.headId, ...this.details, op: this.op, outcome: "unknown" },
      },
    );
  }

  #exhausted(tries: number, cause: unknown): LailaError {
    return new LailaError(
      "CONFLICT",
      `${this.shown} was not ${this.done}: others were faster ${tries} times in a row. Try again when fewer are at it.`,
      { cause, details: { headId: this.headId, outcome: "lost" } },
    );
  }
}

export function conditional(pool: PoolLike, condition: WriteCondition): WriteCondition | undefined {
  return pool.supports.conditionalWrites ? condition : undefined;
}

/** UNSUPPORTED on a pool that cannot decide between two who write at once, unless that is accepted. */
export function requireConditions({ pool, unsafe = false }: ChangeOptions): void {
  if (pool.supports.conditionalWrites || unsafe) return;
  throw new LailaError(
    "UNSUPPORTED",
    `The pool ${pool.nickname ?? pool.globalId} has no conditional writes: of two who save at once, one could be lost. Save to a pool that has them, or accept that with { unsafe: true }.`,
  );
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
