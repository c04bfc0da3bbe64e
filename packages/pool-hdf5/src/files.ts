import * as fs from "node:fs";
import { promisify } from "node:util";
import { fileHelpers } from "@laila/pool/node";

/**
 * Every file operation of the pool's own thread, in one object: tests make each of them fail.
 * Numeric descriptors rather than FileHandles, because a pool that nobody closes must not be
 * noticed by the garbage collector.
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
  fdatasync: promisify(fs.fdatasync),
  fsync: promisify(fs.fsync),
  ftruncate: (fd: number, size: number): Promise<void> =>
    new Promise((resolve, reject) => {
      fs.ftruncate(fd, size, (error) => (error ? reject(error) : resolve()));
    }),
  fstat: (fd: number): Promise<fs.Stats> =>
    new Promise((resolve, reject) => {
      fs.fstat(fd, (error, stats) => (error ? reject(error) : resolve(stats)));
    }),
  rename: fs.promises.rename,
  link: fs.promises.link,
  /** To a file that is not there yet; shares the blocks where the file system can. */
  copy: (from: string, to: string): Promise<void> =>
    fs.promises.copyFile(from, to, fs.constants.COPYFILE_FICLONE | fs.constants.COPYFILE_EXCL),
  unlink: fs.promises.unlink,
  mkdir: fs.promises.mkdir,
  readdir: (path: string): Promise<string[]> => fs.promises.readdir(path),
  readText: (path: string): Promise<string> => fs.promises.readFile(path, "utf8"),
  readFile: (path: string): Promise<Buffer> => fs.promises.readFile(path),
  stat: (path: string): Promise<fs.Stats> => fs.promises.stat(path),
  lstat: (path: string): Promise<fs.Stats> => fs.promises.lstat(path),
  realpath: (path: string): Promise<string> => fs.promises.realpath(path),
  statfs: (path: string): Promise<fs.StatsFs> => fs.promises.statfs(path),
};

export const { writeFully, readFully, syncDirectory, makeDirectory } = fileHelpers(files);
