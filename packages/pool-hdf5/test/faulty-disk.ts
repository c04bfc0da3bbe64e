import { createRequire, syncBuiltinESMExports } from "node:module";
import { files } from "../src/files.js";

// biome-ignore lint/suspicious/noExplicitAny: stands for functions of every kind, which are only passed on.
type Anything = (...args: any[]) => any;

const disk: Record<string, Anything> & { promises: Record<string, Anything> } = createRequire(
  import.meta.url,
)("node:fs");

const reading = [
  "read",
  "readdir",
  "readText",
  "readFile",
  "stat",
  "lstat",
  "realpath",
  "fstat",
  "statfs",
];
const changing = [
  "open",
  "writev",
  "fdatasync",
  "fsync",
  "ftruncate",
  "rename",
  "link",
  "unlink",
  "mkdir",
  "copy",
];
const libraryReading = ["readSync", "fstatSync", "statSync"];
const libraryChanging = ["openSync", "writeSync", "fsyncSync", "ftruncateSync", "fchmodSync"];
const naming = new Set([
  "open",
  "openSync",
  "rename",
  "link",
  "unlink",
  "mkdir",
  "copy",
  "copyFile",
]);

/** What goes wrong. */
export interface Fault {
  readonly code: "EIO" | "ENOSPC" | "EACCES";
  /** At the how manieth operation, from 0, of those that it can happen to. */
  readonly at: number;
  /** From there on at each. */
  readonly lasts: boolean;
}

/** Makes an operation of the pool's own thread or of the HDF5 library (with `inline-worker.js`) fail. */
export class FaultyDisk {
  /** How many operations there were that the fault could have happened to. */
  operations = 0;
  /** What was done to a file after its sync had failed. */
  readonly afterFailedSync: string[] = [];
  /** The operation that failed first. */
  failed = "";
  readonly #directory: string;
  readonly #fault: Fault;
  readonly #ours = new Set<number>();
  readonly #unsynced = new Set<number>();
  readonly #restore: (() => void)[] = [];

  /** @param directory in which, and below which, files are watched */
  constructor(directory: string, fault: Fault) {
    this.#directory = directory;
    this.#fault = fault;
    const original = { ...files };
    for (const name of [...changing, ...reading]) this.#wrap(files, name, false);
    const close = original.close;
    Object.assign(files, {
      close: async (fd: number) => {
        this.#forget(fd);
        await close(fd);
      },
    });
    this.#restore.push(() => Object.assign(files, original));
    for (const name of [...libraryChanging, ...libraryReading]) this.#wrap(disk, name, true);
    this.#wrap(disk.promises, "copyFile", false);
    const closeSync = disk.closeSync as Anything;
    disk.closeSync = (fd: number) => {
      this.#forget(fd);
      return closeSync(fd);
    };
    this.#restore.push(() => {
      disk.closeSync = closeSync;
    });
    syncBuiltinESMExports();
  }

  stop(): void {
    for (const restore of this.#restore.splice(0).reverse()) restore();
    syncBuiltinESMExports();
  }

  #wrap(owner: object, name: string, synchronous: boolean): void {
    const table = owner as Record<string, Anything>;
    const original = table[name] as Anything;
    const wrapped = (...args: unknown[]): unknown => {
      if (!this.#concerns(args[0])) return original(...args);
      if (typeof args[0] === "number" && this.#unsynced.has(args[0]) && changing.includes(name)) {
        this.afterFailedSync.push(name);
      }
      if (this.#isDue(name)) {
        if (name === "fdatasync") this.#unsynced.add(Number(args[0]));
        this.#half(name, args, original);
        throw Object.assign(new Error(`${this.#fault.code}: injected into ${name}`), {
          code: this.#fault.code,
        });
      }
      const result: unknown = original(...args);
      if (name === "openSync") this.#ours.add(Number(result));
      if (name !== "open") return result;
      return (result as Promise<number>).then((fd) => {
        this.#ours.add(fd);
        return fd;
      });
    };
    table[name] = synchronous ? wrapped : async (...args: unknown[]) => wrapped(...args);
    this.#restore.push(() => {
      table[name] = original;
    });
  }

  #concerns(first: unknown): boolean {
    if (typeof first === "number") return this.#ours.has(first);
    return typeof first === "string" && first.startsWith(this.#directory);
  }

  #isDue(name: string): boolean {
    const { code, at, lasts } = this.#fault;
    if (code === "EACCES" && !naming.has(name)) return false;
    if (
      code === "ENOSPC" &&
      (reading.includes(name) || libraryReading.includes(name) || name === "unlink")
    )
      return false;
    const operation = this.operations++;
    const due = lasts ? operation >= at : operation === at;
    if (due) this.failed ||= name;
    return due;
  }

  /** Half of a write gets through. */
  #half(name: string, args: unknown[], original: Anything): void {
    if (name === "writeSync") {
      const [fd, bytes, offset, length, position] = args as [
        number,
        Uint8Array,
        number,
        number,
        number,
      ];
      if (length > 1) original(fd, bytes, offset, length >> 1, position);
    } else if (name === "writev") {
      const [fd, [first], position] = args as [number, Uint8Array[], number];
      if (first) disk.writeSync?.(fd, first, 0, first.length >> 1, position);
    }
  }

  #forget(fd: number): void {
    this.#ours.delete(fd);
    this.#unsynced.delete(fd);
  }
}
