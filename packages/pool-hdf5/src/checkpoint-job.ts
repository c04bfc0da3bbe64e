import type { SnapshotMark } from "./snapshot.js";

/** What a checkpoint writes: the old snapshot, changed by what the journals say. */
export interface CheckpointJob {
  readonly path: string;
  readonly target: string;
  readonly mark: SnapshotMark;
  /** True when the old snapshot can be copied and added to: no key in it has changed. */
  readonly insertsOnly: boolean;
  /** True when there is an old snapshot at `path`. */
  readonly hasBase: boolean;
  readonly journals: readonly { readonly path: string; readonly seed: number }[];
  /** The keys that changed. */
  readonly keys: readonly string[];
  /** For each of them: see {@link changeFields}. */
  readonly changes: Float64Array;
}

/** How many numbers of {@link CheckpointJob.changes} belong to a key: journal, offset, length, crc, sequence. */
export const changeFields = 5;
/** In place of a journal's number: the key is gone; its value is damaged. */
export const goneMarker = -1;
export const lostMarker = -2;

export interface CheckpointOutcome {
  readonly size: number;
  /** Keys whose values in the old snapshot turned out to be damaged. */
  readonly damaged: readonly string[];
  /** True when the old file had objects that LAILA did not put there and that are not in the new one. */
  readonly foreignObjects: boolean;
  /** For each key of the job: kind, prefix length, crc32 of the value. */
  readonly stored: Float64Array;
}
