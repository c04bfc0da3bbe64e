import * as fs from "node:fs";
import { dirname } from "node:path";
import { promisify } from "node:util";

/** What the helpers ask of the file system. A pool gives its own, so that its tests can make each call fail. */
export interface FileCalls {
  open(path: string, flags: string): Promise<number>;
  close(fd: number): Promise<void>;
  /** How many bytes it wrote, which may be fewer than all. */
  writev(fd: number, buffers: readonly Uint8Array[], position: number): Promise<number>;
  /** How many bytes it read; 0 at the end of the file. */
  read(fd: number, into: Uint8Array, position: number): Promise<number>;
  fsync(fd: number): Promise<void>;
  /** The topmost directory that it made, if any. */
  mkdir(path: string, options: { recursive: true; mode: number }): Promise<string | undefined>;
}

/** What every pool in files needs, and what is easily forgotten in one. System errors pass through. */
export interface FileHelpers {
  /** Writes all of the buffers, however many calls that takes. */
  writeFully(fd: number, buffers: readonly Uint8Array[], position: number): Promise<void>;
  /** Reads up to `length` bytes at a position: fewer only at the end of the file. */
  readFully(fd: number, position: number, length: number): Promise<Buffer>;
  /** Makes the directory's entries (created, renamed, deleted files) durable. */
  syncDirectory(directory: string): Promise<void>;
  /** Makes what is missing of the path, for its owner alone, durably: a file in a lost directory is lost too. */
  makeDirectory(directory: string): Promise<void>;
}

/** Node's own, by numeric descriptors: a FileHandle that nobody closes is noticed by the garbage collector. */
const nodeCalls: FileCalls = {
  open: promisify(fs.open),
  close: promisify(fs.close),
  writev: (fd, buffers, position) =>
    new Promise((resolve, reject) => {
      fs.writev(fd, buffers as Uint8Array[], position, (error, written) =>
        error ? reject(error) : resolve(written),
      );
    }),
  read: (fd, into, position) =>
    new Promise((resolve, reject) => {
      fs.read(fd, into, 0, into.byteLength, position, (error, count) =>
        error ? reject(error) : resolve(count),
      );
    }),
  fsync: promisify(fs.fsync),
  mkdir: fs.promises.mkdir,
};

export function fileHelpers(calls: FileCalls = nodeCalls): FileHelpers {
  async function syncDirectory(directory: string): Promise<void> {
    // Windows has no way to sync a directory; its file systems journal the entries themselves.
    if (process.platform === "win32") return;
    const fd = await calls.open(directory, "r");
    try {
      await calls.fsync(fd);
    } finally {
      await calls.close(fd);
    }
  }

  return {
    syncDirectory,

    async writeFully(fd, buffers, position) {
      let rest = buffers.filter((buffer) => buffer.byteLength > 0);
      let at = position;
      while (rest.length > 0) {
        const written = await calls.writev(fd, rest, at);
        at += written;
        rest = dropFront(rest, written);
      }
    },

    async readFully(fd, position, length) {
      const bytes = Buffer.allocUnsafeSlow(length);
      let done = 0;
      while (done < length) {
        const count = await calls.read(fd, bytes.subarray(done), position + done);
        if (count === 0) return bytes.subarray(0, done);
        done += count;
      }
      return bytes;
    },

    async makeDirectory(directory) {
      const first = await calls.mkdir(directory, { recursive: true, mode: 0o700 });
      if (first === undefined) return;
      for (let made = directory; made.length >= first.length; made = dirname(made)) {
        await syncDirectory(dirname(made));
      }
    },
  };
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
