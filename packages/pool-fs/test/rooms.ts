import { chmod, mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { isLailaError, type LailaError, type PoolLike } from "@laila/pool";
import { FilesystemPool, type FilesystemPoolConfig } from "@laila/pool-fs";
import { afterEach } from "vitest";

const made: { directories: string[]; pools: PoolLike[] } = { directories: [], pools: [] };

afterEach(async () => {
  await Promise.allSettled(made.pools.splice(0).map((pool) => pool.close()));
  for (const path of made.directories.splice(0)) await rm(path, { recursive: true, force: true });
});

/** An empty directory that goes away after the test; others may look into it. */
export async function newDirectory(): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), "laila-fs-"));
  await chmod(path, 0o755);
  made.directories.push(path);
  return path;
}

/** A pool that is closed after the test, should the test not get so far. */
export function poolAt(directory: string, config: FilesystemPoolConfig = {}): FilesystemPool {
  const pool = new FilesystemPool({ ...config, directory });
  made.pools.push(pool);
  return pool;
}

/** Every file below, relative and in order. */
export async function tree(directory: string): Promise<string[]> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => !entry.isDirectory())
    .map((entry) => join(entry.parentPath, entry.name).slice(directory.length + 1))
    .sort();
}

export const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

export function text(found: { readonly bytes: Uint8Array } | undefined): string | undefined {
  return found && new TextDecoder().decode(found.bytes);
}

export async function listed(pool: PoolLike, prefix?: string): Promise<string[]> {
  const keys: string[] = [];
  for await (const key of pool.keys({ prefix })) keys.push(key);
  return keys.sort();
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
