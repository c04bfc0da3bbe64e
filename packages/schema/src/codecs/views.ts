import { LailaError } from "../errors.js";
import { typedArrayName } from "./nd-array.js";
import { nativeName } from "./realm.js";

/** The bytes a view shows, without copying. */
export function viewBytes(view: ArrayBufferView): Uint8Array {
  return new Uint8Array(view.buffer, view.byteOffset, view.byteLength);
}

/** True for a direct instance of Uint8Array or of Node's Buffer (or a bundler's stand-in for it). */
export function isByteArray(value: unknown): value is Uint8Array {
  if (typedArrayName(value) !== "Uint8Array") return false;
  const prototype: object = Object.getPrototypeOf(value);
  if (nativeName(prototype) === "Uint8Array") return true;
  const { Buffer } = globalThis as { Buffer?: { prototype: object } };
  return Buffer !== undefined && prototype === Buffer.prototype;
}

/**
 * What the bytes codec writes: Uint8Array (Buffer comes back as one), ArrayBuffer, DataView.
 * Undefined for anything else.
 */
export function encodeBytes(
  value: unknown,
): { readonly type: string; readonly parts: readonly Uint8Array[] } | undefined {
  if (isByteArray(value)) return { type: "Uint8Array", parts: [viewBytes(value)] };
  if (typeof value !== "object" || value === null) return undefined;
  const prototype: object | null = Object.getPrototypeOf(value);
  const name = prototype === null ? undefined : nativeName(prototype);
  if (name === "ArrayBuffer") return { type: name, parts: [new Uint8Array(value as ArrayBuffer)] };
  if (name === "DataView") return { type: name, parts: [viewBytes(value as DataView)] };
  return undefined;
}

/** Gives back what {@link encodeBytes} wrote. An ArrayBuffer is copied; the others are views. */
export function decodeBytes(bytes: Uint8Array, type: string): unknown {
  switch (type) {
    case "Uint8Array":
      return viewBytes(bytes);
    case "ArrayBuffer":
      return new Uint8Array(bytes).buffer;
    case "DataView":
      return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    default:
      throw new LailaError(
        "UNSUPPORTED",
        `The record holds a ${JSON.stringify(type.slice(0, 80))}, which this version does not know. Update @laila/schema.`,
      );
  }
}

/** All the parts in one, in memory of its own. */
export function joinBytes(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const joined = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    joined.set(part, at);
    at += part.length;
  }
  return joined;
}
