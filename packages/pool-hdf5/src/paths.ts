import type { Stats } from "node:fs";
import { basename, dirname, join } from "node:path";
import { isLailaError, LailaError } from "@laila/pool";
import { fileError, systemCode } from "./errors.js";
import { files, makeDirectory } from "./files.js";

/** The files of one pool; all lie beside the HDF5 file. */
export class PoolPaths {
  readonly file: string;
  readonly directory: string;
  readonly #name: string;

  constructor(file: string) {
    this.file = file;
    this.directory = dirname(file);
    this.#name = basename(file);
  }

  get lock(): string {
    return `${this.file}.lock`;
  }

  /** A snapshot that is being written. */
  temporary(generation: number): string {
    return `${this.file}.tmp-${generation}`;
  }

  /** Checksums of the snapshot, and a copy of its index. */
  get sums(): string {
    return `${this.file}.sum`;
  }

  journal(generation: number): string {
    return `${this.file}.journal.${generation}`;
  }

  /** The end of a journal that was cut off by a crash. */
  torn(generation: number, offset: number): string {
    return `${this.file}.torn-${generation}-${offset}`;
  }

  /** A journal or snapshot of which something could not be read, kept when it would otherwise go. */
  damaged(what: "journal" | "snapshot", generation: number): string {
    return `${this.file}.damaged-${what}-${generation}`;
  }

  /** What was set aside as damaged, on the disk now. */
  async asides(): Promise<string[]> {
    const names = await files.readdir(this.directory);
    return [
      ...this.#numbered(names, `${this.#name}.damaged-journal-`).map((n) =>
        this.damaged("journal", n),
      ),
      ...this.#numbered(names, `${this.#name}.damaged-snapshot-`).map((n) =>
        this.damaged("snapshot", n),
      ),
    ];
  }

  /** The generations whose journals are among these names, in order. */
  generations(names: readonly string[]): number[] {
    return this.#numbered(names, `${this.#name}.journal.`).sort((a, b) => a - b);
  }

  /** The snapshots among these names that nobody finished. */
  temporaries(names: readonly string[]): string[] {
    return this.#numbered(names, `${this.#name}.tmp-`).map((n) => this.temporary(n));
  }

  /** The sums among these names of snapshots that may or may not be in their place. */
  temporarySums(names: readonly string[]): string[] {
    const sums = names.filter((name) => name.endsWith(".sum")).map((name) => name.slice(0, -4));
    return this.temporaries(sums).map((path) => `${path}.sum`);
  }

  /** The numbers behind the prefix; a name that only begins alike is somebody else's. */
  #numbered(names: readonly string[], prefix: string): number[] {
    return names
      .filter((name) => name.startsWith(prefix) && /^[1-9]\d*$/.test(name.slice(prefix.length)))
      .map((name) => Number(name.slice(prefix.length)));
  }
}

/** The real path of a file that is only read, or may come into being. ACCESS_DENIED, NO_SUCH_STORE, INVALID_CONFIG. */
export async function existingPath(path: string): Promise<PoolPaths> {
  try {
    const stats = await lstatIfThere(path);
    const real = stats
      ? await files.realpath(path)
      : join(await files.realpath(dirname(path)), basename(path));
    if (stats && !(await files.stat(real)).isFile()) throw noFile(real);
    return new PoolPaths(real);
  } catch (error) {
    throw isLailaError(error) ? error : fileError(error, "Looking for the pool file", path);
  }
}

/**
 * Creates the directory (for its owner alone) and gives the file's real path. INVALID_CONFIG for a hard
 * link, because replacing the file would part it from its other names; ACCESS_DENIED, NO_SUCH_STORE.
 */
export async function preparePath(path: string): Promise<PoolPaths> {
  try {
    await makeDirectory(dirname(path));
    const stats = await lstatIfThere(path);
    if (!stats) return new PoolPaths(join(await files.realpath(dirname(path)), basename(path)));
    const real = await files.realpath(path);
    const status = await files.stat(real);
    if (!status.isFile()) {
      throw noFile(real);
    }
    const { nlink } = status;
    if (nlink > 1) {
      throw new LailaError(
        "INVALID_CONFIG",
        `${real} has ${nlink} hard links. A pool replaces its file, which would part them: give it a file of its own.`,
        { details: { path: real } },
      );
    }
    return new PoolPaths(real);
  } catch (error) {
    if (isLailaError(error)) throw error;
    throw fileError(error, "Preparing the pool file", path);
  }
}

function noFile(path: string): LailaError {
  return new LailaError(
    "INVALID_CONFIG",
    `${path} is not a file. Give the pool the path of its HDF5 file, which need not exist yet.`,
    { details: { path } },
  );
}

async function lstatIfThere(path: string): Promise<Stats | undefined> {
  try {
    return await files.lstat(path);
  } catch (error) {
    if (systemCode(error) === "ENOENT") return undefined;
    throw error;
  }
}
