import { fieldMark, fieldsOf, LailaError, storedNames, toSnake } from "@laila/schema";
import type * as z from "zod";
import type { PoolClass } from "./contract.js";

/** What a class declares about itself. */
export type Declaration = Pick<PoolClass, "configSchema" | "classToken" | "packageName">;

const statics = ["configSchema", "classToken", "packageName"] as const;
/** Written beside the fields in every document. */
const reserved = new Set(["nickname", "class_token", "package", "layers"]);

const checked = new WeakMap<Declaration, z.ZodObject>();

/**
 * Checks a class's declaration, once, and gives its schema in the strict form that refuses unknown fields.
 * INVALID_CONFIG for a class that declares none of its own (inherited ones would store the pool under its
 * parent's name), for field names that documents cannot carry, and for marks where capturing doesn't look.
 */
export function strictSchema(cls: Declaration): z.ZodObject {
  const known = checked.get(cls);
  if (known) return known;
  const name = (cls as { readonly name?: unknown }).name || "This pool class";
  for (const field of statics) {
    if (!Object.hasOwn(cls, field)) {
      throw wrong(
        `${name} declares no static ${field} of its own. Add it to the class: configSchema (a z.object), classToken (its name in documents) and packageName are never inherited.`,
      );
    }
  }
  const { configSchema, classToken, packageName } = cls;
  if (typeof classToken !== "string" || !/^[A-Za-z][A-Za-z0-9]*$/.test(classToken)) {
    throw wrong(`${name}: static classToken must be a class name such as "S3Pool".`);
  }
  if (typeof packageName !== "string" || packageName === "") {
    throw wrong(`${name}: static packageName must name the npm package to install.`);
  }
  if (definition(configSchema)?.type !== "object") {
    throw wrong(`${name}: static configSchema must be a z.object of zod 4.`);
  }
  for (const stored of storedNames(configSchema).values()) {
    if (reserved.has(stored)) {
      throw wrong(
        `${name}: a configuration field cannot be called ${stored}; documents use that name themselves.`,
      );
    }
  }
  for (const [field, schema] of Object.entries(fieldsOf(configSchema))) {
    if (!fieldMark(schema)) checkInside(`${name}: ${field}`, schema);
  }
  const strict = configSchema.strict();
  checked.set(cls, strict);
  return strict;
}

/** Capturing converts and looks for marks among the fields, not inside them. */
function checkInside(where: string, schema: z.core.$ZodType): void {
  const def = definition(schema);
  if (!def) return;
  if (def.type === "object") {
    for (const [name, inner] of Object.entries(fieldsOf(schema as z.core.$ZodObject))) {
      if (fieldMark(inner)) {
        throw wrong(
          `${where}.${name} is marked, but only the fields of the configuration itself can be. Make it one of them.`,
        );
      }
      if (toSnake(name) !== name) {
        throw wrong(
          `${where}.${name} would need another name in documents. Inside a field only names of one lower-case word are kept.`,
        );
      }
      checkInside(`${where}.${name}`, inner);
    }
    return;
  }
  const children = [
    def.innerType,
    def.element,
    def.valueType,
    ...(def.options ?? []),
    ...(def.items ?? []),
  ];
  for (const child of children) if (child) checkInside(where, child);
}

interface Definition {
  readonly type: string;
  readonly innerType?: z.core.$ZodType;
  readonly element?: z.core.$ZodType;
  readonly valueType?: z.core.$ZodType;
  readonly options?: readonly z.core.$ZodType[];
  readonly items?: readonly z.core.$ZodType[];
}

function definition(schema: unknown): Definition | undefined {
  return (schema as { readonly _zod?: { readonly def?: Definition } } | undefined)?._zod?.def;
}

function wrong(message: string): LailaError {
  return new LailaError("INVALID_CONFIG", message);
}
