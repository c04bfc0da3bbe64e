import {
  type CallOptions,
  type KeysOptions,
  LailaError,
  MemoryPool,
  type PoolOptions,
  type ReadResult,
  type WriteOptions,
} from "@laila/pool";
import * as z from "zod";

/** A memory pool that fails as often as it is told to, before or after it has done the work. */
export class FlakyPool extends MemoryPool {
  static override readonly configSchema = z.object({}) as unknown as typeof MemoryPool.configSchema;
  static override readonly classToken: string = "FlakyPool";
  static override readonly packageName: string = "@laila/pool";

  /** Every hook's call, in order: `read a`. */
  readonly log: string[] = [];
  /** What the next calls of `read a` (or of every `read`) fail with, one after the other. */
  readonly failures = new Map<string, unknown[]>();
  /** The work is done first, and then the call fails. */
  replyLost = false;

  constructor(config: object = {}, options: PoolOptions = {}) {
    super(config, options);
  }

  failing(call: string, times: number, error: unknown = unavailable()): this {
    this.failures.set(call, new Array(times).fill(error));
    return this;
  }

  async #run<T>(operation: string, key: string, act: () => Promise<T>): Promise<T> {
    const call = `${operation} ${key}`;
    this.log.push(call);
    const failure = (this.failures.get(call) ?? this.failures.get(operation))?.shift();
    if (failure === undefined) return act();
    if (this.replyLost) await act();
    throw failure;
  }

  protected override _verify(_: CallOptions): Promise<void> {
    return this.#run("open", "", async () => undefined);
  }

  protected override async _read(key: string): Promise<ReadResult | undefined> {
    return this.#run("read", key, async () => super._read(key));
  }

  protected override async _write(
    key: string,
    bytes: Uint8Array,
    o: WriteOptions,
  ): Promise<string> {
    return this.#run("write", key, async () => super._write(key, bytes, o));
  }

  protected override async _delete(key: string): Promise<void> {
    return this.#run("delete", key, async () => super._delete(key));
  }

  protected override async _exists(key: string): Promise<boolean> {
    return this.#run("exists", key, async () => super._exists(key));
  }

  /** Fails behind the first half of the keys. */
  protected override async *_keys(options: KeysOptions): AsyncGenerator<string> {
    const all: string[] = [];
    for await (const key of super._keys(options)) all.push(key);
    // Every listing has an order of its own.
    if (this.log.push("keys") % 2 === 0) all.reverse();
    yield* all.slice(0, all.length / 2);
    const failure = this.failures.get("keys")?.shift();
    if (failure !== undefined) throw failure;
    yield* all.slice(all.length / 2);
  }
}

export function unavailable(): LailaError {
  return new LailaError("UNAVAILABLE", "The storage does not answer. Try again.");
}
