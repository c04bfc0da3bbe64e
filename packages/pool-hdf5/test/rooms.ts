import { existsSync } from "node:fs";
import { copyFile, mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import { isLailaError, type LailaError, type PoolLike } from "@laila/pool";
import { HDF5Pool, type HDF5PoolConfig } from "@laila/pool-hdf5";
import { afterEach } from "vitest";

const made: { directories: string[]; pools: PoolLike[] } = { directories: [], pools: [] };

afterEach(async () => {
  await Promise.allSettled(made.pools.splice(0).map((pool) => pool.close()));
  for (const path of made.directories.splice(0)) await rm(path, { recursive: true, force: true });
});

/** Where a sync costs nothing, if there is such a place: for tests that imitate the disk anyway. */
export function fastDirectory(): string {
  return existsSync("/dev/shm") ? "/dev/shm" : tmpdir();
}

/** An empty directory that goes away after the test. */
export async function newDirectory(): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), "laila-hdf5-"));
  made.directories.push(path);
  return path;
}

/** A path for a pool file, in an empty directory of its own. */
export async function newFile(): Promise<string> {
  return join(await newDirectory(), "pool.h5");
}

/** A pool that is closed after the test, should the test not get so far. */
export function poolAt(filePath: string, config: HDF5PoolConfig = {}): HDF5Pool {
  const pool = new HDF5Pool({ ...config, filePath });
  made.pools.push(pool);
  return pool;
}

/** The files of a pool as a process that died at this moment would leave them, in a directory of their own. */
export async function crashImage(file: string): Promise<string> {
  const target = await newDirectory();
  for (const name of await readdir(dirname(file))) {
    if (!name.includes(".lock")) await copyFile(join(dirname(file), name), join(target, name));
  }
  return join(target, basename(file));
}

/** The names beside a pool file, without the `pool.h5` they begin with. */
export async function companions(file: string): Promise<string[]> {
  const names = await readdir(dirname(file));
  return names.map((name) => name.replace(basename(file), "")).sort();
}

export const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

export function text(found: { readonly bytes: Uint8Array } | undefined): string | undefined {
  return found && new TextDecoder().decode(found.bytes);
}

/** The LailaError that it rejects with. */
export async function rejection(work: Promise<unknown>): Promise<LailaError> {
  const error = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!isLailaError(error)) throw new Error(`expected a LailaError, got ${String(error)}`);
  return error;
}
