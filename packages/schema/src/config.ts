import type { $ZodObject, $ZodType } from "zod/v4/core";
import { clone, globalRegistry } from "zod/v4/core";
import { LailaError } from "./errors.js";

/** How a configuration field is treated when a set-up becomes data. */
export interface FieldMark {
  /** `secret`: captured as a reference only. `exempt`: never captured. `path`: captured relative. */
  readonly laila: "secret" | "exempt" | "path";
  /** For a secret: the class's own name for it, such as `AWS_ACCESS_KEY_ID`. */
  readonly secretName?: string;
}

const marks = globalRegistry as unknown as {
  add(schema: $ZodType, meta: object): unknown;
  get(schema: $ZodType): Partial<FieldMark> | undefined;
};

/** On a copy: a schema that is used for several fields is marked for the one alone. */
function mark<S extends $ZodType>(schema: S, meta: FieldMark): S {
  const marked = clone(schema, undefined, { parent: true });
  marks.add(marked, { ...marks.get(schema), ...meta });
  return marked;
}

/**
 * Marks a field as a secret: it is captured as `{ "$secret": NAME }`, masked everywhere, and its value
 * may be given as a {@link Secret}. `name` is the class's own name for it. The mark lives in zod's
 * global registry, so that two copies of this package agree.
 */
export function secret<S extends $ZodType>(schema: S, name?: string): S {
  return mark(
    schema,
    name === undefined ? { laila: "secret" } : { laila: "secret", secretName: name },
  );
}

/** Marks a field that exists only at run time (a ready client, a logger): it is never captured. */
export function exempt<S extends $ZodType>(schema: S): S {
  return mark(schema, { laila: "exempt" });
}

/**
 * Marks a field as a file path: it is captured relative to the project or to LAILA_HOME, and a
 * recovered document may not lead out of either.
 */
export function path<S extends $ZodType>(schema: S): S {
  return mark(schema, { laila: "path" });
}

/**
 * The mark of a field, looking through `.optional()`, `.default()`, `.transform()` and the other wrappers,
 * and into the members of a union.
 */
export function fieldMark(schema: $ZodType): FieldMark | undefined {
  const found = marks.get(schema);
  if (found?.laila) return found as FieldMark;
  const { innerType, in: input, out, options = [] } = schema._zod.def as Wrapper;
  for (const inner of [innerType, input, out, ...options]) {
    const within = inner && fieldMark(inner);
    if (within) return within;
  }
  return undefined;
}

/** What the definitions of wrapping schemas have in common: wrappers, pipes, unions. */
interface Wrapper {
  readonly innerType?: $ZodType;
  readonly in?: $ZodType;
  readonly out?: $ZodType;
  readonly options?: readonly $ZodType[];
}

/** The fields a configuration class declares, by their camelCase names. */
export function fieldsOf(schema: $ZodObject): Readonly<Record<string, $ZodType>> {
  return schema._zod.def.shape;
}

const fieldName = /^[a-z]+[0-9]*([A-Z][a-z0-9]+)*$/;

/** `bucketName` -> `bucket_name`. INVALID_CONFIG for a name the pair of conversions cannot carry. */
export function toSnake(name: string): string {
  if (!fieldName.test(name)) {
    throw new LailaError(
      "INVALID_CONFIG",
      `The configuration field "${name}" cannot be stored: field names are camelCase words such as bucketName.`,
    );
  }
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

/**
 * The stored (snake_case) name of every declared field.
 * INVALID_CONFIG when a name does not convert or two collide.
 */
export function storedNames(schema: $ZodObject): ReadonlyMap<string, string> {
  const stored = new Map<string, string>();
  for (const name of Object.keys(fieldsOf(schema))) {
    const snake = toSnake(name);
    if ([...stored.values()].includes(snake)) {
      throw new LailaError(
        "INVALID_CONFIG",
        `Two configuration fields are both stored as "${snake}". Rename one of them.`,
      );
    }
    stored.set(name, snake);
  }
  return stored;
}

const inspect = Symbol.for("nodejs.util.inspect.custom");
const secretTag = Symbol.for("laila.secret");

/**
 * A secret value that knows its name. It shows as `[secret NAME]` in text, JSON and inspect;
 * only {@link Secret.reveal} gives the value.
 */
export class Secret {
  readonly name: string | undefined;
  readonly #value: string;

  constructor(value: string, name?: string) {
    this.#value = value;
    this.name = name;
  }

  reveal(): string {
    return this.#value;
  }

  toString(): string {
    return this.name === undefined ? "[secret]" : `[secret ${this.name}]`;
  }

  toJSON(): string {
    return this.toString();
  }

  [inspect](): string {
    return this.toString();
  }

  get [secretTag](): true {
    return true;
  }

  /** True for a Secret of any copy of this package. */
  static is(value: unknown): value is Secret {
    return typeof value === "object" && value !== null && secretTag in value;
  }
}
