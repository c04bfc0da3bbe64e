import {
  type Blueprint,
  type Entry,
  type GlobalId,
  globalIdOf,
  isGlobalId,
  isLailaError,
  LailaError,
  parseGlobalId,
  type Scope,
} from "@laila/schema";

/** An entry, by what it was given as a name. `{ nickname }` alone means the constant. */
export interface NicknameSelector {
  readonly nickname: string;
  /** A whole number from 0, or "latest": the highest evolution that lies in the pool. */
  readonly evolution?: number | "latest" | undefined;
  /** ENTRY unless given. */
  readonly scope?: Scope | (string & {}) | undefined;
}

/** What leads to one stored entry: the entry itself, its global id, or its nickname. */
export type EntrySelector = Entry | GlobalId | NicknameSelector;

/** What a selector leads to: an entry gives its own type, everything else is unknown until read. */
export type Selected<S> = S extends Entry<infer T> ? Entry<T> : Entry;

/** What memory needs of a manifest: its own entry, and the entries it holds for its leaves. */
export interface ManifestLike {
  readonly globalId: GlobalId;
  readonly blueprint: Blueprint;
  /** Leaves that were given as entries, by id; leaves given as ids are not in it. */
  readonly entries: ReadonlyMap<GlobalId, Entry>;
  toEntry(): Entry<Blueprint>;
}

/** What a selector means: one id, or (`latest`) the highest evolution of one. */
export type Target = { readonly nickname?: string | undefined } & (
  | { readonly id: GlobalId; readonly latest?: undefined }
  | { readonly id?: undefined; readonly latest: GlobalId }
);

/** True for an entry of any copy of the schema package. */
export function isEntry(value: unknown): value is Entry {
  return (
    typeof value === "object" &&
    value !== null &&
    "data" in value &&
    "globalId" in value &&
    "scopes" in value &&
    typeof value.globalId === "string" &&
    Array.isArray(value.scopes)
  );
}

/** True for a manifest of any copy of this package. */
export function isManifestLike(value: unknown): value is ManifestLike {
  return (
    typeof value === "object" &&
    value !== null &&
    "toEntry" in value &&
    typeof value.toEntry === "function" &&
    "blueprint" in value &&
    "entries" in value
  );
}

/** True for one selector, false for a collection of them (or something else altogether). */
export function isSelector(value: unknown): value is EntrySelector {
  if (typeof value === "string" || isEntry(value)) return true;
  return (
    typeof value === "object" &&
    value !== null &&
    "nickname" in value &&
    !(Symbol.iterator in value)
  );
}

/** INVALID_ARGUMENT or INVALID_ID when it is no selector. */
export function targetOf(selector: unknown, namespace: string): Target {
  if (typeof selector === "string") {
    const shown = selector.slice(0, 200);
    if (isGlobalId(selector)) return { id: selector };
    throw new LailaError(
      "INVALID_ID",
      `${JSON.stringify(shown)} is not a global id. To go by a nickname, pass { nickname: ${JSON.stringify(shown)} }.`,
      { details: { id: shown } },
    );
  }
  if (isEntry(selector)) return { id: selector.globalId };
  if (typeof selector === "object" && selector !== null && "nickname" in selector) {
    const { nickname, evolution, scope } = selector as NicknameSelector;
    if (evolution === "latest") {
      return { nickname, latest: globalIdOf(nickname, { scope, namespace }) };
    }
    return { nickname, id: globalIdOf(nickname, { scope, evolution, namespace }) };
  }
  throw new LailaError(
    "INVALID_ARGUMENT",
    `${kindOf(selector)} does not name an entry. Pass an entry, a global id, or { nickname, evolution?, scope? }.`,
  );
}

/** A NOT_FOUND of something that was asked for by nickname also says the nickname. */
export function explain(error: unknown, { nickname, id }: Target): unknown {
  if (nickname === undefined || !isLailaError(error, "NOT_FOUND")) return error;
  const constant = id !== undefined && parseGlobalId(id).evolution === undefined;
  const hint = constant
    ? ' { nickname } alone means the constant; for a variable add evolution: 0, 1, … or "latest".'
    : "";
  return new LailaError("NOT_FOUND", `${JSON.stringify(nickname)}: ${error.message}${hint}`, {
    cause: error,
    details: { ...error.details, nickname },
  });
}

/** What a wrong argument is, without showing its contents. */
export function kindOf(value: unknown): string {
  if (value === null || value === undefined) return String(value);
  if (typeof value !== "object") return `A ${typeof value}`;
  const name: unknown = Object.getPrototypeOf(value)?.constructor?.name;
  return typeof name === "string" && name !== "" ? `An object of ${name}` : "An object";
}
