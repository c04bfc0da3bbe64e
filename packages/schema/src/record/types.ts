import type { ClassRegistry } from "../codecs/class-registry.js";
import type { Entry } from "../entry.js";
import type { GlobalId } from "../global-id.js";

export type CodecName = "json" | "bytes" | "npy" | "structured";
export type DigestName = "crc32" | "sha256";

export interface EncodeRecordOptions {
  /** The global id of the policy that writes, or null. */
  readonly recorder?: GlobalId | null | undefined;
  readonly borrower?: GlobalId | null | undefined;
  /** When it was written; now unless given. */
  readonly timestamp?: Date | undefined;
  readonly digest?: DigestName | undefined;
  /** Further members of the record, beside `entry` (such as `environment`). Plain JSON. */
  readonly extra?: Readonly<Record<string, unknown>> | undefined;
  /** Further members inside `entry`. Plain JSON. */
  readonly entryExtra?: Readonly<Record<string, unknown>> | undefined;
  readonly classes?: ClassRegistry | undefined;
}

export interface DecodeRecordOptions {
  /** The key that the bytes were found under: a record of another id is CORRUPT ("misfiled"). */
  readonly key?: GlobalId | undefined;
  /** The bytes are somebody else's: nothing of the result is a view of them. */
  readonly borrowed?: boolean | undefined;
  readonly classes?: ClassRegistry | undefined;
}

export interface DecodedRecord {
  readonly entry: Entry;
  readonly codec: CodecName;
  readonly recorder: GlobalId | null;
  readonly borrower: GlobalId | null;
  /** ISO 8601, as it is stored. */
  readonly timestamp: string;
  /** As it is stored, such as `crc32-0a1b2c3d`: it was found to hold. Null for a record of Python LAILA, which has none. */
  readonly digest: string | null;
  /** What this version does not know beside `entry`: kept, so that a rewrite does not lose it. */
  readonly extra: Readonly<Record<string, unknown>>;
  /** The same inside `entry`. */
  readonly entryExtra: Readonly<Record<string, unknown>>;
}
