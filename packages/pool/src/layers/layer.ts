import { LailaError } from "@laila/schema";
import type * as z from "zod";
import type {
  CallOptions,
  KeysOptions,
  LayerConfig,
  ManyResult,
  PoolConfig,
  PoolLike,
  ReadManyResult,
  ReadResult,
  Supports,
  Version,
  WriteManyItem,
  WriteOptions,
} from "../contract.js";
import { Pool } from "../pool.js";

/** What stands in a document for a layer, or for a part of one. */
export interface LayerDeclaration {
  /** All fields, marked with `secret` where they are. */
  readonly configSchema: z.ZodObject;
  /** The name in documents: `Retry`. */
  readonly classToken: string;
}

export type Operation =
  | "open"
  | "read"
  | "write"
  | "delete"
  | "exists"
  | "keys"
  | "readMany"
  | "writeMany"
  | "deleteMany";

/** One call on its way to the inner pool. */
export interface Call {
  readonly operation: Operation;
  readonly key?: string;
  /** Of a `…Many` call: how many keys. */
  readonly count?: number;
  /** Of a write: the length of the value, or of all values. */
  readonly bytes?: number;
  readonly prefix?: string;
  /** A write that has a condition. */
  readonly conditional?: boolean;
}

/**
 * A pool around a pool. It is the same pool to everybody who holds it: it keeps the id and the nickname, and
 * describes itself as the inner pool with one more of `layers`. Arguments, signals, opening and closing are
 * the base class's; a layer changes what happens on the way to the inner pool, and owns that pool:
 * closing the layer closes it.
 *
 * An origin belongs to the outermost layer (`withRetry(cache).proxyTo(origin)`), so that what is kept on
 * the way back passes through the layers like everything else.
 */
export abstract class Layer<Config extends object = object> extends Pool<Config> {
  readonly #inner: PoolLike;
  #closes: AbortSignal | undefined;

  /** INVALID_ARGUMENT for what is no pool, or a pool that has an origin; INVALID_CONFIG. */
  constructor(inner: PoolLike, config: object) {
    checkInner(inner);
    refuseNickname(config);
    super({ ...config, nickname: inner.nickname }, { globalId: inner.globalId });
    this.#inner = inner;
  }

  get inner(): PoolLike {
    return this.#inner;
  }

  get supports(): Supports {
    const { supports } = this.inner;
    return supports.streams ? { ...supports, streams: false } : supports;
  }

  override toConfig(): PoolConfig {
    if (this.inner.proxy) throw hasOrigin(this.inner);
    const config = this.inner.toConfig();
    return { ...config, layers: [...(config.layers ?? []), ...this.layerConfigs()] };
  }

  override async close(): Promise<void> {
    try {
      await super.close();
    } finally {
      await this.inner.close();
    }
  }

  /** What the layer adds to `layers`, innermost first. */
  protected layerConfigs(): readonly LayerConfig[] {
    const { package: _, nickname: _nickname, ...own } = super.toConfig();
    return [own];
  }

  /** Aborted when the layer is closed: nothing may be waited for any more. Set before the first call. */
  protected get closes(): AbortSignal | undefined {
    return this.#closes;
  }

  /** Every call that is answered once passes through here. */
  protected call<T>(
    _call: Call,
    options: CallOptions,
    act: (options: CallOptions) => Promise<T>,
  ): Promise<T> {
    return act(options);
  }

  /** Every call that is answered item by item passes through here. */
  protected iterate<T>(
    _call: Call,
    options: CallOptions,
    act: (options: CallOptions) => AsyncIterable<T>,
  ): AsyncIterable<T> {
    return act(options);
  }

  /** Does not open the inner pool: that opens by itself, or is asked to by `_verify`. */
  protected async _open({ signal }: CallOptions): Promise<void> {
    this.#closes = signal;
  }

  protected override _verify(options: CallOptions): Promise<void> {
    return this.call({ operation: "open" }, options, (o) => this.inner.open(o));
  }

  protected _read(key: string, options: CallOptions): Promise<ReadResult | undefined> {
    return this.call({ operation: "read", key }, options, (o) => this.inner.read(key, o));
  }

  protected _write(
    key: string,
    bytes: Uint8Array,
    { condition, ...options }: WriteOptions,
  ): Promise<Version | undefined> {
    const call: Call = {
      operation: "write",
      key,
      bytes: bytes.byteLength,
      conditional: condition !== undefined,
    };
    return this.call(call, options, ({ signal }) =>
      this.inner.write(key, bytes, { condition, signal, handOver: this.handsOver(call) }),
    );
  }

  protected _delete(key: string, options: CallOptions): Promise<void> {
    return this.call({ operation: "delete", key }, options, (o) => this.inner.delete(key, o));
  }

  protected _exists(key: string, options: CallOptions): Promise<boolean> {
    return this.call({ operation: "exists", key }, options, (o) => this.inner.exists(key, o));
  }

  protected _keys({ prefix, ...options }: KeysOptions): AsyncIterable<string> {
    const call: Call = { operation: "keys", ...(prefix === undefined ? {} : { prefix }) };
    return this.iterate(call, options, ({ signal }) => this.inner.keys({ prefix, signal }));
  }

  protected override _readMany(
    keys: readonly string[],
    options: CallOptions,
  ): AsyncIterable<ReadManyResult> {
    return this.iterate({ operation: "readMany", count: keys.length }, options, (o) =>
      this.inner.readMany(keys, o),
    );
  }

  protected override _writeMany(
    items: readonly WriteManyItem[],
    options: CallOptions,
  ): Promise<ManyResult[]> {
    const call: Call = {
      operation: "writeMany",
      count: items.length,
      bytes: items.reduce((sum, { bytes }) => sum + bytes.byteLength, 0),
      conditional: items.some(({ condition }) => condition !== undefined),
    };
    return this.call(call, options, (o) =>
      this.inner.writeMany(
        items.map((item) => ({ ...item, handOver: true })),
        o,
      ),
    );
  }

  protected override _deleteMany(
    keys: readonly string[],
    options: CallOptions,
  ): Promise<ManyResult[]> {
    return this.call({ operation: "deleteMany", count: keys.length }, options, (o) =>
      this.inner.deleteMany(keys, o),
    );
  }

  /** The inner pool is closed by `close()`, whether or not anything was ever opened. */
  protected async _close(): Promise<void> {
    // Nothing of the layer's own.
  }

  /** Whether the bytes of this write are needed no more once the inner pool has them. */
  protected handsOver(_call: Call): boolean {
    return true;
  }
}

/** Layers have the nickname of the pool they wrap. INVALID_CONFIG. */
export function refuseNickname(config: object): void {
  if (!("nickname" in config)) return;
  throw new LailaError(
    "INVALID_CONFIG",
    "A layer has no nickname of its own: it keeps that of the pool. Give the nickname to the pool.",
  );
}

function checkInner(inner: unknown): asserts inner is PoolLike {
  const pool = inner as Partial<PoolLike> | undefined | null;
  if (typeof pool !== "object" || typeof pool?.read !== "function" || !pool.globalId) {
    throw new LailaError("INVALID_ARGUMENT", "A layer is put around a pool: give it one.");
  }
  if (pool.proxy) throw hasOrigin(pool as PoolLike);
}

function hasOrigin(pool: PoolLike): LailaError {
  return new LailaError(
    "INVALID_ARGUMENT",
    `${pool.globalId} reads through to an origin inside of its layers. Take it off there (proxyTo(undefined)) and give it to the layered pool: withRetry(cache).proxyTo(origin).`,
  );
}
