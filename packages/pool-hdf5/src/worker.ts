import { isMainThread, parentPort, workerData } from "node:worker_threads";
import { checkpoint } from "./checkpoint.js";
import type { CheckpointJob, CheckpointOutcome } from "./checkpoint-job.js";
import { type ExportJob, type ExportOutcome, exportValues } from "./export.js";
import { Hdf5, WorkerError } from "./hdf5.js";
import { type InspectedFile, inspectFile, inspectObject } from "./inspect-objects.js";
import type { HDF5Object } from "./inspection.js";
import { type DatasetRead, readDataset } from "./read-dataset.js";
import { readIndexBytes, readMark, readValue } from "./snapshot.js";
import type { SnapshotEntry } from "./snapshot-index.js";
import {
  type OpenedSnapshot,
  type Reply,
  type Request,
  type WorkerFailure,
  workerMark,
} from "./worker-protocol.js";

/** The library's memory only ever grows; beyond this the thread is to be replaced. */
const heavyBytes = 128 << 20;

const open = new Map<number, bigint>();
let handles = 0;

/** What the worker does; tests call it directly. Bytes it returns are given away. */
export const api = {
  async open(path: string): Promise<OpenedSnapshot> {
    const library = await Hdf5.load();
    const file = library.openFile(path, "read");
    try {
      const mark = readMark(library, file, path);
      const index = readIndexBytes(library, file, path);
      const handle = ++handles;
      open.set(handle, file);
      return { handle, mark, index };
    } catch (error) {
      library.closeFile(file);
      throw error;
    }
  },

  async read(handle: number, key: string, entry: SnapshotEntry): Promise<Uint8Array> {
    const file = open.get(handle);
    if (file === undefined)
      throw new WorkerError("UNAVAILABLE", "The snapshot is not open any more.");
    return readValue(await Hdf5.load(), file, key, entry);
  },

  async checkpoint(job: CheckpointJob): Promise<CheckpointOutcome> {
    return checkpoint(await Hdf5.load(), job);
  },

  async exportValues(job: ExportJob): Promise<ExportOutcome> {
    return exportValues(await Hdf5.load(), job);
  },

  /** Opens any HDF5 file; from here on, this thread opens no other one until it is closed. */
  async inspect(path: string): Promise<InspectedFile & { readonly handle: number }> {
    const library = await Hdf5.load();
    library.confineTo(path);
    const file = library.openFile(path, "read");
    try {
      const found = inspectFile(library, file);
      const handle = ++handles;
      open.set(handle, file);
      return { ...found, handle };
    } catch (error) {
      library.closeFile(file);
      throw error;
    }
  },

  async inspectObjects(
    handle: number,
    paths: readonly string[],
    isPool: boolean,
  ): Promise<HDF5Object[]> {
    const file = open.get(handle);
    if (file === undefined) throw new WorkerError("UNAVAILABLE", "The file is not open any more.");
    const library = await Hdf5.load();
    return paths.map((path) => inspectObject(library, file, path, isPool));
  },

  /** Reads one dataset of any HDF5 file; from here on, this thread opens no other one until the next is read. */
  async readDataset(
    path: string,
    name: string,
    maxBytes: number,
  ): Promise<DatasetRead & { readonly heavy: boolean }> {
    const library = await Hdf5.load();
    library.confineTo(path);
    const file = library.openFile(path, "read");
    try {
      const read = readDataset(library, file, name, maxBytes);
      return { ...read, heavy: library.memoryBytes > heavyBytes };
    } finally {
      library.closeFile(file);
    }
  },

  async close(handle: number): Promise<void> {
    const file = open.get(handle);
    if (file === undefined) return;
    open.delete(handle);
    (await Hdf5.load()).closeFile(file);
  },
};

export type Api = typeof api;

async function serve({ id, method, args }: Request): Promise<void> {
  let reply: Reply;
  try {
    const call = api[method] as (...args: readonly unknown[]) => Promise<unknown>;
    reply = { id, value: await call(...args) };
  } catch (error) {
    reply = { id, failure: failureOf(error) };
  }
  parentPort?.postMessage(reply, transferable(reply.value));
}

export function failureOf(error: unknown): WorkerFailure {
  if (error instanceof WorkerError) return { code: error.code, message: error.message };
  const system =
    typeof error === "object" && error !== null && "code" in error ? error.code : undefined;
  const message = error instanceof Error ? error.message : String(error);
  if (system === "ENOSPC" || system === "EDQUOT") return { code: "NO_SPACE", message };
  if (system === "EACCES" || system === "EPERM") return { code: "ACCESS_DENIED", message };
  return { code: "UNAVAILABLE", message: `The HDF5 worker failed: ${message}` };
}

function transferable(value: unknown): ArrayBuffer[] {
  if (value instanceof Uint8Array) return [value.buffer as ArrayBuffer];
  if (typeof value !== "object" || value === null) return [];
  return Object.values(value).flatMap((member) =>
    ArrayBuffer.isView(member) ? [member.buffer as ArrayBuffer] : [],
  );
}

if (!isMainThread && workerData === workerMark) {
  parentPort?.on("message", (request: Request) => void serve(request));
}
