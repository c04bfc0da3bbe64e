import type { PoolLike } from "@laila/pool";
import { type GlobalId, LailaError } from "@laila/schema";
import { nameOf } from "../pool-io.js";
import type { TransferEvent } from "./report.js";

/** What happens to a key whose value at the destination is another than the source's. */
export type OnConflict = "fail" | "skip" | "overwrite";

/**
 * `"records"`: what lies under a global id must be a sound record of that id, and everything that was
 * written is read back. `"bytes"`: everything is read back, and copied whatever it is, damaged records
 * too. `false`: records are checked, and nothing is read back.
 */
export type Verify = "records" | "bytes" | false;

export interface TransferOptions {
  /** Which keys; the others are neither read nor changed, on either side. What it throws ends the transfer. */
  readonly filter?: ((key: string) => boolean) | undefined;
  /** How many keys at a time, each with at most one value in memory; 16 unless given. */
  readonly concurrency?: number | undefined;
  /**
   * How many bytes of values are in memory at a time; 64 MiB unless given. A pool tells a value's size
   * only by giving it, so reads start by the sizes seen before: values much larger than the ones before
   * them pass the limit until they are gone, and one that is larger by itself travels alone.
   */
  readonly maxBytes?: number | undefined;
  /** Tells what would be done, and changes nothing. Both sides are read. */
  readonly dryRun?: boolean | undefined;
  /** Called once for each key that was dealt with. What it throws ends the transfer. */
  readonly onProgress?: ((event: TransferEvent) => void) | undefined;
  /** ABORTED, or TIMEOUT for a signal of `AbortSignal.timeout`. What is done stays done. */
  readonly signal?: AbortSignal | undefined;
}

export interface CopyOptions extends TransferOptions {
  /**
   * Exactly the leaves of this manifest, then its own record, and that only when every leaf is there.
   * Its leaves are those of its record in the source. Not together with `filter`.
   */
  readonly manifest?: GlobalId | { readonly globalId: GlobalId } | undefined;
  /** `"fail"` unless given: the key fails with CONFLICT, and what is there stays. */
  readonly onConflict?: OnConflict | undefined;
  /** `"records"` unless given. */
  readonly verify?: Verify | undefined;
}

export interface MoveOptions extends Omit<CopyOptions, "verify"> {
  /** `"records"` unless given. What is deleted was read back, so `false` is not among the choices. */
  readonly verify?: Exclude<Verify, false> | undefined;
}

export interface MirrorOptions extends TransferOptions {
  /** `"records"` unless given. */
  readonly verify?: Verify | undefined;
}

/** Options with their defaults. */
export interface Settings {
  readonly filter: (key: string) => boolean;
  readonly concurrency: number;
  readonly maxBytes: number;
  readonly dryRun: boolean;
  readonly onConflict: OnConflict;
  readonly verify: Verify;
}

type Given = Omit<CopyOptions, "manifest">;

/** INVALID_ARGUMENT for what is out of range. */
export function settingsOf(options: Given): Settings {
  const { filter = () => true, concurrency = 16, maxBytes = 64 * 1024 ** 2 } = options;
  const { dryRun = false, onConflict = "fail", verify = "records" } = options;
  if (typeof filter !== "function") throw invalid("filter is a function of a key.");
  if (!Number.isSafeInteger(concurrency) || concurrency < 1 || concurrency > 1024)
    throw invalid("concurrency is a whole number from 1 to 1024.");
  if (!(maxBytes > 0)) throw invalid("maxBytes is a number above 0.");
  if (!["fail", "skip", "overwrite"].includes(onConflict))
    throw invalid('onConflict is "fail", "skip" or "overwrite".');
  if (!["records", "bytes", false].includes(verify))
    throw invalid('verify is "records", "bytes" or false.');
  return { filter, concurrency, maxBytes, dryRun, onConflict, verify };
}

/** A pool onto itself would be nothing to copy, and a move would be a loss. */
export function checkPools(from: PoolLike, to: PoolLike): void {
  if (from === to) throw invalid(`${nameOf(from)} is both the source and the destination.`);
}

export function invalid(why: string): LailaError {
  return new LailaError("INVALID_ARGUMENT", why);
}
