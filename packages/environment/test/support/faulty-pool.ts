import type { CallOptions, PoolLike, ReadResult, Version, WriteOptions } from "@laila/pool";
import { LailaError, MemoryPool } from "@laila/pool";

type Fault =
  | "lost-request"
  | "lost-reply"
  | "lost-reply-as-conflict"
  /** It was done, and another attempt was refused: marked by the pool as unknown, or not at all. */
  | "done-and-refused"
  | "done-and-refused-unmarked"
  | "refused";

/** A memory pool behind a network that loses what the test says. */
export class FaultyPool extends MemoryPool {
  static override readonly configSchema = MemoryPool.configSchema;
  static override readonly classToken: string = "FaultyPool";
  static override readonly packageName: string = "@laila/pool-faulty";
  readonly log: string[] = [];
  /** Called with every operation; what it gives happens to that one. */
  fault: (operation: "read" | "write" | "delete", key: string) => Fault | undefined = () =>
    undefined;
  /** Called before every operation. */
  before: (operation: "read" | "write" | "delete", key: string) => Promise<void> | void = () =>
    undefined;

  protected override async _read(key: string): Promise<ReadResult | undefined> {
    await this.#begin("read", key);
    return super._read(key);
  }

  protected override async _write(
    key: string,
    bytes: Uint8Array,
    options: WriteOptions,
  ): Promise<Version> {
    const fault = await this.#begin("write", key);
    const version = await super._write(key, bytes, options);
    if (fault) throw this.#lost(fault, key);
    return version;
  }

  protected override async _delete(key: string): Promise<void> {
    const fault = await this.#begin("delete", key);
    await super._delete(key);
    if (fault) throw this.#lost(fault, key);
  }

  async #begin(operation: "read" | "write" | "delete", key: string): Promise<Fault | undefined> {
    this.log.push(`${operation} ${/:(ENTRY|MANIFEST):/.exec(key)?.[1]}`);
    await this.before(operation, key);
    const fault = this.fault(operation, key);
    if (fault === "lost-request" || fault === "refused") throw this.#lost(fault, key);
    return fault;
  }

  #lost(fault: Fault, key: string): LailaError {
    if (fault === "refused" || fault === "done-and-refused-unmarked")
      return new LailaError("CREDENTIALS_EXPIRED", `Refused: ${key}`);
    if (fault === "done-and-refused")
      return new LailaError("CREDENTIALS_EXPIRED", `Refused: ${key}`, {
        details: { outcome: "unknown" },
      });
    return fault === "lost-reply-as-conflict"
      ? new LailaError("CONFLICT", `Maybe: ${key}`, { details: { outcome: "unknown" } })
      : new LailaError("UNAVAILABLE", `The network lost ${key}`);
  }
}

export async function keysOf(pool: PoolLike, options: CallOptions = {}): Promise<string[]> {
  const keys: string[] = [];
  for await (const key of pool.keys(options)) keys.push(key);
  return keys;
}
