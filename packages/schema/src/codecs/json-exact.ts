import { isWellFormed } from "../text.js";
import { nativeName } from "./realm.js";

/** How deep arrays and objects may be nested in a JSON record's payload. */
export const maxJsonDepth = 256;

const { getOwnPropertyDescriptor, getOwnPropertyNames, getOwnPropertySymbols, getPrototypeOf } =
  Object;

/**
 * True when JSON gives exactly this value back: null, booleans, finite numbers other than -0,
 * well-formed strings, and plain arrays and objects of these, at most 256 deep, none met twice, with
 * own enumerable data properties only. Calls nothing of the value's: no getter, no `toJSON`.
 */
export function isJsonExact(value: unknown): boolean {
  return exact(value, 1, { few: [], many: undefined });
}

function exact(value: unknown, depth: number, met: Met): boolean {
  switch (typeof value) {
    case "string":
      return isWellFormed(value);
    case "number":
      return Number.isFinite(value) && !Object.is(value, -0);
    case "boolean":
      return true;
    case "object":
      return value === null || exactObject(value, depth, met);
    default:
      return false;
  }
}

function exactObject(value: object, depth: number, met: Met): boolean {
  if (depth > maxJsonDepth || !isFirst(value, met)) return false;
  const prototype: object | null = getPrototypeOf(value);
  const isArray = Array.isArray(value);
  if (prototype !== (isArray ? Array.prototype : Object.prototype)) {
    // Of another realm, or no plain one.
    if (prototype === null || nativeName(prototype) !== (isArray ? "Array" : "Object"))
      return false;
    if ("toJSON" in prototype) return false;
  }
  return isArray ? exactArray(value, depth, met) : exactMembers(value, depth, met);
}

function exactMembers(value: object, depth: number, met: Met): boolean {
  const names = Object.keys(value);
  // All of them enumerable, and no symbols.
  if (getOwnPropertyNames(value).length !== names.length) return false;
  if (getOwnPropertySymbols(value).length !== 0) return false;
  for (let i = 0; i < names.length; i++) {
    const name = names[i] as string;
    if (!isWellFormed(name) || !exactProperty(value, name, depth, met)) return false;
  }
  return true;
}

function exactArray(value: readonly unknown[], depth: number, met: Met): boolean {
  // Every index is there and nothing but `length` besides: then the counts are equal.
  if (Reflect.ownKeys(value).length !== value.length + 1) return false;
  for (let i = 0; i < value.length; i++) {
    if (!exactProperty(value, i, depth, met)) return false;
  }
  return true;
}

function exactProperty(of: object, key: string | number, depth: number, met: Met): boolean {
  const property = getOwnPropertyDescriptor(of, key);
  if (property === undefined || !property.enumerable || !("value" in property)) return false;
  return exact(property.value, depth + 1, met);
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
