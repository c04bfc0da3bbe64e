import { abortError } from "@laila/pool";
import type { Damage } from "./recovery.js";

/** What `verify()` found. */
export interface Verification {
  /** Keys whose values were read and compared with their checksums. */
  readonly entries: number;
  /** Of those values, in bytes. */
  readonly bytes: number;
  /**
   * Everything that is not as it was written: values (with their key), and stretches of the files. Empty: all is whole.
   */
  readonly damage: readonly Damage[];
}

/** What `repair()` did. */
export interface Repair {
  /** How many values are whole, and there as before. */
  readonly kept: number;
  /** Keys that are gone from the pool because their values were damaged. */
  readonly removed: readonly string[];
  /** Copies of the damaged files as they were, absolute. */
  readonly aside: readonly string[];
}

/** One value, looked at. */
export interface Checked {
  /** Where it lies. */
  readonly file: string;
  readonly length: number;
  readonly whole: boolean;
}

/** @param check gives undefined for a key that is gone by now */
export async function verifyValues(
  keys: Iterable<string>,
  check: (key: string) => Promise<Checked | undefined>,
  signal: AbortSignal | undefined,
): Promise<Verification> {
  let entries = 0;
  let bytes = 0;
  const damage: Damage[] = [];
  for (const key of keys) {
    if (signal?.aborted) throw abortError(signal);
    const found = await check(key);
    if (!found) continue;
    entries++;
    bytes += found.length;
    if (!found.whole) damage.push({ file: found.file, key });
  }
  return { entries, bytes, damage };
}
