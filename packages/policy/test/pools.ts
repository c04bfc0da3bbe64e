import {
  abortError,
  type CallOptions,
  type KeysOptions,
  LailaError,
  type ManyResult,
  Pool,
  type PoolOptions,
  type ReadManyResult,
  type ReadResult,
  type Supports,
  type Version,
  type WriteManyItem,
  type WriteOptions,
} from "@laila/pool";
import * as z from "zod";

const supports: Supports = {
  conditionalWrites: false,
  durable: false,
  persistent: false,
  batch: false,
  streams: false,
  sharedBetweenProcesses: false,
  evicts: false,
  maxValueBytes: 2 ** 31,
  maxKeyBytes: 4096,
};

/** A pool in memory that notes what is asked of it, and fails or waits on demand. */
export class TestPool extends Pool {
  static readonly configSchema = z.object({});
  static readonly classToken: string = "TestPool";
  static readonly packageName: string = "@laila/policy";

  readonly supports: Supports = supports;
  readonly log: string[] = [];
  readonly values = new Map<string, Uint8Array>();
  /** Keys (or "close") whose operations fail, with what. */
  readonly failing = new Map<string, unknown>();
  /** When set, every operation waits for it first. */
  gate: Promise<void> | undefined;
  running = 0;
  mostAtOnce = 0;
  closings = 0;

  constructor(config: { readonly nickname?: string } = {}, options: PoolOptions = {}) {
    super(config, options);
  }

  /** From now on everything waits; the function that is given back lets it go. */
  hold(): () => void {
    let release = (): void => undefined;
    this.gate = new Promise((resolve) => {
      release = resolve;
    });
    return release;
  }

  protected async _open(): Promise<void> {
    this.log.push("open");
  }

  protected _read(key: string, options: CallOptions): Promise<ReadResult | undefined> {
    return this.#run("read", key, options, () => {
      const bytes = this.values.get(key);
      return bytes && { bytes, version: undefined };
    });
  }

  protected _write(
    key: string,
    bytes: Uint8Array,
    options: WriteOptions,
  ): Promise<Version | undefined> {
    const own = bytes.slice();
    return this.#run("write", key, options, () => {
      this.values.set(key, own);
      return undefined;
    });
  }

  protected _delete(key: string, options: CallOptions): Promise<void> {
    return this.#run("delete", key, options, () => {
      this.values.delete(key);
    });
  }

  protected _exists(key: string, options: CallOptions): Promise<boolean> {
    return this.#run("exists", key, options, () => this.values.has(key));
  }

  protected async *_keys({ prefix = "" }: KeysOptions): AsyncGenerator<string> {
    for (const key of [...this.values.keys()]) if (key.startsWith(prefix)) yield key;
  }

  protected async _close(): Promise<void> {
    this.closings++;
    if (this.failing.has("close")) throw this.failing.get("close");
  }

  async #run<T>(what: string, key: string, { signal }: CallOptions, act: () => T): Promise<T> {
    this.log.push(`${what} ${key}`);
    this.running++;
    this.mostAtOnce = Math.max(this.mostAtOnce, this.running);
    try {
      // Even without a gate an operation takes a turn of the event loop, as I/O would.
      const turn = this.gate ?? new Promise<void>((resolve) => setImmediate(resolve));
      await (signal ? Promise.race([turn, aborted(signal)]) : turn);
      if (this.failing.has(key)) throw this.failing.get(key);
      return act();
    } finally {
      this.running--;
    }
  }
}

/** The same with `…Many` calls of its own. */
export class BatchPool extends TestPool {
  static override readonly configSchema = z.object({});
  static override readonly classToken: string = "BatchPool";
  static override readonly packageName: string = "@laila/policy";

  override readonly supports: Supports = { ...supports, batch: true };

  protected override _readMany(
    keys: readonly string[],
    options: CallOptions,
  ): AsyncIterable<ReadManyResult> {
    this.log.push(`readMany ${keys.length}`);
    return super._readMany([...keys].reverse(), options);
  }

  protected override _writeMany(
    items: readonly WriteManyItem[],
    options: CallOptions,
  ): Promise<ManyResult[]> {
    this.log.push(`writeMany ${items.length}`);
    return super._writeMany(items, options);
  }

  protected override _deleteMany(
    keys: readonly string[],
    options: CallOptions,
  ): Promise<ManyResult[]> {
    this.log.push(`deleteMany ${keys.length}`);
    return super._deleteMany(keys, options);
  }
}

export function unavailable(what = "the storage is away"): LailaError {
  return new LailaError("UNAVAILABLE", what);
}

function aborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    const stop = (): void => reject(abortError(signal));
    if (signal.aborted) stop();
    else signal.addEventListener("abort", stop, { once: true });
  });
}
