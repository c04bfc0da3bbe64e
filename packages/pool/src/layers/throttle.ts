import { abortError } from "@laila/schema";
import * as z from "zod";
import type {
  CallOptions,
  ManyResult,
  PoolLike,
  ReadManyResult,
  WriteManyItem,
} from "../contract.js";
import { type Call, Layer } from "./layer.js";
import { TokenBucket } from "./token-bucket.js";
import { closedError, listen } from "./wait.js";

const configSchema = z.object({
  /** How many requests go through in a second, in the long run. */
  requestsPerSecond: z.number().positive(),
  /** How many may go at once after a quiet time; one second's worth unless given. */
  burst: z.number().int().positive().optional(),
});

export type ThrottleOptions = z.input<typeof configSchema>;

/** As many keys as object stores give in one page of a listing. */
const keysPerPage = 1000;

/** Lets only so many requests through in a second; see {@link withThrottle}. */
export class Throttle extends Layer<z.output<typeof configSchema>> {
  static readonly configSchema = configSchema;
  static readonly classToken: string = "Throttle";
  static readonly packageName: string = "@laila/pool";

  readonly #burst: number;
  readonly #bucket: TokenBucket;

  constructor(pool: PoolLike, config: ThrottleOptions) {
    super(pool, config);
    const { requestsPerSecond, burst = Math.max(1, Math.ceil(requestsPerSecond)) } = this.config;
    this.#burst = burst;
    this.#bucket = new TokenBucket(requestsPerSecond, burst);
  }

  protected override async call<T>(
    _call: Call,
    options: CallOptions,
    act: (options: CallOptions) => Promise<T>,
  ): Promise<T> {
    await this.#take(1, options);
    return act(options);
  }

  protected override async *iterate<T>(
    _call: Call,
    options: CallOptions,
    act: (options: CallOptions) => AsyncIterable<T>,
  ): AsyncGenerator<T> {
    await this.#take(1, options);
    let items = 0;
    for await (const item of act(options)) {
      if (items > 0 && items % keysPerPage === 0) await this.#take(1, options);
      items++;
      yield item;
    }
  }

  protected override async *_readMany(
    keys: readonly string[],
    options: CallOptions,
  ): AsyncGenerator<ReadManyResult> {
    for (const some of this.#slices(keys)) {
      await this.#take(some.length, options);
      yield* this.inner.readMany(some, options);
    }
  }

  protected override _writeMany(
    items: readonly WriteManyItem[],
    options: CallOptions,
  ): Promise<ManyResult[]> {
    return this.#sliced(items, options, (some) =>
      this.inner.writeMany(
        some.map((item) => ({ ...item, handOver: true })),
        options,
      ),
    );
  }

  protected override _deleteMany(
    keys: readonly string[],
    options: CallOptions,
  ): Promise<ManyResult[]> {
    return this.#sliced(keys, options, (some) => this.inner.deleteMany(some, options));
  }

  async #sliced<I>(
    items: readonly I[],
    options: CallOptions,
    act: (items: readonly I[]) => Promise<ManyResult[]>,
  ): Promise<ManyResult[]> {
    const outcomes: ManyResult[] = [];
    for (const some of this.#slices(items)) {
      await this.#take(some.length, options);
      outcomes.push(...(await act(some)));
    }
    return outcomes;
  }

  *#slices<I>(items: readonly I[]): Generator<readonly I[]> {
    for (let at = 0; at < items.length; at += this.#burst) yield items.slice(at, at + this.#burst);
  }

  async #take(tokens: number, { signal }: CallOptions): Promise<void> {
    const waiting = this.#bucket.take(tokens);
    if (!waiting) return;
    const { closes } = this;
    const leave = (): void =>
      waiting.leave(signal?.aborted ? abortError(signal, "The wait") : closedError(this));
    const signals = [signal, closes].filter((one) => one !== undefined);
    for (const one of signals) listen(one, leave);
    if (signals.some(({ aborted }) => aborted)) leave();
    try {
      await waiting.taken;
    } finally {
      for (const one of signals) one.removeEventListener("abort", leave);
    }
  }
}

/**
 * A pool that lets at most `requestsPerSecond` through, first come, first served; `burst` of them at once after
 * a quiet time. It counts what it can see: each call is one request, a `…Many` call as many as it has keys
 * (also where the pool needs fewer), a listing one for every 1,000 keys. Waiting ends at once when the
 * signal fires (ABORTED) or the pool is closed (CLOSED).
 */
export function withThrottle(pool: PoolLike, options: ThrottleOptions): PoolLike {
  return new Throttle(pool, options);
}
