import { isWellFormed } from "../text.js";
import { nativeName } from "./realm.js";

/** How deep arrays and objects may be nested in a JSON record's payload. */
export const maxJsonDepth = 256;

const { getOwnPropertyNames, getOwnPropertySymbols, getPrototypeOf } = Object;

/** This realm's: that of another would make an array of its own. */
const { slice } = Array.prototype;

/** Finds an accessor without calling it, and makes no object to tell of it, as a descriptor would be. */
const { __lookupGetter__: lookupGetter, propertyIsEnumerable: isEnumerable } =
  Object.prototype as unknown as {
    __lookupGetter__: (this: object, key: PropertyKey) => unknown;
    propertyIsEnumerable: (this: object, key: PropertyKey) => boolean;
  };

/** What {@link exactCopy} gives for a value that JSON would not give back. */
export const inexact: unique symbol = Symbol("inexact");

/**
 * True when JSON gives exactly this value back: null, booleans, finite numbers other than -0,
 * well-formed strings, and plain arrays and objects of these, at most 256 deep, none met twice, with
 * own enumerable data properties only. Calls nothing of the value's: no getter, no `toJSON`.
 */
export function isJsonExact(value: unknown): boolean {
  return exactCopy(value) !== inexact;
}

/** A copy of a value of which {@link isJsonExact} is true, as JSON would make it; {@link inexact} of any other. */
export function exactCopy(value: unknown): unknown {
  return copied(value, 1, { few: [], many: undefined });
}

/** A copy of what {@link exactCopy} gave, which needs no second look. */
export function copyAgain<T>(value: T): T;
export function copyAgain(value: unknown): unknown {
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) {
    const copy: unknown[] = slice.call(value);
    for (let i = 0; i < copy.length; i++) {
      if (typeof copy[i] === "object") copy[i] = copyAgain(copy[i]);
    }
    return copy;
  }
  const copy = { ...(value as Record<string, unknown>) };
  for (const name of Object.keys(copy)) {
    if (typeof copy[name] === "object") copy[name] = copyAgain(copy[name]);
  }
  return copy;
}

function copied(value: unknown, depth: number, met: Met): unknown {
  switch (typeof value) {
    case "string":
      return isWellFormed(value) ? value : inexact;
    case "number":
      return Number.isFinite(value) && !Object.is(value, -0) ? value : inexact;
    case "boolean":
      return value;
    case "object":
      return value === null ? value : copiedObject(value, depth, met);
    default:
      return inexact;
  }
}

function copiedObject(value: object, depth: number, met: Met): unknown {
  if (depth > maxJsonDepth || !isFirst(value, met)) return inexact;
  const prototype: object | null = getPrototypeOf(value);
  const isArray = Array.isArray(value);
  if (prototype !== (isArray ? Array.prototype : Object.prototype)) {
    // Of another realm, or no plain one.
    if (prototype === null || nativeName(prototype) !== (isArray ? "Array" : "Object"))
      return inexact;
    if ("toJSON" in prototype) return inexact;
  }
  return isArray ? copiedArray(value, depth, met) : copiedMembers(value, depth, met);
}

function copiedMembers(value: object, depth: number, met: Met): unknown {
  const names = getOwnPropertyNames(value);
  if (getOwnPropertySymbols(value).length !== 0) return inexact;
  for (let i = 0; i < names.length; i++)
    if (lookupGetter.call(value, names[i] as string) !== undefined) return inexact;
  // There is no getter to call. Only enumerable members are copied, and only what was copied is looked at.
  const copy = { ...(value as Record<string, unknown>) };
  const kept = Object.keys(copy);
  if (kept.length !== names.length) return inexact;
  for (let i = 0; i < kept.length; i++) {
    const name = kept[i] as string;
    const member = copy[name];
    const own = copied(member, depth + 1, met);
    if (own === inexact || !isWellFormed(name)) return inexact;
    if (own !== member) copy[name] = own;
  }
  return copy;
}

function copiedArray(value: readonly unknown[], depth: number, met: Met): unknown {
  const { length } = value;
  // Every index is there and nothing but `length` besides: then the counts are equal.
  if (Reflect.ownKeys(value).length !== length + 1) return inexact;
  for (let i = 0; i < length; i++) {
    if (lookupGetter.call(value, i) !== undefined || !isEnumerable.call(value, i)) return inexact;
  }
  const copy: unknown[] = slice.call(value);
  for (let i = 0; i < length; i++) {
    const own = copied(copy[i], depth + 1, met);
    if (own === inexact) return inexact;
    if (own !== copy[i]) copy[i] = own;
  }
  return copy;
}

/** The objects met so far. Most values have few, which a list finds faster than a set. */
interface Met {
  readonly few: object[];
  many: Set<object> | undefined;
}

/** Takes it in; false when it was there. */
function isFirst(object: object, met: Met): boolean {
  if (met.many) return met.many.size !== met.many.add(object).size;
  if (met.few.includes(object)) return false;
  if (met.few.push(object) > 16) met.many = new Set(met.few);
  return true;
}
