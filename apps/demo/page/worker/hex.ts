/** A row of bytes: `89 50 4e 47`, and as ASCII with a dot for what cannot be printed. */
export function hexRow(bytes: Uint8Array): { readonly hex: string; readonly text: string } {
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join(" ");
  const text = Array.from(bytes, (byte) =>
    byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : "·",
  ).join("");
  return { hex, text };
}
