import { crc32 } from "#crc32";
import type { ClassRegistry } from "../codecs/class-registry.js";
import { decodeNpyAs } from "../codecs/npy.js";
import { decodeStructured } from "../codecs/structured-decode.js";
import { decodeBytes } from "../codecs/views.js";
import type { Entry } from "../entry.js";
import { LailaError } from "../errors.js";
import { jsonDepth } from "../json-scanner.js";
import { toJsonText } from "../json-text.js";
import { decodeUtf8, utf8Encoder } from "../text.js";
import { copyWithDigest, digestLength, digestNameOf, digestOf } from "./digest.js";
import {
  checkConstitution,
  checkVersion,
  corruptRecord,
  entryOf,
  isMembers,
  type Members,
  maxRecordDepth,
  readFields,
  recordMembersOf,
} from "./fields.js";
import type {
  CodecName,
  DecodedRecord,
  DecodeRecordOptions,
  DigestName,
  EncodeRecordOptions,
} from "./types.js";

const magic = [0x4c, 0x41, 0x49, 0x4c, 0x41];
const preambleVersion = 1;
const preambleLength = 24;
const maxHeaderLength = 1024 * 1024;
/** A view of less than this would keep its neighbours in a shared buffer alive, and show them. */
const copyBelow = 4096;

export interface EncodedPayload {
  readonly codec: Exclude<CodecName, "json">;
  /** The JavaScript type to give back. */
  readonly type: string;
  readonly parts: readonly Uint8Array[];
}

/** A record in the binary encoding; TOO_LARGE when its header would pass 1 MiB. */
export function encodeBinaryRecord(
  entry: Entry,
  { codec, type, parts }: EncodedPayload,
  options: EncodeRecordOptions,
): Uint8Array<ArrayBuffer> {
  const { digest = "crc32" } = options;
  const length = parts.reduce((sum, part) => sum + part.length, 0);
  const members = recordMembersOf(entry, codec, { type }, options);
  const text = toJsonText({ ...members, digest: " ".repeat(digestLength(digest)) });
  const header = utf8Encoder.encode(text);
  const start = Math.ceil((preambleLength + header.length) / 64) * 64;
  if (start - preambleLength > maxHeaderLength) {
    throw new LailaError(
      "TOO_LARGE",
      `The record's header is longer than ${maxHeaderLength} bytes. Store large things in the data, not beside it.`,
      {
        details: { limit: maxHeaderLength },
      },
    );
  }
  const record = allocate(start + length);
  const payload = record.subarray(start);
  const written = copyWithDigest(digest, payload, parts);
  header.set(utf8Encoder.encode(written), header.length - written.length - 2);
  record.set(magic);
  const view = new DataView(record.buffer);
  view.setUint8(5, preambleVersion);
  view.setUint16(6, 0, true);
  view.setBigUint64(8, BigInt(length), true);
  view.setUint32(16, start - preambleLength, true);
  record.fill(0x20, preambleLength + header.length, start);
  record.set(header, preambleLength);
  view.setUint32(20, headerCrc(record, start), true);
  return record;
}

/** What Node has on globalThis. */
interface NodeBuffers {
  readonly Buffer?: { allocUnsafeSlow?(length: number): Uint8Array<ArrayBuffer> };
}

/** Memory of its own, of which every byte has to be written: where it can be had, it is not zeroed first. */
function allocate(length: number): Uint8Array<ArrayBuffer> {
  const raw = (globalThis as NodeBuffers).Buffer?.allocUnsafeSlow?.(length);
  return raw ? new Uint8Array(raw.buffer, raw.byteOffset, length) : new Uint8Array(length);
}

/** The parts, one after another, in memory of their own. */
export function gathered(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const all = allocate(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

/** The checksum of the preamble's first 20 bytes and the header. */
function headerCrc(record: Uint8Array, start: number): number {
  return crc32(record.subarray(preambleLength, start), crc32(record.subarray(0, 20)));
}

export function decodeBinaryRecord(bytes: Uint8Array, options: DecodeRecordOptions): DecodedRecord {
  const { header, payload: stored } = split(bytes);
  checkVersion(header.laila_record);
  const { payload, digest } = owned(stored, digestNameOf(header.digest), options);
  if (digest !== header.digest) throw corruptRecord("its digest is not that of its payload");
  const fields = readFields(header);
  const { entry, codec, type, nickname } = fields;
  if (codec === "json" || Object.hasOwn(entry, "payload") || entry._state !== "READY")
    throw corruptRecord("its header is not that of a binary record");
  checkConstitution(entry);
  const found = entryOf(entry, undefined, nickname, options);
  const { recorder, borrower, timestamp, extra, entryExtra } = fields;
  const data = decodePayload(codec, type, payload, options.classes);
  return {
    entry: entryOf(entry, data, found.nickname, {}),
    codec,
    recorder,
    borrower,
    timestamp,
    digest,
    extra,
    entryExtra,
  };
}

function split(bytes: Uint8Array): { header: Members; payload: Uint8Array } {
  if (!magic.every((byte, i) => bytes[i] === byte))
    throw corruptRecord("it does not begin as a record");
  if (bytes.length < preambleLength) throw corruptRecord("it breaks off");
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const version = view.getUint8(5);
  if (version !== preambleVersion) {
    throw new LailaError(
      "UNSUPPORTED_VERSION",
      `The record has the binary encoding ${version}; this version of @laila/schema reads ${preambleVersion}. Update it, or restore the record if it is damaged.`,
    );
  }
  const headerLength = view.getUint32(16, true);
  const start = preambleLength + headerLength;
  if (headerLength > maxHeaderLength || start > bytes.length || start % 64 !== 0)
    throw corruptRecord("its header has no proper length");
  if (headerCrc(bytes, start) !== view.getUint32(20, true))
    throw corruptRecord("the checksum of its header is wrong");
  const flags = view.getUint16(6, true);
  if (flags !== 0) {
    throw new LailaError(
      "UNSUPPORTED_VERSION",
      `The record has the flags ${flags}, which this version does not know. Update @laila/schema.`,
    );
  }
  if (view.getBigUint64(8, true) !== BigInt(bytes.length - start))
    throw corruptRecord("its payload is not as long as it says");
  return {
    header: parseHeader(bytes.subarray(preambleLength, start)),
    payload: bytes.subarray(start),
  };
}

/** Memory that is nobody else's, or will not be changed, and its digest. */
function owned(
  stored: Uint8Array,
  name: DigestName,
  { borrowed = false }: DecodeRecordOptions,
): { payload: Uint8Array<ArrayBuffer>; digest: string } {
  if (!borrowed && stored.length >= copyBelow && stored.buffer instanceof ArrayBuffer) {
    const payload = new Uint8Array(stored.buffer, stored.byteOffset, stored.length);
    return { payload, digest: digestOf(name, [payload]) };
  }
  const payload = allocate(stored.length);
  return { payload, digest: copyWithDigest(name, payload, [stored]) };
}

function parseHeader(bytes: Uint8Array): Members {
  if (jsonDepth(bytes) > maxRecordDepth) throw corruptRecord("its header is nested too deep");
  let header: unknown;
  try {
    header = JSON.parse(decodeUtf8(bytes));
  } catch {
    // The parser's own message quotes the text, which may hold what is not to be shown.
    throw corruptRecord("its header is no well-formed JSON");
  }
  if (!isMembers(header)) throw corruptRecord("its header is no object");
  return header;
}

/** What a payload is the encoding of. CORRUPT; the payload becomes the value's. */
export function decodePayload(
  codec: EncodedPayload["codec"],
  type: string | undefined,
  payload: Uint8Array,
  classes: ClassRegistry | undefined,
): unknown {
  if (codec === "structured") return decodeStructured(payload, classes);
  if (type === undefined) throw corruptRecord("it does not name the type of its value");
  return codec === "npy" ? decodeNpyAs(payload, type) : decodeBytes(payload, type);
}
