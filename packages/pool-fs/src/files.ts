import * as fs from "node:fs";
import { promisify } from "node:util";
import { fileHelpers } from "@laila/pool/node";
import { failedWith } from "./errors.js";

/**
 * Every file operation of the pool, in one object: tests make each of them fail. Numeric descriptors
 * rather than FileHandles, because the garbage collector must not notice a pool that nobody closes.
 */
export const files = {
  open: promisify(fs.open),
  close: promisify(fs.close),
  writev: (fd: number, buffers: readonly Uint8Array[], position: number): Promise<number> =>
    new Promise((resolve, reject) => {
      fs.writev(fd, buffers as Uint8Array[], position, (error, written) =>
        error ? reject(error) : resolve(written),
      );
    }),
  read: (fd: number, into: Uint8Array, position: number): Promise<number> =>
    new Promise((resolve, reject) => {
      fs.read(fd, into, 0, into.byteLength, position, (error, count) =>
        error ? reject(error) : resolve(count),
      );
    }),
  fsync: promisify(fs.fsync),
  fstat: (fd: number): Promise<fs.Stats> =>
    new Promise((resolve, reject) => {
      fs.fstat(fd, (error, stats) => (error ? reject(error) : resolve(stats)));
    }),
  rename: fs.promises.rename,
  link: fs.promises.link,
  unlink: fs.promises.unlink,
  mkdir: fs.promises.mkdir,
  readdir: (path: string): Promise<string[]> => fs.promises.readdir(path),
  readEntries: (path: string): Promise<fs.Dirent[]> =>
    fs.promises.readdir(path, { withFileTypes: true }),
  readText: (path: string): Promise<string> => fs.promises.readFile(path, "utf8"),
  lstat: (path: string): Promise<fs.Stats> => fs.promises.lstat(path),
  realpath: (path: string): Promise<string> => fs.promises.realpath(path),
  statfs: (path: string): Promise<fs.StatsFs> => fs.promises.statfs(path),
};

/** Opens for the time of `act`, with a descriptor that is closed whatever happens. */
export async function withFile<T>(
  path: string,
  flags: string | number,
  act: (fd: number) => Promise<T>,
): Promise<T> {
  const fd = await files.open(path, flags);
  try {
    return await act(fd);
  } finally {
    await files.close(fd);
  }
}

export const { writeFully, readFully, syncDirectory, makeDirectory } = fileHelpers(files);

/** False when there was none. */
export async function unlinkIfThere(path: string): Promise<boolean> {
  try {
    await files.unlink(path);
    return true;
  } catch (error) {
    if (failedWith(error, "ENOENT")) return false;
    throw error;
  }
}
