import { isJsonExact, maxJsonDepth } from "../codecs/json-exact.js";
import { Entry } from "../entry.js";
import { LailaError } from "../errors.js";
import { type GlobalId, isGlobalId, isUuid } from "../global-id.js";
import { isWellFormed, quote } from "../text.js";
import type {
  CodecName,
  DecodedRecord,
  DecodeRecordOptions,
  EncodeRecordOptions,
} from "./types.js";

const recordVersion = 1;

/** The record and its entry lie around what JSON-exact values they hold. */
export const maxRecordDepth = maxJsonDepth + 2;

/** What a later version may name in `requires`: nothing yet. */
const understood: ReadonlySet<unknown> = new Set<unknown>();

const recordMembers: ReadonlySet<string> = new Set([
  "laila_record",
  "entry",
  "recorder",
  "borrower",
  "record_timestamp",
  "nickname",
  "codec",
  "requires",
  "type",
  "digest",
]);
const pythonMembers = ["borrower", "entry", "record_timestamp", "recorder"];
const entryMembers: ReadonlySet<string> = new Set([
  "_uuid",
  "_evolution",
  "_scopes",
  "_state",
  "payload",
  "constitution",
]);

export function corruptRecord(why: string, cause?: unknown): LailaError {
  const message = `The record is damaged: ${why}. Restore it from a copy or write it again.`;
  return new LailaError("CORRUPT", message, cause === undefined ? {} : { cause });
}

/** A value found in storage, as an object with whatever members it has. */
export type Members = Readonly<Record<string, unknown>>;

export function isMembers(value: unknown): value is Members {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

export const nothing: Members = Object.freeze({});

/** The members of a record but its digest, in their order. `payload` is left out for binary records. */
export function recordMembersOf(
  entry: Entry,
  codec: CodecName,
  shape: { readonly payload: unknown } | { readonly type: string },
  {
    recorder = null,
    borrower = null,
    timestamp,
    extra = nothing,
    entryExtra = nothing,
  }: EncodeRecordOptions,
): Members {
  checkId("recorder", recorder);
  checkId("borrower", borrower);
  const own = furtherMembers("extra", extra, recordMembers);
  const inEntry = furtherMembers("entryExtra", entryExtra, entryMembers);
  const { uuid, evolution, scopes, nickname } = entry;
  checkNickname(entry);
  return {
    laila_record: recordVersion,
    entry: {
      _uuid: uuid,
      _evolution: evolution ?? null,
      _scopes: scopes,
      _state: "READY",
      ...("payload" in shape ? { payload: shape.payload } : {}),
      constitution: { _kind: "simple", codes: [] },
      ...inEntry,
    },
    recorder,
    borrower,
    record_timestamp: formatTimestamp(timestamp),
    ...(nickname === undefined ? {} : { nickname }),
    codec,
    ...("type" in shape ? { type: shape.type } : {}),
    ...own,
  };
}

export function checkNickname({ nickname, globalId }: Entry): void {
  if (nickname === undefined || isWellFormed(nickname)) return;
  throw new LailaError(
    "INVALID_ARGUMENT",
    `The nickname of ${globalId} is no well-formed Unicode text. Choose another.`,
  );
}

/** One policy writes many records. */
let checkedId: GlobalId | undefined;

export function checkId(what: string, id: GlobalId | null): void {
  if (id === null || id === checkedId) return;
  if (isGlobalId(id)) {
    checkedId = id;
    return;
  }
  throw new LailaError(
    "INVALID_ARGUMENT",
    `The ${what} of a record is a global id or null, not ${typeof id === "string" ? quote(id) : typeof id}.`,
  );
}

function furtherMembers(what: string, members: Members, taken: ReadonlySet<string>): Members {
  if (members === nothing) return members;
  if (!isMembers(members) || !isJsonExact(members)) {
    throw new LailaError(
      "INVALID_ARGUMENT",
      `\`${what}\` of a record must be a plain object of JSON values.`,
    );
  }
  for (const name of Object.keys(members)) {
    if (taken.has(name))
      throw new LailaError(
        "INVALID_ARGUMENT",
        `\`${what}\` of a record may not have the member ${quote(name)}: it is the record's own.`,
      );
  }
  return members;
}

/** The text of a time is made once for each millisecond: many records are written in one. */
let formatted: { readonly time: number; readonly text: string } | undefined;

/** ISO 8601 in UTC with milliseconds, as Python writes it: `2026-01-31T12:00:00.000+00:00`. */
export function formatTimestamp(timestamp?: Date): string {
  const time = timestamp === undefined ? Date.now() : timeOf(timestamp);
  if (formatted?.time !== time) {
    formatted = { time, text: new Date(time).toISOString().replace("Z", "+00:00") };
  }
  return formatted.text;
}

function timeOf(timestamp: Date): number {
  const time = timestamp instanceof Date ? timestamp.getTime() : Number.NaN;
  if (!Number.isNaN(time)) return time;
  throw new LailaError("INVALID_ARGUMENT", "The timestamp of a record is a valid Date.");
}

/** What a record says about itself, checked. */
export interface RecordFields extends Omit<DecodedRecord, "entry" | "digest"> {
  readonly entry: Members;
  readonly nickname: string | undefined;
  readonly type: string | undefined;
  readonly digest: unknown;
}

/** Refuses a record of a later version. CORRUPT when the version is no whole number from 1. */
export function checkVersion(version: unknown): void {
  if (version === recordVersion) return;
  if (!Number.isSafeInteger(version) || (version as number) < 1)
    throw corruptRecord("its version is no whole number from 1");
  throw new LailaError(
    "UNSUPPORTED_VERSION",
    `The record has version ${String(version)}; this version of @laila/schema reads ${recordVersion}. Update it.`,
  );
}

/** Takes a record (or the header of a binary one) apart. CORRUPT when a member is not what it must be. */
export function readFields(record: Members): RecordFields {
  const {
    laila_record: _,
    entry,
    recorder,
    borrower,
    record_timestamp,
    nickname,
    codec,
    requires,
    type,
    digest,
    ...extra
  } = record;
  checkRequires(requires);
  if (!isMembers(entry)) throw corruptRecord("it has no entry");
  if (typeof record_timestamp !== "string") throw corruptRecord("it has no timestamp");
  if (nickname !== undefined && nickname !== null && typeof nickname !== "string")
    throw corruptRecord("its nickname is no text");
  if (type !== undefined && typeof type !== "string") throw corruptRecord("its type is no text");
  if (codec !== "json" && codec !== "bytes" && codec !== "npy" && codec !== "structured") {
    if (typeof codec !== "string") throw corruptRecord("it names no codec");
    throw new LailaError(
      "UNSUPPORTED",
      `The record is written with the codec ${quote(codec)}, which this version does not know. Update @laila/schema.`,
    );
  }
  return {
    entry,
    codec,
    type,
    digest,
    nickname: nickname ?? undefined,
    recorder: readId("recorder", recorder),
    borrower: readId("borrower", borrower),
    timestamp: record_timestamp,
    extra,
    entryExtra: furtherOf(entry),
  };
}

function furtherOf(entry: Members): Members {
  const names = Object.keys(entry).filter((name) => !entryMembers.has(name));
  return Object.fromEntries(names.map((name) => [name, entry[name]]));
}

function checkRequires(requires: unknown): void {
  if (requires === undefined) return;
  if (!Array.isArray(requires)) throw corruptRecord("its list of requirements is no list");
  const unknown: unknown = requires.find((name) => !understood.has(name));
  if (unknown === undefined) return;
  if (typeof unknown !== "string")
    throw corruptRecord("its list of requirements holds something that is no name");
  throw new LailaError(
    "UNSUPPORTED_VERSION",
    `The record requires ${quote(unknown)}, which this version does not understand. Update @laila/schema.`,
    {
      details: { requires: unknown.slice(0, 200) },
    },
  );
}

export function readId(what: string, id: unknown): GlobalId | null {
  if (id === null || isGlobalId(id)) return id;
  throw corruptRecord(`its ${what} is neither a global id nor null`);
}

/** The record's entry with its data, after checking that it belongs where it was found. */
export function entryOf(
  fields: Members,
  data: unknown,
  nickname: string | undefined,
  { key }: DecodeRecordOptions,
): Entry {
  const { _uuid: uuid, _evolution: evolution, _scopes: scopes } = fields;
  if (!isUuid(uuid)) throw corruptRecord("its entry has no uuid");
  if (evolution !== null && !(Number.isSafeInteger(evolution) && (evolution as number) >= 0))
    throw corruptRecord("its entry has no proper evolution");
  if (!Array.isArray(scopes) || !scopes.every((scope) => typeof scope === "string"))
    throw corruptRecord("its entry has no scopes");
  const entry = makeEntry({
    uuid,
    scopes: scopes as string[],
    evolution: (evolution as number | null) ?? undefined,
    data,
    nickname,
  });
  checkKey(entry, key);
  return entry;
}

/** CORRUPT when the entry does not belong where its record was found. */
export function checkKey({ globalId }: Entry, key: GlobalId | undefined): void {
  if (key === undefined || globalId === key) return;
  throw new LailaError(
    "CORRUPT",
    `The record is misfiled: it is of ${globalId} and lies under ${quote(key, 300)}. Write both entries again.`,
    { details: { key: key.slice(0, 300), id: globalId.slice(0, 300) } },
  );
}

function makeEntry(parts: ConstructorParameters<typeof Entry>[0]): Entry {
  try {
    return new Entry(parts);
  } catch (cause) {
    throw corruptRecord("its entry has no proper global id", cause);
  }
}

/** Refuses an entry that is not simply its payload: Python's code in a record is never executed. */
export function checkConstitution(entry: Members): void {
  const { constitution } = entry;
  if (!isMembers(constitution) || !Array.isArray(constitution.codes))
    throw corruptRecord("its entry has no constitution");
  if (constitution.codes.length > 0) {
    throw new LailaError(
      "UNTRUSTED_CODE",
      "The record's value can only be rebuilt by running the Python code that is stored in it, and LAILA for TypeScript never runs code from storage. Write the value again from Python as plain JSON (None, bool, int, float, str, list, dict).",
    );
  }
  if (constitution._kind !== "simple") {
    throw new LailaError(
      "UNSUPPORTED",
      "The record's entry is of a kind this version does not know. Update @laila/schema.",
    );
  }
}

/** True when this can only be a record that Python LAILA wrote. */
export function isPythonRecord(record: Members): boolean {
  return Object.keys(record).sort().join() === pythonMembers.join();
}
