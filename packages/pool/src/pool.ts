import type { GlobalId } from "@laila/schema";
import { started } from "./activity.js";
import {
  checkCondition,
  checkLazy,
  checkOrigin,
  checkWrite,
  ownBytes,
  plainResult,
} from "./checks.js";
import { mapLimit } from "./concurrency.js";
import type {
  Awaitable,
  ByteSource,
  CallOptions,
  KeysOptions,
  LazyValue,
  ManyResult,
  PoolClass,
  PoolConfig,
  PoolLike,
  PoolOptions,
  ReadManyResult,
  ReadOptions,
  ReadResult,
  ReadStreamResult,
  Supports,
  Version,
  WriteManyItem,
  WriteOptions,
  WriteStreamOptions,
} from "./contract.js";
import { checkKey, checkPrefix } from "./key.js";
import { Lifecycle } from "./lifecycle.js";
import { inRounds, outcomes } from "./many.js";
import { captureConfig, type ParsedConfig, parseConfig, poolId } from "./pool-config.js";
import { gathered, Source, streamOf } from "./streams.js";
import { ReadThrough } from "./tiers.js";

const inspectCustom = Symbol.for("nodejs.util.inspect.custom");

/**
 * The base of every pool: it validates arguments, opens on first use, honours signals, and composes what
 * a backend does not have. A backend writes the hooks whose names begin with an underscore; they are
 * called with checked arguments, between a successful `_open` and `_close`. A hook may leave its signal
 * alone (the caller is answered without it), or pass it on to end work that nobody wants any more.
 *
 * A class declares its own `static configSchema`, `static classToken` and `static packageName`.
 */
export abstract class Pool<Config extends object = object> implements PoolLike {
  readonly globalId: GlobalId;
  readonly nickname: string | undefined;
  abstract readonly supports: Supports;

  readonly #parsed: ParsedConfig;
  readonly #lifecycle = new Lifecycle({
    name: () => this.nickname ?? this.globalId,
    open: (options) => this._open(options),
    close: () => this._close(),
  });
  #readThrough: ReadThrough | undefined;

  /** Validates and does no I/O. INVALID_CONFIG, INVALID_ID. */
  constructor(config: object, options: PoolOptions = {}) {
    this.#parsed = parseConfig(this.#class(), config);
    this.nickname = this.#parsed.nickname;
    this.globalId = poolId(this.nickname, options);
  }

  /** The validated configuration, with defaults; secrets are plain strings here. Never log it. */
  protected get config(): Readonly<Config> {
    return this.#parsed.values as Config;
  }

  // --- what a backend writes -------------------------------------------------------------------

  /**
   * Called by the first call, and again by the next one if it fails; what a failed open has taken, it gives
   * back itself. Undefined where there is nothing to wait for. The signal fires when the pool is closed meanwhile.
   */
  protected abstract _open(options: CallOptions): Promise<void> | undefined;
  /** The bytes become the caller's (unless it borrows them): never a buffer that the pool goes on using. */
  protected abstract _read(key: string, options: ReadOptions): Awaitable<ReadResult | undefined>;
  /**
   * The bytes are the hook's own and may be kept. They may be a window of a larger buffer of which the rest
   * is somebody else's: `bytes.buffer` may be transferred only where the window is the whole of it.
   */
  protected abstract _write(
    key: string,
    bytes: Uint8Array,
    options: WriteOptions,
  ): Awaitable<Version | undefined>;
  protected abstract _delete(key: string, options: CallOptions): Awaitable<void>;
  protected abstract _exists(key: string, options: CallOptions): Awaitable<boolean>;
  protected abstract _keys(options: KeysOptions): AsyncIterable<string>;
  /** Called once, when nothing is under way any more, and only after an `_open` that succeeded. */
  protected abstract _close(): Promise<void>;

  /**
   * Asked after `_open` by an explicit `open()` only, never by the other calls: is the storage there, and
   * may we use it? Override it where `_open` does not find out, because every first call would pay for it.
   */
  protected async _verify(_options: CallOptions): Promise<void> {
    // Nothing to find out beyond what `_open` did.
  }

  /** A backend has both of these, and says so in `supports.streams`, or neither. */
  protected _readStream?(key: string, options: CallOptions): Promise<ReadStreamResult | undefined>;
  /** The source ends by itself when the signal fires. Its chunks may be changed once the next one is asked for. */
  protected _writeStream?(
    key: string,
    source: AsyncIterable<Uint8Array>,
    options: WriteStreamOptions,
  ): Promise<Version | undefined>;

  /** A backend in this process's memory may have all three; they are called while the pool is open. */
  protected _keepLazy?(key: string, value: LazyValue): boolean;
  protected _keptLazy?(key: string): LazyValue | undefined;
  protected _dropLazy?(key: string): boolean;

  /** How many single calls are under way when a `…Many` call is composed of them; 32 unless a backend knows better. */
  protected get composedConcurrency(): number {
    return 32;
  }

  /** Each key once; answers in any order. Composed of `_read` unless a backend has better. */
  protected _readMany(
    keys: readonly string[],
    options: CallOptions,
  ): AsyncIterable<ReadManyResult> {
    return mapLimit(keys, this.composedConcurrency, async (key) => {
      try {
        return { key, result: await this._read(key, options) };
      } catch (error) {
        return { key, error };
      }
    });
  }

  /** Each key once; outcomes in the order asked. Composed of `_write` unless a backend has better. */
  protected async _writeMany(
    items: readonly WriteManyItem[],
    options: CallOptions,
  ): Promise<ManyResult[]> {
    return outcomes(items, this.composedConcurrency, ({ key, bytes, condition }) =>
      this._write(key, bytes, { ...options, condition }),
    );
  }

  /** Each key once; outcomes in the order asked. Composed of `_delete` unless a backend has better. */
  protected async _deleteMany(
    keys: readonly string[],
    options: CallOptions,
  ): Promise<ManyResult[]> {
    const items = keys.map((key) => ({ key }));
    return outcomes(items, this.composedConcurrency, async ({ key }) => {
      await this._delete(key, options);
      return undefined;
    });
  }

  // --- what a user calls -----------------------------------------------------------------------

  get proxy(): PoolLike | undefined {
    return this.#readThrough?.origin;
  }

  proxyTo(origin: PoolLike | undefined): void {
    checkOrigin(origin);
    if (origin) this.#lifecycle.check({});
    this.#readThrough ??= new ReadThrough({
      pool: this,
      read: async (key, options) =>
        plainResult(await this.#lifecycle.run("The read", options, () => this._read(key, options))),
      write: async (key, bytes, options) => this.#writeHere(key, bytes, options, (act) => act()),
    });
    this.#readThrough.setOrigin(origin);
  }

  async open(options: CallOptions = {}): Promise<void> {
    await this.#lifecycle.run("The opening of the pool", options, () => this._verify(options));
  }

  async read(key: string, options: ReadOptions = {}): Promise<ReadResult | undefined> {
    checkKey(key, this.supports.maxKeyBytes);
    const found = await this.#lifecycle.run("The read", options, () => this._read(key, options));
    if (found === undefined && this.#readThrough) return this.#readThrough.read(key, options);
    return plainResult(found);
  }

  async write(
    key: string,
    bytes: Uint8Array,
    options: WriteOptions = {},
  ): Promise<Version | undefined> {
    checkKey(key, this.supports.maxKeyBytes);
    return this.#writeHere(key, bytes, options, (act) => this.#change([key], act));
  }

  get keepsLazy(): boolean {
    return false;
  }

  keepLazy(key: string, value: LazyValue): boolean {
    checkKey(key, this.supports.maxKeyBytes);
    checkLazy(key, value);
    if (!this._keepLazy || !this.#changesAtOnce) return false;
    return this._keepLazy(key, value);
  }

  keptLazy(key: string): LazyValue | undefined {
    if (!this._keptLazy || !this.#lifecycle.opensAtOnce()) return undefined;
    return this._keptLazy(key);
  }

  dropLazy(key: string): boolean {
    if (!this._dropLazy || !this.#changesAtOnce) return false;
    return this._dropLazy(key);
  }

  async readStream(key: string, options: CallOptions = {}): Promise<ReadStreamResult | undefined> {
    checkKey(key, this.supports.maxKeyBytes);
    // Whatever the options say: of the chunks of a stream none can be told to be lent.
    const found = await this.#lifecycle.run("The read", options, async () =>
      this._readStream
        ? this._readStream(key, options)
        : streamOf(plainResult(await this._read(key, { ...options, borrow: false }))),
    );
    if (found) {
      return { ...found, stream: this.#lifecycle.iterate("The read", options, () => found.stream) };
    }
    const origin = this.#readThrough?.origin;
    if (!origin) return undefined;
    const far = origin.readStream
      ? await origin.readStream(key, options)
      : streamOf(await origin.read(key, { ...options, borrow: false }));
    // Of another pool's versions this one can make nothing.
    return far && { ...far, version: undefined };
  }

  async writeStream(
    key: string,
    source: ByteSource,
    options: WriteStreamOptions = {},
  ): Promise<Version | undefined> {
    const given = new Source(source);
    try {
      checkKey(key, this.supports.maxKeyBytes);
      if (options.condition !== undefined) checkCondition(this.supports, options.condition);
      const chunks = given.chunks(key, options.signal);
      return await this.#lifecycle.run("The write", options, () =>
        this.#change([key], async () => {
          if (this._writeStream) return this._writeStream(key, chunks, options);
          return this._write(key, await gathered(key, chunks, this.supports), options);
        }),
      );
    } catch (error) {
      await given.leave();
      throw error;
    }
  }

  delete(key: string, options: CallOptions = {}): Promise<void> {
    return started(() => {
      checkKey(key, this.supports.maxKeyBytes);
      return this.#lifecycle.run("The delete", options, () =>
        this.#change([key], () => this._delete(key, options)),
      );
    });
  }

  async exists(key: string, options: CallOptions = {}): Promise<boolean> {
    checkKey(key, this.supports.maxKeyBytes);
    return this.#lifecycle.run("The look-up", options, () => this._exists(key, options));
  }

  async *keys(options: KeysOptions = {}): AsyncGenerator<string> {
    checkPrefix(options.prefix);
    yield* this.#lifecycle.iterate("The listing", options, () => this._keys(options));
  }

  async *readMany(
    keys: Iterable<string>,
    options: CallOptions = {},
  ): AsyncGenerator<ReadManyResult> {
    const wanted = this.#checkedKeys(keys);
    const missed: string[] = [];
    for await (const item of this.#lifecycle.iterate("The read", options, () =>
      this._readMany([...new Set(wanted)], options),
    )) {
      const { key, result, error } = item;
      if (error !== undefined) yield { key, error };
      else if (result || !this.#readThrough?.origin) yield { key, result: plainResult(result) };
      else missed.push(key);
    }
    if (missed.length > 0 && this.#readThrough) yield* this.#readThrough.readMany(missed, options);
  }

  async writeMany(
    items: Iterable<WriteManyItem>,
    options: CallOptions = {},
  ): Promise<ManyResult[]> {
    const given = [...items];
    for (const item of given) {
      checkKey(item.key, this.supports.maxKeyBytes);
      checkWrite(this.supports, item.key, item.bytes, item);
    }
    this.#lifecycle.check(options);
    const own = given.map((item) => ({
      key: item.key,
      bytes: ownBytes(item.bytes, item.handOver),
      condition: item.condition,
    }));
    return inRounds(own, (round) =>
      this.#lifecycle.run("The write", options, () =>
        this.#change(
          round.map(({ key }) => key),
          () => this._writeMany(round, options),
        ),
      ),
    );
  }

  async deleteMany(keys: Iterable<string>, options: CallOptions = {}): Promise<ManyResult[]> {
    const wanted = this.#checkedKeys(keys);
    this.#lifecycle.check(options);
    return inRounds(
      wanted.map((key) => ({ key })),
      (round) => {
        const some = round.map(({ key }) => key);
        return this.#lifecycle.run("The delete", options, () =>
          this.#change(some, () => this._deleteMany(some, options)),
        );
      },
    );
  }

  toConfig(): PoolConfig {
    return captureConfig(this.#class(), this.#parsed);
  }

  close(): Promise<void> {
    return this.#lifecycle.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  toJSON(): object {
    return {
      class_token: this.#class().classToken,
      globalId: this.globalId,
      nickname: this.nickname,
    };
  }

  /** Who it is; nothing of its configuration. */
  [inspectCustom](
    _depth: number,
    options: object,
    inspect?: (value: unknown, options?: object) => string,
  ): unknown {
    const shown = {
      globalId: this.globalId,
      ...(this.nickname === undefined ? {} : { nickname: this.nickname }),
    };
    return inspect ? `${this.#class().classToken} ${inspect(shown, options)}` : shown;
  }

  // ---------------------------------------------------------------------------------------------

  #writeHere(
    key: string,
    bytes: Uint8Array,
    options: WriteOptions,
    change: <T>(act: () => Awaitable<T>) => Awaitable<T>,
  ): Awaitable<Version | undefined> {
    checkWrite(this.supports, key, bytes, options);
    this.#lifecycle.check(options);
    const own = ownBytes(bytes, options.handOver);
    return this.#lifecycle.run("The write", options, () =>
      change(() => this._write(key, own, options)),
    );
  }

  /** The fills from an origin have to be told of a change, and to wait for it. */
  get #changesAtOnce(): boolean {
    return this.#readThrough === undefined && this.#lifecycle.opensAtOnce();
  }

  /** A change of keys while an origin may be filling them. */
  #change<T>(keys: readonly string[], act: () => Awaitable<T>): Awaitable<T> {
    return this.#readThrough ? this.#readThrough.change(keys, async () => act()) : act();
  }

  #checkedKeys(keys: Iterable<string>): string[] {
    const all = [...keys];
    for (const key of all) checkKey(key, this.supports.maxKeyBytes);
    return all;
  }

  #class(): PoolClass {
    return this.constructor as PoolClass;
  }
}
