import { createHash } from "node:crypto";

/** Where a key's value lies, and what its lock is called. */
export interface Place {
  /** The directory under `values`: the first two digits of the key's SHA-256. */
  readonly fan: string;
  /** At most 200 bytes, of which none changes under case mapping or Unicode normalisation. */
  readonly name: string;
  /** The SHA-256 of the key. */
  readonly hash: string;
}

const longest = 200;
/** How much of a long key its name shows before the hash. */
const shown = 120;
const longName = /^(.{120})~([0-9a-f]{64})$/;
/** What Windows takes for devices. */
const device = /^(?:con|prn|aux|nul|com[0-9]|lpt[0-9])$/;

export function placeOf(key: string): Place {
  const hash = createHash("sha256").update(key).digest("hex");
  const escaped = encodeName(key);
  return { fan: hash.slice(0, 2), name: nameOf(escaped, hash), hash };
}

function nameOf(escaped: string, hash: string): string {
  if (escaped.length > longest) return `${escaped.slice(0, shown)}~${hash}`;
  return device.test(escaped) ? percent(escaped.charCodeAt(0)) + escaped.slice(1) : escaped;
}

/** What a name in a fan-out directory says. */
export type Named =
  | { readonly key: string }
  /** The key is too long for a name and stands in the file; `start` is how its escaped form begins. */
  | { readonly start: string }
  /** No name that the pool gives. */
  | undefined;

export function keyNamed(fan: string, name: string): Named {
  const long = longName.exec(name);
  if (long) return long[2]?.startsWith(fan) ? { start: long[1] ?? "" } : undefined;
  const key = decodeName(name);
  if (key === undefined || key === "") return undefined;
  const place = placeOf(key);
  return place.name === name && place.fan === fan ? { key } : undefined;
}

/** True when a long key whose escaped form begins with `start` may begin with `prefix`. */
export function mayBegin(start: string, prefix: string): boolean {
  const escaped = encodeName(prefix);
  return start.startsWith(escaped.slice(0, start.length));
}

/** Percent-encoding that leaves only small letters, digits, `_` and (not in front) `-` as they are. */
function encodeName(key: string): string {
  return key.replace(/^-|[^a-z0-9_-]/gu, (character) =>
    [...Buffer.from(character)].map(percent).join(""),
  );
}

function percent(byte: number): string {
  return `%${byte.toString(16).padStart(2, "0")}`;
}

function decodeName(name: string): string | undefined {
  try {
    return decodeURIComponent(name);
  } catch {
    // A foreign file: no percent-encoded UTF-8.
    return undefined;
  }
}
