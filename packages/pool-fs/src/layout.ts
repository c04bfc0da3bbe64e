import { join } from "node:path";
import { LailaError } from "@laila/pool";
import { failedWith } from "./errors.js";
import {
  files,
  makeDirectory,
  syncDirectory,
  unlinkIfThere,
  withFile,
  writeFully,
} from "./files.js";
import type { Place } from "./names.js";

const markName = "laila-pool-fs.json";
const formatVersion = 1;

/** The directories of a pool, and what is in which. */
export class Layout {
  readonly root: string;
  /** `values/<fan>/<name>`: one file for each key. */
  readonly values: string;
  /** Values that are being written: `<writer>.<number>`. */
  readonly temporary: string;
  /** One file for each pool that writes, under its nonce: who it is. */
  readonly writers: string;
  /** One hard link to its holder's file for each key that is being changed. */
  readonly locks: string;
  readonly #fans = new Map<string, Promise<void>>();

  constructor(root: string) {
    this.root = root;
    this.values = join(root, "values");
    this.temporary = join(root, "temporary");
    this.writers = join(root, "writers");
    this.locks = join(root, "locks");
  }

  value({ fan, name }: Place): string {
    return join(this.values, fan, name);
  }

  fan({ fan }: Place): string {
    return join(this.values, fan);
  }

  /**
   * Makes what is not there yet, for its owner alone; the mark is last, so where it is, everything is.
   * `temporary` gives a path for a file of the writer's own. INVALID_CONFIG, UNSUPPORTED_VERSION, and system
   * errors.
   */
  async prepare(temporary: () => Promise<string>): Promise<void> {
    if (await this.#marked()) return this.#complete();
    await makeRoot(this.root);
    await this.#makeAll();
    await this.#mark(await temporary());
    await syncDirectory(this.root);
  }

  /** NO_SUCH_STORE when the directory was deleted, or its disk unmounted: a pool that is gone is not empty. */
  async verify(): Promise<void> {
    try {
      await files.lstat(join(this.root, markName));
    } catch (error) {
      throw failedWith(error, "ENOENT", "ENOTDIR") ? noStore(this.root, error) : error;
    }
  }

  /** Makes the directory that the value goes into, durably. */
  async ensureFan(place: Place): Promise<void> {
    const path = this.fan(place);
    let made = this.#fans.get(path);
    if (!made) {
      made = this.#makeFan(path);
      this.#fans.set(path, made);
    }
    try {
      await made;
    } catch (error) {
      this.#fans.delete(path);
      throw error;
    }
  }

  /** To be called when a fan-out directory turned out to have been removed. */
  forgetFan(place: Place): void {
    this.#fans.delete(this.fan(place));
  }

  /** Git, archives and buckets keep no empty directories: a pool that was copied so gets them back. */
  async #complete(): Promise<void> {
    try {
      if (await this.#makeAll()) await syncDirectory(this.root);
    } catch (error) {
      // Who may only read does without.
      if (!failedWith(error, "EACCES", "EPERM", "EROFS")) throw error;
    }
  }

  /** True when one of them was not there. */
  async #makeAll(): Promise<boolean> {
    const all = [this.values, this.temporary, this.writers, this.locks];
    const made = await Promise.all(all.map((path) => files.mkdir(path, { recursive: true })));
    return made.some((first) => first !== undefined);
  }

  async #makeFan(path: string): Promise<void> {
    try {
      await files.mkdir(path);
    } catch (error) {
      if (!failedWith(error, "EEXIST")) throw error;
    }
    // Also when it was there: whoever made it may not have got so far.
    await syncDirectory(this.values);
  }

  async #marked(): Promise<boolean> {
    const path = join(this.root, markName);
    let text: string;
    try {
      text = await files.readText(path);
    } catch (error) {
      if (failedWith(error, "ENOENT")) return false;
      if (failedWith(error, "ENOTDIR")) throw noDirectory(this.root, error);
      throw error;
    }
    const version = /^\{"laila_pool_fs":(\d{1,9})\}\s*$/.exec(text)?.[1];
    if (version === undefined) {
      throw new LailaError(
        "INVALID_CONFIG",
        `${path} is not what a pool writes there. Give the pool a directory of its own.`,
        { details: { path } },
      );
    }
    if (Number(version) !== formatVersion) {
      throw new LailaError(
        "UNSUPPORTED_VERSION",
        `The pool in ${this.root} has format ${version}; this release knows ${formatVersion}. Install a newer @laila/pool-fs.`,
        { details: { path, version: Number(version) } },
      );
    }
    return true;
  }

  /** Several may do this at once: each puts the same there. */
  async #mark(draft: string): Promise<void> {
    try {
      await withFile(draft, "wx", async (fd) => {
        await writeFully(fd, [Buffer.from(`{"laila_pool_fs":${formatVersion}}\n`)], 0);
        await files.fsync(fd);
      });
      await files.rename(draft, join(this.root, markName));
    } catch (error) {
      // What went wrong is told; a draft that stays is removed by the next opening.
      await unlinkIfThere(draft).catch(() => false);
      throw error;
    }
  }
}

async function makeRoot(path: string): Promise<void> {
  try {
    await makeDirectory(path);
  } catch (error) {
    if (failedWith(error, "EEXIST", "ENOTDIR")) throw noDirectory(path, error);
    throw error;
  }
}

function noStore(path: string, cause: unknown): LailaError {
  return new LailaError(
    "NO_SUCH_STORE",
    `The pool's directory ${path} is gone, or has no ${markName} any more. Bring it back (is its disk mounted?), or close this pool and make a new one.`,
    { cause, details: { path } },
  );
}

function noDirectory(path: string, cause: unknown): LailaError {
  return new LailaError(
    "INVALID_CONFIG",
    `${path} is no directory. Give the pool the path of one, or of none: it is made then.`,
    { cause, details: { path } },
  );
}
