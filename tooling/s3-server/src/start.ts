import { randomBytes } from "node:crypto";
import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { unconditionally } from "./conditions.js";
import { S3Error } from "./errors.js";
import type { FaultHook } from "./faults.js";
import { Uploads } from "./multipart.js";
import type { ObjectVersion } from "./object-file.js";
import { ContentDigest, staging } from "./objects.js";
import { streamSlice } from "./reply.js";
import { HttpFront, type RequestLogEntry } from "./server.js";
import { Storage } from "./storage.js";

export interface S3ServerOptions {
  /** Where the objects lie; by default a fresh temporary directory, which close() removes. */
  readonly directory?: string;
  /** 0, the default, takes a free one. The server listens on 127.0.0.1 only. */
  readonly port?: number;
  /** Random by default, as is the secret. */
  readonly accessKeyId?: string;
  readonly secretAccessKey?: string;
  /** "us-east-1" by default. */
  readonly region?: string;
  /** Buckets that are there from the start. */
  readonly buckets?: readonly string[];
  /** Whether a write reaches the disk before it is acknowledged; false by default. */
  readonly fsync?: boolean;
}

export interface S3Server extends AsyncDisposable {
  /** `http://127.0.0.1:PORT` */
  readonly endpoint: string;
  readonly port: number;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly region: string;
  readonly directory: string;
  /** The requests begun, oldest first; the last 10,000 or so. */
  readonly requests: readonly RequestLogEntry[];
  /** How many requests of each operation have begun. */
  readonly counts: ReadonlyMap<string, number>;
  /** Empties the log and the counts. */
  clearRequests(): void;
  /** Creates a bucket unless it is there. */
  createBucket(name: string): Promise<void>;
  /** An object's stored bytes, without the protocol; undefined if there is no such object. */
  readObject(bucket: string, key: string): Promise<Uint8Array | undefined>;
  /**
   * Replaces an object's bytes, or creates it, without the protocol. Its ETag and checksum fit the
   * new bytes, as if somebody with access had put them there; with `keepChecksums` they stay those
   * of the old bytes, as if the disk had failed, and the SDK's own check finds it.
   */
  writeObject(
    bucket: string,
    key: string,
    bytes: Uint8Array,
    options?: { keepChecksums?: boolean },
  ): Promise<void>;
  /** The keys of a bucket in the order of their UTF-8 bytes. */
  listObjects(bucket: string): Promise<string[]>;
  /** Sets the hook that decides faults, or takes it away. */
  fault(hook: FaultHook | undefined): void;
  /** Milliseconds that every request waits from now on, as over a long line; 0 at first. */
  latency(milliseconds: number): void;
  /** Ends all connections and removes the directory if it was a temporary one. Idempotent. */
  close(): Promise<void>;
}

/** Starts an S3 server on the loopback interface. */
export async function startS3Server(options: S3ServerOptions = {}): Promise<S3Server> {
  const temporary = options.directory === undefined;
  const directory = resolve(options.directory ?? (await mkdtemp(join(tmpdir(), "s3-server-"))));
  await mkdir(directory, { recursive: true });
  const storage = await Storage.open(directory, options.fsync ?? false);
  const credentials = {
    accessKeyId: options.accessKeyId ?? `AK${randomBytes(9).toString("hex").toUpperCase()}`,
    secretAccessKey: options.secretAccessKey ?? randomBytes(30).toString("base64url"),
    region: options.region ?? "us-east-1",
  };
  const service = { storage, uploads: new Uploads(storage), region: credentials.region };
  const front = new HttpFront(service, credentials);
  const createBucket = async (name: string) => {
    if (!storage.hasBucket(name)) await storage.createBucket(name);
  };
  for (const name of options.buckets ?? []) await createBucket(name);
  const port = await front.listen(options.port ?? 0);
  let closed: Promise<void> | undefined;
  const close = () => {
    closed ??= (async () => {
      await front.close();
      if (temporary) await rm(directory, { recursive: true, force: true });
    })();
    return closed;
  };
  return {
    endpoint: `http://127.0.0.1:${port}`,
    port,
    ...credentials,
    directory,
    requests: front.log,
    counts: front.counts,
    clearRequests: () => {
      front.log.length = 0;
      front.counts.clear();
    },
    createBucket,
    readObject: (bucket, key) => readObject(storage, bucket, key),
    writeObject: (bucket, key, bytes, { keepChecksums = false } = {}) =>
      writeObject(storage, bucket, key, bytes, keepChecksums),
    listObjects: async (bucket) => [...storage.bucket(bucket).keys.all()],
    fault: (hook) => {
      front.fault = hook;
    },
    latency: (milliseconds) => {
      front.latency = milliseconds;
    },
    close,
    [Symbol.asyncDispose]: close,
  };
}

async function readObject(
  storage: Storage,
  bucket: string,
  key: string,
): Promise<Uint8Array | undefined> {
  try {
    const { version, handle } = await storage.open(bucket, key);
    try {
      const chunks: Uint8Array[] = [];
      const slice = { handle, start: 0, length: version.size };
      for await (const chunk of streamSlice(slice)) chunks.push(chunk);
      return new Uint8Array(Buffer.concat(chunks));
    } finally {
      await handle.close();
    }
  } catch (error) {
    if (error instanceof S3Error && error.code === "NoSuchKey") return undefined;
    throw error;
  }
}

async function writeObject(
  storage: Storage,
  bucket: string,
  key: string,
  bytes: Uint8Array,
  keepChecksums: boolean,
): Promise<void> {
  const before: ObjectVersion | undefined = storage.bucket(bucket).versions.get(key)?.[0];
  const digest = new ContentDigest(before?.checksum?.algorithm);
  const source = (async function* () {
    yield bytes;
  })();
  await staging(storage, digest.through(source), (staged) => {
    const fresh = { size: digest.size, headers: {}, metadata: {} };
    const seals = digest.finish();
    if (before === undefined || before.deleteMarker) {
      return storage.commit(bucket, key, staged, { ...fresh, ...seals }, unconditionally);
    }
    const { headers, metadata, etag, checksum } = before;
    const kept = { etag, ...(checksum === undefined ? {} : { checksum }) };
    const draft = { ...fresh, headers, metadata, ...(keepChecksums ? kept : seals) };
    return storage.commit(bucket, key, staged, draft, unconditionally, before.versionId);
  });
}
