import {
  exempt,
  type KeysOptions,
  LailaError,
  Pool,
  path,
  type ReadResult,
  type Secret,
  type Supports,
  secret,
} from "@laila/pool";
import * as z from "zod";

const configSchema = z.object({
  endpoint: z.string().optional(),
  keyId: secret(z.string(), "VAULT_KEY_ID").optional(),
  keyValue: secret(z.string(), "VAULT_KEY_VALUE").optional(),
  filePath: path(z.string()).optional(),
  region: z.string().default("here"),
  tags: z.record(z.string(), z.unknown()).optional(),
  logger: exempt(z.custom<object>()).optional(),
  ambientCredentials: exempt(z.boolean()).optional(),
});

type Config = z.input<typeof configSchema>;
export type VaultConfig = Omit<Config, "keyId" | "keyValue"> & {
  readonly keyId?: string | Secret;
  readonly keyValue?: string | Secret;
  readonly nickname?: string;
};

/** A pool with every kind of field, which tells what was done with it. */
export class VaultPool extends Pool<z.output<typeof configSchema>> {
  static readonly configSchema = configSchema;
  static readonly classToken: string = "VaultPool";
  static readonly packageName: string = "@laila/pool-vault";
  /** Every pool made, for tests to look into. */
  static made: VaultPool[] = [];

  static destination(config: Readonly<Record<string, unknown>>): string | undefined {
    return config.endpoint === undefined ? undefined : new URL(String(config.endpoint)).origin;
  }

  readonly supports: Supports = {
    conditionalWrites: false,
    durable: false,
    persistent: false,
    batch: false,
    streams: false,
    sharedBetweenProcesses: false,
    evicts: false,
    maxValueBytes: 2 ** 30,
    maxKeyBytes: 256,
  };
  readonly events: string[] = [];
  readonly #values = new Map<string, Uint8Array>();

  constructor(config: VaultConfig = {}, options = {}) {
    super(config, options);
    VaultPool.made.push(this);
  }

  /** What it would send: the plain configuration. */
  get settings(): Readonly<z.output<typeof configSchema>> {
    return this.config;
  }

  /** The keys of what it holds, also when it is closed. */
  get kept(): Iterable<string> {
    return this.#values.keys();
  }

  protected async _open(): Promise<void> {
    this.events.push("open");
    if (this.config.region === "locked")
      throw new LailaError("LOCKED", "It is in use.", { details: { file: "x" } });
    if (this.config.region === "broken") {
      throw new LailaError("UNAVAILABLE", "The vault is broken. Repair it.");
    }
  }

  protected async _read(key: string): Promise<ReadResult | undefined> {
    const bytes = this.#values.get(key);
    return bytes && { bytes, version: undefined };
  }

  protected async _write(key: string, bytes: Uint8Array): Promise<undefined> {
    this.#values.set(key, bytes.slice());
  }

  protected async _delete(key: string): Promise<void> {
    this.#values.delete(key);
  }

  protected async _exists(key: string): Promise<boolean> {
    return this.#values.has(key);
  }

  protected async *_keys({ prefix = "" }: KeysOptions): AsyncGenerator<string> {
    for (const key of this.#values.keys()) if (key.startsWith(prefix)) yield key;
  }

  protected async _close(): Promise<void> {
    this.events.push("close");
  }
}
