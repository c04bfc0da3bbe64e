import { randomUUID } from "node:crypto";
import type { S3Client } from "@aws-sdk/client-s3";
import {
  type CallOptions,
  type KeysOptions,
  type ManyResult,
  mapLimit,
  Pool,
  type PoolConfig,
  type PoolOptions,
  type ReadManyResult,
  type ReadResult,
  type Supports,
  type Version,
  type WriteManyItem,
  type WriteOptions,
} from "@laila/pool";
import { Bucket } from "./bucket.js";
import { createClient, isAws } from "./client.js";
import { ConditionProbe, isRefusal, putOptions, settle } from "./conditions.js";
import {
  checkConfig,
  configSchema,
  maxKeyBytes,
  originOf,
  type S3Config,
  type S3PoolConfig,
} from "./config.js";
import { type Deed, requestError, writeError } from "./errors.js";
import { decodeName, encodeName } from "./object-name.js";

/** The most that one PUT takes: 5 GiB. */
const maxValueBytes = 5 * 1024 ** 3;
/** The most keys that one DeleteObjects takes. */
const deleteBatch = 1000;

/**
 * A pool in one S3 bucket, on AWS or any server that speaks its protocol. Every operation is one
 * request, except that the first conditional write to a server that is not AWS finds out whether
 * conditions are honoured there, and that `exists` of a missing key asks for the bucket until it was seen.
 *
 * Object keys are the configured prefix and the percent-encoded key. Objects whose names no key encodes
 * to are others', and not listed. Versions are ETags: equal bytes may have equal ones. In a bucket with
 * versioning, a delete hides the value and does not erase it.
 *
 * Codes beyond those of every pool: NO_SUCH_STORE (no such bucket), ACCESS_DENIED, MISSING_SECRET,
 * CREDENTIALS_EXPIRED, CLOCK_SKEW, WRONG_REGION, UNAVAILABLE, TIMEOUT, TOO_LARGE, NO_SPACE, UNSUPPORTED
 * (the server lacks something), CORRUPT (a value arrived damaged three times).
 */
export class S3Pool extends Pool<S3Config> {
  static readonly configSchema = configSchema;
  static readonly classToken: string = "S3Pool";
  static readonly packageName: string = "@laila/pool-s3";

  readonly #prefix: string;
  readonly #client: S3Client;
  readonly #bucket: Bucket;
  /** Undefined on AWS, which honours conditions. */
  readonly #probe: ConditionProbe | undefined;
  readonly #maxKeyBytes: number;

  /** Does no I/O. INVALID_CONFIG; MISSING_SECRET without keys where ambient credentials are off. */
  constructor(config: S3PoolConfig, options: PoolOptions = {}) {
    super(config, options);
    checkConfig(this.config);
    const { bucketName, endpoint, client, maxConnections, requestTimeoutMs } = this.config;
    const { accessKeyId, secretAccessKey, sessionToken } = this.config;
    this.#prefix = this.config.prefix ?? "";
    this.#maxKeyBytes = maxKeyBytes(this.#prefix);
    this.#client = client ?? createClient(this.config);
    const place = {
      bucket: bucketName,
      host: endpoint === undefined ? undefined : new URL(endpoint).host,
      secrets: [sessionToken, secretAccessKey, accessKeyId].filter(
        (secret) => secret !== undefined,
      ),
    };
    this.#bucket = new Bucket(this.#client, place, {
      connections: maxConnections,
      requestTimeout: client ? undefined : requestTimeoutMs,
    });
    this.#probe = isAws(this.#client) ? undefined : new ConditionProbe(this.#bucket, this.#prefix);
  }

  /**
   * The origin that a pool of this configuration sends its credentials to; undefined for AWS, null where a
   * ready client decides. INVALID_CONFIG.
   */
  static destination(config: Readonly<Record<string, unknown>>): string | null | undefined {
    if (config.client !== undefined || config.readyClient === true) return null;
    return originOf(config.endpoint);
  }

  /** `conditionalWrites` turns false when the server is seen to ignore conditions. */
  get supports(): Supports {
    return {
      conditionalWrites: this.#probe?.honoured ?? true,
      durable: true,
      persistent: true,
      batch: true,
      streams: false,
      sharedBetweenProcesses: true,
      evicts: false,
      maxValueBytes,
      maxKeyBytes: this.#maxKeyBytes,
    };
  }

  /** The server's clock, in whole seconds. One request. */
  async time({ signal }: CallOptions = {}): Promise<Date> {
    return this.#bucket.time(this.#prefix, { verb: "Looking", signal });
  }

  /** As of every pool; one with a ready `client` says so, and can be recovered only with one. */
  override toConfig(): PoolConfig {
    const ready = this.config.client === undefined ? {} : { ready_client: true };
    return { ...super.toConfig(), ...ready };
  }

  protected async _open(): Promise<void> {
    // Nothing: every request could be the first, and each says what is wrong.
  }

  /** One request: that the bucket is there, and that the credentials may list it. */
  protected override async _verify({ signal }: CallOptions): Promise<void> {
    await this.#bucket.check(this.#prefix, { verb: "Looking", signal });
  }

  protected _read(key: string, { signal }: CallOptions): Promise<ReadResult | undefined> {
    return this.#bucket.get(this.#name(key), { verb: "Reading", key, signal });
  }

  protected async _write(
    key: string,
    bytes: Uint8Array,
    { condition, signal }: WriteOptions,
  ): Promise<Version> {
    const deed: Deed = { verb: "Writing", key, signal };
    const name = this.#name(key);
    const writeId = randomUUID();
    if (condition) await this.#probe?.require(condition, deed);
    const options = condition ? putOptions(condition, writeId, deed, this.#bucket) : {};
    try {
      return await this.#bucket.put(name, bytes, deed, options);
    } catch (error) {
      if (!condition) throw requestError(error, deed, this.#bucket.place);
      if (isRefusal(error)) return settle(error, name, writeId, deed, this.#bucket);
      throw writeError(error, deed, this.#bucket.place);
    }
  }

  protected async _delete(key: string, { signal }: CallOptions): Promise<void> {
    await this.#bucket.delete(this.#name(key), { verb: "Deleting", key, signal });
  }

  protected async _exists(key: string, { signal }: CallOptions): Promise<boolean> {
    return (
      (await this.#bucket.head(this.#name(key), { verb: "Looking for", key, signal })) !== undefined
    );
  }

  protected async *_keys({ prefix = "", signal }: KeysOptions): AsyncGenerator<string> {
    const listed = this.#prefix + encodeName(prefix);
    let token: string | undefined;
    do {
      const page = await this.#bucket.list(listed, token, { verb: "Listing", signal });
      for (const name of page.names) {
        const key = this.#key(name);
        if (key !== undefined) yield key;
      }
      token = page.next;
    } while (token !== undefined);
  }

  protected override _readMany(
    keys: readonly string[],
    options: CallOptions,
  ): AsyncIterable<ReadManyResult> {
    return mapLimit(keys, this.config.maxConnections, async (key) => {
      try {
        return { key, result: await this._read(key, options) };
      } catch (error) {
        return { key, error };
      }
    });
  }

  protected override async _writeMany(
    items: readonly WriteManyItem[],
    { signal }: CallOptions,
  ): Promise<ManyResult[]> {
    const results: ManyResult[] = new Array(items.length);
    const done = mapLimit(items.entries(), this.config.maxConnections, async ([i, item]) => {
      const { key, bytes, condition } = item;
      try {
        results[i] = { key, version: await this._write(key, bytes, { condition, signal }) };
      } catch (error) {
        results[i] = { key, error };
      }
    });
    for await (const _ of done);
    return results;
  }

  protected override async _deleteMany(
    keys: readonly string[],
    { signal }: CallOptions,
  ): Promise<ManyResult[]> {
    const names = keys.map((key) => this.#name(key));
    const failed = new Map<string, unknown>();
    const batches = batchesOf(names, deleteBatch);
    const done = mapLimit(batches, this.config.maxConnections, async (batch) => {
      const deed: Deed = { verb: "Deleting", signal };
      try {
        for (const [name, error] of await this.#bucket.deleteMany(batch, deed)) {
          failed.set(name, error);
        }
      } catch (error) {
        for (const name of batch) failed.set(name, error);
      }
    });
    for await (const _ of done);
    return keys.map((key, i) => {
      const error = failed.get(names[i] ?? "");
      return error === undefined ? { key } : { key, error };
    });
  }

  /** Ends the connections, unless the client is the caller's. */
  protected async _close(): Promise<void> {
    this.#bucket.close();
    if (this.config.client === undefined) this.#client.destroy();
  }

  #name(key: string): string {
    return this.#prefix + encodeName(key);
  }

  /** The key of a listed object; undefined for others' objects. */
  #key(name: string): string | undefined {
    if (!name.startsWith(this.#prefix)) return undefined;
    const key = decodeName(name.slice(this.#prefix.length));
    return key !== undefined && Buffer.byteLength(key) <= this.#maxKeyBytes ? key : undefined;
  }
}

function* batchesOf<T>(items: readonly T[], size: number): Generator<readonly T[]> {
  for (let i = 0; i < items.length; i += size) yield items.slice(i, i + size);
}
