import { randomBytes } from "node:crypto";
import { type FileHandle, open, readdir, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import type { Checksum } from "./checksums.js";

/**
 * One version of an object as the index knows it and as its file says at its end. A file is
 * `bytes | this, as JSON | length of the JSON, uint32 | "LS3o"`: one rename makes bytes and
 * description visible together, and the file never changes afterwards.
 */
export interface ObjectVersion {
  readonly key: string;
  /** "null" for the one version of a bucket without versioning. */
  readonly versionId: string;
  /** Later commits have higher numbers. */
  readonly sequence: number;
  readonly deleteMarker?: true;
  readonly size: number;
  /** With its quotes. */
  readonly etag: string;
  /** Milliseconds since the epoch. */
  readonly lastModified: number;
  /** Content-Type and its like, by lower-case header name. */
  readonly headers: Readonly<Record<string, string>>;
  /** x-amz-meta-*, without the prefix. */
  readonly metadata: Readonly<Record<string, string>>;
  readonly checksum?: Checksum;
  /** Where the bytes are; not part of the description in the file. */
  readonly file: string;
}

const magic = Buffer.from("LS3o");
const flushBytes = 256 * 1024;

/** Bytes on their way in: kept in memory while small, in a temporary file otherwise. */
export class StagedFile {
  readonly #path: string;
  readonly #fsync: boolean;
  #handle: FileHandle | undefined;
  #pending: Uint8Array[] = [];
  #pendingBytes = 0;
  #exists = false;

  constructor(directory: string, fsync: boolean) {
    this.#path = join(directory, randomBytes(16).toString("hex"));
    this.#fsync = fsync;
  }

  async write(chunk: Uint8Array): Promise<void> {
    this.#pending.push(chunk);
    this.#pendingBytes += chunk.length;
    if (this.#pendingBytes >= flushBytes) await this.#flush();
  }

  /** Appends the description and moves the file to its place, in one step for every reader. */
  async commit(target: string, description: object): Promise<void> {
    const json = Buffer.from(JSON.stringify(description));
    const length = Buffer.alloc(4);
    length.writeUInt32BE(json.length);
    await this.write(Buffer.concat([json, length, magic]));
    await this.#flush();
    if (this.#fsync) await this.#handle?.sync();
    await this.#close();
    await rename(this.#path, target);
    this.#exists = false;
    if (this.#fsync) await syncDirectory(join(target, ".."));
  }

  /** Leaves nothing behind; harmless after a commit. */
  async discard(): Promise<void> {
    this.#pending = [];
    this.#pendingBytes = 0;
    await this.#close();
    if (this.#exists) await rm(this.#path);
    this.#exists = false;
  }

  async #flush(): Promise<void> {
    this.#handle ??= await open(this.#path, "wx");
    this.#exists = true;
    const bytes = Buffer.concat(this.#pending);
    this.#pending = [];
    this.#pendingBytes = 0;
    for (let written = 0; written < bytes.length; ) {
      written += (await this.#handle.write(bytes, written)).bytesWritten;
    }
  }

  async #close(): Promise<void> {
    const handle = this.#handle;
    this.#handle = undefined;
    await handle?.close();
  }
}

/** The versions that a directory holds, as after a restart. A file that is none is an error. */
export async function readDirectory(directory: string): Promise<ObjectVersion[]> {
  const names = await readdir(directory);
  const versions: ObjectVersion[] = [];
  for (const name of names) versions.push(await readDescription(join(directory, name)));
  return versions;
}

async function readDescription(file: string): Promise<ObjectVersion> {
  const handle = await open(file, "r");
  try {
    const { size } = await handle.stat();
    const end = Buffer.alloc(8);
    if (size >= 8) await handle.read(end, 0, 8, size - 8);
    const length = end.readUInt32BE(0);
    if (!end.subarray(4).equals(magic) || length > size - 8) {
      throw new Error(`${file} is not an object file of this server.`);
    }
    const json = Buffer.alloc(length);
    await handle.read(json, 0, length, size - 8 - length);
    return { ...(JSON.parse(json.toString("utf8")) as Omit<ObjectVersion, "file">), file };
  } finally {
    await handle.close();
  }
}

async function syncDirectory(directory: string): Promise<void> {
  const handle = await open(directory, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
