/**
 * The text around the payload of a JSON record that has nothing out of the ordinary (one scope, no borrower,
 * no further members), which is nearly every one: written and taken apart as text, because making and parsing
 * an object of it costs as much as a small payload itself. Everything else goes the general way (fields.ts);
 * both write the same bytes.
 */
import { Entry, entryScopes } from "../entry.js";
import type { GlobalId } from "../global-id.js";
import { nothing, readId } from "./fields.js";
import type { DecodedRecord } from "./types.js";

const constitution = ',"constitution":{"_kind":"simple","codes":[]}},"recorder":';

/** What tells an ordinary record from any other, all of it checked: the ids and the scope need no escapes. */
export interface OrdinaryParts {
  readonly uuid: string;
  readonly evolution: number | undefined;
  readonly scope: string;
  readonly nickname: string | undefined;
  /** As JSON text. */
  readonly payload: string;
  readonly recorder: GlobalId | null;
  /** As it is stored. */
  readonly timestamp: string;
}

/** The record's text but for the digest and the closing brace. */
export function ordinaryText(parts: OrdinaryParts): string {
  const { uuid, evolution, scope, nickname, payload, recorder, timestamp } = parts;
  const named = nickname === undefined ? "" : `,"nickname":${JSON.stringify(nickname)}`;
  const by = recorder === null ? "null" : `"${recorder}"`;
  return `{"laila_record":1,"entry":{"_uuid":"${uuid}","_evolution":${evolution ?? null},"_scopes":["${scope}"],"_state":"READY","payload":${payload}${constitution}${by},"borrower":null,"record_timestamp":"${timestamp}"${named},"codec":"json"`;
}

const head =
  /^\{"laila_record":1,"entry":\{"_uuid":"([0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12})","_evolution":(null|0|[1-9]\d{0,14}),"_scopes":\["(?!GLOBAL_ID")([A-Za-z0-9_]+)"\],"_state":"READY","payload":/;
const tail =
  /^(?:null|"([^"\\]*)"),"borrower":null,"record_timestamp":"([^"\\\p{Cc}]*)"(?:,"nickname":("(?:[^"\\]|\\.)*"))?,"codec":"json"$/u;

/**
 * Takes apart what {@link ordinaryText} wrote; undefined when it is not of that form. What lies between
 * the two ends is a value if it parses as one, and then the whole is a record: JSON has no other reading.
 */
export function readOrdinaryText(
  text: string,
  digest: string,
  key: GlobalId | undefined,
): DecodedRecord | undefined {
  const begin = head.exec(text);
  const behind = text.lastIndexOf(constitution);
  if (begin === null || behind === -1) return undefined;
  const [start, uuid = "", evolution = "null", scope = ""] = begin;
  try {
    // A nickname of many megabytes is more than regular expressions have room for.
    const end = tail.exec(text.slice(behind + constitution.length));
    if (end === null) return undefined;
    const [, recorder, timestamp = "", nickname] = end;
    const before = `LAILA:${scope}:GLOBAL_ID:`;
    const found = `${before}${uuid}${evolution === "null" ? "" : `-${evolution}`}`;
    // The caller's own text: what is cut out of the record's would keep all of that in memory.
    const globalId = found === key ? key : found;
    const parts = {
      uuid: globalId.slice(before.length, before.length + uuid.length),
      scopes: scope === "ENTRY" ? entryScopes : [scope],
      evolution: evolution === "null" ? undefined : Number(evolution),
      nickname: nickname === undefined ? undefined : (JSON.parse(nickname) as string),
      data: JSON.parse(text.slice(start.length, behind)) as unknown,
    };
    const entry = new Entry(parts, globalId);
    return {
      entry,
      codec: "json",
      recorder: recorder === undefined ? null : readId("recorder", recorder),
      borrower: null,
      timestamp,
      digest,
      extra: nothing,
      entryExtra: nothing,
    };
  } catch {
    // The general way says what is wrong with it.
    return undefined;
  }
}
