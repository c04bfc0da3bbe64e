import * as fs from "node:fs";
import { promisify } from "node:util";

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

/** Writes all of the buffers, however many calls that takes. */
export async function writeFully(
  fd: number,
  buffers: readonly Uint8Array[],
  position: number,
): Promise<void> {
  let rest = buffers.filter((buffer) => buffer.byteLength > 0);
  let at = position;
  while (rest.length > 0) {
    const written = await files.writev(fd, rest, at);
    at += written;
    rest = dropFront(rest, written);
  }
}

/** Reads up to `length` bytes at a position: fewer only at the end of the file. */
export async function readFully(fd: number, position: number, length: number): Promise<Buffer> {
  const bytes = Buffer.allocUnsafeSlow(length);
  let done = 0;
  while (done < length) {
    const count = await files.read(fd, bytes.subarray(done), position + done);
    if (count === 0) return bytes.subarray(0, done);
    done += count;
  }
  return bytes;
}

/** Makes the directory's entries (created, renamed, deleted files) durable. */
export async function syncDirectory(directory: string): Promise<void> {
  // Windows has no way to sync a directory; its file systems journal the entries themselves.
  if (process.platform === "win32") return;
  const fd = await files.open(directory, "r");
  try {
    await files.fsync(fd);
  } finally {
    await files.close(fd);
  }
}

function dropFront(buffers: readonly Uint8Array[], count: number): Uint8Array[] {
  let skip = count;
  const rest: Uint8Array[] = [];
  for (const buffer of buffers) {
    if (skip >= buffer.byteLength) skip -= buffer.byteLength;
    else {
      rest.push(buffer.subarray(skip));
      skip = 0;
    }
  }
  return rest;
}
