import { LailaError } from "@laila/schema";
import type { CallOptions, PoolLike, ReadManyResult, ReadResult } from "./contract.js";

/** What a cache does with its origin: one read for all who wait, filled on the way back. */
export class ReadThrough {
  readonly origin: PoolLike;
  readonly #cache: PoolLike;

  /** INVALID_ARGUMENT when the chain of origins leads back to the cache. */
  constructor(cache: PoolLike, origin: PoolLike) {
    for (let pool: PoolLike | undefined = origin; pool; pool = pool.proxy) {
      if (pool === cache || pool.globalId === cache.globalId) {
        throw new LailaError(
          "INVALID_ARGUMENT",
          `${cache.globalId} cannot be a proxy of ${origin.globalId}: the chain leads back to it.`,
        );
      }
    }
    this.#cache = cache;
    this.origin = origin;
  }

  async read(key: string, options: CallOptions): Promise<ReadResult | undefined> {
    const found = await this.origin.read(key, options);
    if (!found) return undefined;
    const version = await this.#cache.write(key, found.bytes, options);
    return { bytes: found.bytes, version };
  }

  async readOne(key: string, options: CallOptions): Promise<ReadManyResult> {
    try {
      return { key, result: await this.read(key, options) };
    } catch (error) {
      return { key, error };
    }
  }
}
