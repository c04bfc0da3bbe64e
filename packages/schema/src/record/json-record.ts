import type { Entry } from "../entry.js";
import { LailaError } from "../errors.js";
import { isDeeperThan, jsonProblems } from "../json-scanner.js";
import { toJsonText } from "../json-text.js";
import { decodeUtf8, utf8Encoder } from "../text.js";
import { digestLength, digestNameOf, digestNames, digestOf } from "./digest.js";
import {
  checkConstitution,
  checkKey,
  checkVersion,
  corruptRecord,
  entryOf,
  isMembers,
  isPythonRecord,
  type Members,
  maxRecordDepth,
  readFields,
  recordMembersOf,
} from "./fields.js";
import { readOrdinaryText } from "./json-envelope.js";
import type {
  DecodedRecord,
  DecodeRecordOptions,
  DigestName,
  EncodeRecordOptions,
} from "./types.js";

const closingBrace = Uint8Array.of(0x7d);

/** A record whose payload is JSON-exact and that is no ordinary one. */
export function encodeJsonRecord(
  entry: Entry,
  options: EncodeRecordOptions,
): Uint8Array<ArrayBuffer> {
  const members = recordMembersOf(entry, "json", { payload: entry.data }, options);
  return withDigest(toJsonText(members).slice(0, -1), options.digest);
}

/** The record of this text, which lacks the digest and the closing brace, in UTF-8. */
export function withDigest(text: string, digest: DigestName = "crc32"): Uint8Array<ArrayBuffer> {
  const placeholder = digestMember(" ".repeat(digestLength(digest)));
  const bytes = utf8Encoder.encode(text + placeholder);
  const covered = bytes.subarray(0, bytes.length - placeholder.length);
  const written = digestOf(digest, [covered, closingBrace]);
  for (let i = 0; i < written.length; i++) bytes[covered.length + 11 + i] = written.charCodeAt(i);
  return bytes;
}

/** The end of a record's text: the digest as the last member. */
function digestMember(digest: string): string {
  return `,"digest":"${digest}"}`;
}

export function decodeJsonRecord(bytes: Uint8Array, options: DecodeRecordOptions): DecodedRecord {
  const text = readText(bytes);
  if (isDeeperThan(maxRecordDepth, text, bytes))
    throw corruptRecord(`it is nested deeper than ${maxRecordDepth}`);
  const digest = digestThatHolds(bytes, text);
  if (digest !== undefined) {
    const found = readOrdinaryText(
      text.slice(0, text.length - digestMember(digest).length),
      digest,
      options.key,
    );
    if (found) {
      checkKey(found.entry, options.key);
      return found;
    }
  }
  const record = parse(text);
  if (!isMembers(record)) throw corruptRecord("it is no object");
  if (!Object.hasOwn(record, "laila_record")) return decodePythonRecord(text, record, options);
  checkVersion(record.laila_record);
  if (digest === undefined || digest !== record.digest) verifyRewritten(text, record);
  const fields = readFields(record);
  const { entry, codec, nickname } = fields;
  if (codec !== "json") throw corruptRecord("its codec is not that of a JSON record");
  if (!Object.hasOwn(entry, "payload") || entry._state !== "READY")
    throw corruptRecord("its entry has no payload that is ready");
  checkConstitution(entry);
  const { recorder, borrower, timestamp, extra, entryExtra } = fields;
  return {
    entry: entryOf(entry, entry.payload, nickname, options),
    codec,
    recorder,
    borrower,
    timestamp,
    digest: fields.digest as string,
    extra,
    entryExtra,
  };
}

function readText(bytes: Uint8Array): string {
  try {
    return decodeUtf8(bytes);
  } catch (cause) {
    throw unreadable(bytes.length, cause);
  }
}

/** Above this, in UTF-16 units, V8 has no strings. */
const maxTextLength = 2 ** 29 - 24;

function unreadable(length: number, cause: unknown): LailaError {
  if (length <= maxTextLength) return corruptRecord("it is no well-formed UTF-8");
  return new LailaError(
    "TOO_LARGE",
    "The record is a longer text than this runtime can hold. Read it where there is more room.",
    { cause },
  );
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // The parser's own message quotes the text, which may hold what is not to be shown.
    throw corruptRecord("it is no well-formed JSON");
  }
}

/**
 * The digest at the end of the text, if it is that of the bytes before it: then they are what their writer
 * wrote, and need no closer look. Undefined when they are not, or the text ends in another way.
 */
function digestThatHolds(bytes: Uint8Array, text: string): string | undefined {
  for (const name of digestNames) {
    const member = text.length - digestMember("").length - digestLength(name);
    if (!text.startsWith(`,"digest":"${name}-`, member)) continue;
    const covered = bytes.subarray(0, bytes.length - (text.length - member));
    const digest = digestOf(name, [covered, closingBrace]);
    return text.endsWith(digestMember(digest)) ? digest : undefined;
  }
  return undefined;
}

/**
 * The record is damaged, or has passed through another JSON writer: after the scan, the digest is that of
 * the text it would have here.
 */
function verifyRewritten(text: string, { digest, ...covered }: Members): void {
  const name = digestNameOf(digest);
  for (const { why, at } of jsonProblems(text)) throw corruptRecord(`${why} (at ${at})`);
  if (digestOf(name, [utf8Encoder.encode(toJsonText(covered))]) !== digest)
    throw corruptRecord("its digest is not that of its content");
}

/**
 * A record of Python LAILA, which has no version, no digest and exactly four members. It is read when
 * its payload is plain JSON; UNTRUSTED_CODE when it needs its stored code.
 */
function decodePythonRecord(
  text: string,
  record: Members,
  options: DecodeRecordOptions,
): DecodedRecord {
  if (!isPythonRecord(record))
    throw corruptRecord("it has no version, and is no record of Python LAILA either");
  for (const { kind, why, at } of jsonProblems(text)) {
    if (kind === "duplicate") throw corruptRecord(`${why} (at ${at})`);
    if (kind === "number") {
      throw new LailaError(
        "UNSUPPORTED_TYPE",
        `The record of Python LAILA holds a number (at ${at}) that a JavaScript number cannot hold exactly. Store it as text.`,
      );
    }
  }
  const { entry, recorder, borrower, record_timestamp: timestamp } = record;
  if (!isMembers(entry) || !Object.hasOwn(entry, "payload"))
    throw corruptRecord("its entry has no payload");
  checkConstitution(entry);
  return {
    entry: entryOf(entry, entry.payload, undefined, options),
    codec: "json",
    recorder: typeof recorder === "string" ? recorder : null,
    borrower: typeof borrower === "string" ? borrower : null,
    timestamp: typeof timestamp === "string" ? timestamp : "",
    digest: null,
    extra: {},
    entryExtra: {},
  };
}
