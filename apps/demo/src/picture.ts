const formats: readonly { readonly name: string; readonly is: (text: string) => boolean }[] = [
  { name: "PNG", is: (text) => text.startsWith("\x89PNG\r\n\x1a\n") },
  { name: "JPEG", is: (text) => text.startsWith("\xff\xd8\xff") },
  { name: "GIF", is: (text) => /^GIF8[79]a/.test(text) },
  { name: "WebP", is: (text) => /^RIFF.{4}WEBP/s.test(text) },
  { name: "AVIF", is: (text) => /^.{4}ftyp(avif|avis)/s.test(text) },
];

/** The format of the picture that bytes are, by how they begin: of those that a browser shows. */
export function pictureFormat(bytes: Uint8Array): string | undefined {
  const text = String.fromCharCode(...bytes.subarray(0, 16));
  return formats.find(({ is }) => is(text))?.name;
}
