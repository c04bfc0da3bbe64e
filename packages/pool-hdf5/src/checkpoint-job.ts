import type { ExpectedBase } from "./base.js";
import type { SnapshotMark } from "./snapshot.js";

/** What a checkpoint writes: the old snapshot, changed by what the journals say. */
export interface CheckpointJob {
  readonly path: string;
  readonly target: string;
  /** Of the old snapshot. */
  readonly sums: string;
  readonly mark: SnapshotMark;
  /** True when the old snapshot may be copied and added to: no key in it has changed. */
  readonly insertsOnly: boolean;
  /** The old snapshot at `path`, where there is one. */
  readonly base: ExpectedBase | undefined;
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
  /** Of the new snapshot, in bytes. */
  readonly size: number;
  /** Keys whose values in the old snapshot or the journals turned out to be damaged. */
  readonly damaged: readonly string[];
  /** True when the old file has something that is not in the new one: damaged bytes, or another program's objects. */
  readonly keepBase: boolean;
  /** For `readIndex`: what the new snapshot holds, and where. */
  readonly index: Uint8Array;
}
