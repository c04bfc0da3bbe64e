import { setTimeout as delay } from "node:timers/promises";
import {
  type KeysOptions,
  LailaError,
  Pool,
  type PoolOptions,
  type ReadResult,
  type Supports,
  secret,
  type WriteOptions,
} from "@laila/pool";
import * as z from "zod";

const configSchema = z.object({
  storageName: z.string(),
  conditional: z.boolean().default(false),
  password: secret(z.string(), "SLOW_PASSWORD").optional(),
});

export type SlowPoolConfig = z.input<typeof configSchema> & { readonly nickname?: string };

interface Value {
  readonly bytes: Uint8Array;
  readonly version: string;
}

/** What outlives the pools, as a disk would: by name. */
const storages = new Map<string, Map<string, Value>>();
let made = 0;

/** A backend whose every operation takes a millisecond, on storage that several pools share. */
export class SlowPool extends Pool<z.output<typeof configSchema>> {
  static readonly configSchema = configSchema;
  static readonly classToken: string = "SlowPool";
  static readonly packageName: string = "@laila/pool";

  readonly supports: Supports;

  constructor(config: SlowPoolConfig, options: PoolOptions = {}) {
    super(config, options);
    this.supports = {
      conditionalWrites: this.config.conditional,
      durable: false,
      persistent: true,
      batch: false,
      streams: false,
      sharedBetweenProcesses: true,
      evicts: false,
      maxValueBytes: 2 ** 25,
      maxKeyBytes: 256,
    };
  }

  static onNewStorage(config: Omit<SlowPoolConfig, "storageName">): SlowPool {
    return new SlowPool({ ...config, storageName: `storage ${++made}` });
  }

  get #storage(): Map<string, Value> {
    const { storageName } = this.config;
    const found = storages.get(storageName) ?? new Map<string, Value>();
    storages.set(storageName, found);
    return found;
  }

  protected async _open(): Promise<void> {
    await delay(1);
  }

  protected async _read(key: string): Promise<ReadResult | undefined> {
    await delay(1);
    const found = this.#storage.get(key);
    return found && { bytes: found.bytes.slice(), version: found.version };
  }

  protected async _write(
    key: string,
    bytes: Uint8Array,
    { condition }: WriteOptions,
  ): Promise<string> {
    await delay(1);
    const old = this.#storage.get(key);
    if (condition && ("ifAbsent" in condition ? old : old?.version !== condition.ifVersion)) {
      throw new LailaError("CONFLICT", "Somebody else wrote it first. Read it again and decide.", {
        details: { outcome: "lost" },
      });
    }
    const version = String(++made);
    this.#storage.set(key, { bytes, version });
    return version;
  }

  protected async _delete(key: string): Promise<void> {
    await delay(1);
    this.#storage.delete(key);
  }

  protected async _exists(key: string): Promise<boolean> {
    await delay(1);
    return this.#storage.has(key);
  }

  protected async *_keys({ prefix = "" }: KeysOptions): AsyncGenerator<string> {
    const all = [...this.#storage.keys()];
    for (const [i, key] of all.entries()) {
      if (i % 1000 === 0) await delay(1);
      if (key.startsWith(prefix)) yield key;
    }
  }

  protected async _close(): Promise<void> {
    await delay(1);
  }
}
