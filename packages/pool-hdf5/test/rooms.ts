import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { HDF5Pool, type HDF5PoolConfig } from "@laila/pool-hdf5";
import { afterEach } from "vitest";

const made: { directories: string[]; pools: HDF5Pool[] } = { directories: [], pools: [] };

afterEach(async () => {
  for (const pool of made.pools.splice(0)) await pool.close().catch(() => undefined);
  for (const path of made.directories.splice(0)) await rm(path, { recursive: true, force: true });
});

/** An empty directory that goes away after the test. */
export async function directory(): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), "laila-hdf5-"));
  made.directories.push(path);
  return path;
}

/** A pool that is closed after the test. */
export function pool(filePath: string, config: HDF5PoolConfig = {}): HDF5Pool {
  const opened = new HDF5Pool({ ...config, filePath });
  made.pools.push(opened);
  return opened;
}

/** A pool file path in an empty directory of its own. */
export async function newFile(): Promise<string> {
  return join(await directory(), "pool.h5");
}

export const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
export const text = (value: { bytes: Uint8Array } | undefined): string | undefined =>
  value && new TextDecoder().decode(value.bytes);
