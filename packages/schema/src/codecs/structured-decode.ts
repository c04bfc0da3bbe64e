import { decodeMulti } from "@msgpack/msgpack";
import { isLailaError, LailaError } from "../errors.js";
import { quote } from "../text.js";
import type { ClassCodec, ClassRegistry } from "./class-registry.js";
import { decodeNpy, decodeTypedArray } from "./npy.js";
import {
  errorClasses,
  hiddenErrorKeys,
  maxStructuredDepth,
  maxStructuredNodes,
  structuredVersion,
  tags,
} from "./structured-tags.js";

/**
 * Gives back what `encodeStructured` wrote. Iterative, and bounded in depth, counts and values.
 * CORRUPT when damaged, UNSUPPORTED_VERSION when newer, UNSUPPORTED_TYPE for a class that is not registered.
 */
export function decodeStructured(bytes: Uint8Array, classes?: ClassRegistry): unknown {
  try {
    return new Raising(bytes, classes).run();
  } catch (error) {
    if (isLailaError(error)) throw error;
    // What is left are the refusals of the MessagePack reader and of the constructors of values.
    throw corrupt("it cannot be read", error);
  }
}

function corrupt(why: string, cause?: unknown): LailaError {
  return new LailaError(
    "CORRUPT",
    `The structured value is damaged: ${why}. Restore it from a copy or write it again.`,
    cause === undefined ? {} : { cause },
  );
}

/** A container whose parts are still coming. */
interface Frame {
  left: number;
  /** Where the next value goes: a property's name, an index, or a map's key. */
  key: unknown;
  readonly put: (frame: Frame, value: unknown) => void;
  readonly done: () => unknown;
}

const pending = Symbol("pending");

function define(target: object, key: string | number, value: unknown, enumerable = true): void {
  if (Object.hasOwn(target, key)) throw corrupt("a property occurs twice");
  Object.defineProperty(target, key, { value, writable: true, enumerable, configurable: true });
}

class Raising {
  readonly #tokens: Iterator<unknown>;
  readonly #total: number;
  readonly #classes: ClassRegistry | undefined;
  readonly #objects: unknown[] = [];
  readonly #stack: Frame[] = [];
  #consumed = 0;
  #nodes = 0;

  constructor(bytes: Uint8Array, classes: ClassRegistry | undefined) {
    const [total, start] = arrayHeader(bytes);
    this.#total = total;
    this.#classes = classes;
    // Only scalars may follow, so the reader has no depth and allocates nothing that is not there.
    this.#tokens = decodeMulti(bytes.subarray(start), {
      maxArrayLength: 0,
      maxMapLength: 0,
      maxExtLength: 0,
    });
  }

  run(): unknown {
    const version = this.#next();
    if (version !== structuredVersion) {
      if (typeof version !== "number" || !(version > structuredVersion))
        throw corrupt("it has no version");
      throw new LailaError(
        "UNSUPPORTED_VERSION",
        `The structured value has version ${version}; this version of @laila/schema reads ${structuredVersion}. Update it.`,
      );
    }
    for (;;) {
      let value = this.#read();
      while (value !== pending) {
        const frame = this.#stack.at(-1);
        if (frame === undefined) return this.#end(value);
        frame.left -= 1;
        frame.put(frame, value);
        if (frame.left > 0) break;
        this.#stack.pop();
        value = frame.done();
      }
    }
  }

  #end(value: unknown): unknown {
    if (this.#consumed !== this.#total || this.#tokens.next().done !== true)
      throw corrupt("it goes on behind its end");
    return value;
  }

  #next(): unknown {
    if (this.#consumed >= this.#total) throw corrupt("it breaks off");
    const { value, done } = this.#tokens.next();
    if (done === true) throw corrupt("it breaks off");
    this.#consumed += 1;
    return value;
  }

  /** The next value, or `pending` when it is a container and its parts come next. */
  #read(): unknown {
    this.#count(1);
    const token = this.#next();
    const primitive = this.#primitive(token);
    if (primitive !== pending) return primitive;
    switch (token) {
      case tags.ref:
        return this.#reference();
      case tags.object:
        return this.#properties(this.#known({}));
      case tags.nullObject:
        return this.#properties(this.#known(Object.create(null) as object));
      case tags.array:
        return this.#array();
      case tags.sparseArray:
        return this.#sparseArray();
      case tags.numbers:
        return this.#known(this.#numbers());
      case tags.map:
        return this.#map();
      case tags.set:
        return this.#set();
      case tags.date:
        return this.#known(new Date(this.#number()));
      case tags.regexp:
        return this.#regExp();
      case tags.url:
        return this.#known(new URL(this.#string()));
      case tags.error:
        return this.#error();
      case tags.boxed:
        return this.#boxed();
      case tags.arrayBuffer:
        return this.#known(this.#bytes().slice().buffer);
      case tags.dataView:
        return this.#known(new DataView(this.#bytes().slice().buffer));
      case tags.typedArray:
        return this.#known(decodeTypedArray(this.#string(), this.#bytes().slice()));
      case tags.ndArray:
        return this.#known(decodeNpy(this.#bytes().slice()));
      case tags.class:
        return this.#instance();
      default:
        throw corrupt("it has an unknown tag");
    }
  }

  /** The primitive value that this token begins, or `pending` when it begins something else. */
  #primitive(token: unknown): unknown {
    if (token === null || typeof token === "string" || typeof token === "boolean") return token;
    switch (token) {
      case tags.number:
        return this.#number();
      case tags.undefined:
        return undefined;
      case tags.negativeZero:
        return -0;
      case tags.bigint:
        return this.#bigint();
      case tags.utf16:
        return utf16(this.#bytes());
      default:
        return pending;
    }
  }

  #known<T>(object: T): T {
    this.#objects.push(object);
    return object;
  }

  #push(frame: Frame): typeof pending {
    if (this.#stack.length >= maxStructuredDepth)
      throw corrupt(`it is nested deeper than ${maxStructuredDepth}`);
    this.#stack.push(frame);
    return pending;
  }

  #properties(target: object, hidden?: ReadonlySet<string>): unknown {
    const left = this.#size(2);
    if (left === 0) return target;
    return this.#push({
      left,
      key: this.#text(),
      put: (frame, value) => {
        const key = frame.key as string;
        define(target, key, value, hidden === undefined || !hidden.has(key));
        if (frame.left > 0) frame.key = this.#text();
      },
      done: () => target,
    });
  }

  #array(): unknown {
    const array: unknown[] = this.#known([]);
    const left = this.#size(1);
    if (left === 0) return array;
    return this.#push({ left, key: 0, put: putNext(array), done: () => array });
  }

  #sparseArray(): unknown {
    const array: unknown[] = this.#known([]);
    const length = this.#natural();
    if (length > 0xffff_ffff) throw corrupt("an array is too long");
    const left = this.#size(2);
    array.length = length;
    if (left === 0) return array;
    const index = (): number => {
      const at = this.#natural();
      if (at >= length) throw corrupt("an index lies behind the array's end");
      return at;
    };
    return this.#push({
      left,
      key: index(),
      put: (frame, value) => {
        define(array, frame.key as number, value);
        if (frame.left > 0) frame.key = index();
      },
      done: () => array,
    });
  }

  #numbers(): number[] {
    const bytes = this.#bytes().slice();
    if (bytes.length % 8 !== 0) throw corrupt("a list of numbers is cut off");
    this.#count(bytes.length / 8);
    return Array.from(new Float64Array(bytes.buffer));
  }

  #map(): unknown {
    const map = this.#known(new Map<unknown, unknown>());
    const size = this.#size(2);
    if (size === 0) return map;
    let isKey = true;
    return this.#push({
      left: 2 * size,
      key: undefined,
      put: (frame, value) => {
        if (isKey) frame.key = value;
        else map.set(frame.key, value);
        isKey = !isKey;
      },
      done: () => whole(map, size),
    });
  }

  #set(): unknown {
    const set = this.#known(new Set<unknown>());
    const size = this.#size(1);
    if (size === 0) return set;
    return this.#push({
      left: size,
      key: undefined,
      put: (_, value) => set.add(value),
      done: () => whole(set, size),
    });
  }

  #regExp(): RegExp {
    const source = this.#text();
    const value = this.#known(new RegExp(source, this.#string()));
    const lastIndex = this.#primitive(this.#next());
    if (typeof lastIndex !== "number") throw corrupt("a regular expression has no lastIndex");
    value.lastIndex = lastIndex;
    return value;
  }

  #error(): unknown {
    const name = this.#string();
    if (!(errorClasses as readonly string[]).includes(name))
      throw corrupt("an error has an unknown class");
    const { [name as "Error"]: constructor } = globalThis as unknown as Record<
      "Error",
      ErrorConstructor & AggregateErrorConstructor
    >;
    const error = this.#known(name === "AggregateError" ? new constructor([]) : new constructor());
    // The trace of this very place says nothing about where the error came from.
    Object.defineProperty(error, "stack", {
      value: name,
      writable: true,
      enumerable: false,
      configurable: true,
    });
    for (const key of Object.getOwnPropertyNames(error))
      if (key !== "stack") Reflect.deleteProperty(error, key);
    return this.#properties(error, hiddenErrorKeys);
  }

  #boxed(): unknown {
    const inner = this.#primitive(this.#next());
    const type = typeof inner;
    if (type !== "number" && type !== "string" && type !== "boolean" && type !== "bigint")
      throw corrupt("a boxed value is no primitive");
    return this.#known(Object(inner));
  }

  #instance(): unknown {
    const name = this.#string();
    const codec = this.#classes?.forName(name);
    if (codec === undefined) {
      throw new LailaError(
        "UNSUPPORTED_TYPE",
        `The value holds an instance of the class ${quote(name)}, which is not registered here. Register its codec in the ClassRegistry, then read again.`,
        {
          details: { class: name.slice(0, 200) },
        },
      );
    }
    const id = this.#objects.push(undefined) - 1;
    let data: unknown;
    return this.#push({
      left: 1,
      key: undefined,
      put: (_, value) => {
        data = value;
      },
      done: () => {
        this.#objects[id] = instantiate(codec, data);
        return this.#objects[id];
      },
    });
  }

  #reference(): unknown {
    const object = this.#objects[this.#natural()];
    if (object === undefined) throw corrupt("a reference leads nowhere");
    return object;
  }

  #bigint(): bigint {
    const [, minus, digits] = /^(-?)([0-9a-f]+)$/.exec(this.#string()) ?? [];
    if (digits === undefined) throw corrupt("a bigint has other than hexadecimal digits");
    const magnitude = BigInt(`0x${digits}`);
    return minus === "-" ? -magnitude : magnitude;
  }

  #number(): number {
    const token = this.#next();
    if (typeof token !== "number") throw corrupt("a number is missing");
    return token;
  }

  #natural(): number {
    const number = this.#number();
    if (!Number.isSafeInteger(number) || number < 0)
      throw corrupt("a count is no whole number from 0");
    return number;
  }

  /** How many parts a container has, each of so many tokens: no more than are left. */
  #size(tokensEach: number): number {
    const count = this.#natural();
    if (count * tokensEach > this.#total - this.#consumed)
      throw corrupt("a count is larger than what is there");
    return count;
  }

  #string(): string {
    const token = this.#next();
    if (typeof token !== "string") throw corrupt("a text is missing");
    return token;
  }

  /** A text in either form. */
  #text(): string {
    const token = this.#next();
    if (token === tags.utf16) return utf16(this.#bytes());
    if (typeof token !== "string") throw corrupt("a text is missing");
    return token;
  }

  #bytes(): Uint8Array {
    const token = this.#next();
    if (!(token instanceof Uint8Array)) throw corrupt("bytes are missing");
    return token;
  }

  #count(nodes: number): void {
    this.#nodes += nodes;
    if (this.#nodes > maxStructuredNodes)
      throw corrupt(`it has more than ${maxStructuredNodes} parts`);
  }
}

function putNext(array: unknown[]): Frame["put"] {
  return (frame, value) => {
    const index = frame.key as number;
    define(array, index, value);
    frame.key = index + 1;
  };
}

function whole<T extends { readonly size: number }>(collection: T, size: number): T {
  if (collection.size !== size) throw corrupt("a Map or Set has something twice");
  return collection;
}

function instantiate(codec: ClassCodec, data: unknown): unknown {
  try {
    return codec.decode(data);
  } catch (error) {
    throw corrupt(`the codec of the class ${codec.name}@${codec.version} failed`, error);
  }
}

function utf16(bytes: Uint8Array): string {
  if (bytes.length % 2 !== 0) throw corrupt("a text is cut off");
  const units = new Uint16Array(bytes.slice().buffer);
  let text = "";
  for (let i = 0; i < units.length; i += 4096)
    text += String.fromCharCode(...units.subarray(i, i + 4096));
  return text;
}

/** The number of elements of the MessagePack array, and where they start. */
function arrayHeader(bytes: Uint8Array): [total: number, start: number] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const head = bytes[0] ?? 0;
  if (head >= 0x90 && head <= 0x9f) return [head & 0x0f, 1];
  if (head === 0xdc && bytes.length >= 3) return [view.getUint16(1), 3];
  if (head === 0xdd && bytes.length >= 5) return [view.getUint32(1), 5];
  throw corrupt("it does not begin as one");
}
