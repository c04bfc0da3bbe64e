import {
  type CallOptions,
  type KeysOptions,
  MemoryPool,
  type MemoryPoolConfig,
  type ReadResult,
  type Supports,
  type Version,
  type WriteOptions,
} from "@laila/pool";
import { constant, encodeRecord, isLailaError } from "@laila/schema";
import type { Transfer, TransferEvent, TransferReport } from "../../src/index.js";

type Operation = "read" | "write" | "delete" | "exists" | "keys";

/** A pool in memory that notes what is asked of it, and into which a test can reach. */
export class ProbedPool extends MemoryPool {
  static override readonly configSchema = MemoryPool.configSchema;
  static override readonly classToken: string = "ProbedPool";
  static override readonly packageName: string = "@laila/policy";

  readonly log: string[] = [];
  /** How many keys were taken from listings. */
  listed = 0;
  closed = false;
  /** Runs before an operation; what it throws is what the operation fails with. */
  before: (operation: Operation, key: string) => unknown = () => undefined;
  /** Runs after one that succeeded. */
  after: (operation: Operation, key: string) => unknown = () => undefined;
  /** What arrives of what is written, and what comes of what is read; undefined: nothing. */
  arriving: (key: string, bytes: Uint8Array) => Uint8Array | undefined = (_, bytes) => bytes;
  leaving: (key: string, bytes: Uint8Array) => Uint8Array | undefined = (_, bytes) => bytes;

  count(operation: Operation, key?: string): number {
    const start = `${operation} ${key ?? ""}`;
    return this.log.filter((line) => (key === undefined ? line.startsWith(start) : line === start))
      .length;
  }

  protected override async _read(key: string): Promise<ReadResult | undefined> {
    return this.#run("read", key, async () => {
      const found = await super._read(key);
      const bytes = found && this.leaving(key, found.bytes);
      return bytes && { bytes, version: found.version };
    });
  }

  protected override async _write(
    key: string,
    bytes: Uint8Array,
    options: WriteOptions,
  ): Promise<Version> {
    return this.#run("write", key, async () => {
      const arrived = this.arriving(key, bytes);
      return arrived ? super._write(key, arrived, options) : "lost";
    });
  }

  protected override async _delete(key: string): Promise<void> {
    return this.#run("delete", key, async () => super._delete(key));
  }

  protected override async _exists(key: string): Promise<boolean> {
    return this.#run("exists", key, async () => super._exists(key));
  }

  protected override async *_keys(options: KeysOptions): AsyncGenerator<string> {
    await this.#run("keys", options.prefix ?? "", async () => undefined);
    for await (const key of super._keys(options)) {
      this.listed++;
      yield key;
    }
  }

  async #run<T>(operation: Operation, key: string, act: () => Promise<T>): Promise<T> {
    this.log.push(`${operation} ${key}`);
    // A turn of the event loop, as I/O would take.
    await new Promise<void>((resolve) => setImmediate(resolve));
    await this.before(operation, key);
    const result = await act();
    await this.after(operation, key);
    return result;
  }
}

/** The same without versions and conditions. */
export class PlainPool extends ProbedPool {
  static override readonly configSchema = MemoryPool.configSchema;
  static override readonly classToken: string = "PlainPool";
  static override readonly packageName: string = "@laila/policy";

  override readonly supports: Supports;

  constructor(config: MemoryPoolConfig = {}) {
    super(config);
    this.supports = { ...new MemoryPool().supports, conditionalWrites: false };
  }

  protected override async _read(key: string): Promise<ReadResult | undefined> {
    const found = await super._read(key);
    return found && { bytes: found.bytes, version: undefined };
  }
}

export interface Stored {
  readonly key: string;
  readonly bytes: Uint8Array;
}

/** A record of some data, under its own id or that of a nickname. */
export function record(data: unknown, nickname?: string): Stored {
  const entry = constant(data, nickname === undefined ? {} : { nickname });
  return { key: entry.globalId, bytes: encodeRecord(entry) };
}

export function flipped(bytes: Uint8Array, at = bytes.length - 3): Uint8Array {
  const copy = bytes.slice();
  copy[at] = (copy[at] ?? 0) ^ 1;
  return copy;
}

export async function fill(pool: MemoryPool, values: Iterable<Stored>): Promise<void> {
  for (const { key, bytes } of values) await pool.write(key, bytes);
}

/** Everything in a pool, as text, so that two pools can be compared. */
export async function contents(
  pool: MemoryPool,
  options: CallOptions = {},
): Promise<Record<string, string>> {
  const keys: string[] = [];
  for await (const key of pool.keys(options)) keys.push(key);
  const all: [string, string][] = [];
  for (const key of keys.sort()) {
    all.push([key, Buffer.from((await pool.read(key))?.bytes ?? []).toString("latin1")]);
  }
  return Object.fromEntries(all);
}

/** How a transfer ended. */
export async function outcomeOf(
  transfer: Transfer,
): Promise<{ report: TransferReport; code: string | undefined; error: unknown }> {
  const events: TransferEvent[] = [];
  try {
    for await (const event of transfer) events.push(event);
    return { report: await transfer, code: undefined, error: undefined };
  } catch (error) {
    const code = isLailaError(error) ? error.code : String(error);
    return { report: transfer.report, code, error };
  }
}

/** The codes of the keys that failed. */
export function failuresOf({ failed }: TransferReport): Record<string, string> {
  return Object.fromEntries(
    failed.map(({ key, error }) => [key, isLailaError(error) ? error.code : String(error)]),
  );
}
