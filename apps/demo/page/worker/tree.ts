import { NdArray } from "@laila/schema";
import { asNdArray } from "./numbers.js";
import type { TreeItem } from "./protocol.js";

/** An instance of a class that the page has not: its name, and the data its codec made of it. */
export class Instance {
  readonly className: string;
  readonly data: unknown;

  constructor(className: string, data: unknown) {
    this.className = className;
    this.data = data;
  }
}

/** Some of many children, so that no list of a tree gets long. */
class Group {
  readonly children: readonly Child[];
  readonly first: number;

  constructor(children: readonly Child[], first: number) {
    this.children = children;
    this.first = first;
  }
}

/** A member of a Map: its key and its value. */
class Pair {
  readonly key: unknown;
  readonly value: unknown;

  constructor(key: unknown, value: unknown) {
    this.key = key;
    this.value = value;
  }
}

interface Child {
  readonly label: string;
  readonly value: unknown;
}

const groupSize = 100;

/** The values of an entry that were shown, by number; and what is said of them. */
export class Tree {
  readonly #values: unknown[];
  /** Children are made once: those of a Map can be had in order only. */
  readonly #children = new Map<number, readonly Child[]>();

  constructor(root: unknown) {
    this.#values = [root];
  }

  valueAt(node: number): unknown {
    return this.#values[node];
  }

  item(node: number): TreeItem {
    return this.#itemOf(node, "", this.#values[node]);
  }

  children(node: number, from: number, to: number): TreeItem[] {
    return this.#childrenOf(node)
      .slice(from, to)
      .map(({ label, value }) => this.#itemOf(this.#values.push(value) - 1, label, value));
  }

  #childrenOf(node: number): readonly Child[] {
    const known = this.#children.get(node);
    if (known) return known;
    const value = this.#values[node];
    const children = value instanceof Group ? value.children : grouped(childrenOf(value));
    this.#children.set(node, children);
    return children;
  }

  #itemOf(node: number, label: string, value: unknown): TreeItem {
    return {
      node,
      label,
      type: typeOf(value),
      text: previewOf(value),
      children: Math.min(childCount(value), groupSize),
      isViewable: isViewable(value),
    };
  }
}

function isViewable(value: unknown): boolean {
  if (typeof value === "string") return value.length > 200;
  if (value instanceof ArrayBuffer || value instanceof DataView) return value.byteLength > 0;
  const array = asNdArray(value);
  return array !== undefined && array.size > 0;
}

function grouped(children: readonly Child[], first = 0): readonly Child[] {
  if (children.length <= groupSize) return children;
  let size = groupSize;
  while (children.length / size > groupSize) size *= groupSize;
  const groups: Child[] = [];
  for (let at = 0; at < children.length; at += size) {
    const part = children.slice(at, at + size);
    const label = `${first + at} … ${first + at + part.length - 1}`;
    groups.push({ label, value: new Group(grouped(part, first + at), first + at) });
  }
  return groups;
}

function childCount(value: unknown): number {
  if (value instanceof Group) return value.children.length;
  if (value instanceof Map || value instanceof Set) return value.size;
  if (typeof value !== "object" || value === null) return 0;
  if (value instanceof Pair) return 2;
  if (value instanceof Instance) return 1;
  if (isLeaf(value)) return 0;
  return Array.isArray(value) && value.length > 0
    ? value.length
    : Object.keys(value).length + errorNames(value).length;
}

function isLeaf(value: object): boolean {
  return (
    ArrayBuffer.isView(value) ||
    value instanceof ArrayBuffer ||
    value instanceof Date ||
    value instanceof RegExp ||
    value instanceof URL ||
    NdArray.is(value) ||
    isBoxed(value)
  );
}

function isBoxed(value: object): boolean {
  return (
    value instanceof Number ||
    value instanceof String ||
    value instanceof Boolean ||
    value instanceof BigInt
  );
}

/** Not enumerable, and still what an error is about. */
function errorNames(value: object): string[] {
  if (!(value instanceof Error)) return [];
  return Object.getOwnPropertyNames(value).filter(
    (name) => name !== "stack" && !Object.prototype.propertyIsEnumerable.call(value, name),
  );
}

function childrenOf(value: unknown): readonly Child[] {
  if (typeof value !== "object" || value === null) return [];
  if (value instanceof Map)
    return Array.from(value, ([key, inner]) =>
      typeof key === "object" && key !== null
        ? { label: previewOf(key), value: new Pair(key, inner) }
        : { label: previewOf(key), value: inner },
    );
  if (value instanceof Set)
    return Array.from(value, (inner, i) => ({ label: `${i}`, value: inner }));
  if (value instanceof Pair)
    return [
      { label: "key", value: value.key },
      { label: "value", value: value.value },
    ];
  if (value instanceof Instance) return [{ label: "data", value: value.data }];
  if (isLeaf(value)) return [];
  const members = value as Readonly<Record<string, unknown>>;
  // Of an array with holes, only what is there.
  return [...errorNames(value), ...Object.keys(value)].map((name) => ({
    label: name,
    value: members[name],
  }));
}

/** What a value is, in a word or two. */
export function typeOf(value: unknown): string {
  if (value === null) return "null";
  if (typeof value !== "object") return typeof value;
  if (value instanceof Group || value instanceof Pair) return "";
  if (value instanceof Instance) return value.className;
  const array = asNdArray(value);
  if (array) {
    if (array.shape.length === 0) return `${array.dtype}, a single element`;
    const shape = array.shape.join(" × ");
    return NdArray.is(value) ? `${array.dtype} ${shape}` : `${className(value)} of ${shape}`;
  }
  if (value instanceof ArrayBuffer || value instanceof DataView)
    return `${className(value)} of ${value.byteLength}`;
  if (Array.isArray(value)) return `Array of ${value.length}`;
  if (value instanceof Map || value instanceof Set) return `${className(value)} of ${value.size}`;
  if (Object.getPrototypeOf(value) === null) return "object without prototype";
  return className(value) === "Object" ? "object" : className(value);
}

function className(value: object): string {
  if (value instanceof Error) return value.name;
  const { name } = value.constructor as { readonly name?: string };
  return name === undefined || name === "" ? "Object" : name;
}

/** A value in one short line. */
function previewOf(value: unknown, depth = 0): string {
  switch (typeof value) {
    case "string":
      return JSON.stringify(value.length > 160 ? `${value.slice(0, 160)}…` : value);
    case "bigint":
      return shortened(`${value}n`);
    case "number":
      return Object.is(value, -0) ? "-0" : String(value);
    case "object":
      return value === null ? "null" : objectPreview(value, depth);
    default:
      return String(value);
  }
}

function shortened(text: string): string {
  return text.length > 160 ? `${text.slice(0, 160)}… (${text.length} characters)` : text;
}

function objectPreview(value: object, depth: number): string {
  if (value instanceof Group) return "";
  if (value instanceof Pair) return previewOf(value.value, depth);
  if (value instanceof Instance) return depth > 0 ? value.className : previewOf(value.data);
  if (value instanceof Date)
    return Number.isNaN(value.getTime()) ? "Invalid Date" : value.toISOString();
  if (value instanceof RegExp || value instanceof URL) return String(value);
  if (value instanceof Error) return `${value.name}: ${value.message}`;
  if (isBoxed(value)) return `${className(value)}(${previewOf(value.valueOf())})`;
  const array = asNdArray(value);
  if (array) {
    const shown = Array.from(array.data.slice(0, 6) as ArrayLike<unknown>, (item) => String(item));
    return depth > 0 ? typeOf(value) : `${shown.join(", ")}${array.data.length > 6 ? ", …" : ""}`;
  }
  if (depth > 0 || value instanceof ArrayBuffer || value instanceof DataView) return typeOf(value);
  if (Array.isArray(value)) return `[${listed(value.slice(0, 8), value.length)}]`;
  if (value instanceof Set) return `{${listed([...firstOf(value)], value.size)}}`;
  if (value instanceof Map) {
    const pairs = [...firstOf(value)].map(
      ([key, inner]) => `${previewOf(key, 1)} → ${previewOf(inner, 1)}`,
    );
    return `{${pairs.join(", ")}${value.size > pairs.length ? ", …" : ""}}`;
  }
  const names = Object.keys(value);
  const members = names
    .slice(0, 8)
    .map((name) => `${name}: ${previewOf((value as Record<string, unknown>)[name], 1)}`);
  return `{${members.join(", ")}${names.length > 8 ? ", …" : ""}}`;
}

function* firstOf<T>(values: Iterable<T>): Generator<T> {
  let left = 8;
  for (const value of values) {
    if (left-- === 0) return;
    yield value;
  }
}

function listed(items: readonly unknown[], length: number): string {
  const shown = Array.from(items, (item, i) => (i in items ? previewOf(item, 1) : "empty"));
  return `${shown.join(", ")}${length > items.length ? ", …" : ""}`;
}
