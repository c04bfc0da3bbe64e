import { type Getter, getter } from "./intrinsics.js";
import { nativeName } from "./realm.js";
import { errorClasses, errorTraces } from "./structured-tags.js";

const regExpSource = getter(RegExp.prototype, "source");
const regExpFlags = getter(RegExp.prototype, "flags");
const urlHref = getter(URL.prototype, "href");
const unbox: Readonly<Record<string, Getter>> = {
  Number: Number.prototype.valueOf,
  String: String.prototype.valueOf,
  Boolean: Boolean.prototype.valueOf,
  BigInt: BigInt.prototype.valueOf,
};

export function isBoxedName(name: string): boolean {
  return Object.hasOwn(unbox, name);
}

export function isErrorName(name: string): boolean {
  return (errorClasses as readonly string[]).includes(name);
}

/** The name of the built-in class whose prototype this is; URL is one that Node writes in JavaScript. */
export function builtInName(prototype: object): string | undefined {
  return nativeName(prototype) ?? (prototype === URL.prototype ? "URL" : undefined);
}

export function unboxed(value: object, name: string): unknown {
  return unbox[name]?.call(value);
}

export function dateTime(value: object): number {
  return Date.prototype.getTime.call(value);
}

/** Keys and values in turn, in the Map's order. */
export function mapParts(value: object): unknown[] {
  const parts: unknown[] = [];
  Map.prototype.forEach.call(value as Map<unknown, unknown>, (item, key) => parts.push(key, item));
  return parts;
}

export function setItems(value: object): unknown[] {
  const items: unknown[] = [];
  Set.prototype.forEach.call(value as Set<unknown>, (item) => items.push(item));
  return items;
}

export function regExpParts(value: object): { readonly source: string; readonly flags: string } {
  return { source: regExpSource.call(value) as string, flags: regExpFlags.call(value) as string };
}

/** The URL's text; undefined when the text would not give the same URL. */
export function urlText(value: object): string | undefined {
  const href = urlHref.call(value) as string;
  return new URL(href).href === href ? href : undefined;
}

/** True for what the engine itself made as an error, not for what only has its prototype. */
export function isGenuineError(value: object): boolean {
  // A tag of its own would hide what it is, and could be an accessor.
  return (
    !Object.hasOwn(value, Symbol.toStringTag) &&
    Object.prototype.toString.call(value) === "[object Error]"
  );
}

/** The own keys of an error that are stored: not the traces that engines put there. */
export function errorKeys(value: object): (string | symbol)[] {
  return Reflect.ownKeys(value).filter((key) => typeof key === "symbol" || !errorTraces.has(key));
}

/** What to call the class of an object in a message. */
export function className(value: object): string {
  const maker: unknown = Object.getOwnPropertyDescriptor(
    Object.getPrototypeOf(value),
    "constructor",
  )?.value;
  const name: unknown =
    typeof maker === "function" ? Object.getOwnPropertyDescriptor(maker, "name")?.value : undefined;
  return typeof name === "string" && name !== "" ? name.slice(0, 60) : "a class without a name";
}
