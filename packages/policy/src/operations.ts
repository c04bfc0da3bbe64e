import { channel } from "node:diagnostics_channel";
import type { PoolLike } from "@laila/pool";
import type { GlobalId } from "@laila/schema";

/** The diagnostics channel that tells of every entry that was memorized, remembered or forgotten. */
export const operationChannel = "laila:operation";

/** What is published on {@link operationChannel}, once for each key when it has ended. */
export interface PoolOperation {
  readonly verb: "memorize" | "remember" | "forget";
  readonly poolId: GlobalId;
  readonly key: GlobalId;
  /** Of the record; undefined when nothing was read, and for `forget`. */
  readonly bytes: number | undefined;
  /** How long it took, the wait for a place on the taskforce included; of the whole batch, in one. */
  readonly ms: number;
  /** Why it failed; absent when it did not. */
  readonly error?: unknown;
}

const operations = channel(operationChannel);

/** Tells of the operations that began when it was made, and end together. */
export class Heard {
  readonly #verb: PoolOperation["verb"];
  readonly #poolId: GlobalId;
  readonly #began = performance.now();
  #ms: number | undefined;

  constructor(verb: PoolOperation["verb"], poolId: GlobalId) {
    this.#verb = verb;
    this.#poolId = poolId;
  }

  ended(key: GlobalId, bytes?: number, error?: unknown): void {
    this.#ms ??= performance.now() - this.#began;
    const told: PoolOperation = {
      ...{ verb: this.#verb, poolId: this.#poolId, key, bytes, ms: this.#ms },
      ...(error === undefined ? {} : { error }),
    };
    operations.publish(told);
  }

  /** Settles with the operation; tells of the keys if it fails. */
  async landing<T>(
    operation: Promise<T>,
    keys: readonly GlobalId[],
    bytes?: readonly number[],
  ): Promise<T> {
    try {
      return await operation;
    } catch (error) {
      for (const [i, key] of keys.entries()) this.ended(key, bytes?.[i], error);
      throw error;
    }
  }

  /** Settles with the operation, and tells of its one key. */
  async single<T>(operation: Promise<T>, key: GlobalId, bytes?: number): Promise<T> {
    const value = await this.landing(operation, [key], bytes === undefined ? undefined : [bytes]);
    this.ended(key, bytes);
    return value;
  }

  /** Settles with the batch, and tells of each key whether it failed. */
  async batch<T extends { readonly error?: unknown }>(
    operation: Promise<T[]>,
    keys: readonly GlobalId[],
    bytes?: readonly number[],
  ): Promise<T[]> {
    const results = await this.landing(operation, keys, bytes);
    for (const [i, key] of keys.entries()) this.ended(key, bytes?.[i], results[i]?.error);
    return results;
  }
}

/** Undefined when nobody listens: then there is nothing to measure either. */
export function heard(verb: PoolOperation["verb"], pool: PoolLike): Heard | undefined {
  return operations.hasSubscribers ? new Heard(verb, pool.globalId) : undefined;
}
