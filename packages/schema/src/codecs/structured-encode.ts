import { Encoder } from "@msgpack/msgpack";
import { isLailaError, LailaError } from "../errors.js";
import { isWellFormed } from "../text.js";
import type { ClassCodec, ClassRegistry } from "./class-registry.js";
import { NdArray, typedArrayName } from "./nd-array.js";
import { encodeNpy } from "./npy.js";
import { nativeName } from "./realm.js";
import {
  errorClasses,
  hiddenErrorKeys,
  isPlainText,
  maxStructuredDepth,
  maxStructuredNodes,
  structuredVersion,
  tags,
} from "./structured-tags.js";
import { step, unsupportedType } from "./value-path.js";
import { isByteArray, viewBytes } from "./views.js";

/**
 * Any supported value as a structured payload (see structured-tags). The walk reads own data
 * properties only and calls nothing of the value's but registered class codecs.
 * UNSUPPORTED_TYPE with the path of what cannot come back exactly; TOO_LARGE above 10⁷ values.
 */
export function encodeStructured(value: unknown, classes?: ClassRegistry): Uint8Array {
  const lowering = new Lowering(classes);
  lowering.value(value);
  return new Encoder({ maxDepth: 2, initialBufferSize: 512 }).encodeSharedRef(lowering.tokens);
}

type Getter = (this: unknown) => unknown;

function getter(prototype: object, name: PropertyKey): Getter {
  const get = Object.getOwnPropertyDescriptor(prototype, name)?.get;
  if (get === undefined) throw new TypeError(`This runtime lacks the getter of ${String(name)}.`);
  return get;
}

const mapSize = getter(Map.prototype, "size");
const setSize = getter(Set.prototype, "size");
const regExpSource = getter(RegExp.prototype, "source");
const regExpFlags = getter(RegExp.prototype, "flags");
const bufferLength = getter(ArrayBuffer.prototype, "byteLength");
const viewLength = getter(DataView.prototype, "byteLength");
const urlHref = getter(URL.prototype, "href");
const boxedValue: Readonly<Record<string, (this: unknown) => unknown>> = {
  Number: Number.prototype.valueOf,
  String: String.prototype.valueOf,
  Boolean: Boolean.prototype.valueOf,
  BigInt: BigInt.prototype.valueOf,
};

class Lowering {
  readonly tokens: unknown[] = [structuredVersion];
  readonly #classes: ClassRegistry | undefined;
  readonly #ids = new Map<object, number>();
  readonly #beingEncoded = new Set<object>();
  readonly #path: string[] = [];
  #nodes = 0;

  constructor(classes: ClassRegistry | undefined) {
    this.#classes = classes;
  }

  value(value: unknown): void {
    this.#count(1);
    switch (typeof value) {
      case "string":
        return this.#text(value);
      case "number":
        if (Object.is(value, -0)) this.tokens.push(tags.negativeZero);
        else this.tokens.push(tags.number, value);
        return;
      case "boolean":
        this.tokens.push(value);
        return;
      case "undefined":
        this.tokens.push(tags.undefined);
        return;
      case "bigint":
        this.tokens.push(tags.bigint, value.toString(16));
        return;
      case "object":
        if (value === null) this.tokens.push(null);
        else this.#object(value);
        return;
      default:
        throw this.#refuse(
          `is a ${typeof value}, which cannot be stored. Leave it out, or store what it stands for.`,
        );
    }
  }

  #object(value: object): void {
    const id = this.#ids.get(value);
    if (id !== undefined) {
      if (this.#beingEncoded.has(value))
        throw this.#refuse(
          "leads back into the class instance that it is part of. Leave that link out of the class's encode.",
        );
      this.tokens.push(tags.ref, id);
      return;
    }
    this.#ids.set(value, this.#ids.size);
    if (this.#path.length >= maxStructuredDepth) {
      throw this.#refuse(
        `is nested deeper than ${maxStructuredDepth}. Store it flat, or in several entries.`,
      );
    }
    const prototype: object | null = Object.getPrototypeOf(value);
    if (prototype === null) return this.#properties(value, tags.nullObject);
    const codec = this.#classes?.forPrototype(prototype);
    if (codec !== undefined) return this.#instance(value, codec);
    if (NdArray.is(value)) return this.#ndArray(value);
    if (isByteArray(value)) {
      this.tokens.push(tags.typedArray, "Uint8Array", viewBytes(value));
      return;
    }
    const name = nativeName(prototype) ?? (prototype === URL.prototype ? "URL" : undefined);
    try {
      if (name === undefined || !this.#native(name, value))
        throw this.#refuse(this.#unknown(value));
    } catch (error) {
      if (isLailaError(error)) throw error;
      // A brand check failed: the prototype is right, what it needs inside is not there.
      throw this.#refuse(
        `is no genuine ${name}, or is detached. Store its content instead.`,
        error,
      );
    }
  }

  /** False when this built-in class is none of ours. */
  #native(name: string, value: object): boolean {
    switch (name) {
      case "Object":
        this.#properties(value, tags.object);
        return true;
      case "Array":
        this.#array(value);
        return true;
      case "Map":
        this.#map(value as Map<unknown, unknown>);
        return true;
      case "Set":
        this.#set(value as Set<unknown>);
        return true;
      case "Date":
        this.#noOwn(value, 0);
        this.tokens.push(tags.date, Date.prototype.getTime.call(value));
        return true;
      case "RegExp":
        this.#regExp(value as RegExp);
        return true;
      case "URL":
        this.#url(value);
        return true;
      case "ArrayBuffer":
        this.#arrayBuffer(value as ArrayBuffer);
        return true;
      case "DataView":
        this.#noOwn(value, 0);
        viewLength.call(value);
        this.tokens.push(tags.dataView, viewBytes(value as DataView));
        return true;
    }
    if (Object.hasOwn(boxedValue, name)) this.#boxed(value, name);
    else if ((errorClasses as readonly string[]).includes(name)) this.#error(value, name);
    else if (typedArrayName(value) === name)
      this.tokens.push(tags.typedArray, name, viewBytes(value as Uint8Array));
    else return false;
    return true;
  }

  #text(text: string): void {
    if (isPlainText(text, isWellFormed)) {
      this.tokens.push(text);
      return;
    }
    const bytes = new Uint8Array(2 * text.length);
    const view = new DataView(bytes.buffer);
    for (let i = 0; i < text.length; i++) view.setUint16(2 * i, text.charCodeAt(i), true);
    this.tokens.push(tags.utf16, bytes);
  }

  #properties(value: object, tag: number): void {
    if (Array.isArray(value)) throw this.#refuse("is an array with another prototype.");
    const keys = Reflect.ownKeys(value);
    this.tokens.push(tag, keys.length);
    for (const key of keys) this.#property(value, key, true);
  }

  #property(of: object, key: string | symbol, enumerable: boolean): void {
    if (typeof key === "symbol")
      throw this.#refuse(
        `has a key that is a symbol (${key.toString().slice(0, 60)}), which cannot be stored. Use a text.`,
      );
    this.#text(key);
    this.#enter(step(key), this.#read(of, key, enumerable));
  }

  /** The value of an own data property; refuses accessors without calling them. */
  #read(of: object, key: string | number, enumerable: boolean): unknown {
    const property = Object.getOwnPropertyDescriptor(of, key);
    if (property !== undefined && "value" in property && property.enumerable === enumerable)
      return property.value;
    this.#path.push(step(key));
    if (property === undefined) throw this.#refuse("vanished while it was read.");
    if (!("value" in property))
      throw this.#refuse(
        "is an accessor (get or set), which cannot be stored. Store its value as a plain property.",
      );
    throw this.#refuse(
      `is ${property.enumerable ? "" : "not "}enumerable, which would not come back. Define it like any other property.`,
    );
  }

  #enter(at: string, value: unknown): void {
    this.#path.push(at);
    this.value(value);
    this.#path.pop();
  }

  #array(value: object): void {
    if (!Array.isArray(value)) throw this.#refuse("has the prototype of an array and is none.");
    const keys = Reflect.ownKeys(value);
    const count = keys.length - 1;
    // Indices come first, then `length`, then whatever else there is.
    if (keys[count] !== "length") throw this.#extra(keys.at(-1));
    if (count < value.length) {
      this.tokens.push(tags.sparseArray, value.length, count);
      for (let i = 0; i < count; i++) {
        const index = Number(keys[i]);
        this.tokens.push(index);
        this.#enter(step(index), this.#read(value, index, true));
      }
      return;
    }
    const items = new Array<unknown>(count);
    let numbers = count > 0;
    for (let i = 0; i < count; i++) {
      items[i] = this.#read(value, i, true);
      numbers &&= typeof items[i] === "number";
    }
    if (numbers) {
      this.#count(count);
      this.tokens.push(tags.numbers, viewBytes(Float64Array.from(items as number[])));
      return;
    }
    this.tokens.push(tags.array, count);
    for (let i = 0; i < count; i++) this.#enter(step(i), items[i]);
  }

  #map(map: Map<unknown, unknown>): void {
    this.#noOwn(map, 0);
    this.tokens.push(tags.map, mapSize.call(map));
    const entries: [unknown, unknown][] = [];
    Map.prototype.forEach.call(map, (value, key) => entries.push([key, value]));
    for (const [i, [key, value]] of entries.entries()) {
      this.#enter(`{key ${i}}`, key);
      this.#enter(
        typeof key === "string" ? `.get(${JSON.stringify(key.slice(0, 40))})` : `{value ${i}}`,
        value,
      );
    }
  }

  #set(set: Set<unknown>): void {
    this.#noOwn(set, 0);
    this.tokens.push(tags.set, setSize.call(set));
    const items: unknown[] = [];
    Set.prototype.forEach.call(set, (item) => items.push(item));
    for (const [i, item] of items.entries()) this.#enter(`{item ${i}}`, item);
  }

  #regExp(value: RegExp): void {
    this.#noOwn(value, 1);
    const source = regExpSource.call(value) as string;
    const lastIndex = this.#read(value, "lastIndex", false);
    if (typeof lastIndex !== "number") throw this.#refuse("has a lastIndex that is no number.");
    this.tokens.push(tags.regexp);
    this.#text(source);
    this.tokens.push(regExpFlags.call(value));
    this.value(lastIndex);
  }

  #url(value: object): void {
    this.#noOwn(value, 0);
    const href = urlHref.call(value) as string;
    if (new URL(href).href !== href)
      throw this.#refuse("is a URL that does not come back from its own text. Store the text.");
    this.tokens.push(tags.url, href);
  }

  #arrayBuffer(buffer: ArrayBuffer): void {
    this.#noOwn(buffer, 0);
    bufferLength.call(buffer);
    if ((buffer as { resizable?: boolean }).resizable)
      throw this.#refuse(
        "is a resizable ArrayBuffer, which would come back with a fixed length. Store a copy: buffer.slice().",
      );
    this.tokens.push(tags.arrayBuffer, new Uint8Array(buffer));
  }

  #boxed(value: object, name: string): void {
    const inner = boxedValue[name]?.call(value);
    this.#noOwn(value, typeof inner === "string" ? inner.length + 1 : 0);
    this.tokens.push(tags.boxed);
    this.value(inner);
  }

  #error(value: object, name: string): void {
    if (Object.prototype.toString.call(value) !== "[object Error]")
      throw this.#refuse("has the prototype of an error and is none.");
    const keys = Reflect.ownKeys(value).filter((key) => key !== "stack");
    this.tokens.push(tags.error, name, keys.length);
    for (const key of keys)
      this.#property(value, key, !(typeof key === "string" && hiddenErrorKeys.has(key)));
  }

  #ndArray(array: NdArray): void {
    const keys = Reflect.ownKeys(array);
    if (keys.length !== 4) throw this.#extra(keys.at(-1));
    const parts = encodeNpy(array)?.parts ?? [];
    const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
    let at = 0;
    for (const part of parts) {
      bytes.set(part, at);
      at += part.length;
    }
    this.tokens.push(tags.ndArray, bytes);
  }

  #instance(value: object, codec: ClassCodec): void {
    const id = `${codec.name}@${codec.version}`;
    let data: unknown;
    try {
      data = codec.encode(value);
    } catch (error) {
      throw this.#refuse(`could not be encoded: the codec of the class ${id} failed.`, error);
    }
    this.tokens.push(tags.class, id);
    this.#beingEncoded.add(value);
    this.#enter(`<${id}>`, data);
    this.#beingEncoded.delete(value);
  }

  #noOwn(value: object, allowed: number): void {
    const keys = Reflect.ownKeys(value);
    if (keys.length > allowed) throw this.#extra(keys.at(-1));
  }

  #extra(key: string | symbol | undefined): LailaError {
    return this.#refuse(
      `has an extra property (${String(key).slice(0, 60)}) that would not come back. Remove it, or store it beside the value.`,
    );
  }

  #unknown(value: object): string {
    let name = "a class";
    const constructor: unknown = Object.getOwnPropertyDescriptor(
      Object.getPrototypeOf(value),
      "constructor",
    )?.value;
    if (typeof constructor === "function") {
      const own: unknown = Object.getOwnPropertyDescriptor(constructor, "name")?.value;
      if (typeof own === "string" && own !== "") name = own.slice(0, 60);
    }
    return `is an instance of ${name}, which is not registered. Register the class with a codec in a ClassRegistry, or store plain data.`;
  }

  #count(nodes: number): void {
    this.#nodes += nodes;
    if (this.#nodes > maxStructuredNodes) {
      throw new LailaError(
        "TOO_LARGE",
        `The value has more than ${maxStructuredNodes} parts. Store it as typed arrays, or in several entries.`,
        {
          details: { limit: maxStructuredNodes },
        },
      );
    }
  }

  #refuse(why: string, cause?: unknown): LailaError {
    return unsupportedType(
      `data${this.#path.slice(0, 40).join("")}${this.#path.length > 40 ? "…" : ""}`,
      why,
      cause,
    );
  }
}
