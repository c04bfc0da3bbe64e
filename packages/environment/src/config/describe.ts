import { fieldsOf, LailaError } from "@laila/schema";
import { type ConfigClass, type ConfigField, fieldsOfClass } from "./fields.js";

/**
 * The fields of classes as tables in Markdown: name in TypeScript, type, default, environment variable, and
 * how the field is kept.
 */
export function configTables(classes: readonly ConfigClass[]): string {
  return classes.map(tableOf).join("\n");
}

function tableOf(cls: ConfigClass): string {
  const fields = fieldsOfClass(cls);
  const rows = fields.map((field) => `| ${cells(field).join(" | ")} |`);
  const head = ["| field | type | default | variable | kept |", "| --- | --- | --- | --- | --- |"];
  const table = fields.length === 0 ? ["It has no fields."] : [...head, ...rows];
  return [`## ${cls.classToken}`, "", ...table, ""].join("\n");
}

function cells(field: ConfigField): string[] {
  const fallback = field.default === undefined ? "" : `\`${JSON.stringify(field.default)}\``;
  const kept = {
    secret: `by name${field.secretName === null ? "" : ` (its own: \`${field.secretName}\`)`}`,
    path: "as a relative path",
    exempt: "never: it concerns one run",
  };
  return [
    `\`${field.name}\`${field.required ? " (needed)" : ""}`,
    field.type.replaceAll("|", "\\|"),
    fallback,
    field.variable === null ? "" : `\`${field.variable}\``,
    field.mark === null ? "as it is" : kept[field.mark],
  ];
}

const secretReference = {
  type: "object",
  properties: { $secret: { type: "string", minLength: 1 } },
  required: ["$secret"],
  additionalProperties: false,
} as const;

/**
 * The JSON Schema (2020-12) of a pool, a layer or a taskforce as documents have it: fields in snake_case,
 * secrets as references, nothing that exists at run time only. UNSUPPORTED for a schema that JSON Schema
 * cannot express.
 */
export async function configJsonSchema(
  cls: ConfigClass,
): Promise<Readonly<Record<string, unknown>>> {
  // Heavy, and needed by tools only.
  const { toJSONSchema } = await import("./json-schema.js");
  const declared = fieldsOf(cls.configSchema);
  const properties: Record<string, unknown> = {
    class_token: { const: cls.classToken },
    package: { type: "string" },
    nickname: { type: "string" },
    layers: { type: "array", items: { type: "object" } },
  };
  const required = ["class_token"];
  for (const { name, stored, mark, required: needed } of fieldsOfClass(cls)) {
    const schema = declared[name];
    if (!schema || mark === "exempt") continue;
    if (needed) required.push(stored);
    try {
      const { $schema: _, ...plain } = toJSONSchema(schema, {
        io: "input",
        target: "draft-2020-12",
      });
      properties[stored] = mark === "secret" ? secretReference : plain;
    } catch (cause) {
      throw inexpressible(cls, name, cause);
    }
  }
  return {
    $schema: "https://json-schema.org/draft/2020-12/schema",
    title: cls.classToken,
    type: "object",
    properties,
    required,
    additionalProperties: false,
  };
}

function inexpressible({ classToken }: ConfigClass, name: string, cause: unknown): LailaError {
  return new LailaError(
    "UNSUPPORTED",
    `The field ${name} of ${classToken} cannot be said in JSON Schema. Its class may declare it in a simpler way.`,
    { cause },
  );
}
