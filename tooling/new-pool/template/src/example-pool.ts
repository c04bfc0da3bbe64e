import {
  type KeysOptions,
  LailaError,
  Pool,
  type PoolOptions,
  type ReadResult,
  type Supports,
  type Version,
  type WriteOptions,
} from "@laila/pool";
import { configSchema, type ExamplePoolConfig, type ParsedConfig } from "./config.js";

/** A pool in this process's memory. */
export class ExamplePool extends Pool<ParsedConfig> {
  static readonly configSchema = configSchema;
  static readonly classToken: string = "ExamplePool";
  static readonly packageName: string = "@laila/pool-example";

  readonly supports: Supports = {
    conditionalWrites: true,
    durable: false,
    persistent: false,
    batch: false,
    streams: false,
    sharedBetweenProcesses: false,
    evicts: false,
    maxValueBytes: 2 ** 30,
    maxKeyBytes: 1024,
  };
  readonly #values = new Map<string, { readonly bytes: Uint8Array; readonly version: Version }>();
  #writes = 0;

  constructor(config: ExamplePoolConfig = {}, options: PoolOptions = {}) {
    super(config, options);
  }

  protected async _open(): Promise<void> {
    // Memory is always there.
  }

  protected async _read(key: string): Promise<ReadResult | undefined> {
    const found = this.#values.get(key);
    return found && { bytes: found.bytes.slice(), version: found.version };
  }

  protected async _write(
    key: string,
    bytes: Uint8Array,
    { condition }: WriteOptions,
  ): Promise<Version> {
    const old = this.#values.get(key);
    if (condition && ("ifAbsent" in condition ? old : old?.version !== condition.ifVersion)) {
      throw new LailaError(
        "CONFLICT",
        `Somebody else wrote ${JSON.stringify(key)} first. Read it again and decide.`,
        { details: { key, outcome: "lost" } },
      );
    }
    const version = String(++this.#writes);
    this.#values.set(key, { bytes, version });
    return version;
  }

  protected async _delete(key: string): Promise<void> {
    this.#values.delete(key);
  }

  protected async _exists(key: string): Promise<boolean> {
    return this.#values.has(key);
  }

  protected async *_keys({ prefix = "" }: KeysOptions): AsyncGenerator<string> {
    for (const key of [...this.#values.keys()]) if (key.startsWith(prefix)) yield key;
  }

  protected async _close(): Promise<void> {
    this.#values.clear();
  }
}
