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
import { isPlain, kindOf } from "./plain.js";

/** An entry, by what it was given as a name. `{ nickname }` alone means the constant. */
export interface NicknameSelector {
  readonly nickname: string;
  /** A whole number from 0, or "latest": the highest evolution that lies in the pool. */
  readonly evolution?: number | "latest" | undefined;
  /** ENTRY unless given. */
  readonly scope?: Scope | (string & {}) | undefined;
  /** The nickname's namespace (a uuid); the policy's own unless given. */
  readonly namespace?: string | undefined;
}

const selectorNames: readonly (keyof NicknameSelector)[] = [
  "nickname",
  "evolution",
  "scope",
  "namespace",
];

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

/** True for one selector (or what was meant as one), false for a collection of them or something else altogether. */
export function isSelector(value: unknown): value is EntrySelector {
  return (
    typeof value === "string" || isEntry(value) || (isPlain(value) && !(Symbol.iterator in value))
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
  if (!isPlain(selector) || Symbol.iterator in selector) throw noSelector(selector);
  const unknown = Object.keys(selector).find((name) => !selectorNames.some((one) => one === name));
  if (unknown !== undefined || typeof selector.nickname !== "string") {
    const wrong =
      unknown === undefined
        ? "The nickname in a selector must be text"
        : `A selector has no ${JSON.stringify(unknown.slice(0, 100))}`;
    throw new LailaError(
      "INVALID_ARGUMENT",
      `${wrong}. To say which entry, pass { nickname, evolution?, scope?, namespace? }.`,
    );
  }
  const { nickname, evolution, scope, ...rest } = selector as unknown as NicknameSelector;
  const at = { scope, namespace: rest.namespace ?? namespace };
  if (evolution === "latest") return { nickname, latest: globalIdOf(nickname, at) };
  if (evolution !== undefined && !(Number.isSafeInteger(evolution) && evolution >= 0)) {
    throw new LailaError(
      "INVALID_ID",
      `The evolution of ${JSON.stringify(nickname)} must be a whole number from 0 or "latest".`,
      { details: { nickname } },
    );
  }
  return { nickname, id: globalIdOf(nickname, { ...at, evolution }) };
}

function noSelector(value: unknown): LailaError {
  const hint = isPromiseLike(value) ? "Await it first. " : "";
  return new LailaError(
    "INVALID_ARGUMENT",
    `This does not name an entry: it is ${kindOf(value)}. ${hint}Pass an entry, a global id, { nickname, evolution?, scope?, namespace? }, or several of these in a list.`,
  );
}

/** True for a future or another promise, that somebody forgot to await. */
export function isPromiseLike(value: unknown): value is PromiseLike<unknown> {
  return (
    typeof value === "object" &&
    value !== null &&
    "then" in value &&
    typeof value.then === "function"
  );
}

/** What is iterable and may be meant as a collection: a buffer or a Map is a value. */
export function isCollection(value: unknown): value is Iterable<unknown> {
  return (
    typeof value === "object" &&
    value !== null &&
    Symbol.iterator in value &&
    !ArrayBuffer.isView(value) &&
    !(value instanceof Map)
  );
}

/** The targets of several selectors. INVALID_ARGUMENT, INVALID_ID. */
export function targetsOf(what: unknown, namespace: string): Target[] {
  if (!isCollection(what)) throw noSelector(what);
  return Array.from(what, (one) => targetOf(one, namespace));
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
