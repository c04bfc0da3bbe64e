import { LailaError } from "@laila/schema";
import type { $ZodType } from "zod/v4/core";
import { shapeOf } from "./fields.js";

const numberText = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/;

/**
 * Text as the kind of value that a field declares; what is no text stays as it is. Whether the value is
 * one that the class takes, its schema says later. INVALID_CONFIG with the place, never with the text.
 */
export function coerce(schema: $ZodType, value: unknown, where: string): unknown {
  if (typeof value !== "string") return value;
  const text = value.trim();
  switch (shapeOf(schema).kind) {
    case "number":
      if (numberText.test(text)) return Number(text);
      throw wrong(where, "a number");
    case "boolean":
      if (/^(true|1)$/i.test(text)) return true;
      if (/^(false|0)$/i.test(text)) return false;
      throw wrong(where, "true or false");
    case "choice":
      return choice(schema, value);
    case "list":
    case "data":
      return parsed(text, where);
    default:
      return value;
  }
}

/** A literal may be something else than text. */
function choice(schema: $ZodType, text: string): unknown {
  const { values } = shapeOf(schema);
  return values.find((one) => String(one) === text) ?? text;
}

function parsed(text: string, where: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw wrong(where, "JSON");
  }
}

function wrong(where: string, what: string): LailaError {
  return new LailaError("INVALID_CONFIG", `${where} must be ${what}. Correct it, or take it out.`);
}
