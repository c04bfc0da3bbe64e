import { fieldMark, fieldsOf, storedNames } from "@laila/schema";
import type { $ZodObject, $ZodType } from "zod/v4/core";
import { globalRegistry } from "zod/v4/core";

/** A class that declares its configuration as a zod object: pools, layers, taskforces. */
export interface ConfigClass {
  readonly configSchema: $ZodObject;
  /** The name in documents: `S3Pool`. */
  readonly classToken: string;
}

/** One field of a configuration, as its class declares it. */
export interface ConfigField {
  /** In TypeScript: `bucketName`. */
  readonly name: string;
  /** In documents and arguments: `bucket_name`. */
  readonly stored: string;
  /** The environment variable; null for a field that exists at run time only and is given by hand. */
  readonly variable: string | null;
  /** `text`, `number`, `true or false`, `one of …`, `list`, `data`, `object at run time`. */
  readonly type: string;
  readonly required: boolean;
  /** As JSON; undefined without one. */
  readonly default: unknown;
  /** `secret` is stored by name, `path` relative, `exempt` never. */
  readonly mark: "secret" | "path" | "exempt" | null;
  /** For a secret: the class's own name for it. */
  readonly secretName: string | null;
  readonly description: string | null;
}

/** The environment variable of a field: `LAILA_S3POOL_BUCKET_NAME`. */
export function variableOf(classToken: string, stored: string): string {
  return `LAILA_${classToken}_${stored}`.toUpperCase();
}

/** The fields of a class, in the order of their declaration. */
export function fieldsOfClass({ configSchema, classToken }: ConfigClass): ConfigField[] {
  const declared = fieldsOf(configSchema);
  return [...storedNames(configSchema)].flatMap(([name, stored]) => {
    const schema = declared[name];
    return schema ? [fieldOf(schema, classToken, name, stored)] : [];
  });
}

function fieldOf(schema: $ZodType, classToken: string, name: string, stored: string): ConfigField {
  const mark = fieldMark(schema);
  const { kind, values, fallback } = shapeOf(schema);
  const names: Readonly<Record<Kind, string>> = {
    text: "text",
    number: "number",
    boolean: "true or false",
    choice: values.length === 1 ? JSON.stringify(values[0]) : `one of ${values.join(", ")}`,
    list: "list",
    data: "data",
    other: "object at run time",
  };
  return {
    name,
    stored,
    variable: mark?.laila === "exempt" ? null : variableOf(classToken, stored),
    type: names[kind],
    required: schema._zod.optin === undefined && fallback === undefined,
    default: fallback,
    mark: mark?.laila ?? null,
    secretName: mark?.secretName ?? null,
    description: descriptionOf(schema) ?? null,
  };
}

export type Kind = "text" | "number" | "boolean" | "choice" | "list" | "data" | "other";

/** What a field holds, seen through `.optional()`, `.default()`, `.transform()` and the like. */
export function shapeOf(schema: $ZodType): {
  readonly kind: Kind;
  readonly values: readonly unknown[];
  readonly fallback: unknown;
} {
  const def = schema._zod.def as Definition;
  const inner = def.innerType ?? def.in;
  if (inner) {
    const shape = shapeOf(inner);
    return def.type === "default" ? { ...shape, fallback: def.defaultValue } : shape;
  }
  const values = def.entries ? Object.values(def.entries) : (def.values ?? []);
  return { kind: kinds[def.type] ?? "other", values, fallback: undefined };
}

interface Definition {
  readonly type: string;
  readonly innerType?: $ZodType;
  readonly in?: $ZodType;
  readonly defaultValue?: unknown;
  readonly entries?: Readonly<Record<string, unknown>>;
  readonly values?: readonly unknown[];
}

const kinds: Readonly<Record<string, Kind>> = {
  string: "text",
  number: "number",
  int: "number",
  boolean: "boolean",
  enum: "choice",
  literal: "choice",
  array: "list",
  tuple: "list",
  object: "data",
  record: "data",
  union: "text",
  unknown: "data",
  any: "data",
};

function descriptionOf(schema: $ZodType): string | undefined {
  const found = globalRegistry.get(schema)?.description;
  if (typeof found === "string") return found;
  const { innerType, in: input } = schema._zod.def as Definition;
  const inner = innerType ?? input;
  return inner && descriptionOf(inner);
}
