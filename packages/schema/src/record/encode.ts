import { exactCopy, inexact } from "../codecs/json-exact.js";
import { encodeNpy } from "../codecs/npy.js";
import { encodeStructured } from "../codecs/structured-encode.js";
import { encodeBytes } from "../codecs/views.js";
import { Entry } from "../entry.js";
import { isLailaError, LailaError } from "../errors.js";
import { isGlobalId } from "../global-id.js";
import { type EncodedPayload, encodeBinaryRecord } from "./binary-record.js";
import { encodeJsonRecord } from "./json-record.js";
import { RecordSnapshot, tooLarge } from "./snapshot.js";
import type { EncodeRecordOptions } from "./types.js";

/**
 * The bytes a pool keeps for an entry: a JSON record when JSON gives the data back exactly, else a
 * binary one. Nothing of the result shares memory with the data.
 *
 * UNSUPPORTED_TYPE with the path of what could not come back exactly; TOO_LARGE when the record is more
 * than the runtime can hold; INVALID_ARGUMENT when an option is malformed. Format: formats.md, "Record".
 */
export function encodeRecord(
  entry: Entry,
  options: EncodeRecordOptions = {},
): Uint8Array<ArrayBuffer> {
  const record = snapshotRecord(entry, options);
  return record instanceof RecordSnapshot ? record.toBytes() : record;
}

export interface SnapshotOptions extends EncodeRecordOptions {
  /** Of bytes and arrays, too: they are copied now, and once more into their record. */
  readonly arrays?: boolean | undefined;
}

/**
 * As {@link encodeRecord}, but the bytes of most records are not made yet: the data is copied now, and `toBytes`
 * makes them. The bytes at once of what is neither JSON nor (with `arrays`) an array or bytes, and of a record
 * with further members. Throws what `encodeRecord` throws.
 */
export function snapshotRecord(
  entry: Entry,
  options: SnapshotOptions = {},
): RecordSnapshot | Uint8Array<ArrayBuffer> {
  if (!(entry instanceof Entry) && !isGlobalId((entry as Entry | undefined)?.globalId)) {
    throw new LailaError(
      "INVALID_ARGUMENT",
      "A record is made of an Entry. Wrap the value with constant(value) or variable(value).",
    );
  }
  try {
    const data = exactCopy(entry.data);
    if (data !== inexact)
      return RecordSnapshot.ofJson(entry, data, options) ?? encodeJsonRecord(entry, options);
    const payload = payloadOf(entry.data, options);
    const lazily = options.arrays === true && payload.codec !== "structured";
    const snapshot = lazily ? RecordSnapshot.ofPayload(entry, payload, options) : undefined;
    return snapshot ?? encodeBinaryRecord(entry, payload, options);
  } catch (cause) {
    if (isLailaError(cause)) throw cause;
    throw failure(entry, cause);
  }
}

function failure(entry: Entry, cause: unknown): LailaError {
  return cause instanceof RangeError
    ? tooLarge(entry.globalId, cause)
    : // A trap of a Proxy threw: nothing else that is called here is the caller's.
      new LailaError(
        "UNSUPPORTED_TYPE",
        `data of ${entry.globalId} cannot be read. Store plain data instead of a Proxy.`,
        { cause, details: { path: "data" } },
      );
}

function payloadOf(data: unknown, { classes }: EncodeRecordOptions): EncodedPayload {
  const bytes = encodeBytes(data);
  if (bytes !== undefined) return { codec: "bytes", ...bytes };
  const array = encodeNpy(data);
  if (array !== undefined) return { codec: "npy", ...array };
  return { codec: "structured", type: typeName(data), parts: [encodeStructured(data, classes)] };
}

function typeName(data: unknown): string {
  return typeof data === "object" ? "object" : typeof data;
}
