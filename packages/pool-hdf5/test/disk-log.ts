import * as nodeFs from "node:fs";
import { createRequire, syncBuiltinESMExports } from "node:module";
import { basename, dirname } from "node:path";
import { files } from "../src/files.js";

/** What a program did to the files of one directory, and what it told its caller meanwhile. */
export type DiskOp =
  | { readonly op: "create"; readonly name: string; readonly file: number }
  | { readonly op: "write"; readonly file: number; readonly at: number; readonly bytes: Buffer }
  | { readonly op: "truncate"; readonly file: number; readonly size: number }
  /** `modified`: the file's time of modification by then, in ms. */
  | { readonly op: "sync"; readonly file: number; readonly modified: number }
  | { readonly op: "sync directory" }
  | { readonly op: "rename"; readonly from: string; readonly to: string }
  | { readonly op: "link"; readonly from: string; readonly to: string }
  | { readonly op: "unlink"; readonly name: string }
  | { readonly op: "told"; readonly line: string };

type Files = { -readonly [Name in keyof typeof files]: (typeof files)[Name] };
// biome-ignore lint/suspicious/noExplicitAny: stands for functions of every kind, which are only passed on.
type Anything = (...args: any[]) => any;

const disk: Record<string, Anything> & { promises: Record<string, Anything> } = createRequire(
  import.meta.url,
)("node:fs");

/**
 * Records every change to the files of a directory: of the pool's own thread, and (with `inline-worker.js`) of the
 * HDF5 library.
 */
export class DiskLog {
  readonly ops: DiskOp[] = [];
  readonly #directory: string;
  readonly #names = new Map<string, number>();
  readonly #open = new Map<number, number | "directory">();
  readonly #restore: (() => void)[] = [];
  #files = 0;

  /** @param directory a real path; the files that are in it already have the numbers from 1, by their names' order */
  constructor(directory: string) {
    this.#directory = directory;
    for (const name of nodeFs.readdirSync(directory).sort()) this.#names.set(name, ++this.#files);
    this.#watchFiles();
    this.#watchLibrary();
  }

  tell(line: string): void {
    this.ops.push({ op: "told", line });
  }

  stop(): void {
    for (const restore of this.#restore.splice(0)) restore();
    syncBuiltinESMExports();
  }

  #watchFiles(): void {
    const original: Files = { ...files };
    const watched: Partial<Record<keyof Files, Anything>> = {
      open: async (path: string, flags: string, mode?: number) => {
        const fd = await original.open(path, flags, mode);
        this.#opened(path, fd, String(flags));
        return fd;
      },
      close: async (fd: number) => {
        this.#open.delete(fd);
        await original.close(fd);
      },
      writev: async (fd: number, buffers: readonly Uint8Array[], position: number) => {
        const written = await original.writev(fd, buffers, position);
        this.#wrote(fd, Buffer.concat(buffers).subarray(0, written), position);
        return written;
      },
      ftruncate: async (fd: number, size: number) => {
        await original.ftruncate(fd, size);
        const file = this.#open.get(fd);
        if (typeof file === "number") this.ops.push({ op: "truncate", file, size });
      },
      rename: async (from: string, to: string) => {
        await original.rename(from, to);
        if (!this.#isHere(from)) return;
        this.#move(basename(from), basename(to));
        this.#names.delete(basename(from));
        this.ops.push({ op: "rename", from: basename(from), to: basename(to) });
      },
      link: async (from: string, to: string) => {
        await original.link(from, to);
        if (!this.#isHere(from)) return;
        this.#move(basename(from), basename(to));
        this.ops.push({ op: "link", from: basename(from), to: basename(to) });
      },
      unlink: async (path: string) => {
        await original.unlink(path);
        if (!this.#isHere(path)) return;
        this.#names.delete(basename(path));
        this.ops.push({ op: "unlink", name: basename(path) });
      },
      copy: async (from: string, to: string) => {
        await original.copy(from, to);
        this.#copied(to);
      },
    };
    for (const name of ["fsync", "fdatasync"] as const) {
      watched[name] = async (fd: number) => {
        await original[name](fd);
        this.#synced(fd);
      };
    }
    Object.assign(files, watched);
    this.#restore.push(() => Object.assign(files, original));
  }

  #watchLibrary(): void {
    this.#replace(disk, "openSync", (original) => (path, flags, ...rest) => {
      const fd: number = original(path, flags, ...rest);
      if (typeof path === "string") this.#opened(path, fd, flags);
      return fd;
    });
    this.#replace(disk, "closeSync", (original) => (fd) => {
      this.#open.delete(fd);
      return original(fd);
    });
    this.#replace(disk, "writeSync", (original) => (fd, buffer, offset, length, position) => {
      const written: number = original(fd, buffer, offset, length, position);
      if (this.#open.has(fd)) {
        const view = new Uint8Array(buffer.buffer, buffer.byteOffset + offset, written);
        this.#wrote(fd, Buffer.from(view), position);
      }
      return written;
    });
    this.#replace(disk, "ftruncateSync", (original) => (fd, size = 0) => {
      original(fd, size);
      const file = this.#open.get(fd);
      if (typeof file === "number") this.ops.push({ op: "truncate", file, size });
    });
    this.#replace(disk, "fsyncSync", (original) => (fd) => {
      original(fd);
      this.#synced(fd);
    });
    this.#replace(disk.promises, "copyFile", (original) => async (from, to, ...rest) => {
      await original(from, to, ...rest);
      this.#copied(to);
    });
    syncBuiltinESMExports();
  }

  #replace(
    owner: Record<string, Anything>,
    name: string,
    wrap: (original: Anything) => Anything,
  ): void {
    const original = owner[name] as Anything;
    owner[name] = wrap(original);
    this.#restore.push(() => {
      owner[name] = original;
    });
  }

  #isHere(path: string): boolean {
    return dirname(path) === this.#directory;
  }

  #move(from: string, to: string): void {
    const file = this.#names.get(from);
    if (file !== undefined) this.#names.set(to, file);
  }

  #opened(path: string, fd: number, flags: string | number): void {
    if (path === this.#directory) this.#open.set(fd, "directory");
    if (!this.#isHere(path)) return;
    const name = basename(path);
    const { O_CREAT, O_TRUNC } = nodeFs.constants;
    const creates = typeof flags === "number" ? (flags & O_CREAT) !== 0 : /[wa]/.test(flags);
    const truncates = typeof flags === "number" ? (flags & O_TRUNC) !== 0 : flags.includes("w");
    const known = this.#names.get(name);
    const file = known ?? this.#created(name, creates);
    if (known !== undefined && truncates) this.ops.push({ op: "truncate", file, size: 0 });
    this.#open.set(fd, file);
  }

  #created(name: string, creates: boolean): number {
    if (!creates) throw new Error(`${name} was there, and the log does not know it`);
    const file = ++this.#files;
    this.#names.set(name, file);
    this.ops.push({ op: "create", name, file });
    return file;
  }

  #wrote(fd: number, bytes: Buffer, at: number): void {
    const file = this.#open.get(fd);
    if (typeof file === "number") this.ops.push({ op: "write", file, at, bytes });
  }

  #synced(fd: number): void {
    const file = this.#open.get(fd);
    if (file === "directory") this.ops.push({ op: "sync directory" });
    else if (file !== undefined) {
      const modified = Math.floor(nodeFs.fstatSync(fd).mtimeMs);
      this.ops.push({ op: "sync", file, modified });
    }
  }

  #copied(to: string): void {
    if (!this.#isHere(to)) return;
    const file = this.#created(basename(to), true);
    this.ops.push({ op: "write", file, at: 0, bytes: nodeFs.readFileSync(to) });
  }
}
