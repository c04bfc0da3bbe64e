const pictures: readonly { readonly mime: string; readonly is: (text: string) => boolean }[] = [
  { mime: "image/png", is: (text) => text.startsWith("\x89PNG\r\n\x1a\n") },
  { mime: "image/jpeg", is: (text) => text.startsWith("\xff\xd8\xff") },
  { mime: "image/gif", is: (text) => /^GIF8[79]a/.test(text) },
  { mime: "image/webp", is: (text) => /^RIFF.{4}WEBP/s.test(text) },
  { mime: "image/avif", is: (text) => /^.{4}ftyp(avif|avis)/s.test(text) },
];

/** The picture that bytes are, by how they begin. */
export function pictureOf(bytes: Uint8Array): string | null {
  const text = String.fromCharCode(...bytes.subarray(0, 16));
  return pictures.find(({ is }) => is(text))?.mime ?? null;
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
