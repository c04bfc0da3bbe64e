import type { PoolLike, Version, WriteCondition } from "@laila/pool";
import { isLailaError, LailaError } from "@laila/schema";
import { nameOf } from "../pool-io.js";
import { checkRecord, type Fingerprint, fingerprintOf } from "./fingerprint.js";
import type { Settings } from "./options.js";
import type { KeyResult } from "./report.js";
import type { Run } from "./run.js";

/** How often a key is looked at anew when somebody else writes it at the same time. */
const maxAttempts = 8;

/** A value that was looked at and let go. Without a fingerprint: damaged, as its pool says. */
interface Seen {
  readonly print: Fingerprint | undefined;
  readonly version: Version | undefined;
}

/** What became of a key, and what stands for the source's value. */
export interface Copied extends KeyResult {
  readonly outcome: "copied" | "skipped" | "conflict" | "gone";
  readonly print?: Fingerprint;
}

/** Brings single values from one pool into another; at most one value a key in memory. */
export class Copier {
  readonly from: PoolLike;
  readonly to: PoolLike;
  readonly #run: Pick<Run, "settings" | "budget" | "signal">;
  readonly #settings: Settings;

  constructor(from: PoolLike, to: PoolLike, run: Pick<Run, "settings" | "budget" | "signal">) {
    this.from = from;
    this.to = to;
    this.#run = run;
    this.#settings = run.settings;
  }

  /**
   * Looks at the destination first: what is there with the same bytes is verified by that, and not written
   * again. `expected` is what the source must (still) hold. CONFLICT, CORRUPT, NOT_FOUND, and what the
   * pools throw.
   */
  async copy(key: string, expected?: Fingerprint): Promise<Copied> {
    let mayBeOurs = false;
    let lost: unknown;
    for (let attempt = 0; attempt < maxAttempts; attempt++) {
      const there = await this.#lookForCopy(key);
      const sent = await this.#send(key, there, expected);
      if (sent.refused !== undefined) {
        lost = sent.refused;
        mayBeOurs ||= isLailaError(lost, "CONFLICT") && lost.details.outcome === "unknown";
      } else if (!sent.wrote) {
        const { outcome } = sent.result;
        // The write whose reply was lost had arrived.
        if (mayBeOurs && outcome === "skipped")
          return { ...sent.result, outcome: "copied", wrote: true, bytes: sent.size };
        return sent.result;
      } else {
        if (this.#settings.verify !== false) await this.#verify(key, sent.wrote);
        return sent.result;
      }
    }
    throw lost;
  }

  /** Reads a value and lets it go; undefined when it is not there (where a cache is asked: in itself). */
  async look(pool: PoolLike, key: string): Promise<Seen | undefined> {
    const { signal, budget } = this.#run;
    // A cache's read that misses would go on to the origin, and leave a copy. And as long as sizes are
    // unknown reads go one by one, which those that find nothing need not wait for.
    const askFirst = pool.proxy !== undefined || !budget.knowsSizes;
    if (askFirst && !(await pool.exists(key, { signal }))) return undefined;
    return budget.hold(async (arrived) => {
      const found = await pool.read(key, { signal });
      if (!found) return undefined;
      arrived(found.bytes.byteLength);
      return { print: fingerprintOf(found.bytes), version: found.version };
    });
  }

  async #lookForCopy(key: string): Promise<Seen | undefined> {
    try {
      return await this.look(this.to, key);
    } catch (error) {
      // What is damaged beyond reading is nobody's value, but only who may overwrite may mend it.
      if (this.#settings.onConflict !== "overwrite" || !isLailaError(error, "CORRUPT")) throw error;
      return { print: undefined, version: undefined };
    }
  }

  #send(key: string, there: Seen | undefined, expected: Fingerprint | undefined): Promise<Sent> {
    const { onConflict } = this.#settings;
    const { signal, budget } = this.#run;
    return budget.hold(async (arrived): Promise<Sent> => {
      const found = await this.from.read(key, { signal });
      if (!found) return { result: { outcome: "gone" }, size: 0 };
      const { bytes } = found;
      const size = bytes.byteLength;
      arrived(size);
      const print = fingerprintOf(bytes);
      if (expected !== undefined && print !== expected) throw changed(key, this.from);
      const unverified = this.#settings.verify === "bytes" || !checkRecord(this.from, key, bytes);
      const common = { print, unverified };
      if (there?.print === print) return { result: { outcome: "skipped", ...common }, size };
      if (there && onConflict === "skip") return { result: { outcome: "conflict" }, size };
      if (there && onConflict === "fail") throw occupied(key, this.to);
      const result: Copied = {
        outcome: "copied",
        wrote: true,
        overwrote: there !== undefined,
        bytes: size,
        ...common,
      };
      if (this.#settings.dryRun) return { result, size };
      const condition = this.#condition(there);
      try {
        // The bytes are ours and nobody else's, so the destination need not copy them.
        const version = await this.to.write(key, bytes, { condition, handOver: true, signal });
        return { result, size, wrote: { print, version } };
      } catch (error) {
        if (!this.#mayTryAgain(error, condition)) throw error;
        return { result, size, refused: error };
      }
    });
  }

  /** A value that somebody wrote since we looked stays, where the pool can see to it. */
  #condition(there: Seen | undefined): WriteCondition | undefined {
    if (!this.to.supports.conditionalWrites) return undefined;
    if (!there) return { ifAbsent: true };
    return there.version === undefined ? undefined : { ifVersion: there.version };
  }

  #mayTryAgain(error: unknown, condition: WriteCondition | undefined): boolean {
    if (!condition) return false;
    if (isLailaError(error, "CONFLICT")) return true;
    // A server was found to ignore conditions only now.
    return isLailaError(error, "UNSUPPORTED") && !this.to.supports.conditionalWrites;
  }

  async #verify(key: string, wrote: Seen): Promise<void> {
    const back = await this.look(this.to, key);
    if (back?.print === wrote.print) return;
    const pool = nameOf(this.to);
    const details = { key, pool: this.to.globalId };
    if (!back) {
      throw new LailaError(
        "NOT_FOUND",
        `${key} was written to ${pool} and is not there: it was evicted, or somebody deleted it. Copy it again.`,
        { details },
      );
    }
    if (
      back.version !== undefined &&
      wrote.version !== undefined &&
      back.version !== wrote.version
    ) {
      throw new LailaError(
        "CONFLICT",
        `${key} was written to ${pool}, and somebody else wrote another value over it. Decide which one is right, and copy again.`,
        { details: { ...details, outcome: "lost" } },
      );
    }
    throw new LailaError(
      "CORRUPT",
      `${key} was written to ${pool} and came back as something else: it was damaged on the way, or overwritten meanwhile. Look at it, then copy it again with { onConflict: "overwrite" }.`,
      { details },
    );
  }
}

interface Sent {
  readonly result: Copied;
  readonly size: number;
  /** What was written, to be found again. */
  readonly wrote?: Seen;
  /** The write did not happen, or may not have: look again. */
  readonly refused?: unknown;
}

function occupied(key: string, to: PoolLike): LailaError {
  return new LailaError(
    "CONFLICT",
    `${nameOf(to)} has another value under ${key}, which stays. Pass { onConflict: "overwrite" } to replace it, or "skip" to leave it without an error.`,
    { details: { key, pool: to.globalId, outcome: "lost" } },
  );
}

/** The source's value is another than the one that was read before. */
export function changed(key: string, from: PoolLike): LailaError {
  return new LailaError(
    "CONFLICT",
    `${key} changed in ${nameOf(from)} while it was transferred. It stays there; run it again for its new value (with { onConflict: "overwrite" } over the older one).`,
    { details: { key, pool: from.globalId, outcome: "lost" } },
  );
}
