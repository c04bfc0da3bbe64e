import { NdArray } from "@laila/core";
import type { DecodedRecord } from "@laila/schema";

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
  if (value instanceof Uint8Array) return imageKind(value) ?? "bytes";
  if (value instanceof ArrayBuffer || value instanceof DataView) return "bytes";
  if (ArrayBuffer.isView(value)) return `${value.constructor.name} ${(value as Int8Array).length}`;
  if (Array.isArray(value)) return "list";
  if ("laila_environment" in value) return "environment document";
  const { name } = (Object.getPrototypeOf(value) as object | null)?.constructor ?? Object;
  return name === "Object" ? "object" : name;
}

const images: readonly (readonly [kind: string, start: string])[] = [
  ["PNG image", "\x89PNG\r\n\x1a\n"],
  ["JPEG image", "\xff\xd8\xff"],
  ["GIF image", "GIF8"],
];

function imageKind(bytes: Uint8Array): string | undefined {
  const start = Buffer.from(bytes.subarray(0, 12)).toString("latin1");
  if (start.startsWith("RIFF") && start.endsWith("WEBP")) return "WebP image";
  return images.find(([, magic]) => start.startsWith(magic))?.[0];
}
