import type { LailaError } from "@laila/pool";
import type { SnapshotMark } from "./snapshot.js";
import type { Api } from "./worker.js";

/** Tells a worker that it is ours: its module is also imported directly, inside other people's workers. */
export const workerMark = "@laila/pool-hdf5";

export interface Request {
  readonly id: number;
  readonly method: keyof Api;
  readonly args: readonly unknown[];
}

export interface Reply {
  readonly id: number;
  readonly value?: unknown;
  readonly failure?: WorkerFailure;
}

/** The plain form in which the worker reports a failure. */
export interface WorkerFailure {
  readonly code: LailaError["code"];
  readonly message: string;
}

export interface OpenedSnapshot {
  readonly handle: number;
  readonly mark: SnapshotMark;
  /** For `readIndex`. */
  readonly index: Uint8Array;
}
