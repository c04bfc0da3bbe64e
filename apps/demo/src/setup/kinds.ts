import { NdArray } from "@laila/core";
import type { DecodedRecord } from "@laila/schema";
import { pictureFormat } from "../picture.js";

/** What an entry is, for people: `object`, `Map`, `float32 4096 × 4096`, `PNG image`. */
export function kindOf({ entry, extra }: DecodedRecord): string {
  if (extra.environment !== undefined) return "saved environment";
  if (entry.scopes.includes("MANIFEST")) return "manifest";
  return kindOfValue(entry.data);
}

function kindOfValue(value: unknown): string {
  if (value === null) return "null";
  if (typeof value === "string") return "text";
  if (typeof value !== "object") return typeof value;
  if (NdArray.is(value)) return [value.dtype, value.shape.join(" × ")].join(" ").trim();
  if (value instanceof Uint8Array) {
    const format = pictureFormat(value);
    return format === undefined ? "bytes" : `${format} image`;
  }
  if (value instanceof ArrayBuffer || value instanceof DataView) return "bytes";
  if (ArrayBuffer.isView(value)) return `${value.constructor.name} ${(value as Int8Array).length}`;
  if (Array.isArray(value)) return "list";
  if ("laila_environment" in value) return "environment document";
  const { name } = (Object.getPrototypeOf(value) as object | null)?.constructor ?? Object;
  return name === "Object" ? "object" : name;
}
