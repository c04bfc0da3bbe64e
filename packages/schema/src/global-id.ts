import { sha1 } from "@noble/hashes/legacy.js";
import { bytesToHex, hexToBytes, utf8ToBytes } from "@noble/hashes/utils.js";
import { LailaError } from "./errors.js";
import { isWellFormed, quote } from "./text.js";

/** `LAILA(:<SCOPE>)+:GLOBAL_ID:<uuid>[-<evolution>]`, the name of a thing wherever it lies. */
export type GlobalId = string;

/** The scopes LAILA uses itself. Others are allowed: `[A-Za-z0-9_]+`, but not `GLOBAL_ID`. */
export type Scope =
  | "ENTRY"
  | "MANIFEST"
  | "POOL"
  | "POLICY"
  | "POOL_ROUTER"
  | "TASK_FORCE"
  | "CENTRAL_MEMORY"
  | "CENTRAL_COMMAND"
  | "CENTRAL_COMMUNICATION"
  | "COMM_PROTOCOL";

export interface GlobalIdParts {
  readonly scopes: readonly string[];
  readonly uuid: string;
  /** Absent on constants; 0, 1, 2 … on variables. */
  readonly evolution?: number | undefined;
}

const uuidPattern = /^[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}$/;
const idPattern =
  /^LAILA((?::[A-Za-z0-9_]+)+):GLOBAL_ID:([0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12})(?:-(0|[1-9]\d*))?$/;
/** The most frequent ones, told without taking them apart: one scope, no evolution. */
const constantIdPattern =
  /^LAILA:(?!GLOBAL_ID:)[A-Za-z0-9_]+:GLOBAL_ID:[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}$/;
const scopePattern = /^[A-Za-z0-9_]+$/;

const dnsNamespace = "6ba7b810-9dad-11d1-80b4-00c04fd430c8";

/** uuid v5 (RFC 9562, section 5.5): SHA-1 over the namespace's bytes and the name's UTF-8. */
function uuid5(name: string, namespace: string): string {
  const head = hexToBytes(namespace.replaceAll("-", ""));
  const tail = utf8ToBytes(name);
  const input = new Uint8Array(head.length + tail.length);
  input.set(head);
  input.set(tail, head.length);
  const hash = sha1(input).slice(0, 16);
  const view = new DataView(hash.buffer);
  view.setUint8(6, (view.getUint8(6) & 0x0f) | 0x50);
  view.setUint8(8, (view.getUint8(8) & 0x3f) | 0x80);
  const hex = bytesToHex(hash);
  return [
    hex.slice(0, 8),
    hex.slice(8, 12),
    hex.slice(12, 16),
    hex.slice(16, 20),
    hex.slice(20),
  ].join("-");
}

/** The namespace of nicknames unless another is given: uuid5(DNS, "laila"). */
export const defaultNamespace = "6c8dcd4c-d490-58bc-81a7-6afbe8d17594";

/** The namespace that belongs to a key: uuid5(DNS, key). */
export function namespaceFor(key: string): string {
  return uuid5(wellFormed(key, "A namespace key"), dnsNamespace);
}

/** A fresh random uuid (v4). */
export function newUuid(): string {
  return globalThis.crypto.randomUUID();
}

/**
 * The uuid of a nickname: uuid5 of it in the namespace.
 * INVALID_ARGUMENT when the namespace is no uuid or the nickname is no well-formed text.
 */
export function uuidOf(nickname: string, namespace: string = defaultNamespace): string {
  if (!isUuid(namespace)) {
    throw new LailaError(
      "INVALID_ARGUMENT",
      `The namespace ${JSON.stringify(namespace)} is no uuid. Make one from a key with namespaceFor(key).`,
    );
  }
  return uuid5(wellFormed(nickname, "A nickname"), namespace);
}

/** True for 8-4-4-4-12 hexadecimal digits, of any uuid version. */
export function isUuid(text: unknown): text is string {
  return typeof text === "string" && uuidPattern.test(text);
}

/** Writes a global id. INVALID_ID when a part is malformed. */
export function formatGlobalId({ scopes, uuid, evolution }: GlobalIdParts): GlobalId {
  for (const scope of scopes) {
    if (scope === "ENTRY") continue;
    if (!scopePattern.test(scope) || scope === "GLOBAL_ID")
      throw invalidId(scope, "has a malformed scope");
  }
  if (scopes.length === 0) throw invalidId(uuid, "has no scope");
  if (!isUuid(uuid)) throw invalidId(uuid, "has no uuid");
  if (evolution !== undefined && !(Number.isSafeInteger(evolution) && evolution >= 0)) {
    throw invalidId(String(evolution), "has an evolution that is no whole number from 0");
  }
  return `LAILA:${scopes.join(":")}:GLOBAL_ID:${uuid}${evolution === undefined ? "" : `-${evolution}`}`;
}

/** Takes a global id apart; INVALID_ID unless it is exactly one. */
export function parseGlobalId(text: string): GlobalIdParts {
  const match = typeof text === "string" ? idPattern.exec(text) : null;
  if (!match)
    throw invalidId(text, "is not of the form LAILA:<SCOPE>:GLOBAL_ID:<uuid>[-<evolution>]");
  const scopes = (match[1] ?? "").slice(1).split(":");
  if (scopes.includes("GLOBAL_ID")) throw invalidId(text, "has a scope behind GLOBAL_ID");
  const evolution = match[3] === undefined ? undefined : Number(match[3]);
  if (evolution !== undefined && !Number.isSafeInteger(evolution))
    throw invalidId(text, "has an evolution above 2^53");
  return { scopes, uuid: match[2] ?? "", evolution };
}

/** True when {@link parseGlobalId} would accept it (and, with a scope, when it has that scope alone). */
export function isGlobalId(text: unknown, scope?: Scope): text is GlobalId {
  if (scope === undefined && typeof text === "string" && constantIdPattern.test(text)) return true;
  const match = typeof text === "string" ? idPattern.exec(text) : null;
  if (match === null) return false;
  const [, scopes = "", , evolution] = match;
  if (evolution !== undefined && !Number.isSafeInteger(Number(evolution))) return false;
  return scope === undefined ? !`${scopes}:`.includes(":GLOBAL_ID:") : scopes === `:${scope}`;
}

function wellFormed(text: string, what: string): string {
  if (typeof text !== "string" || !isWellFormed(text)) {
    throw new LailaError(
      "INVALID_ARGUMENT",
      `${what} must be well-formed Unicode text: this one has a lone surrogate or is no string.`,
    );
  }
  return text;
}

function invalidId(id: unknown, why: string): LailaError {
  const shown = typeof id === "string" ? quote(id, 200) : `of type ${typeof id}`;
  return new LailaError(
    "INVALID_ID",
    `The global id ${shown} ${why}. Take ids from entries and manifests, don't write them by hand.`,
    { details: { id: typeof id === "string" ? id.slice(0, 200) : typeof id } },
  );
}
