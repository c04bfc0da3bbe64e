import { Encoder } from "@msgpack/msgpack";
import { isLailaError, LailaError } from "../errors.js";
import { isWellFormed, utf16Bytes } from "../text.js";
import type { ClassCodec, ClassRegistry } from "./class-registry.js";
import * as native from "./native-values.js";
import { NdArray, typedArrayName } from "./nd-array.js";
import { encodeNpy } from "./npy.js";
import {
  maxStructuredDepth,
  maxStructuredNodes,
  structuredVersion,
  tags,
} from "./structured-tags.js";
import { type PathStep, step, unsupportedType } from "./value-path.js";
import {
  bufferBytes,
  dataViewBytes,
  hasExtras,
  isByteArray,
  joinBytes,
  viewBytes,
} from "./views.js";

/**
 * Any supported value as a structured payload: see structured-tags for its form. Reads own data
 * properties only, and calls nothing of the value's but the codecs of registered classes.
 *
 * UNSUPPORTED_TYPE with the path of what could not come back exactly; TOO_LARGE above 10⁷ values.
 * Not kept, and not refused: whether objects are frozen or properties writable, the stack of errors,
 * which views share a buffer.
 */
export function encodeStructured(value: unknown, classes?: ClassRegistry): Uint8Array {
  const tokens = new Lowering(classes).run(value);
  return new Encoder({ maxDepth: 2, initialBufferSize: 512 }).encodeSharedRef(tokens);
}

/** A container whose parts are being written. */
interface Frame {
  readonly kind: PathStep;
  /** What is written in front of each value: the names of properties, the indices of a sparse array. */
  readonly keys: readonly (string | number)[] | undefined;
  readonly values: readonly unknown[];
  next: number;
  /** The class instance that these values stand for. */
  readonly instance?: object;
}

class Lowering {
  readonly #tokens: unknown[] = [structuredVersion];
  readonly #classes: ClassRegistry | undefined;
  readonly #ids = new Map<object, number>();
  readonly #beingEncoded = new Set<object>();
  readonly #stack: Frame[] = [];
  #nodes = 0;

  constructor(classes: ClassRegistry | undefined) {
    this.#classes = classes;
  }

  run(root: unknown): unknown[] {
    this.#count(1);
    this.#value(root);
    for (let frame = this.#stack.at(-1); frame !== undefined; frame = this.#stack.at(-1)) {
      if (frame.next === frame.values.length) {
        this.#stack.pop();
        if (frame.instance !== undefined) this.#beingEncoded.delete(frame.instance);
        continue;
      }
      const at = frame.next++;
      const key = frame.keys?.[at];
      if (typeof key === "string") this.#text(key);
      else if (key !== undefined) this.#tokens.push(key);
      this.#value(frame.values[at]);
    }
    return this.#tokens;
  }

  #value(value: unknown): void {
    switch (typeof value) {
      case "string":
        this.#text(value);
        break;
      case "number":
        if (Object.is(value, -0)) this.#tokens.push(tags.negativeZero);
        else this.#tokens.push(tags.number, value);
        break;
      case "boolean":
        this.#tokens.push(value);
        break;
      case "undefined":
        this.#tokens.push(tags.undefined);
        break;
      case "bigint":
        this.#tokens.push(tags.bigint, value.toString(16));
        break;
      case "object":
        if (value === null) this.#tokens.push(null);
        else this.#object(value);
        break;
      default:
        throw this.#refuse(
          `is a ${typeof value}, which cannot be stored. Leave it out, or store what it stands for.`,
        );
    }
  }

  #object(value: object): void {
    const id = this.#ids.get(value);
    if (id !== undefined) {
      if (this.#beingEncoded.has(value)) {
        throw this.#refuse(
          "leads back into the class instance that it is part of. Leave that link out of the class's encode.",
        );
      }
      this.#tokens.push(tags.ref, id);
      return;
    }
    this.#ids.set(value, this.#ids.size);
    if (this.#stack.length >= maxStructuredDepth) {
      throw this.#refuse(
        `is nested deeper than ${maxStructuredDepth}. Store it flat, or in several entries.`,
      );
    }
    const prototype: object | null = Object.getPrototypeOf(value);
    const codec = prototype === null ? undefined : this.#classes?.forPrototype(prototype);
    if (prototype === null) this.#properties(value, [tags.nullObject]);
    else if (codec !== undefined) this.#instance(value, codec);
    else if (NdArray.is(value)) this.#ndArray(value);
    else if (isByteArray(value)) this.#typedArray(value, "Uint8Array");
    else this.#builtIn(value, native.builtInName(prototype));
  }

  #builtIn(value: object, name: string | undefined): void {
    try {
      if (name === undefined || !this.#byName(value, name)) {
        throw this.#refuse(
          `is an instance of ${native.className(value)}, which is not registered. Register the class with a codec in a ClassRegistry, or store plain data.`,
        );
      }
    } catch (error) {
      if (isLailaError(error)) throw error;
      // The prototype is right, but what belongs inside is not there.
      throw this.#refuse(
        `is no genuine ${name}, or is detached. Store its content instead.`,
        error,
      );
    }
  }

  /** Writes an instance of a built-in class; false when the class is none that can be stored. */
  #byName(value: object, name: string): boolean {
    switch (name) {
      case "Object":
        this.#properties(value, [tags.object]);
        return true;
      case "Array":
        this.#array(value);
        return true;
      case "Map":
        this.#collection(value, "map", tags.map, native.mapParts(value), 2);
        return true;
      case "Set":
        this.#collection(value, "set", tags.set, native.setItems(value), 1);
        return true;
      case "Date":
        this.#leaf(value, tags.date, native.dateTime(value));
        return true;
      case "RegExp":
        this.#regExp(value);
        return true;
      case "URL":
        this.#url(value);
        return true;
      case "ArrayBuffer":
        this.#arrayBuffer(value);
        return true;
      case "DataView":
        this.#leaf(value, tags.dataView, dataViewBytes(value));
        return true;
    }
    if (native.isBoxedName(name)) this.#boxed(value, name);
    else if (native.isErrorName(name)) this.#error(value, name);
    else if (typedArrayName(value) === name) this.#typedArray(value as ArrayBufferView, name);
    else return false;
    return true;
  }

  #text(text: string): void {
    // A UTF-8 decoder may take a leading U+FEFF for a byte-order mark and drop it.
    if (text.charCodeAt(0) !== 0xfeff && isWellFormed(text)) {
      this.#tokens.push(text);
      return;
    }
    this.#tokens.push(tags.utf16, utf16Bytes(text));
  }

  #open(frame: Frame): void {
    this.#count(frame.values.length);
    this.#stack.push(frame);
  }

  #leaf(value: object, ...tokens: readonly unknown[]): void {
    this.#noOwn(value, 0);
    this.#tokens.push(...tokens);
  }

  #collection(
    value: object,
    kind: PathStep,
    tag: number,
    values: readonly unknown[],
    each: number,
  ): void {
    this.#leaf(value, tag, values.length / each);
    this.#open({ kind, keys: undefined, values, next: 0 });
  }

  #properties(
    value: object,
    tokens: readonly unknown[],
    keys = Reflect.ownKeys(value),
    visible = (_: string) => true,
  ): void {
    if (Array.isArray(value))
      throw this.#refuse("is an array with another prototype. Store a plain array.");
    const names: string[] = [];
    const values: unknown[] = [];
    for (const key of keys) {
      if (typeof key === "symbol") {
        throw this.#refuse(
          `has a symbol as a key (${key.toString().slice(0, 60)}), which cannot be stored. Use a text.`,
        );
      }
      names.push(key);
      values.push(this.#read(value, key, visible(key)));
    }
    this.#tokens.push(...tokens, names.length);
    this.#open({ kind: "property", keys: names, values, next: 0 });
  }

  /** The value of an own data property. Accessors are refused without being called. */
  #read(of: object, key: string | number, enumerable: boolean): unknown {
    const property = Object.getOwnPropertyDescriptor(of, key);
    if (property !== undefined && "value" in property && property.enumerable === enumerable)
      return property.value;
    const at = step(key);
    if (property === undefined)
      throw this.#refuse(
        "vanished while it was read. Don't store what changes when it is looked at.",
        undefined,
        at,
      );
    if (!("value" in property)) {
      throw this.#refuse(
        "is an accessor (get or set), which cannot be stored. Store its value as a plain property.",
        undefined,
        at,
      );
    }
    throw this.#refuse(
      `is ${enumerable ? "not " : ""}enumerable, which would not come back. Define it like any other property.`,
      undefined,
      at,
    );
  }

  #array(value: object): void {
    if (!Array.isArray(value))
      throw this.#refuse("has the prototype of an array and is none. Store a plain array.");
    const keys = Reflect.ownKeys(value);
    const count = keys.length - 1;
    // Indices come first, in their order, then `length`, then whatever else there is.
    if (keys[count] !== "length") throw this.#extra(keys[count]);
    if (count < value.length) {
      const indices = keys.slice(0, count).map(Number);
      const values = indices.map((index) => this.#read(value, index, true));
      this.#tokens.push(tags.sparseArray, value.length, count);
      this.#open({ kind: "index", keys: indices, values, next: 0 });
      return;
    }
    const values: unknown[] = [];
    for (let i = 0; i < count; i++) values.push(this.#read(value, i, true));
    if (count > 0 && values.every((item): item is number => typeof item === "number")) {
      this.#count(count);
      this.#tokens.push(tags.numbers, viewBytes(Float64Array.from(values)));
      return;
    }
    this.#tokens.push(tags.array, count);
    this.#open({ kind: "index", keys: undefined, values, next: 0 });
  }

  #regExp(value: object): void {
    this.#noOwn(value, 1);
    const { source, flags } = native.regExpParts(value);
    const lastIndex = this.#read(value, "lastIndex", false);
    if (typeof lastIndex !== "number")
      throw this.#refuse("has a lastIndex that is no number. Set it to 0.");
    this.#tokens.push(tags.regexp);
    this.#text(source);
    this.#tokens.push(flags);
    this.#value(lastIndex);
  }

  #url(value: object): void {
    const text = native.urlText(value);
    if (text === undefined)
      throw this.#refuse("is a URL that its own text would not give back. Store the text.");
    this.#leaf(value, tags.url, text);
  }

  #arrayBuffer(value: object): void {
    const bytes = bufferBytes(value);
    if (bytes === undefined)
      throw this.#refuse(
        "is a resizable ArrayBuffer, which would come back with a fixed length. Store a copy: buffer.slice().",
      );
    this.#leaf(value, tags.arrayBuffer, bytes);
  }

  #boxed(value: object, name: string): void {
    const inner = native.unboxed(value, name);
    this.#noOwn(value, typeof inner === "string" ? inner.length + 1 : 0);
    this.#tokens.push(tags.boxed);
    this.#value(inner);
  }

  #error(value: object, name: string): void {
    if (!native.isGenuineError(value))
      throw this.#refuse("has the prototype of an error and is none. Store a plain object.");
    const keys = native.errorKeys(value);
    // Errors alone have properties of both kinds: `message` is hidden, an assigned `cause` is not.
    const visible = (key: string | symbol) =>
      Object.prototype.propertyIsEnumerable.call(value, key);
    const flags = keys.map((key) => (visible(key) ? "1" : "0")).join("");
    this.#properties(value, [tags.error, name, flags], keys, visible);
  }

  #typedArray(value: ArrayBufferView & { readonly length?: number }, name: string): void {
    if (hasExtras(value)) throw this.#extra(Reflect.ownKeys(value).at(-1));
    this.#tokens.push(tags.typedArray, name, viewBytes(value));
  }

  #ndArray(array: NdArray): void {
    this.#noOwn(array, 4);
    this.#tokens.push(tags.ndArray, joinBytes(encodeNpy(array)?.parts ?? []));
  }

  #instance(value: object, codec: ClassCodec): void {
    const id = `${codec.name}@${codec.version}`;
    this.#tokens.push(tags.class, id);
    this.#beingEncoded.add(value);
    this.#open({
      kind: "class",
      keys: undefined,
      values: [this.#data(value, codec, id)],
      next: 0,
      instance: value,
    });
  }

  #data(value: object, codec: ClassCodec, id: string): unknown {
    try {
      return codec.encode(value);
    } catch (error) {
      throw this.#refuse(
        `could not be encoded: the codec of the class ${id} failed. Mend the codec.`,
        error,
      );
    }
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

  #count(nodes: number): void {
    this.#nodes += nodes;
    if (this.#nodes <= maxStructuredNodes) return;
    throw new LailaError(
      "TOO_LARGE",
      `The value has more than ${maxStructuredNodes} parts. Store it as typed arrays, or in several entries.`,
      {
        details: { limit: maxStructuredNodes },
      },
    );
  }

  #refuse(why: string, cause?: unknown, last = ""): LailaError {
    return unsupportedType(
      this.#stack.map(({ kind, keys, values, next }) =>
        step(keys?.[next - 1] ?? next - 1, kind, values),
      ),
      last,
      why,
      cause,
    );
  }
}
