import { pictureFormat } from "../../src/picture.js";

/** The media type of the picture that bytes are. */
export function pictureOf(bytes: Uint8Array): string | null {
  const format = pictureFormat(bytes);
  return format === undefined ? null : `image/${format.toLowerCase()}`;
}

/** Whether bytes are UTF-8 without control characters, as far as their first 64 KiB tell. */
export function isText(bytes: Uint8Array): boolean {
  if (bytes.length === 0) return false;
  try {
    // `stream`: the last character may be cut.
    const text = new TextDecoder("utf-8", { fatal: true }).decode(bytes.subarray(0, 65_536), {
      stream: bytes.length > 65_536,
    });
    // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for.
    return !/[\0-\x08\x0b\x0e-\x1a\x1c-\x1f\x7f]/.test(text);
  } catch {
    return false;
  }
}

/** The bytes of what is nothing but bytes; undefined for all else. */
export function bytesOf(value: unknown): Uint8Array<ArrayBuffer> | undefined {
  if (value instanceof ArrayBuffer) return new Uint8Array(value);
  if (!(value instanceof DataView) && !(value instanceof Uint8Array)) return undefined;
  return new Uint8Array(value.buffer as ArrayBuffer, value.byteOffset, value.byteLength);
}
