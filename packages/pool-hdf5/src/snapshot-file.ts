import { isLailaError, LailaError } from "@laila/pool";
import type { CheckpointJob, CheckpointOutcome } from "./checkpoint-job.js";
import { because } from "./errors.js";
import type { SnapshotMark } from "./snapshot.js";
import { isWholeIndex, readIndex, type SnapshotEntry } from "./snapshot-index.js";
import { WorkerClient } from "./worker-client.js";

interface OpenFile {
  /** Of the worker that has it open. */
  readonly epoch: number;
  readonly generation: number;
  readonly handle: Promise<number>;
}

/** How many entries of an index are read before the event loop has its turn. */
const entriesPerTurn = 10_000;

/** The immutable snapshot, as the pool's own thread sees it: opened once, read through the worker. */
export class SnapshotFile {
  readonly #path: string;
  readonly #worker = new WorkerClient();
  #open: OpenFile | undefined;

  constructor(path: string) {
    this.#path = path;
  }

  /** Opens it and reads its index. INVALID_CONFIG, UNSUPPORTED_VERSION, CORRUPT. */
  async load(): Promise<{ mark: SnapshotMark; entries: Map<string, SnapshotEntry> }> {
    const epoch = this.#worker.epoch;
    try {
      const { handle, mark, index } = await this.#worker.call("open", this.#path);
      this.#open = { epoch, generation: mark.generation, handle: Promise.resolve(handle) };
      return { mark, entries: await parseIndex(index) };
    } catch (error) {
      // Whatever a malformed file did to the library goes with its thread.
      await this.#worker.stop();
      if (!isLailaError(error, "CORRUPT")) throw error;
      const message = `${this.#path} cannot be read as an HDF5 file of a pool: it is damaged, or something else. It was not touched. Restore it from a backup, or give another filePath. (${error.message})`;
      throw because(error, "CORRUPT", message, { path: this.#path });
    }
  }

  /** A value, verified. CORRUPT when it is not what was written. */
  async read(key: string, entry: SnapshotEntry): Promise<Uint8Array> {
    for (let attempt = 0; ; attempt++) {
      const { handle, epoch } = this.#file();
      try {
        return await this.#worker.call("read", await handle, key, entry);
      } catch (error) {
        if (isLailaError(error, "CORRUPT")) {
          throw because(error, "CORRUPT", error.message, { key });
        }
        if (attempt > 0 || epoch === this.#worker.epoch) throw error;
      }
    }
  }

  async checkpoint(job: CheckpointJob): Promise<CheckpointOutcome> {
    try {
      return await this.#worker.call("checkpoint", job);
    } catch (error) {
      // A library that failed to close a file keeps it; a new thread does not.
      await this.#worker.stop();
      throw error;
    }
  }

  /**
   * Opens what has been renamed to the path. Until the function it returns is called, reads go to the
   * old file; those under way then still end on it.
   */
  async prepare(generation: number): Promise<() => void> {
    const next = await this.#opened(this.#openFile(generation));
    return () => {
      const old = this.#open;
      this.#open = next;
      if (old && old.epoch === this.#worker.epoch) void this.#retire(old);
    };
  }

  async close(): Promise<void> {
    this.#open = undefined;
    await this.#worker.stop();
  }

  /** The file once it is open; if that fails, one that the next read opens anew. */
  async #opened(file: OpenFile): Promise<OpenFile> {
    try {
      await file.handle;
      return file;
    } catch {
      return { ...file, epoch: -1 };
    }
  }

  #file(): OpenFile {
    const open = this.#open;
    if (!open) throw new LailaError("UNAVAILABLE", `${this.#path} is not open.`);
    if (open.epoch === this.#worker.epoch) return open;
    this.#open = this.#openFile(open.generation);
    return this.#open;
  }

  #openFile(generation: number): OpenFile {
    const open = async (): Promise<number> => {
      const { handle, mark } = await this.#worker.call("open", this.#path);
      if (mark.generation === generation) return handle;
      throw new LailaError(
        "UNAVAILABLE",
        `${this.#path} was replaced by another file while the pool was open. Close the pool and open it again.`,
      );
    };
    return { epoch: this.#worker.epoch, generation, handle: open() };
  }

  async #retire({ handle, epoch }: OpenFile): Promise<void> {
    try {
      await this.#worker.call("close", await handle);
    } catch (error) {
      // A worker that ended has closed its files; one that lives must be able to close this one.
      if (epoch === this.#worker.epoch) await this.#worker.stop();
      if (!isLailaError(error)) throw error;
    }
  }
}

async function parseIndex(index: Uint8Array): Promise<Map<string, SnapshotEntry>> {
  const bytes = Buffer.from(index.buffer, index.byteOffset, index.byteLength);
  if (!isWholeIndex(bytes))
    throw new LailaError("CORRUPT", "The index of the snapshot is damaged.");
  const entries = new Map<string, SnapshotEntry>();
  for (const [key, entry] of readIndex(bytes)) {
    entries.set(key, entry);
    if (entries.size % entriesPerTurn === 0) await new Promise((resolve) => setImmediate(resolve));
  }
  return entries;
}
