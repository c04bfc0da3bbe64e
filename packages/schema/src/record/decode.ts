import { typedArrayName } from "../codecs/nd-array.js";
import { LailaError } from "../errors.js";
import { decodeBinaryRecord } from "./binary-record.js";
import { corruptRecord } from "./fields.js";
import { decodeJsonRecord } from "./json-record.js";
import type { DecodedRecord, DecodeRecordOptions } from "./types.js";

/**
 * Reads a record. It trusts nothing: the digest is checked, the record must belong to the key it was
 * found under, sizes and depths are bounded, no code is run. Large binary data come back as views of
 * the given bytes, which should therefore not be changed afterwards (unless they are `borrowed`).
 *
 * CORRUPT when damaged or misfiled; UNSUPPORTED_VERSION when newer; UNTRUSTED_CODE for a Python record that
 * needs code; UNSUPPORTED_TYPE for a class that is not registered. Format: formats.md, "Record".
 */
export function decodeRecord(bytes: Uint8Array, options: DecodeRecordOptions = {}): DecodedRecord {
  if (typedArrayName(bytes) !== "Uint8Array")
    throw new LailaError("INVALID_ARGUMENT", "A record is read from a Uint8Array.");
  if (bytes[0] === 0x7b) return decodeJsonRecord(bytes, options);
  if (bytes[0] === 0x4c) {
    if (bytes[4] === 0x58 && bytes[3] === 0x4c) {
      throw new LailaError(
        "UNSUPPORTED",
        "These bytes are no record but a transformed one (compressed or encrypted). Read them through a pool with its transforms.",
      );
    }
    return decodeBinaryRecord(bytes, options);
  }
  throw corruptRecord(bytes.length === 0 ? "it is empty" : "it does not begin as a record");
}
