import { isLailaError, LailaError } from "../errors.js";
import { quote } from "../text.js";
import type { ClassCodec, ClassRegistry } from "./class-registry.js";
import { isErrorName } from "./native-values.js";
import { decodeNpy, decodeTypedArray } from "./npy.js";
import { errorTraces, maxStructuredDepth, tags } from "./structured-tags.js";
import { corruptStructured, pending, TokenReader } from "./token-reader.js";

/**
 * Gives back what `encodeStructured` wrote. Iterative, and bounded in depth, counts and values;
 * properties are defined, never assigned. Nothing of the result shares memory with the bytes.
 *
 * CORRUPT when damaged; UNSUPPORTED_VERSION when newer; UNSUPPORTED_TYPE for a class that is not registered.
 */
export function decodeStructured(bytes: Uint8Array, classes?: ClassRegistry): unknown {
  try {
    return new Raising(bytes, classes).run();
  } catch (error) {
    if (isLailaError(error)) throw error;
    // What is left are the refusals of the MessagePack reader and of the constructors of values.
    throw corruptStructured("it cannot be read", error);
  }
}

/** A container whose parts are still coming. */
interface Frame {
  left: number;
  readonly put: (value: unknown, left: number) => void;
  readonly done: () => unknown;
}

function define(target: object, key: string | number, value: unknown, enumerable = true): void {
  if (Object.hasOwn(target, key)) throw corruptStructured("a property occurs twice");
  Object.defineProperty(target, key, { value, writable: true, enumerable, configurable: true });
}

class Raising {
  readonly #tokens: TokenReader;
  readonly #classes: ClassRegistry | undefined;
  /** Whatever has an identity, by its number; undefined while a class instance waits for its data. */
  readonly #objects: unknown[] = [];
  readonly #stack: Frame[] = [];

  constructor(bytes: Uint8Array, classes: ClassRegistry | undefined) {
    this.#tokens = new TokenReader(bytes);
    this.#classes = classes;
  }

  run(): unknown {
    for (;;) {
      let value = this.#read();
      while (value !== pending) {
        const frame = this.#stack.at(-1);
        if (frame === undefined) {
          this.#tokens.end();
          return value;
        }
        frame.left -= 1;
        frame.put(value, frame.left);
        if (frame.left > 0) break;
        this.#stack.pop();
        value = frame.done();
      }
    }
  }

  /** The next value, or `pending` when it is a container and its parts come next. */
  #read(): unknown {
    const tokens = this.#tokens;
    const token = tokens.next();
    const primitive = tokens.primitive(token);
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
        return this.#known(new Date(tokens.number()));
      case tags.regexp:
        return this.#known(this.#regExp());
      case tags.url:
        return this.#known(new URL(tokens.string()));
      case tags.error:
        return this.#error();
      case tags.boxed:
        return this.#known(this.#boxed());
      case tags.arrayBuffer:
        return this.#known(tokens.bytes().buffer);
      case tags.dataView:
        return this.#known(new DataView(tokens.bytes().buffer));
      case tags.typedArray:
        return this.#known(decodeTypedArray(tokens.string(), tokens.bytes()));
      case tags.ndArray:
        return this.#known(decodeNpy(tokens.bytes()));
      case tags.class:
        return this.#instance();
      default:
        throw corruptStructured("it has an unknown tag");
    }
  }

  #known<T>(object: T): T {
    this.#objects.push(object);
    return object;
  }

  #reference(): unknown {
    const object = this.#objects[this.#tokens.natural()];
    if (object === undefined) throw corruptStructured("a reference leads nowhere");
    return object;
  }

  #container(frame: Frame): unknown {
    if (frame.left === 0) return frame.done();
    if (this.#stack.length >= maxStructuredDepth)
      throw corruptStructured(`it is nested deeper than ${maxStructuredDepth}`);
    this.#stack.push(frame);
    return pending;
  }

  /** `flags`, if given, tells which of the properties are enumerable; else all are. */
  #properties(target: object, flags?: string, done = () => target): unknown {
    const left = this.#tokens.size(2);
    if (flags !== undefined && flags.length !== left)
      throw corruptStructured("an error has other flags than properties");
    let key = left > 0 ? this.#tokens.text() : "";
    const put = (value: unknown, after: number): void => {
      define(target, key, value, flags?.charAt(left - after - 1) !== "0");
      if (after > 0) key = this.#tokens.text();
    };
    return this.#container({ left, put, done });
  }

  #array(): unknown {
    const array: unknown[] = this.#known([]);
    const put = (value: unknown): void => define(array, array.length, value);
    return this.#container({ left: this.#tokens.size(1), put, done: () => array });
  }

  #sparseArray(): unknown {
    const length = this.#tokens.natural();
    if (length > 0xffff_ffff) throw corruptStructured("an array is too long");
    const array = this.#known(holes(length));
    const index = (): number => {
      const at = this.#tokens.natural();
      if (at >= length) throw corruptStructured("an index lies behind the array's end");
      return at;
    };
    const left = this.#tokens.size(2);
    let at = left > 0 ? index() : 0;
    const put = (value: unknown, after: number): void => {
      define(array, at, value);
      if (after > 0) at = index();
    };
    return this.#container({ left, put, done: () => array });
  }

  #numbers(): number[] {
    const bytes = this.#tokens.bytes();
    this.#tokens.count(bytes.length / 8);
    return Array.from(new Float64Array(bytes.buffer));
  }

  #map(): unknown {
    const map = this.#known(new Map<unknown, unknown>());
    const size = this.#tokens.size(2);
    let key: unknown;
    const put = (value: unknown, after: number): void => {
      if (after % 2 === 1) key = value;
      else map.set(key, value);
    };
    return this.#container({ left: 2 * size, put, done: () => whole(map, size) });
  }

  #set(): unknown {
    const set = this.#known(new Set<unknown>());
    const size = this.#tokens.size(1);
    const put = (value: unknown): void => {
      set.add(value);
    };
    return this.#container({ left: size, put, done: () => whole(set, size) });
  }

  #regExp(): RegExp {
    const source = this.#tokens.text();
    const value = new RegExp(source, this.#tokens.string());
    const lastIndex = this.#tokens.primitive(this.#tokens.next());
    if (typeof lastIndex !== "number")
      throw corruptStructured("a regular expression has no lastIndex");
    value.lastIndex = lastIndex;
    return value;
  }

  #error(): unknown {
    const name = this.#tokens.string();
    if (!isErrorName(name)) throw corruptStructured("an error has an unknown class");
    const flags = this.#tokens.string();
    const error = this.#known(newError(name));
    const done = (): object => {
      // The trace of this very place would say nothing about where the error came from.
      const message: unknown = Object.getOwnPropertyDescriptor(error, "message")?.value;
      const stack = typeof message === "string" ? `${name}: ${message}` : name;
      Object.defineProperty(error, "stack", {
        value: stack,
        writable: true,
        enumerable: false,
        configurable: true,
      });
      return error;
    };
    return this.#properties(error, flags, done);
  }

  #boxed(): unknown {
    const inner = this.#tokens.primitive(this.#tokens.next());
    const type = typeof inner;
    if (type !== "number" && type !== "string" && type !== "boolean" && type !== "bigint") {
      throw corruptStructured("a boxed value is no primitive");
    }
    return Object(inner);
  }

  #instance(): unknown {
    const name = this.#tokens.string();
    const codec = this.#classes?.forName(name);
    if (codec === undefined) {
      throw new LailaError(
        "UNSUPPORTED_TYPE",
        `The value holds an instance of the class ${quote(name)}, which is not registered here. Register its codec in the ClassRegistry, then read again.`,
        { details: { class: name.slice(0, 200) } },
      );
    }
    const id = this.#objects.push(undefined) - 1;
    let data: unknown;
    const put = (value: unknown): void => {
      data = value;
    };
    const done = (): unknown => {
      const instance = instantiate(codec, data);
      this.#objects[id] = instance;
      return instance;
    };
    return this.#container({ left: 1, put, done });
  }
}

/**
 * An array of so many holes. To set the length of an array would make V8 provide memory for all of its
 * elements, which are not there; an element with unusual attributes turns it into a table first.
 */
function holes(length: number): unknown[] {
  const array: unknown[] = [];
  Object.defineProperty(array, 0, { value: undefined, writable: false, configurable: true });
  Reflect.deleteProperty(array, 0);
  array.length = length;
  return array;
}

/** An error of the built-in class with no own property but its traces. */
function newError(name: string): object {
  const classes = globalThis as unknown as Record<string, new (...args: unknown[]) => object>;
  const error = Reflect.construct(
    classes[name] as new () => object,
    name === "AggregateError" ? [[]] : [],
  ) as object;
  for (const key of Object.getOwnPropertyNames(error)) {
    if (!errorTraces.has(key)) Reflect.deleteProperty(error, key);
  }
  return error;
}

function whole<T extends { readonly size: number }>(collection: T, size: number): T {
  if (collection.size !== size) throw corruptStructured("a Map or Set has something twice");
  return collection;
}

function instantiate(codec: ClassCodec, data: unknown): unknown {
  try {
    return codec.decode(data);
  } catch (error) {
    throw corruptStructured(`the codec of the class ${codec.name}@${codec.version} failed`, error);
  }
}
