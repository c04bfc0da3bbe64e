import { isWellFormed } from "../text.js";
import { nativeName } from "./realm.js";

/** How deep arrays and objects may be nested in a JSON record's payload. */
export const maxJsonDepth = 256;

/**
 * True when JSON gives exactly this value back: null, booleans, finite numbers other than -0,
 * well-formed strings, and plain arrays and objects of these, at most 256 deep, none met twice, with
 * own enumerable data properties only. Calls nothing of the value's: no getter, no `toJSON`.
 */
export function isJsonExact(value: unknown): boolean {
  return exact(value, 1, new Set());
}

function exact(value: unknown, depth: number, seen: Set<object>): boolean {
  switch (typeof value) {
    case "string":
      return isWellFormed(value);
    case "number":
      return Number.isFinite(value) && !Object.is(value, -0);
    case "boolean":
      return true;
    case "object":
      return value === null || exactObject(value, depth, seen);
    default:
      return false;
  }
}

function exactObject(value: object, depth: number, seen: Set<object>): boolean {
  if (depth > maxJsonDepth) return false;
  const before = seen.size;
  if (seen.add(value).size === before) return false;
  const prototype: object | null = Object.getPrototypeOf(value);
  const isArray = Array.isArray(value);
  if (prototype !== (isArray ? Array.prototype : Object.prototype)) {
    // Of another realm, or no plain one.
    if (prototype === null || nativeName(prototype) !== (isArray ? "Array" : "Object"))
      return false;
    if ("toJSON" in prototype) return false;
  }
  if (isArray) return exactArray(value, depth, seen);
  for (const key of Reflect.ownKeys(value)) {
    if (typeof key !== "string" || !isWellFormed(key) || !exactProperty(value, key, depth, seen))
      return false;
  }
  return true;
}

function exactArray(value: readonly unknown[], depth: number, seen: Set<object>): boolean {
  // Every index is there and nothing but `length` besides: then the counts are equal.
  if (Reflect.ownKeys(value).length !== value.length + 1) return false;
  for (let i = 0; i < value.length; i++) {
    if (!exactProperty(value, i, depth, seen)) return false;
  }
  return true;
}

function exactProperty(
  of: object,
  key: string | number,
  depth: number,
  seen: Set<object>,
): boolean {
  const property = Object.getOwnPropertyDescriptor(of, key);
  if (property === undefined || !property.enumerable || !("value" in property)) return false;
  return exact(property.value, depth + 1, seen);
}
