import * as fs from "node:fs";
import { promisify } from "node:util";
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

/** Writes all of the buffers from the file's beginning, however many calls that takes. */
export async function writeFully(fd: number, buffers: readonly Uint8Array[]): Promise<void> {
  let rest = buffers.filter((buffer) => buffer.byteLength > 0);
  let at = 0;
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

/** Makes the directory's entries (created, renamed, deleted files) durable. */
export async function syncDirectory(directory: string): Promise<void> {
  // Windows has no way to sync a directory; its file systems journal the entries themselves.
  if (process.platform === "win32") return;
  await withFile(directory, "r", files.fsync);
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
