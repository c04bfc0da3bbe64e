import { types } from "node:util";
import { expect } from "vitest";

const traces = new Set(["stack"]);

/**
 * Fails unless the two are the same in everything the schema promises: primitives by Object.is; types by
 * prototype; own keys in order, with their enumerability; holes; content of built-ins; and which objects
 * are met again, cycles included. Compares without recursion over values of any depth.
 */
export function expectSame(actual: unknown, expected: unknown): void {
  const difference = differenceOf(actual, expected);
  if (difference !== undefined) expect.fail(difference);
}

/** The first difference, with its path; undefined when there is none. */
export function differenceOf(actual: unknown, expected: unknown): string | undefined {
  const partners = new Map<object, object>();
  const taken = new Set<object>();
  const open: [unknown, unknown, string][] = [[actual, expected, "value"]];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const [a, b, path] = next;
    if (typeof a !== "object" || a === null || typeof b !== "object" || b === null) {
      if (!Object.is(a, b)) return `${path}: ${show(a)} instead of ${show(b)}`;
      continue;
    }
    if (partners.has(b)) {
      if (partners.get(b) !== a) return `${path}: a shared object became two`;
      continue;
    }
    if (taken.has(a)) return `${path}: two objects became one`;
    partners.set(b, a);
    taken.add(a);
    if (Object.getPrototypeOf(a) !== Object.getPrototypeOf(b)) return `${path}: another prototype`;
    const inside = contentOf(a, b);
    if (inside === undefined) return `${path}: another content: ${show(a)} instead of ${show(b)}`;
    for (const [i, [x, y]] of inside.entries()) open.push([x, y, `${path}{${i}}`]);
    if (ArrayBuffer.isView(b)) continue;
    const keys = keysOf(a);
    const wanted = keysOf(b);
    if (keys.length !== wanted.length || keys.some((key, i) => key !== wanted[i])) {
      return `${path}: keys ${show(keys)} instead of ${show(wanted)}`;
    }
    for (const key of keys) {
      const x = Object.getOwnPropertyDescriptor(a, key);
      const y = Object.getOwnPropertyDescriptor(b, key);
      if (x?.enumerable !== y?.enumerable) return `${path}.${String(key)}: another enumerability`;
      open.push([x?.value, y?.value, `${path}.${String(key)}`]);
    }
  }
  return undefined;
}

function keysOf(value: object): (string | symbol)[] {
  return Reflect.ownKeys(value).filter(
    (key) => !(types.isNativeError(value) && traces.has(key as string)),
  );
}

/** Pairs of what lies inside besides properties; undefined when the content differs. */
function contentOf(a: object, b: object): [unknown, unknown][] | undefined {
  if (types.isMap(a) && types.isMap(b)) return zip([...a].flat(), [...b].flat());
  if (types.isSet(a) && types.isSet(b)) return zip([...a], [...b]);
  if (types.isDate(a) && types.isDate(b)) return [[a.getTime(), b.getTime()]];
  if (types.isRegExp(a) && types.isRegExp(b)) return [[String(a), String(b)]];
  if (a instanceof URL && b instanceof URL) return [[a.href, b.href]];
  if (types.isBoxedPrimitive(a) && types.isBoxedPrimitive(b)) return [[a.valueOf(), b.valueOf()]];
  if (types.isArrayBuffer(a) && types.isArrayBuffer(b))
    return zip([...new Uint8Array(a)], [...new Uint8Array(b)]);
  if (ArrayBuffer.isView(a) && ArrayBuffer.isView(b)) return zip([...bytesOf(a)], [...bytesOf(b)]);
  return types.isNativeError(a) === types.isNativeError(b) && Array.isArray(a) === Array.isArray(b)
    ? []
    : undefined;
}

function bytesOf(view: ArrayBufferView): Uint8Array {
  return new Uint8Array(view.buffer, view.byteOffset, view.byteLength);
}

function zip(a: readonly unknown[], b: readonly unknown[]): [unknown, unknown][] | undefined {
  return a.length === b.length ? a.map((item, i) => [item, b[i]]) : undefined;
}

function show(value: unknown): string {
  if (typeof value === "bigint") return `${value}n`;
  if (Object.is(value, -0)) return "-0";
  if (typeof value === "string" || Array.isArray(value))
    return JSON.stringify(value, (_, item) => (typeof item === "symbol" ? String(item) : item));
  return Object.prototype.toString.call(value) === "[object Object]" ? "an object" : String(value);
}
