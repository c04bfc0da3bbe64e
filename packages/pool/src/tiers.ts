import { channel } from "node:diagnostics_channel";
import { type GlobalId, isLailaError, LailaError } from "@laila/schema";
import { abortable } from "./activity.js";
import type {
  CallOptions,
  PoolLike,
  ReadManyResult,
  ReadResult,
  Version,
  WriteOptions,
} from "./contract.js";

/** How many keys one call to an origin's `readMany` asks for; also the most values held at once. */
const batch = 32;

/** The diagnostics channel that tells of values that could not be kept on their way back from an origin. */
export const failedFillChannel = "laila:failed-fill";

/** What is published on {@link failedFillChannel}. */
export interface FailedFill {
  readonly cacheId: GlobalId;
  readonly key: string;
  readonly error: unknown;
}

const failedFills = channel(failedFillChannel);

/** What the read-through needs of the cache it belongs to: its own storage, without any origin. */
export interface LocalStore {
  readonly pool: PoolLike;
  read(key: string, options: CallOptions): Promise<ReadResult | undefined>;
  write(key: string, bytes: Uint8Array, options: WriteOptions): Promise<Version | undefined>;
}

/** A promise and its two ends (Promise.withResolvers, which Node 20 has not). */
class Waiter {
  resolve!: (found: ReadResult | undefined) => void;
  reject!: (error: unknown) => void;
  readonly promise = new Promise<ReadResult | undefined>((resolve, reject) => {
    this.resolve = resolve;
    this.reject = reject;
  });
}

/** One read of the origin and all who wait for it. */
interface Flight {
  readonly waiters: Set<Waiter>;
  /** The key was changed here, or the origin replaced, since the flight began: its value isn't kept. */
  stale: boolean;
  /** Called when the last waiter has gone. */
  readonly abandon: () => void;
}

/**
 * What a cache does with its origin: one read for all who wait, kept on the way back.
 *
 * A value that was written or deleted here while the origin was read wins over the origin's: a change of
 * a key marks its flight as stale, waits for a fill of that key that is being written, and no fill starts
 * while it lasts. Writers in other processes are kept from being overwritten by `ifAbsent`, where the cache
 * has conditional writes.
 */
export class ReadThrough {
  readonly #store: LocalStore;
  #origin: PoolLike | undefined;
  readonly #flights = new Map<string, Flight>();
  readonly #fills = new Map<string, Promise<unknown>>();
  readonly #changes = new Map<string, number>();

  constructor(store: LocalStore) {
    this.#store = store;
  }

  get origin(): PoolLike | undefined {
    return this.#origin;
  }

  /** INVALID_ARGUMENT when the chain of origins leads back to the cache. */
  setOrigin(origin: PoolLike | undefined): void {
    if (origin) refuseCycle(this.#store.pool, origin);
    this.#origin = origin;
    for (const flight of this.#flights.values()) flight.stale = true;
    this.#flights.clear();
  }

  /** Runs a change of keys of the cache, so that no fill undoes it. */
  async change<T>(keys: readonly string[], act: () => Promise<T>): Promise<T> {
    const fills = keys.flatMap((key) => this.#fills.get(key) ?? []);
    for (const key of keys) {
      this.#changes.set(key, (this.#changes.get(key) ?? 0) + 1);
      this.#markStale(key);
    }
    try {
      if (fills.length > 0) await Promise.all(fills);
      return await act();
    } finally {
      for (const key of keys) {
        const left = (this.#changes.get(key) ?? 1) - 1;
        if (left === 0) this.#changes.delete(key);
        else this.#changes.set(key, left);
        // One that began while the change was under way may have read the origin's older value.
        this.#markStale(key);
      }
    }
  }

  /** The origin's value for a key that the cache has not. */
  async read(key: string, options: CallOptions): Promise<ReadResult | undefined> {
    const flight = this.#flights.get(key) ?? this.#start(key);
    return flight && this.#join(key, flight, options);
  }

  /** The origin's values for keys that the cache has not, a batch at a time. */
  async *readMany(keys: readonly string[], options: CallOptions): AsyncGenerator<ReadManyResult> {
    for (let at = 0; at < keys.length; at += batch) {
      const some = keys.slice(at, at + batch);
      this.#startMany(some.filter((key) => !this.#flights.has(key)));
      const outcomes = some.map(async (key): Promise<ReadManyResult> => {
        try {
          return { key, result: await this.read(key, options) };
        } catch (error) {
          return { key, error };
        }
      });
      for (const outcome of outcomes) {
        const told = await outcome;
        // Aborted is the whole call, not this key.
        if (options.signal?.aborted && told.error !== undefined) throw told.error;
        yield told;
      }
    }
  }

  #start(key: string): Flight | undefined {
    const origin = this.#origin;
    if (!origin) return undefined;
    const controller = new AbortController();
    const flight = this.#launch(key, () => controller.abort());
    const reading = (async () => origin.read(key, { signal: controller.signal }))();
    void this.#land(key, flight, reading);
    return flight;
  }

  /** One `readMany` of the origin for all of them; each can be joined like one that was started alone. */
  #startMany(keys: readonly string[]): void {
    const origin = this.#origin;
    if (!origin || keys.length === 0) return;
    const controller = new AbortController();
    const wanted = new Set(keys);
    const results = new Map(
      keys.map((key) => {
        const done = (): void => {
          if (wanted.delete(key) && wanted.size === 0) controller.abort();
        };
        const flight = this.#launch(key, done);
        const result = new Waiter();
        void this.#land(key, flight, result.promise).then(done);
        return [key, result] as const;
      }),
    );
    const readAll = async (): Promise<void> => {
      for await (const one of origin.readMany(keys, { signal: controller.signal })) {
        if (one.error === undefined) results.get(one.key)?.resolve(one.result);
        else results.get(one.key)?.reject(one.error);
      }
    };
    void readAll().then(
      () => {
        for (const [key, { reject }] of results) {
          reject(
            new LailaError(
              "UNAVAILABLE",
              `The origin ${origin.globalId} gave no answer for ${JSON.stringify(key)}. Read it again.`,
            ),
          );
        }
      },
      (error: unknown) => {
        for (const { reject } of results.values()) reject(error);
      },
    );
  }

  #launch(key: string, abort: () => void): Flight {
    const flight: Flight = {
      waiters: new Set(),
      stale: false,
      abandon: () => {
        this.#forget(key, flight);
        flight.stale = true;
        abort();
      },
    };
    this.#flights.set(key, flight);
    return flight;
  }

  /** Waits with the others; the last who loses patience ends the flight. */
  async #join(key: string, flight: Flight, options: CallOptions): Promise<ReadResult | undefined> {
    const waiter = new Waiter();
    flight.waiters.add(waiter);
    try {
      return await abortable(`The read of ${JSON.stringify(key)}`, options, waiter.promise);
    } finally {
      if (flight.waiters.delete(waiter) && flight.waiters.size === 0) flight.abandon();
    }
  }

  /** Keeps what the origin gave and hands it to all who wait. Never rejects. */
  async #land(
    key: string,
    flight: Flight,
    reading: Promise<ReadResult | undefined>,
  ): Promise<void> {
    let found: ReadResult | undefined;
    try {
      const given = await reading;
      if (given) found = await this.#keep(key, flight, given);
    } catch (error) {
      for (const waiter of this.#arrive(key, flight)) waiter.reject(error);
      return;
    }
    // A buffer for each: what one of them does with it is not the others' business.
    let first = true;
    for (const waiter of this.#arrive(key, flight)) {
      waiter.resolve(found && !first ? { ...found, bytes: found.bytes.slice() } : found);
      first = false;
    }
  }

  #arrive(key: string, flight: Flight): Waiter[] {
    this.#forget(key, flight);
    const waiters = [...flight.waiters];
    flight.waiters.clear();
    return waiters;
  }

  /** Keeps the origin's value, unless the cache knows better; gives what a read of the cache now gives. */
  async #keep(key: string, flight: Flight, given: ReadResult): Promise<ReadResult> {
    const { bytes } = given;
    try {
      while (this.#fills.has(key)) await this.#fills.get(key);
      const outdated = flight.stale || this.#changes.has(key);
      const kept = outdated ? this.#store.read(key, {}) : this.#fill(key, bytes);
      return (await kept) ?? { bytes, version: undefined };
    } catch (error) {
      const told: FailedFill = { cacheId: this.#store.pool.globalId, key, error };
      failedFills.publish(told);
      return { bytes, version: undefined };
    }
  }

  /** What is under the key afterwards: these bytes, or what somebody wrote before. */
  #fill(key: string, bytes: Uint8Array): Promise<ReadResult | undefined> {
    const filling = this.#writeIfAbsent(key, bytes);
    const forget = (): void => {
      this.#fills.delete(key);
    };
    this.#fills.set(key, filling.then(forget, forget));
    return filling;
  }

  async #writeIfAbsent(key: string, bytes: Uint8Array): Promise<ReadResult | undefined> {
    if (!this.#store.pool.supports.conditionalWrites) {
      // A change here waits for this fill, and so cannot come in between.
      const own = await this.#store.read(key, {});
      return own ?? { bytes, version: await this.#store.write(key, bytes, {}) };
    }
    try {
      const condition = { ifAbsent: true } as const;
      return { bytes, version: await this.#store.write(key, bytes, { condition }) };
    } catch (error) {
      if (!isLailaError(error, "CONFLICT")) throw error;
      return this.#store.read(key, {});
    }
  }

  #markStale(key: string): void {
    const flight = this.#flights.get(key);
    if (flight) flight.stale = true;
  }

  #forget(key: string, flight: Flight): void {
    if (this.#flights.get(key) === flight) this.#flights.delete(key);
  }
}

/**
 * Stacks pools, fastest first: each reads through to the next one, and keeps a copy. Gives the first.
 * INVALID_ARGUMENT for a cycle; then nothing is changed.
 */
export function tiers<P extends PoolLike>(first: P, ...slower: readonly PoolLike[]): P {
  const pools: readonly PoolLike[] = [first, ...slower];
  const before = pools.map((pool) => pool.proxy);
  try {
    // From the far end, so that an old link further down is gone before the chain is followed.
    for (let i = slower.length - 1; i >= 0; i--) pools[i]?.proxyTo(slower[i]);
  } catch (error) {
    for (const [i, pool] of pools.entries()) if (pool.proxy !== before[i]) pool.proxyTo(before[i]);
    throw error;
  }
  return first;
}

function refuseCycle(cache: PoolLike, origin: PoolLike): void {
  const seen = new Set<PoolLike>();
  for (let pool: PoolLike | undefined = origin; pool && !seen.has(pool); pool = pool.proxy) {
    // A layer around the cache is another object with the cache's id.
    if (pool === cache || pool.globalId === cache.globalId) {
      throw new LailaError(
        "INVALID_ARGUMENT",
        `${cache.globalId} cannot read through to ${origin.globalId}: the chain of origins leads back to it.`,
      );
    }
    seen.add(pool);
  }
}
