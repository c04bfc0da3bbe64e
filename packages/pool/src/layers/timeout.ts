import { channel } from "node:diagnostics_channel";
import { type GlobalId, isLailaError, LailaError } from "@laila/schema";
import * as z from "zod";
import { started } from "../activity.js";
import type { CallOptions, PoolLike } from "../contract.js";
import { type Call, Layer, type Operation } from "./layer.js";
import { listen } from "./wait.js";

const configSchema = z.object({
  /** The most milliseconds that a call may take; of a listing or a `readMany`, the wait for each item. */
  timeoutMs: z
    .number()
    .positive()
    .max(2 ** 31 - 1),
});

export type TimeoutOptions = z.input<typeof configSchema>;

/** The diagnostics channel that tells how calls ended that had been given up with TIMEOUT. */
export const lateOutcomeChannel = "laila:late-outcome";

/** What is published on {@link lateOutcomeChannel}. */
export interface LateOutcome {
  readonly poolId: GlobalId;
  readonly operation: Operation;
  readonly key: string | undefined;
  /** Undefined when the call succeeded after all. */
  readonly error: unknown;
}

const lateOutcomes = channel(lateOutcomeChannel);

/** Gives calls up that take too long; see {@link withTimeout}. */
export class Timeout extends Layer<z.output<typeof configSchema>> {
  static readonly configSchema = configSchema;
  static readonly classToken: string = "Timeout";
  static readonly packageName: string = "@laila/pool";

  protected override async call<T>(
    call: Call,
    { signal }: CallOptions,
    act: (options: CallOptions) => Promise<T>,
  ): Promise<T> {
    const limit = new Limit(signal);
    try {
      return await this.#within(call, limit, () => act({ signal: limit.signal }));
    } finally {
      limit.release();
    }
  }

  protected override async *iterate<T>(
    call: Call,
    { signal }: CallOptions,
    act: (options: CallOptions) => AsyncIterable<T>,
  ): AsyncGenerator<T> {
    const limit = new Limit(signal);
    const iterator = act({ signal: limit.signal })[Symbol.asyncIterator]();
    let stepping = false;
    let done = false;
    try {
      for (;;) {
        stepping = true;
        const step = await this.#within(call, limit, () => iterator.next());
        stepping = false;
        if (step.done) {
          done = true;
          return;
        }
        yield step.value;
      }
    } finally {
      limit.release();
      if (!done) {
        const leaving = started(async () => iterator.return?.());
        // Behind a step that was given up there may be no end to wait for, and nobody to tell.
        if (stepping) leaving.catch(() => undefined);
        else await leaving;
      }
    }
  }

  async #within<T>(call: Call, limit: Limit, act: () => Promise<T>): Promise<T> {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const work = started(act);
    const expired = new Promise<never>((_, reject) => {
      timer = setTimeout(() => {
        const error = this.#timeoutError(call);
        reject(error);
        this.#tellLate(call, work);
        limit.expire(error.message);
      }, this.config.timeoutMs);
    });
    try {
      return await Promise.race([work, expired]);
    } finally {
      clearTimeout(timer);
    }
  }

  #timeoutError({ operation, key }: Call): LailaError {
    const writes = operation === "write" || operation === "writeMany";
    const what = key === undefined ? operation : `${operation} of ${JSON.stringify(key)}`;
    const after =
      writes || operation === "delete" || operation === "deleteMany"
        ? "It may still have happened, or happen yet: look before you decide."
        : "Try again, or allow more time.";
    return new LailaError(
      "TIMEOUT",
      `The ${what} took longer than the ${this.config.timeoutMs} ms that withTimeout allows. ${after}`,
      {
        details: {
          operation,
          ...(key === undefined ? {} : { key }),
          timeoutMs: this.config.timeoutMs,
          ...(writes ? { outcome: "unknown" } : {}),
        },
      },
    );
  }

  /** The caller has gone; whoever listens is told how it ended. That it was given up is no news. */
  #tellLate({ operation, key }: Call, work: Promise<unknown>): void {
    const tell = (error: unknown): void => {
      const late: LateOutcome = { poolId: this.globalId, operation, key, error };
      lateOutcomes.publish(late);
    };
    work.then(
      () => tell(undefined),
      (error: unknown) => {
        if (!isLailaError(error, "TIMEOUT", "ABORTED")) tell(error);
      },
    );
  }
}

/** The signal of one call: the caller's, and the end of its time. Holds the caller's until released. */
class Limit {
  readonly #controller = new AbortController();
  readonly #outer: AbortSignal | undefined;
  readonly #forward = (): void => this.#controller.abort(this.#outer?.reason);

  constructor(outer: AbortSignal | undefined) {
    this.#outer = outer;
    if (outer?.aborted) this.#forward();
    else if (outer) listen(outer, this.#forward);
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  expire(message: string): void {
    this.#controller.abort(new DOMException(message, "TimeoutError"));
  }

  release(): void {
    this.#outer?.removeEventListener("abort", this.#forward);
  }
}

/**
 * A pool that gives a call up with TIMEOUT when it takes longer than `timeoutMs`: its signal is aborted, and
 * the caller is answered at once, whether or not the pool heeds the signal. A write that was given up may
 * still have happened (`details.outcome` is "unknown"); how such calls end is told on the diagnostics channel
 * `laila:late-outcome`, where the pool finds out. Each item of a listing has its own time.
 */
export function withTimeout(pool: PoolLike, options: TimeoutOptions): PoolLike {
  return new Timeout(pool, options);
}
