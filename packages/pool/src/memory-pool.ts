import { LailaError } from "@laila/schema";
import * as z from "zod";
import type {
  Awaitable,
  CallOptions,
  KeysOptions,
  LazyValue,
  PoolOptions,
  ReadOptions,
  ReadResult,
  Supports,
  Version,
  WriteCondition,
  WriteOptions,
} from "./contract.js";
import { Pool } from "./pool.js";

const configSchema = z
  .object({
    /** The most bytes of values it holds; keys are not counted. */
    maxBytes: z.number().int().positive().optional(),
    /** What happens when it is full: NO_SPACE, or the least recently used values go. */
    evict: z.literal("lru").optional(),
  })
  .refine(({ maxBytes, evict }) => evict === undefined || maxBytes !== undefined, {
    path: ["maxBytes"],
    message: "is needed with evict, or the pool would never be full",
  });

/** As it is given to whoever borrows it. */
interface StoredBytes extends ReadResult {
  readonly version: Version;
  readonly lent: true;
  readonly lazy?: undefined;
}

interface StoredLazy {
  readonly lazy: LazyValue;
  /** Which write it was: its version, as a number. */
  readonly write: number;
  readonly bytes?: undefined;
}

type Stored = StoredBytes | StoredLazy;

export type MemoryPoolConfig = z.input<typeof configSchema> & {
  readonly nickname?: string | undefined;
};

/**
 * A pool in this process's memory. NO_SPACE when full, unless eviction was asked for. Without `maxBytes` it keeps
 * what a policy memorizes as a copy of the data, and makes bytes for those who ask for them; the texts in it are not
 * copied, so one that was cut out of a longer text keeps that in memory.
 */
export class MemoryPool extends Pool<z.output<typeof configSchema>> {
  static readonly configSchema = configSchema;
  static readonly classToken: string = "MemoryPool";
  static readonly packageName: string = "@laila/pool";

  readonly supports: Supports;
  readonly #values = new Map<string, Stored>();
  readonly #keepsLazy: boolean;
  #bytes = 0;
  #writes = 0;

  constructor(config: MemoryPoolConfig = {}, options: PoolOptions = {}) {
    super(config, options);
    // Bytes have to be there to be counted, and for a subclass that reads or writes them in its own way.
    this.#keepsLazy = new.target === MemoryPool && this.config.maxBytes === undefined;
    this.supports = {
      conditionalWrites: true,
      durable: false,
      persistent: false,
      batch: false,
      streams: false,
      sharedBetweenProcesses: false,
      evicts: this.config.evict !== undefined,
      maxValueBytes: this.config.maxBytes ?? 2 ** 31,
      maxKeyBytes: 4096,
    };
  }

  override get keepsLazy(): boolean {
    return this.#keepsLazy;
  }

  /** Memory is always there. */
  protected _open(_options: CallOptions): Promise<void> | undefined {
    return undefined;
  }

  protected _read(key: string, { borrow }: ReadOptions = {}): Awaitable<ReadResult | undefined> {
    const found = this.#values.get(key);
    if (!found) return undefined;
    if (!found.bytes) return { bytes: found.lazy.toBytes(), version: versionOf(found) };
    if (this.config.evict) this.#touch(key, found);
    if (borrow) return found;
    // Unlike `slice`, this does not fill the memory with zeros first.
    return { bytes: new Uint8Array(found.bytes), version: found.version };
  }

  protected _write(
    key: string,
    bytes: Uint8Array,
    { condition }: WriteOptions,
  ): Awaitable<Version> {
    const old = this.#replaceable(key, condition);
    this.#count(key, bytes.byteLength - (old?.bytes?.byteLength ?? 0));
    // A window would keep alive the whole of a larger buffer.
    const own = bytes.byteLength === bytes.buffer.byteLength ? bytes : bytes.slice();
    const version = String(++this.#writes);
    this.#touch(key, { bytes: own, version, lent: true });
    return version;
  }

  protected override _keptLazy(key: string): LazyValue | undefined {
    return this.#values.get(key)?.lazy;
  }

  protected override _keepLazy(key: string, value: LazyValue): boolean {
    if (this.#keepsLazy) this.#values.set(key, { lazy: value, write: ++this.#writes });
    return this.#keepsLazy;
  }

  protected override _dropLazy(key: string): boolean {
    return this.#keepsLazy && this.#values.delete(key);
  }

  protected _delete(key: string): Awaitable<void> {
    this.#count(key, -(this.#values.get(key)?.bytes?.byteLength ?? 0));
    this.#values.delete(key);
  }

  protected _exists(key: string): Awaitable<boolean> {
    return this.#values.has(key);
  }

  protected async *_keys({ prefix = "" }: KeysOptions): AsyncGenerator<string> {
    for (const key of [...this.#values.keys()]) if (key.startsWith(prefix)) yield key;
  }

  protected async _close(): Promise<void> {
    this.#values.clear();
    this.#bytes = 0;
  }

  /** What a write would replace. CONFLICT when the condition does not hold. */
  #replaceable(key: string, condition: WriteCondition | undefined): Stored | undefined {
    const old = this.#values.get(key);
    const holds =
      !condition ||
      ("ifAbsent" in condition ? !old : old && versionOf(old) === condition.ifVersion);
    if (holds) return old;
    throw new LailaError(
      "CONFLICT",
      `Somebody else wrote ${JSON.stringify(key)} first. Read it again and decide.`,
      { details: { key, outcome: "lost" } },
    );
  }

  /** A Map keeps insertion order: moved to the end means most recently used. */
  #touch(key: string, value: Stored): void {
    this.#values.delete(key);
    this.#values.set(key, value);
  }

  /** Counts so many bytes more under a key, where bytes are counted, and makes room for them. NO_SPACE. */
  #count(key: string, more: number): void {
    const { maxBytes, evict } = this.config;
    if (maxBytes === undefined) return;
    if (this.#bytes + more > maxBytes && !evict) {
      throw new LailaError(
        "NO_SPACE",
        `The memory pool ${this.nickname ?? this.globalId} is full (${this.#bytes} of ${maxBytes} bytes). Forget something, or raise maxBytes.`,
      );
    }
    for (const [oldest, { bytes }] of this.#values) {
      if (this.#bytes + more <= maxBytes) break;
      if (oldest === key) continue;
      this.#values.delete(oldest);
      this.#bytes -= bytes?.byteLength ?? 0;
    }
    this.#bytes += more;
  }
}

function versionOf(stored: Stored): Version {
  return stored.bytes ? stored.version : String(stored.write);
}
