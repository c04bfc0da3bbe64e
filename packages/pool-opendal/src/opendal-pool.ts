import { randomUUID } from "node:crypto";
import { stat } from "node:fs/promises";
import { resolve } from "node:path";
import {
  type KeysOptions,
  LailaError,
  Pool,
  type PoolConfig,
  type PoolOptions,
  type ReadResult,
  Slots,
  type Supports,
  type Version,
  type WriteCondition,
  type WriteOptions,
} from "@laila/pool";
import type { Metadata, Operator, WriteOptions as OperatorWriteOptions } from "opendal";
import { probeConditions } from "./condition-probe.js";
import {
  checkConfig,
  configSchema,
  destinationOf,
  type OpenDALPoolConfig,
  type ParsedConfig,
  s3KeyBytes,
} from "./config.js";
import { connect, valuesDirectory } from "./connect.js";
import { callError, conflict, failureOf } from "./errors.js";
import { letGo } from "./held.js";
import { flatNames, type Naming, nestedNames } from "./names.js";
import type { Service } from "./services.js";
import { fromStored, withoutEmpty } from "./stored-form.js";

/** "*" and lists of ETags mean something else in If-Match. */
const etag = /^(?:"[\x21\x23-\x7e]*"|[\x21\x23-\x29\x2b\x2d-\x7e]+)$/;
/** How often a value may be replaced between asking for its version and reading it. */
const readAttempts = 100;

/**
 * A pool on a storage service that Apache OpenDAL has, one object for each key. `supports` depends on the
 * service; see the README.
 *
 * Besides the codes of every pool: those of the service (NO_SPACE, TIMEOUT, CREDENTIALS_EXPIRED, CLOCK_SKEW,
 * WRONG_REGION); INVALID_CONFIG for options that the service does not take; UNSUPPORTED for a service that
 * cannot keep a pool's promises; LOCKED where another pool has the directory; UNTRUSTED where the machine's own credentials
 * may not be used and OpenDAL would.
 */
export class OpenDALPool extends Pool<ParsedConfig> {
  static readonly configSchema = configSchema;
  static readonly classToken: string = "OpenDALPool";
  static readonly packageName: string = "@laila/pool-opendal";

  readonly supports: Supports;
  /** Of `fs` and `sled`: absolute; made when the pool is opened. */
  readonly directory: string | undefined;
  readonly #scheme: string;
  readonly #service: Service;
  readonly #names: Naming;
  readonly #slots = new Slots(64);
  /** The last change of each path that is under way. */
  readonly #changing = new Map<string, Promise<unknown>>();
  #connected: Operator | undefined;
  #probed: Promise<void> | undefined;

  constructor(config: OpenDALPoolConfig, options: PoolOptions = {}) {
    super(config, options);
    this.#service = checkConfig(this.config);
    const { scheme, directory, operator } = this.config;
    this.#scheme = scheme;
    this.#names = scheme === "s3" ? flatNames : nestedNames;
    if (directory !== undefined) {
      this.directory = resolve(options.directory ?? process.cwd(), directory);
    }
    const ownKeys = scheme === "s3" && !operator;
    this.supports = {
      ...this.#service.supports,
      batch: false,
      streams: false,
      maxValueBytes: 2 ** 30,
      maxKeyBytes: ownKeys ? s3KeyBytes(this.config.options?.root ?? "/") : 256,
    };
  }

  /** Where this configuration sends its credentials: the origin of `options.endpoint`. INVALID_CONFIG. */
  static destination(config: Readonly<Record<string, unknown>>): string | null | undefined {
    return destinationOf(config);
  }

  override toConfig(): PoolConfig {
    const ready = this.config.operator === undefined ? {} : { ready_operator: true };
    return { ...super.toConfig(), ...ready };
  }

  protected async _open(): Promise<void> {
    this.#connected = await connect(this.config, this.#service, this.directory);
    // Here, because a delete in a bucket that is not there would succeed.
    try {
      await this.#told("Opening the pool", () => this.#findStore());
    } catch (error) {
      await this._close();
      throw error;
    }
  }

  protected override async _verify(): Promise<void> {
    await this.#told("Opening the pool", () => this.#findStore());
  }

  protected async _read(key: string): Promise<ReadResult | undefined> {
    const path = this.#names.encode(key);
    return this.#told(`Reading ${JSON.stringify(key)}`, () =>
      this.#unlessMissing(() => this.#slots.run(() => this.#readAt(key, path))),
    );
  }

  protected async _write(
    key: string,
    bytes: Uint8Array,
    { condition }: WriteOptions,
  ): Promise<Version | undefined> {
    const stored = this.#service.takesEmpty ? bytes : withoutEmpty(bytes);
    const content = Buffer.from(stored.buffer, stored.byteOffset, stored.byteLength);
    return this.#told(`Writing ${JSON.stringify(key)}`, async () => {
      if (condition) await this.#ensureConditions();
      const options = condition ? conditionOf(key, condition) : {};
      try {
        const path = this.#names.encode(key);
        const written = await this.#inTurn(path, () => this.#replace(path, content, options));
        return written && this.#versionOf(written.etag);
      } catch (error) {
        throw condition && isRefusal(error) ? conflict(key) : error;
      }
    });
  }

  protected async _delete(key: string): Promise<void> {
    const path = this.#names.encode(key);
    await this.#told(`Deleting ${JSON.stringify(key)}`, () =>
      // On fs, NotFound when another delete comes between OpenDAL's look and its delete.
      this.#unlessMissing(() => this.#inTurn(path, () => this.#operator().delete(path))),
    );
  }

  protected async _exists(key: string): Promise<boolean> {
    const path = this.#names.encode(key);
    return this.#told(`Looking for ${JSON.stringify(key)}`, async () => {
      const found = await this.#unlessMissing(() =>
        this.#slots.run(() => this.#operator().stat(path)),
      );
      return found?.isFile() ?? false;
    });
  }

  protected async *_keys({ prefix = "" }: KeysOptions): AsyncGenerator<string> {
    const doing = "Listing the keys";
    // A directory that is read while files are renamed in it may name one twice.
    const seen = new Set<string>();
    const start = this.#names.encode(prefix);
    // The other services fail by themselves when they are asked for a list.
    if (this.#service.kept === "directory") await this.#told(doing, () => this.#findStore());
    const entries = await this.#told(doing, () =>
      this.#operator().lister(start, { recursive: true }),
    );
    for (;;) {
      const entry = await this.#told(doing, () => entries.next());
      if (!entry) return;
      const key = this.#names.decode(entry.path());
      if (key === undefined || seen.has(key) || !key.startsWith(prefix)) continue;
      seen.add(key);
      yield key;
    }
  }

  protected async _close(): Promise<void> {
    if (!this.#connected) return;
    this.#connected = undefined;
    if (this.#scheme === "sled" && this.directory !== undefined) letGo(this.directory);
  }

  /**
   * Changes of one path, one after another. OpenDAL makes them in threads: one that was aborted goes on there,
   * and could come down on a later one that was acknowledged.
   */
  async #inTurn<T>(path: string, act: () => Promise<T>): Promise<T> {
    const place = (): Promise<T> => this.#slots.run(act);
    const before = this.#changing.get(path);
    const change = before ? before.then(place, place) : place();
    this.#changing.set(path, change);
    try {
      return await change;
    } finally {
      if (this.#changing.get(path) === change) this.#changing.delete(path);
    }
  }

  /** In one step for readers. */
  async #replace(
    path: string,
    content: Buffer,
    options: OperatorWriteOptions,
  ): Promise<Metadata | undefined> {
    const operator = this.#operator();
    if (this.#service.replaces === "at once") return operator.write(path, content, options);
    // No key's name has a "!".
    const temporary = `!laila-temporary-${randomUUID()}`;
    try {
      await operator.write(temporary, content);
      await operator.rename(temporary, path);
    } catch (error) {
      // The failure to tell is the first one.
      await Promise.allSettled([operator.delete(temporary)]);
      throw error;
    }
    return undefined;
  }

  /** The bytes with the version that is theirs, where there are versions. */
  async #readAt(key: string, path: string): Promise<ReadResult> {
    if (!this.supports.conditionalWrites) {
      const stored = await this.#operator().read(path);
      return { bytes: this.#service.takesEmpty ? stored : fromStored(stored), version: undefined };
    }
    for (let attempt = 0; attempt < readAttempts; attempt++) {
      const version = this.#versionOf((await this.#operator().stat(path)).etag);
      try {
        return { bytes: await this.#operator().read(path, { ifMatch: version ?? "" }), version };
      } catch (error) {
        // Replaced or deleted meanwhile.
        const kind = failureOf(error)?.kind;
        if (kind !== "ConditionNotMatch" && kind !== "NotFound") throw error;
      }
    }
    throw new LailaError(
      "UNAVAILABLE",
      `${JSON.stringify(key)} was replaced faster than it could be read. Try again.`,
      { details: { key } },
    );
  }

  #versionOf(found: string | null): Version | undefined {
    if (!this.supports.conditionalWrites) return undefined;
    if (found !== null && etag.test(found)) return found;
    throw new LailaError(
      "UNSUPPORTED",
      `The ${this.#scheme} server gives no ETag, so that values have no versions. Use another server.`,
      { details: { scheme: this.#scheme } },
    );
  }

  /** Once; again if it could not be found out. */
  async #ensureConditions(): Promise<void> {
    this.#probed ??= probeConditions(this.#operator());
    const probed = this.#probed;
    try {
      await probed;
    } catch (error) {
      if (this.#probed === probed) this.#probed = undefined;
      throw error;
    }
  }

  /** Undefined for what is not there, in a store that is. */
  async #unlessMissing<T>(act: () => Promise<T>): Promise<T | undefined> {
    try {
      return await act();
    } catch (error) {
      if (failureOf(error)?.kind !== "NotFound") throw error;
      if (this.#canLoseStore()) await this.#findStore();
      return undefined;
    }
  }

  /** Memory is there; services with directories make them, so that theirs cannot be missing. */
  #canLoseStore(): boolean {
    const { kept, replaces } = this.#service;
    return kept === "directory" || (kept === "network" && replaces === "at once");
  }

  /** The answer to a HEAD does not tell a missing key from a missing bucket. NO_SUCH_STORE, OpenDAL's errors. */
  async #findStore(): Promise<void> {
    if (this.directory !== undefined) return findDirectory(valuesDirectory(this.directory));
    const entries = await this.#operator().lister("", { limit: 1 });
    await entries.next();
  }

  #operator(): Operator {
    if (this.#connected) return this.#connected;
    throw new LailaError("CLOSED", "The pool is not open. Make a new one.");
  }

  /** OpenDAL's errors as what they mean. */
  async #told<T>(doing: string, act: () => Promise<T>): Promise<T> {
    try {
      return await act();
    } catch (error) {
      throw callError(error, doing, this.#scheme);
    }
  }
}

/** CONFLICT for a version that no server gives. */
function conditionOf(key: string, condition: WriteCondition): OperatorWriteOptions {
  if ("ifAbsent" in condition) return { ifNotExists: true };
  if (!etag.test(condition.ifVersion)) throw conflict(key);
  return { ifMatch: condition.ifVersion };
}

/** NotFound is the answer to If-Match on what is not there; 409 that of some servers to the losers of a race. */
function isRefusal(error: unknown): boolean {
  const failure = failureOf(error);
  if (failure?.kind === "ConditionNotMatch") return true;
  if (failure?.kind === "NotFound") return failure.reason !== "NoSuchBucket";
  return (
    failure?.reason === "ConditionalRequestConflict" || failure?.reason === "ConcurrentModification"
  );
}

/** OpenDAL takes a directory that has gone for an empty one. */
async function findDirectory(path: string): Promise<void> {
  const found = await stat(path).catch(() => undefined);
  if (found?.isDirectory()) return;
  throw new LailaError(
    "NO_SUCH_STORE",
    `The pool's directory ${path} is not there. Bring it back (is its disk mounted?), or make a new pool.`,
    { details: { path } },
  );
}
