import { randomUUID } from "node:crypto";
import { type FileHandle, link, open, readFile, unlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import {
  type KeysOptions,
  LailaError,
  Pool,
  type PoolOptions,
  type ReadResult,
  type Supports,
  secret,
  type WriteOptions,
} from "@laila/pool";
import * as z from "zod";

/** Ways to break the promise of durability. */
export const faults = [
  "returns while the write is only in memory",
  "loses the last write",
  "forgets deletes",
  "trusts the torn end of its file",
  "leaves its lock behind",
] as const;

const configSchema = z.object({
  directory: z.string(),
  fault: z.enum(faults).optional(),
  password: secret(z.string(), "FILE_POOL_PASSWORD").optional(),
});

interface Value {
  readonly bytes: Uint8Array;
  readonly version: string;
}

/** One file to which every write is appended, and a lock beside it: durable, for one process. */
export class FilePool extends Pool<z.output<typeof configSchema>> {
  static readonly configSchema = configSchema;
  static readonly classToken: string = "FilePool";
  static readonly packageName: string = "@laila/pool";

  readonly supports: Supports = {
    conditionalWrites: true,
    durable: true,
    persistent: true,
    batch: false,
    streams: false,
    sharedBetweenProcesses: false,
    evicts: false,
    maxValueBytes: 2 ** 26,
    maxKeyBytes: 1024,
  };

  readonly #values = new Map<string, Value>();
  #file: FileHandle | undefined;
  #queue: Promise<unknown> = Promise.resolve();
  #end = 0;
  #held: readonly Uint8Array[] = [];

  constructor(config: z.input<typeof configSchema>, options: PoolOptions = {}) {
    super(config, options);
  }

  get #path(): string {
    return join(this.config.directory, "log");
  }

  protected async _open(): Promise<void> {
    await this.#lock();
    try {
      this.#file = await open(this.#path, "a+");
      this.#replay(await readFile(this.#path));
      // What a kill has cut is no value.
      await this.#file.truncate(this.#end);
    } catch (error) {
      await this.#file?.close();
      await unlink(`${this.#path}.lock`);
      throw error;
    }
  }

  protected async _read(key: string): Promise<ReadResult | undefined> {
    const found = this.#values.get(key);
    return found && { bytes: found.bytes.slice(), version: found.version };
  }

  protected _write(key: string, bytes: Uint8Array, { condition }: WriteOptions): Promise<string> {
    return this.#next(async () => {
      const old = this.#values.get(key);
      if (condition && ("ifAbsent" in condition ? old : old?.version !== condition.ifVersion)) {
        throw new LailaError("CONFLICT", `Somebody else wrote ${JSON.stringify(key)} first.`, {
          details: { outcome: "lost" },
        });
      }
      const version = String(this.#end);
      await this.#append({ key, length: bytes.byteLength }, bytes);
      this.#values.set(key, { bytes, version });
      return version;
    });
  }

  protected _delete(key: string): Promise<void> {
    return this.#next(async () => {
      if (!this.#values.has(key)) return;
      if (this.config.fault !== "forgets deletes") await this.#append({ key });
      this.#values.delete(key);
    });
  }

  protected async _exists(key: string): Promise<boolean> {
    return this.#values.has(key);
  }

  protected async *_keys({ prefix = "" }: KeysOptions): AsyncGenerator<string> {
    for (const key of [...this.#values.keys()]) if (key.startsWith(prefix)) yield key;
  }

  protected async _close(): Promise<void> {
    await this.#queue;
    if (this.config.fault === "returns while the write is only in memory") await this.#flush();
    await this.#file?.close();
    await unlink(`${this.#path}.lock`);
  }

  #next<T>(act: () => Promise<T>): Promise<T> {
    const done = this.#queue.then(act);
    this.#queue = done.catch(() => undefined);
    return done;
  }

  async #append(head: object, bytes: Uint8Array = new Uint8Array(0)): Promise<void> {
    const line = new TextEncoder().encode(`${JSON.stringify(head)}\n`);
    this.#end += line.byteLength + bytes.byteLength;
    switch (this.config.fault) {
      case "returns while the write is only in memory":
        this.#held = [...this.#held, line, bytes];
        if (this.#held.length > 20) await this.#flush();
        return;
      case "loses the last write": {
        await this.#flush();
        this.#held = [line, bytes];
        return;
      }
      case "trusts the torn end of its file": {
        const half = bytes.byteLength >> 1;
        this.#held = [line, bytes.subarray(0, half)];
        await this.#flush();
        // Long enough that some of a dozen kills come in between.
        await setTimeout(20);
        this.#held = [bytes.subarray(half)];
        return this.#flush();
      }
      default:
        this.#held = [line, bytes];
        return this.#flush();
    }
  }

  async #flush(): Promise<void> {
    if (this.#held.length > 0) await this.#file?.writev([...this.#held]);
    this.#held = [];
    await this.#file?.datasync();
  }

  #replay(log: Uint8Array): void {
    this.#end = 0;
    for (;;) {
      const lineEnd = log.indexOf(0x0a, this.#end);
      if (lineEnd < 0) return;
      const text = new TextDecoder().decode(log.subarray(this.#end, lineEnd));
      const { key, length } = JSON.parse(text) as { key: string; length?: number };
      const next = lineEnd + 1 + (length ?? 0);
      const torn = next > log.byteLength;
      if (torn && this.config.fault !== "trusts the torn end of its file") return;
      const bytes = log.slice(lineEnd + 1, next);
      if (length === undefined) this.#values.delete(key);
      else this.#values.set(key, { bytes, version: String(this.#end) });
      this.#end = Math.min(next, log.byteLength);
    }
  }

  /** One process at a time; the lock of a process that is dead is nobody's. */
  async #lock(): Promise<void> {
    const path = `${this.#path}.lock`;
    // Linked when it is written: who is killed in between leaves no lock without an owner.
    const own = `${path}.${randomUUID()}`;
    try {
      await writeFile(own, String(process.pid));
    } catch (error) {
      throw noDirectory(path, error);
    }
    try {
      while (!(await linked(own, path))) {
        const owner = Number(await readFile(path, "utf8"));
        if (isAlive(owner) || this.config.fault === "leaves its lock behind") {
          throw new LailaError("LOCKED", `Process ${owner} has ${path}. Close its pool first.`);
        }
        await unlink(path);
      }
    } finally {
      await unlink(own);
    }
  }
}

/** False when there is something under that name. */
async function linked(file: string, name: string): Promise<boolean> {
  try {
    await link(file, name);
    return true;
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "EEXIST") return false;
    throw error;
  }
}

function noDirectory(path: string, cause: unknown): LailaError {
  return new LailaError("NO_SUCH_STORE", `The directory of ${path} is not there. Make it.`, {
    cause,
  });
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}
