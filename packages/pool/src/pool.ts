import { abortError, type GlobalId, LailaError } from "@laila/schema";
import { mapLimit } from "./concurrency.js";
import type {
  CallOptions,
  KeysOptions,
  ManyResult,
  PoolClass,
  PoolConfig,
  PoolLike,
  PoolOptions,
  ReadManyResult,
  ReadResult,
  Supports,
  Version,
  WriteManyItem,
  WriteOptions,
} from "./contract.js";
import { checkKey } from "./key.js";
import { captureConfig, type ParsedConfig, parseConfig, poolId } from "./pool-config.js";
import { ReadThrough } from "./tiers.js";

/** How many single calls the base class has under way when it composes a `…Many` call. */
const composedConcurrency = 32;

/**
 * The base of every pool: it validates arguments, opens on first use, honours signals, and composes what
 * a backend does not have. A backend writes the hooks whose names begin with an underscore; they are
 * called with checked arguments, between a successful `_open` and `_close`.
 *
 * A subclass declares `static configSchema`, `static classToken` and `static packageName`.
 */
export abstract class Pool<Config extends object = object> implements PoolLike {
  readonly globalId: GlobalId;
  readonly nickname: string | undefined;
  abstract readonly supports: Supports;

  readonly #parsed: ParsedConfig;
  #opening: Promise<void> | undefined;
  #closing: Promise<void> | undefined;
  #readThrough: ReadThrough | undefined;
  readonly #active = new Set<Promise<unknown>>();

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

  protected abstract _open(options: CallOptions): Promise<void>;
  protected abstract _read(key: string, options: CallOptions): Promise<ReadResult | undefined>;
  /** The bytes are the caller's: copy them before the first await, or be done with them. */
  protected abstract _write(
    key: string,
    bytes: Uint8Array,
    options: WriteOptions,
  ): Promise<Version | undefined>;
  protected abstract _delete(key: string, options: CallOptions): Promise<void>;
  protected abstract _exists(key: string, options: CallOptions): Promise<boolean>;
  protected abstract _keys(options: KeysOptions): AsyncIterable<string>;
  protected abstract _close(): Promise<void>;

  /**
   * Asked after `_open` by an explicit `open()` only, never by the other calls: is the storage there, and
   * may we use it? Override it where `_open` does not find out, because every first call would pay for it.
   */
  protected async _verify(_options: CallOptions): Promise<void> {}

  /** In any order. Composed of `_read` unless a backend has better. */
  protected _readMany(
    keys: readonly string[],
    options: CallOptions,
  ): AsyncIterable<ReadManyResult> {
    return mapLimit(keys, composedConcurrency, async (key) => {
      try {
        return { key, result: await this._read(key, options) };
      } catch (error) {
        return { key, error };
      }
    });
  }

  /** In the order asked. Composed of `_write` unless a backend has better. */
  protected async _writeMany(
    items: readonly WriteManyItem[],
    options: CallOptions,
  ): Promise<ManyResult[]> {
    return outcomes(items, ({ key, bytes, condition }) =>
      this._write(key, bytes, { ...options, condition }),
    );
  }

  /** In the order asked. Composed of `_delete` unless a backend has better. */
  protected async _deleteMany(
    keys: readonly string[],
    options: CallOptions,
  ): Promise<ManyResult[]> {
    return outcomes(
      keys.map((key) => ({ key })),
      async ({ key }) => {
        await this._delete(key, options);
        return undefined;
      },
    );
  }

  // --- what a user calls -----------------------------------------------------------------------

  get proxy(): PoolLike | undefined {
    return this.#readThrough?.origin;
  }

  proxyTo(origin: PoolLike | undefined): void {
    this.#readThrough = origin && new ReadThrough(this, origin);
  }

  async open(options: CallOptions = {}): Promise<void> {
    await this.#run(options, () => this._verify(options));
  }

  async #ensureOpen(options: CallOptions): Promise<void> {
    this.#check(options);
    // One open serves all who wait; so that one waiter's signal does not fail the others, it runs without any.
    this.#opening ??= this._open({}).catch((error: unknown) => {
      this.#opening = undefined;
      throw error;
    });
    await abortable(this.#opening, options.signal);
    this.#check(options);
  }

  async read(key: string, options: CallOptions = {}): Promise<ReadResult | undefined> {
    checkKey(key, this.supports.maxKeyBytes);
    const found = await this.#run(options, () => this._read(key, options));
    if (found || !this.#readThrough) return found;
    return this.#readThrough.read(key, options);
  }

  async write(
    key: string,
    bytes: Uint8Array,
    options: WriteOptions = {},
  ): Promise<Version | undefined> {
    checkKey(key, this.supports.maxKeyBytes);
    checkWrite(this.supports, key, bytes, options);
    // Opening may take a while; from here on the caller may change the buffer.
    const own = this.#opening ? bytes : bytes.slice();
    return this.#run(options, () => this._write(key, own, options));
  }

  async delete(key: string, options: CallOptions = {}): Promise<void> {
    checkKey(key, this.supports.maxKeyBytes);
    await this.#run(options, () => this._delete(key, options));
  }

  async exists(key: string, options: CallOptions = {}): Promise<boolean> {
    checkKey(key, this.supports.maxKeyBytes);
    return this.#run(options, () => this._exists(key, options));
  }

  async *keys(options: KeysOptions = {}): AsyncGenerator<string> {
    await this.#ensureOpen(options);
    for await (const key of this._keys(options)) {
      this.#check(options);
      yield key;
    }
  }

  async *readMany(
    keys: Iterable<string>,
    options: CallOptions = {},
  ): AsyncGenerator<ReadManyResult> {
    const wanted = [...keys];
    for (const key of wanted) checkKey(key, this.supports.maxKeyBytes);
    await this.#ensureOpen(options);
    for await (const item of this._readMany(wanted, options)) {
      this.#check(options);
      const missed = item.result === undefined && item.error === undefined;
      yield missed && this.#readThrough ? await this.#readThrough.readOne(item.key, options) : item;
    }
  }

  async writeMany(
    items: Iterable<WriteManyItem>,
    options: CallOptions = {},
  ): Promise<ManyResult[]> {
    const own = [...items];
    for (const item of own) {
      checkKey(item.key, this.supports.maxKeyBytes);
      checkWrite(this.supports, item.key, item.bytes, item);
    }
    const taken = this.#opening ? own : own.map((item) => ({ ...item, bytes: item.bytes.slice() }));
    return this.#run(options, () => this._writeMany(taken, options));
  }

  async deleteMany(keys: Iterable<string>, options: CallOptions = {}): Promise<ManyResult[]> {
    const wanted = [...keys];
    for (const key of wanted) checkKey(key, this.supports.maxKeyBytes);
    return this.#run(options, () => this._deleteMany(wanted, options));
  }

  toConfig(): PoolConfig {
    return captureConfig(this.#class(), this.#parsed);
  }

  close(): Promise<void> {
    this.#closing ??= this.#shutDown();
    return this.#closing;
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

  // ---------------------------------------------------------------------------------------------

  async #shutDown(): Promise<void> {
    const opening = this.#opening;
    // A failed open has nothing to release; its own caller was told.
    const opened =
      opening &&
      (await opening.then(
        () => true,
        () => false,
      ));
    await Promise.allSettled(this.#active);
    if (opened) await this._close();
  }

  async #run<T>(options: CallOptions, call: () => Promise<T>): Promise<T> {
    await this.#ensureOpen(options);
    const work = call();
    this.#active.add(work);
    try {
      return await work;
    } finally {
      this.#active.delete(work);
    }
  }

  #check({ signal }: CallOptions): void {
    if (this.#closing) {
      throw new LailaError(
        "CLOSED",
        `The pool ${this.nickname ?? this.globalId} is closed. Make a new one to go on.`,
      );
    }
    if (signal?.aborted) throw abortError(signal);
  }

  #class(): PoolClass {
    return this.constructor as PoolClass;
  }
}

function checkWrite(
  supports: Supports,
  key: string,
  bytes: unknown,
  { condition }: WriteOptions,
): void {
  if (!(bytes instanceof Uint8Array)) {
    throw new LailaError(
      "INVALID_ARGUMENT",
      `The value for ${JSON.stringify(key)} must be a Uint8Array.`,
    );
  }
  if (bytes.byteLength > supports.maxValueBytes) {
    throw new LailaError(
      "TOO_LARGE",
      `The value for ${JSON.stringify(key)} has ${bytes.byteLength} bytes; this pool takes at most ${supports.maxValueBytes}.`,
    );
  }
  if (condition === undefined) return;
  if (!supports.conditionalWrites) {
    throw new LailaError(
      "UNSUPPORTED",
      "This pool has no conditional writes. Write without a condition, or use a pool whose supports.conditionalWrites is true.",
    );
  }
  const valid =
    "ifAbsent" in condition ? condition.ifAbsent === true : typeof condition.ifVersion === "string";
  if (!valid)
    throw new LailaError(
      "INVALID_ARGUMENT",
      "A write condition is { ifAbsent: true } or { ifVersion: version }.",
    );
}

/** Rejects as soon as the signal aborts, whatever becomes of the promise. */
async function abortable<T>(promise: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (!signal) return promise;
  let stop: (() => void) | undefined;
  const aborted = new Promise<never>((_, reject) => {
    stop = () => reject(abortError(signal));
    signal.addEventListener("abort", stop, { once: true });
  });
  try {
    return await Promise.race([promise, aborted]);
  } finally {
    if (stop) signal.removeEventListener("abort", stop);
  }
}

async function outcomes<I extends { readonly key: string }>(
  items: readonly I[],
  act: (item: I) => Promise<Version | undefined>,
): Promise<ManyResult[]> {
  const results: ManyResult[] = new Array(items.length);
  const done = mapLimit([...items.entries()], composedConcurrency, async ([i, item]) => {
    try {
      results[i] = { key: item.key, version: await act(item) };
    } catch (error) {
      results[i] = { key: item.key, error };
    }
  });
  for await (const _ of done);
  return results;
}
