import { AsyncTaskForce, laila, MemoryPool, type PoolClass } from "@laila/core";
import { FilesystemPool } from "@laila/pool-fs";
import { HDF5Pool } from "@laila/pool-hdf5";
import { S3Pool } from "@laila/pool-s3";
import { names } from "../../names.js";

/** What a document of this set-up may name. */
export const poolClasses: readonly PoolClass[] = [S3Pool, HDF5Pool, FilesystemPool];

const mebibyte = 2 ** 20;

/** An HDF5 file that is a cache of the bucket: what it has not, it reads from there, and keeps. */
export function addLocal(): void {
  const local = laila.create(HDF5Pool, {
    nickname: names.local,
    filePath: "data.h5",
    checkpointBytes: mebibyte,
  });
  laila.memory.extend(local, { affinity: 2 });
  local.proxyTo(laila.memory.poolRouter.route({ poolNickname: names.bucket }));
}

export function addFiles(): void {
  const files = laila.create(FilesystemPool, { nickname: names.files, directory: "files" });
  laila.memory.extend(files, { affinity: 1 });
}

/** In memory, in front of the file; once more with another size replaces it. */
export function addScratch(mebibytes: number): void {
  const scratch = laila.create(MemoryPool, {
    nickname: names.scratch,
    maxBytes: mebibytes * mebibyte,
    evict: "lru",
  });
  scratch.proxyTo(laila.memory.poolRouter.route({ poolNickname: names.local }));
  laila.memory.extend(scratch, { affinity: 3, replace: true });
}

export function addTaskforce(): void {
  const { nickname, namespace } = { nickname: names.taskforce, namespace: laila.namespace };
  laila.command.extend(new AsyncTaskForce({ nickname, maxConcurrency: 8 }, { namespace }));
}

/** For a larger picture: caches of the pools above, and of one another. */
export function addCaches(count: number): void {
  const origins = [names.bucket, names.local, names.files] as string[];
  for (let i = 1; i <= count; i++) {
    const nickname = `cache-${String(i).padStart(2, "0")}`;
    const cache = laila.create(MemoryPool, { nickname, maxBytes: mebibyte, evict: "lru" });
    const origin = origins[i % origins.length] as string;
    cache.proxyTo(laila.memory.poolRouter.route({ poolNickname: origin }));
    laila.memory.extend(cache);
    if (i % 4 === 0) origins.push(nickname);
  }
}
