import { randomUUID } from "node:crypto";
import type { S3Client } from "@aws-sdk/client-s3";
import {
  type CallOptions,
  type KeysOptions,
  type ManyResult,
  mapLimit,
  Pool,
  type PoolOptions,
  type ReadResult,
  type ReadStreamResult,
  type Supports,
  type Version,
  type WriteCondition,
  type WriteOptions,
  type WriteStreamOptions,
} from "@laila/pool";
import { Bucket } from "./bucket.js";
import { type Cleaned, type CleanupOptions, cleanUp } from "./cleanup.js";
import { type ClientSettings, createClient, isAws } from "./client.js";
import { ConditionProbe, ignoredError, putOptions } from "./conditions.js";
import { maxKeyBytes } from "./config.js";
import type { Deed } from "./errors.js";
import { secretForms } from "./failure.js";
import { checkBucket, listPage } from "./listing.js";
import { decodeName, encodeName } from "./object-name.js";
import { deleteObject, deleteObjects, getObject, hasObject } from "./objects.js";
import { openStream } from "./read-stream.js";
import { serverTime } from "./server-time.js";
import { Throttle } from "./throttle.js";
import { inParts, type Writing, writeParts, writeStreamed, writeWhole } from "./write.js";

/** The largest object of S3: 5 TiB. */
const maxValueBytes = 5 * 1024 ** 4;
/** The most keys that one DeleteObjects takes. */
const deleteBatch = 1000;

/** What a class's configuration comes to. */
export interface BucketSettings extends ClientSettings {
  readonly bucketName: string;
  readonly prefix?: string | undefined;
  readonly partSizeBytes: number;
  /** The server can keep a CRC-32 of the whole of what was uploaded in parts. */
  readonly wholeChecksums: boolean;
  /** The server wants the parts of an upload to be equally long. */
  readonly uniformParts: boolean;
  /** The caller's own, used instead. */
  readonly client?: S3Client | undefined;
}

/** The operations of a pool in a bucket. A class adds its configuration. */
export abstract class BucketPool<Config extends object> extends Pool<Config> {
  readonly #prefix: string;
  readonly #client: S3Client;
  readonly #ownsClient: boolean;
  readonly #bucket: Bucket;
  /** Undefined on AWS, which honours conditions. */
  readonly #probe: ConditionProbe | undefined;
  readonly #maxKeyBytes: number;
  readonly #maxConnections: number;
  readonly #settings: Writing["settings"];

  /** Does no I/O. */
  constructor(
    config: object,
    options: PoolOptions,
    settingsOf: (config: Readonly<Config>) => BucketSettings,
  ) {
    super(config, options);
    const settings = settingsOf(this.config);
    const { bucketName, endpoint, client, maxConnections, requestTimeoutMs } = settings;
    const { accessKeyId, secretAccessKey, sessionToken, partSizeBytes } = settings;
    const { uniformParts, wholeChecksums } = settings;
    const checksums = settings.requestChecksumCalculation === "WHEN_SUPPORTED";
    const throttle = new Throttle(maxConnections);
    const make = (regionName?: string): S3Client =>
      createClient(regionName === undefined ? settings : { ...settings, regionName }, () =>
        throttle.slow(),
      );
    this.#prefix = settings.prefix ?? "";
    this.#maxKeyBytes = maxKeyBytes(this.#prefix);
    this.#maxConnections = maxConnections;
    this.#settings = { uniformParts, checksums, wholeChecksums };
    this.#client = client ?? make();
    this.#ownsClient = client === undefined;
    const place = {
      bucket: bucketName,
      host: endpoint === undefined ? undefined : new URL(endpoint).host,
      secrets: secretForms([sessionToken, secretAccessKey, accessKeyId]),
    };
    this.#bucket = new Bucket(place, {
      client: this.#client,
      throttle,
      // Only to AWS: what another server says does not decide where requests go.
      clientIn: client || endpoint !== undefined ? undefined : make,
      requestTimeout: client ? undefined : requestTimeoutMs,
      contentMd5: !client && !checksums,
      partBytes: partSizeBytes,
    });
    this.#probe = isAws(this.#client) ? undefined : new ConditionProbe(this.#bucket, this.#prefix);
  }

  /** `conditionalWrites` turns false when the server is seen to ignore conditions. */
  get supports(): Supports {
    return {
      conditionalWrites: this.#probe?.honoured ?? true,
      durable: true,
      persistent: true,
      batch: true,
      streams: true,
      sharedBetweenProcesses: true,
      evicts: false,
      maxValueBytes,
      maxKeyBytes: this.#maxKeyBytes,
    };
  }

  /**
   * Removes what writes have left in the bucket whose process died half way: the parts of uploads that were
   * never completed (they cost as much as values, and no listing shows them), and objects that tried
   * conditional writes out. An outcome for each, with its `error` if it could not be removed. An upload that
   * is still under way and older than that is removed too, and its write fails.
   */
  async cleanup(options: CleanupOptions): Promise<Cleaned[]> {
    const keyOf = (name: string): string | undefined => this.#key(name);
    const signal = options?.signal;
    await this.open({ signal });
    return cleanUp(this.#bucket, this.#prefix, keyOf, options);
  }

  /** The server's clock, in whole seconds. One request. */
  async time({ signal }: CallOptions = {}): Promise<Date> {
    return serverTime(this.#bucket, this.#prefix, { verb: "Looking", signal });
  }

  protected async _open(): Promise<void> {
    // Nothing: every request could be the first, and each says what is wrong.
  }

  /** One request: that the bucket is there, and that the credentials may list it. */
  protected override async _verify({ signal }: CallOptions): Promise<void> {
    await checkBucket(this.#bucket, this.#prefix, { verb: "Looking", signal });
  }

  protected _read(key: string, { signal }: CallOptions): Promise<ReadResult | undefined> {
    return getObject(this.#bucket, this.#name(key), { verb: "Reading", key, signal });
  }

  protected override _readStream(
    key: string,
    { signal }: CallOptions,
  ): Promise<ReadStreamResult | undefined> {
    return openStream(this.#bucket, this.#name(key), { verb: "Reading", key, signal });
  }

  protected async _write(
    key: string,
    bytes: Uint8Array,
    { condition, signal }: WriteOptions,
  ): Promise<Version> {
    const writing = this.#writing(key, condition, signal);
    if (!inParts(bytes, this.#bucket)) {
      if (condition) await this.#probe?.require(condition, writing.deed);
      return writeWhole(writing, bytes);
    }
    if (condition && this.#probe && !(await this.#probe.honoursInParts(condition))) {
      await this.#probe.require(condition, writing.deed);
      return writeWhole(writing, bytes);
    }
    return writeParts(writing, bytes);
  }

  protected override async _writeStream(
    key: string,
    source: AsyncIterable<Uint8Array>,
    { condition, signal }: WriteStreamOptions,
  ): Promise<Version> {
    const writing = this.#writing(key, condition, signal);
    if (condition && this.#probe) {
      await this.#probe.require(condition, writing.deed);
      // It is not known yet whether it will be in parts, and not to be found out when all have been sent.
      if (!(await this.#probe.honoursInParts(condition)))
        throw ignoredError(writing.deed, this.#bucket);
    }
    return writeStreamed(writing, source);
  }

  protected async _delete(key: string, { signal }: CallOptions): Promise<void> {
    await deleteObject(this.#bucket, this.#name(key), { verb: "Deleting", key, signal });
  }

  protected _exists(key: string, { signal }: CallOptions): Promise<boolean> {
    return hasObject(this.#bucket, this.#name(key), { verb: "Looking for", key, signal });
  }

  protected async *_keys({ prefix = "", signal }: KeysOptions): AsyncGenerator<string> {
    const listed = this.#prefix + encodeName(prefix);
    let token: string | undefined;
    do {
      const page = await listPage(this.#bucket, listed, token, { verb: "Listing", signal });
      for (const { name } of page.objects) {
        const key = this.#key(name);
        if (key !== undefined) yield key;
      }
      token = page.next;
    } while (token !== undefined);
  }

  protected override get composedConcurrency(): number {
    return this.#maxConnections;
  }

  protected override async _deleteMany(
    keys: readonly string[],
    { signal }: CallOptions,
  ): Promise<ManyResult[]> {
    const names = keys.map((key) => this.#name(key));
    const failed = new Map<string, unknown>();
    const batches = batchesOf(names, deleteBatch);
    const done = mapLimit(batches, this.#maxConnections, async (batch) => {
      const deed: Deed = { verb: "Deleting", signal };
      try {
        for (const [name, error] of await deleteObjects(this.#bucket, batch, deed)) {
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
    if (this.#ownsClient) this.#client.destroy();
  }

  #writing(
    key: string,
    condition: WriteCondition | undefined,
    signal: AbortSignal | undefined,
  ): Writing {
    const deed: Deed = { verb: "Writing", key, signal };
    const writeId = randomUUID();
    return {
      bucket: this.#bucket,
      name: this.#name(key),
      deed,
      writeId,
      condition: condition ? putOptions(condition, writeId, deed, this.#bucket) : {},
      settings: this.#settings,
    };
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
