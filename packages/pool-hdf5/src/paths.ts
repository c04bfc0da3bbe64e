import type { Stats } from "node:fs";
import { homedir } from "node:os";
import { basename, dirname, isAbsolute, join, resolve } from "node:path";
import { isLailaError, LailaError, type PoolOptions } from "@laila/pool";
import { fileError, systemCode } from "./errors.js";
import { files, syncDirectory } from "./files.js";

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

/** Where the configured file lies: relative to the project, or the pool's own place in LAILA's home. */
export function configuredPath(
  filePath: string | undefined,
  uuid: string,
  { home, directory }: PoolOptions,
): string {
  if (filePath === undefined) return join(lailaHome(home), "pools", uuid, "pool.h5");
  return isAbsolute(filePath) ? filePath : resolve(directory ?? process.cwd(), filePath);
}

function lailaHome(home: string | undefined): string {
  // biome-ignore lint/style/noProcessEnv: the pool contract has backends fall back to LAILA_HOME themselves.
  return home ?? (process.env.LAILA_HOME || join(homedir(), ".laila"));
}

/**
 * Creates the directory (for its owner alone) and gives the file's real path. INVALID_CONFIG for a hard
 * link, because replacing the file would part it from its other names; ACCESS_DENIED, NO_SUCH_STORE.
 */
export async function preparePath(path: string): Promise<PoolPaths> {
  try {
    await createDirectory(dirname(path));
    const stats = await lstatIfThere(path);
    if (!stats) return new PoolPaths(join(await files.realpath(dirname(path)), basename(path)));
    const real = await files.realpath(path);
    const status = await files.stat(real);
    if (!status.isFile()) {
      throw new LailaError(
        "INVALID_CONFIG",
        `${real} is not a file. Give the pool the path of its HDF5 file, which need not exist yet.`,
        { details: { path: real } },
      );
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

/** Creates what is missing, durably: a file in a directory that is lost is lost too. */
async function createDirectory(directory: string): Promise<void> {
  const first = await files.mkdir(directory, { recursive: true, mode: 0o700 });
  if (first === undefined) return;
  for (let made = directory; made.length >= first.length; made = dirname(made)) {
    await syncDirectory(dirname(made));
  }
}

async function lstatIfThere(path: string): Promise<Stats | undefined> {
  try {
    return await files.lstat(path);
  } catch (error) {
    if (systemCode(error) === "ENOENT") return undefined;
    throw error;
  }
}
