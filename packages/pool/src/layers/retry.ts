import { isLailaError } from "@laila/schema";
import * as z from "zod";
import type {
  CallOptions,
  KeysOptions,
  ManyResult,
  PoolLike,
  ReadManyResult,
  WriteManyItem,
} from "../contract.js";
import { type Call, Layer } from "./layer.js";
import { pause } from "./wait.js";

const configSchema = z
  .object({
    /** How often a call is made at most, the first time included. */
    attempts: z.number().int().min(1).max(100).default(5),
    /** The longest wait before the second attempt, in milliseconds; twice that before the third, and so on. */
    minDelayMs: z.number().positive().default(100),
    /** The longest wait of all, in milliseconds. */
    maxDelayMs: z
      .number()
      .positive()
      .max(2 ** 31 - 1)
      .default(10_000),
  })
  .refine(({ minDelayMs, maxDelayMs }) => minDelayMs <= maxDelayMs, {
    path: ["maxDelayMs"],
    message: "must not be less than minDelayMs",
  });

export type RetryOptions = z.input<typeof configSchema>;

/** A listing that gave more keys than this is not begun again: they would all have to be remembered. */
const mostRemembered = 100_000;

/** Makes calls again that failed for a reason that may pass; see {@link withRetry}. */
export class Retry extends Layer<z.output<typeof configSchema>> {
  static readonly configSchema = configSchema;
  static readonly classToken: string = "Retry";
  static readonly packageName: string = "@laila/pool";

  protected override async call<T>(
    { conditional }: Call,
    options: CallOptions,
    act: (options: CallOptions) => Promise<T>,
  ): Promise<T> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await act(options);
      } catch (error) {
        if (conditional || !this.#mayPass(error, attempt, options)) throw error;
        await this.#pause(attempt, options, error);
      }
    }
  }

  /** A pool may empty a buffer that it was given for good, and a later attempt needs it. */
  protected override handsOver({ conditional }: Call): boolean {
    return conditional === true;
  }

  protected override async *_keys({ prefix, signal }: KeysOptions): AsyncGenerator<string> {
    const given = new Set<string>();
    for (let attempt = 1; ; attempt++) {
      try {
        for await (const key of this.inner.keys({ prefix, signal })) {
          if (given.has(key)) continue;
          if (given.size <= mostRemembered) given.add(key);
          // It goes on: what comes next is a new failure.
          attempt = 1;
          yield key;
        }
        return;
      } catch (error) {
        if (given.size > mostRemembered || !this.#mayPass(error, attempt, { signal })) throw error;
        await this.#pause(attempt, { signal }, error);
      }
    }
  }

  protected override async *_readMany(
    keys: readonly string[],
    options: CallOptions,
  ): AsyncGenerator<ReadManyResult> {
    const left = new Set(keys);
    for (let attempt = 1; ; attempt++) {
      let failure: unknown;
      try {
        for await (const one of this.inner.readMany([...left], options)) {
          if (one.error !== undefined && this.#mayPass(one.error, attempt, options)) {
            failure = one.error;
            continue;
          }
          left.delete(one.key);
          yield one;
        }
      } catch (error) {
        if (!this.#mayPass(error, attempt, options)) throw error;
        failure = error;
      }
      if (left.size === 0 || failure === undefined) return;
      await this.#pause(attempt, options, failure);
    }
  }

  protected override _writeMany(
    items: readonly WriteManyItem[],
    options: CallOptions,
  ): Promise<ManyResult[]> {
    const write = (some: readonly WriteManyItem[]): Promise<ManyResult[]> =>
      this.inner.writeMany(
        some.map((item) => ({ ...item, handOver: item.condition !== undefined })),
        options,
      );
    return this.#many(items, options, write, ({ condition }) => condition === undefined);
  }

  protected override _deleteMany(
    keys: readonly string[],
    options: CallOptions,
  ): Promise<ManyResult[]> {
    const items = keys.map((key) => ({ key }));
    const remove = (some: readonly { key: string }[]): Promise<ManyResult[]> =>
      this.inner.deleteMany(
        some.map(({ key }) => key),
        options,
      );
    return this.#many(items, options, remove, () => true);
  }

  /** Makes the call again for the items that failed and may be repeated. Every item's key is another. */
  async #many<I extends { readonly key: string }>(
    items: readonly I[],
    options: CallOptions,
    act: (items: readonly I[]) => Promise<readonly ManyResult[]>,
    repeatable: (item: I) => boolean,
  ): Promise<ManyResult[]> {
    const outcomes = new Map<string, ManyResult>();
    let left = items;
    for (let attempt = 1; ; attempt++) {
      for (const one of await this.#outcomes(left, attempt, options, act))
        outcomes.set(one.key, one);
      left = left.filter((item) => {
        const error = outcomes.get(item.key)?.error;
        return error !== undefined && repeatable(item) && this.#mayPass(error, attempt, options);
      });
      const [first] = left;
      if (first === undefined) return items.flatMap(({ key }) => outcomes.get(key) ?? []);
      await this.#pause(attempt, options, outcomes.get(first.key)?.error);
    }
  }

  /** A call that failed as a whole is a failure of each of its items, some of which may be repeated. */
  async #outcomes<I extends { readonly key: string }>(
    items: readonly I[],
    attempt: number,
    options: CallOptions,
    act: (items: readonly I[]) => Promise<readonly ManyResult[]>,
  ): Promise<readonly ManyResult[]> {
    try {
      return await act(items);
    } catch (error) {
      if (!this.#mayPass(error, attempt, options)) throw error;
      return items.map(({ key }) => ({ key, error }));
    }
  }

  #mayPass(error: unknown, attempt: number, { signal }: CallOptions): boolean {
    return (
      attempt < this.config.attempts &&
      isLailaError(error, "UNAVAILABLE", "TIMEOUT") &&
      !signal?.aborted
    );
  }

  #pause(attempt: number, { signal }: CallOptions, cause: unknown): Promise<void> {
    const interrupts = { signal, closes: this.closes, pool: this, cause };
    return pause(delayBefore(attempt, this.config, Math.random()), interrupts);
  }
}

/**
 * How long to wait after an attempt, in milliseconds: anything up to a limit that doubles each time
 * ("full jitter"), so that callers which failed together do not come back together.
 */
export function delayBefore(
  attempt: number,
  { minDelayMs, maxDelayMs }: { readonly minDelayMs: number; readonly maxDelayMs: number },
  random: number,
): number {
  return random * Math.min(maxDelayMs, minDelayMs * 2 ** (attempt - 1));
}

/**
 * A pool that makes a call again when it failed with UNAVAILABLE or TIMEOUT: reads, look-ups, deletes,
 * unconditional writes, and listings (which go on after what they gave already, up to 100,000 keys). A write
 * with a condition is never repeated, because its first attempt may have happened: its own success would
 * then look like somebody else's. Waits double from `minDelayMs` to `maxDelayMs`, with jitter.
 */
export function withRetry(pool: PoolLike, options: RetryOptions = {}): PoolLike {
  return new Retry(pool, options);
}
