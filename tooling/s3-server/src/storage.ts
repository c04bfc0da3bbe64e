import { createHash, randomBytes } from "node:crypto";
import { type FileHandle, mkdir, open, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Precondition } from "./conditions.js";
import { noSuchBucket, noSuchKey, S3Error } from "./errors.js";
import { KeyIndex } from "./key-index.js";
import { KeyLock } from "./key-lock.js";
import { type ObjectVersion, readDirectory, StagedFile } from "./object-file.js";

export type Versioning = "Enabled" | "Suspended" | undefined;

export interface Bucket {
  readonly name: string;
  /** Milliseconds since the epoch. */
  readonly created: number;
  readonly versioning: Versioning;
  /** Keys that a reader sees now. */
  readonly keys: KeyIndex;
  /** All versions of a key, newest first. */
  readonly versions: ReadonlyMap<string, readonly ObjectVersion[]>;
}

interface StoredBucket extends Bucket {
  versioning: Versioning;
  readonly versions: Map<string, ObjectVersion[]>;
  readonly objects: string;
  commits: number;
}

/** What a write brings along besides its bytes. */
export type Draft = Pick<
  ObjectVersion,
  "size" | "etag" | "headers" | "metadata" | "checksum" | "deleteMarker"
>;

export interface Removal {
  readonly versionId: string | undefined;
  readonly deleteMarker: boolean;
}

/**
 * Buckets and objects in a directory: `buckets/NAME/objects/HASH-RANDOM` for each version and
 * `staging/` for what is not committed. The index is in memory and read back on opening, so the
 * directory belongs to one server at a time. Keys become file names only as their SHA-256.
 */
export class Storage {
  readonly #buckets = new Map<string, StoredBucket>();
  readonly #lock = new KeyLock();
  readonly #directory: string;
  readonly #fsync: boolean;
  #sequence = 0;

  private constructor(directory: string, fsync: boolean) {
    this.#directory = directory;
    this.#fsync = fsync;
  }

  static async open(directory: string, fsync: boolean): Promise<Storage> {
    const storage = new Storage(directory, fsync);
    // Whatever was not committed when the last server ended was never acknowledged.
    await rm(join(directory, "staging"), { recursive: true, force: true });
    await mkdir(join(directory, "staging"), { recursive: true });
    await mkdir(join(directory, "buckets"), { recursive: true });
    for (const name of await readdir(join(directory, "buckets"))) await storage.#load(name);
    return storage;
  }

  stage(): StagedFile {
    return new StagedFile(join(this.#directory, "staging"), this.#fsync);
  }

  /** A path for something that lives beside the buckets until the server ends. */
  stagingPath(name: string): string {
    return join(this.#directory, "staging", name);
  }

  buckets(): Bucket[] {
    return [...this.#buckets.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  bucket(name: string): Bucket {
    return this.#bucket(name);
  }

  hasBucket(name: string): boolean {
    return this.#buckets.has(name);
  }

  async createBucket(name: string): Promise<void> {
    if (!/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/.test(name) || name.includes("..")) {
      throw new S3Error("InvalidBucketName", "The specified bucket is not valid.", {
        details: { BucketName: name },
      });
    }
    await this.#lock.run(name, async () => {
      if (this.#buckets.has(name)) {
        throw new S3Error("BucketAlreadyOwnedByYou", "You already own this bucket.", {
          details: { BucketName: name },
        });
      }
      const bucket = this.#newBucket(name, Date.now(), undefined);
      await mkdir(bucket.objects, { recursive: true });
      await this.#describe(bucket);
      this.#buckets.set(name, bucket);
    });
  }

  async deleteBucket(name: string): Promise<void> {
    await this.#lock.run(name, async () => {
      const bucket = this.#bucket(name);
      if (bucket.versions.size > 0 || bucket.commits > 0) {
        throw new S3Error("BucketNotEmpty", "The bucket you tried to delete is not empty.", {
          details: { BucketName: name },
        });
      }
      this.#buckets.delete(name);
      await rm(this.#bucketPath(name), { recursive: true });
    });
  }

  async setVersioning(name: string, versioning: Versioning): Promise<void> {
    await this.#lock.run(name, async () => {
      const bucket = this.#bucket(name);
      bucket.versioning = versioning;
      await this.#describe(bucket);
    });
  }

  /** The version that a reader sees, or the one asked for; NoSuchKey and NoSuchVersion otherwise. */
  find(bucketName: string, key: string, versionId?: string): ObjectVersion {
    const versions = this.#bucket(bucketName).versions.get(key) ?? [];
    const found =
      versionId === undefined ? versions[0] : versions.find((v) => v.versionId === versionId);
    if (found === undefined) {
      if (versionId === undefined) throw noSuchKey(key);
      throw new S3Error("NoSuchVersion", "The specified version does not exist.", {
        details: { Key: key, VersionId: versionId },
      });
    }
    if (found.deleteMarker) {
      const headers = { "x-amz-delete-marker": "true", "x-amz-version-id": found.versionId };
      if (versionId === undefined) {
        throw new S3Error("NoSuchKey", "The specified key does not exist.", {
          details: { Key: key },
          headers,
        });
      }
      throw new S3Error(
        "MethodNotAllowed",
        "The specified method is not allowed against this resource.",
        { headers },
      );
    }
    return found;
  }

  /**
   * Opens a version for reading. The handle keeps its bytes whatever happens to the key meanwhile;
   * `check` may refuse it first. The caller closes the handle.
   */
  async open(
    bucketName: string,
    key: string,
    versionId?: string,
    check?: (version: ObjectVersion) => void,
  ): Promise<{ version: ObjectVersion; handle: FileHandle }> {
    for (;;) {
      const version = this.find(bucketName, key, versionId);
      check?.(version);
      try {
        return { version, handle: await open(version.file, "r") };
      } catch (error) {
        if (!isMissing(error)) throw error;
        // Replaced or deleted between the look and the open: look again when that is done.
        await this.#lock.run(`${bucketName}/${key}`, async () => undefined);
        if (this.#current(bucketName, key, versionId) === version) throw error;
      }
    }
  }

  /**
   * Makes staged bytes a version of the key: the condition, the rename and the index change happen
   * under the key's lock, so of several writers with one condition exactly one gets through.
   */
  async commit(
    bucketName: string,
    key: string,
    staged: StagedFile,
    draft: Draft,
    condition: Precondition,
    replaceVersion?: string,
  ): Promise<ObjectVersion> {
    return this.#inCommit(bucketName, key, async (bucket) => {
      condition(visible(bucket.versions.get(key)));
      const versionId = replaceVersion ?? newVersionId(bucket.versioning);
      return this.#add(bucket, key, versionId, staged, draft);
    });
  }

  /** Deletes, or hides behind a delete marker where the bucket keeps versions. */
  async remove(
    bucketName: string,
    key: string,
    versionId: string | undefined,
    condition: Precondition,
  ): Promise<Removal> {
    return this.#inCommit(bucketName, key, async (bucket) => {
      const versions = bucket.versions.get(key) ?? [];
      condition(visible(versions));
      if (versionId !== undefined || bucket.versioning === undefined) {
        const doomed = versions.find((v) => v.versionId === (versionId ?? "null"));
        if (doomed !== undefined) {
          await rm(doomed.file);
          this.#setVersions(
            bucket,
            key,
            versions.filter((v) => v !== doomed),
          );
        }
        return { versionId, deleteMarker: doomed?.deleteMarker === true };
      }
      const marker = newVersionId(bucket.versioning);
      const draft = { size: 0, etag: "", headers: {}, metadata: {}, deleteMarker: true as const };
      await this.#add(bucket, key, marker, this.stage(), draft);
      return { versionId: marker, deleteMarker: true };
    });
  }

  async #inCommit<T>(
    bucketName: string,
    key: string,
    work: (bucket: StoredBucket) => Promise<T>,
  ): Promise<T> {
    return this.#lock.run(`${bucketName}/${key}`, async () => {
      const bucket = this.#bucket(bucketName);
      bucket.commits += 1;
      try {
        return await work(bucket);
      } finally {
        bucket.commits -= 1;
      }
    });
  }

  async #add(
    bucket: StoredBucket,
    key: string,
    versionId: string,
    staged: StagedFile,
    draft: Draft,
  ): Promise<ObjectVersion> {
    this.#sequence += 1;
    const description = {
      ...draft,
      key,
      versionId,
      sequence: this.#sequence,
      lastModified: Date.now(),
    };
    const hash = createHash("sha256").update(key).digest("hex");
    const file = join(bucket.objects, `${hash}-${randomBytes(8).toString("hex")}`);
    await staged.commit(file, description);
    const added: ObjectVersion = { ...description, file };
    const versions = bucket.versions.get(key) ?? [];
    const replaced = versions.find((v) => v.versionId === versionId);
    this.#setVersions(bucket, key, [added, ...versions.filter((v) => v !== replaced)]);
    if (replaced !== undefined) await rm(replaced.file);
    return added;
  }

  #setVersions(bucket: StoredBucket, key: string, versions: ObjectVersion[]): void {
    if (versions.length === 0) bucket.versions.delete(key);
    else bucket.versions.set(key, versions);
    if (visible(versions) === undefined) bucket.keys.remove(key);
    else bucket.keys.add(key);
  }

  #current(bucket: string, key: string, versionId?: string): ObjectVersion | undefined {
    const versions = this.#buckets.get(bucket)?.versions.get(key);
    return versionId === undefined
      ? versions?.[0]
      : versions?.find((v) => v.versionId === versionId);
  }

  #bucket(name: string): StoredBucket {
    const bucket = this.#buckets.get(name);
    if (bucket === undefined) throw noSuchBucket(name);
    return bucket;
  }

  #bucketPath(name: string): string {
    return join(this.#directory, "buckets", name);
  }

  #newBucket(name: string, created: number, versioning: Versioning): StoredBucket {
    const objects = join(this.#bucketPath(name), "objects");
    const base = { name, created, versioning, objects, commits: 0 };
    return { ...base, keys: new KeyIndex(), versions: new Map() };
  }

  async #describe(bucket: StoredBucket): Promise<void> {
    const { created, versioning } = bucket;
    await writeFile(
      join(this.#bucketPath(bucket.name), "bucket.json"),
      JSON.stringify({ created, versioning }),
    );
  }

  async #load(name: string): Promise<void> {
    const json = await readFile(join(this.#bucketPath(name), "bucket.json"), "utf8");
    const { created, versioning } = JSON.parse(json) as { created: number; versioning: Versioning };
    const bucket = this.#newBucket(name, created, versioning);
    const found = await readDirectory(bucket.objects);
    for (const version of found.sort((a, b) => a.sequence - b.sequence)) {
      const others = (bucket.versions.get(version.key) ?? []).filter((other) => {
        return other.versionId !== version.versionId;
      });
      const before = bucket.versions.get(version.key) ?? [];
      // The last server ended between putting the new one in place and removing the old.
      for (const stale of before) if (!others.includes(stale)) await rm(stale.file);
      this.#setVersions(bucket, version.key, [version, ...others]);
      this.#sequence = Math.max(this.#sequence, version.sequence);
    }
    this.#buckets.set(name, bucket);
  }
}

const visible = (versions: readonly ObjectVersion[] | undefined): ObjectVersion | undefined =>
  versions?.[0]?.deleteMarker ? undefined : versions?.[0];

const newVersionId = (versioning: Versioning): string =>
  versioning === "Enabled" ? randomBytes(16).toString("hex") : "null";

const isMissing = (error: unknown): boolean =>
  error instanceof Error && "code" in error && error.code === "ENOENT";
