import { LailaError } from "../errors.js";
import { nativeName } from "./realm.js";

/** How instances of one class become plain data and come back. Both functions are pure. */
export interface ClassCodec<T = unknown> {
  /** The class whose direct instances this is for. */
  readonly class: abstract new (
    ...args: never[]
  ) => T;
  /** The stored name; never change it. */
  readonly name: string;
  /** A whole number from 1; raise it when the data changes its shape. */
  readonly version: number;
  encode(instance: T): unknown;
  decode(data: unknown): T;
}

const namePattern = /^[A-Za-z_][A-Za-z0-9_.:/-]{0,127}$/;

/**
 * The classes one LAILA instance can store, by `name@version`. Instances are written with the highest
 * version registered for their class, and read with the version they were written with.
 */
export class ClassRegistry {
  readonly #byName = new Map<string, ClassCodec>();
  readonly #byPrototype = new Map<object, ClassCodec>();

  constructor(codecs: Iterable<ClassCodec> = []) {
    for (const codec of codecs) this.register(codec);
  }

  /**
   * Adds a class. INVALID_ARGUMENT when the codec is malformed, the class is a built-in one, or
   * `name@version` is taken.
   */
  register<T>(codec: ClassCodec<T>): this {
    const prototype: unknown =
      typeof codec?.class === "function" ? codec.class.prototype : undefined;
    if (typeof prototype !== "object" || prototype === null)
      throw malformed("its `class` is no class");
    if (typeof codec.name !== "string" || !namePattern.test(codec.name)) {
      throw malformed(
        "its `name` must start with a letter and hold at most 128 letters, digits and _ . : / -",
      );
    }
    if (!Number.isSafeInteger(codec.version) || codec.version < 1)
      throw malformed("its `version` is no whole number from 1");
    if (typeof codec.encode !== "function" || typeof codec.decode !== "function")
      throw malformed("it needs `encode` and `decode`");
    if (nativeName(prototype) !== undefined) throw malformed(`${codec.name} is a built-in class`);
    const id = `${codec.name}@${codec.version}`;
    if (this.#byName.has(id)) throw malformed(`${id} is registered already`);
    const erased = codec as unknown as ClassCodec;
    const current = this.#byPrototype.get(prototype);
    if (current !== undefined && current.name !== codec.name) {
      throw malformed(`its class is registered already, as ${current.name}`);
    }
    this.#byName.set(id, erased);
    if (current === undefined || current.version < codec.version)
      this.#byPrototype.set(prototype, erased);
    return this;
  }

  /** The codec that writes direct instances with this prototype. */
  forPrototype(prototype: object): ClassCodec | undefined {
    return this.#byPrototype.get(prototype);
  }

  /** The codec that reads what was stored under `name@version`. */
  forName(id: string): ClassCodec | undefined {
    return this.#byName.get(id);
  }

  /** Every registered `name@version`, in the order of registration. */
  names(): string[] {
    return [...this.#byName.keys()];
  }
}

function malformed(why: string): LailaError {
  return new LailaError("INVALID_ARGUMENT", `This class codec cannot be registered: ${why}.`);
}
