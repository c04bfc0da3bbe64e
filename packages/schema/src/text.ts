/** UTF-8 out; lone surrogates must have been refused before, for this replaces them. */
export const utf8Encoder = new TextEncoder();

/** UTF-8 in: malformed bytes throw, and a leading U+FEFF is text like any other. */
const utf8Decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

export function decodeUtf8(bytes: Uint8Array): string {
  return utf8Decoder.decode(bytes);
}

const native = (String.prototype as { isWellFormed?: (this: string) => boolean }).isWellFormed;

/** True when the text has no lone surrogate. */
export const isWellFormed: (text: string) => boolean = native
  ? (text) => native.call(text)
  : (text) => !/\p{Surrogate}/u.test(text);

/** The text's units as they are, little endian. */
export function utf16Bytes(text: string): Uint8Array {
  const view = new DataView(new ArrayBuffer(2 * text.length));
  for (let i = 0; i < text.length; i++) view.setUint16(2 * i, text.charCodeAt(i), true);
  return new Uint8Array(view.buffer);
}

/** A text for a message: quoted, and cut where it would be long. */
export function quote(text: string, limit = 80): string {
  return JSON.stringify(text.length > limit ? `${text.slice(0, limit)}…` : text);
}
