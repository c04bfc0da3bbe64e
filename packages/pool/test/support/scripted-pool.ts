import {
  type CallOptions,
  type KeysOptions,
  LailaError,
  Pool,
  type PoolOptions,
  type ReadResult,
  type Supports,
  type WriteOptions,
} from "@laila/pool";
import * as z from "zod";

/** Waits until it is opened; counts who came. */
export class Gate {
  entered = 0;
  #open!: () => void;
  readonly #opened = new Promise<void>((resolve) => {
    this.#open = resolve;
  });

  async pass(): Promise<void> {
    this.entered++;
    await this.#opened;
  }

  open(): void {
    this.#open();
  }
}

const configSchema = z.object({});

/** A backend over a Map whose every hook can be made to wait or to fail, and which keeps a log. */
export class ScriptedPool extends Pool {
  static readonly configSchema = configSchema;
  static readonly classToken: string = "ScriptedPool";
  static readonly packageName: string = "@laila/pool";

  readonly values = new Map<string, { bytes: Uint8Array; version: string }>();
  readonly log: string[] = [];
  /** Held by the hook of this name, before it does its work. */
  readonly gates = new Map<string, Gate>();
  /** Thrown by the hook of this name. */
  readonly failures = new Map<string, unknown>();
  readonly signals: (AbortSignal | undefined)[] = [];
  readonly supports: Supports;
  #versions = 0;

  constructor(options: PoolOptions & { supports?: Partial<Supports>; config?: object } = {}) {
    super(options.config ?? {}, options);
    this.supports = {
      conditionalWrites: true,
      durable: false,
      persistent: false,
      batch: false,
      streams: false,
      sharedBetweenProcesses: false,
      evicts: false,
      maxValueBytes: 2 ** 31,
      maxKeyBytes: 256,
      ...options.supports,
    };
  }

  gate(hook: string): Gate {
    const gate = new Gate();
    this.gates.set(hook, gate);
    return gate;
  }

  async #enter(hook: string, detail: string, options: CallOptions = {}): Promise<void> {
    this.log.push(detail === "" ? hook : `${hook} ${detail}`);
    this.signals.push(options.signal);
    await this.gates.get(hook)?.pass();
    if (this.failures.has(hook)) throw this.failures.get(hook);
  }

  protected async _open(options: CallOptions): Promise<void> {
    await this.#enter("open", "", options);
  }

  protected async _read(key: string, options: CallOptions): Promise<ReadResult | undefined> {
    await this.#enter("read", key, options);
    const found = this.values.get(key);
    return found && { bytes: found.bytes.slice(), version: found.version };
  }

  protected async _write(key: string, bytes: Uint8Array, options: WriteOptions): Promise<string> {
    await this.#enter("write", key, options);
    const { condition } = options;
    const old = this.values.get(key);
    if (condition && ("ifAbsent" in condition ? old : old?.version !== condition.ifVersion)) {
      throw new LailaError("CONFLICT", `Somebody else wrote ${key}.`, {
        details: { outcome: "lost" },
      });
    }
    const version = String(++this.#versions);
    this.values.set(key, { bytes, version });
    return version;
  }

  protected async _delete(key: string, options: CallOptions): Promise<void> {
    await this.#enter("delete", key, options);
    this.values.delete(key);
  }

  protected async _exists(key: string, options: CallOptions): Promise<boolean> {
    await this.#enter("exists", key, options);
    return this.values.has(key);
  }

  protected async *_keys({ prefix = "" }: KeysOptions): AsyncGenerator<string> {
    try {
      for (const key of [...this.values.keys()]) {
        await this.#enter("keys", key);
        if (key.startsWith(prefix)) yield key;
      }
    } finally {
      this.log.push("keys ended");
    }
  }

  protected async _close(): Promise<void> {
    await this.#enter("close", "");
  }
}

/** Lets everything that is ready run. */
export function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

export function bytesOf(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

export function textOf(found: { readonly bytes: Uint8Array } | undefined): string | undefined {
  return found && new TextDecoder().decode(found.bytes);
}
