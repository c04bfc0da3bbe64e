import { LailaError } from "../errors.js";
import { getter } from "./intrinsics.js";
import { typedArrayName } from "./nd-array.js";
import { nativeName } from "./realm.js";
import { checkedTypedArrayLength } from "./structured-tags.js";

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

const bufferLength = getter(ArrayBuffer.prototype, "byteLength");
const viewLength = getter(DataView.prototype, "byteLength");

/** The bytes of an ArrayBuffer; undefined when it is resizable. Throws for what is none. */
export function bufferBytes(value: object): Uint8Array | undefined {
  bufferLength.call(value);
  const buffer = value as ArrayBuffer & { readonly resizable?: boolean };
  return buffer.resizable === true ? undefined : new Uint8Array(buffer);
}

/** The bytes of a DataView. Throws for what is none. */
export function dataViewBytes(value: object): Uint8Array {
  viewLength.call(value);
  return viewBytes(value as DataView);
}

/** True when a typed array has further properties: looked for up to {@link checkedTypedArrayLength}. */
export function hasExtras(view: ArrayBufferView & { readonly length?: number }): boolean {
  const length = view.length ?? 0;
  return length <= checkedTypedArrayLength && Reflect.ownKeys(view).length > length;
}

/**
 * What the bytes codec writes: Uint8Array (Buffer comes back as one), ArrayBuffer, DataView.
 * Undefined for anything else, also for those with further properties, resizable, detached or not genuine:
 * the structured codec says what is wrong with them.
 */
export function encodeBytes(
  value: unknown,
): { readonly type: string; readonly parts: readonly Uint8Array[] } | undefined {
  if (isByteArray(value))
    return hasExtras(value) ? undefined : { type: "Uint8Array", parts: [viewBytes(value)] };
  if (typeof value !== "object" || value === null) return undefined;
  const prototype: object | null = Object.getPrototypeOf(value);
  const type = prototype === null ? undefined : nativeName(prototype);
  if ((type !== "ArrayBuffer" && type !== "DataView") || Reflect.ownKeys(value).length > 0)
    return undefined;
  try {
    const bytes = type === "ArrayBuffer" ? bufferBytes(value) : dataViewBytes(value);
    return bytes && { type, parts: [bytes] };
  } catch {
    return undefined;
  }
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
