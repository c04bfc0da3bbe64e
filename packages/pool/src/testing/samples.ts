/** Bytes that look random and are the same in every run (a 32-bit xorshift). */
export function noise(length: number, seed = 1): Uint8Array {
  const bytes = new Uint8Array(length);
  let state = (seed * 2654435761) >>> 0 || 1;
  for (let i = 0; i < length; i++) {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    bytes[i] = state;
  }
  return bytes;
}

export function utf8(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

/** JSON that goes on for exactly this many bytes, as a record does. */
function jsonText(length: number): Uint8Array {
  const bytes = new Uint8Array(length).fill(0x20);
  const start = utf8('{"laila_record":1,"entry":{"payload":"grüße"}}\n');
  for (let at = 0; at < length; at += start.byteLength) {
    bytes.set(start.subarray(0, Math.min(start.byteLength, length - at)), at);
  }
  return bytes;
}

/** 5 MiB + 1: above the smallest part of a multipart upload and above every small-value path. */
const large = 5 * 2 ** 20 + 1;

/** Values of every size class, and values that a backend which looks at the bytes could mistake. */
export function sampleValues(): ReadonlyMap<string, Uint8Array> {
  return new Map([
    ["no byte at all", new Uint8Array(0)],
    ["one byte", Uint8Array.of(7)],
    ["one zero byte", Uint8Array.of(0)],
    ["1 KiB of noise", noise(1024)],
    ["1 KiB of JSON text", jsonText(1024)],
    ["every byte value", Uint8Array.from({ length: 256 }, (_, i) => i)],
    ["nothing but zeros", new Uint8Array(1000)],
    ["text with zeros inside and behind", utf8("a\0b\0\0")],
    ["line ends of all kinds", utf8("a\r\nb\rc\n\n")],
    ["a byte order mark", Uint8Array.of(0xef, 0xbb, 0xbf, 0x41)],
    ["no UTF-8", Uint8Array.of(0xff, 0xfe, 0xc0, 0xaf, 0xed, 0xa0, 0x80)],
    ["text that is no record", utf8("{")],
    ["JSON with a broken record inside", utf8('{"laila_record":1,"entry":null}')],
    ["the first bytes of a binary record", Uint8Array.of(0x4c, 0x41, 0x49, 0x4c, 0x41, 0x01)],
    ["a binary record with a false header", utf8(`LAILA\u0001${"\0".repeat(30)}{"codec":"npy"}`)],
    ["the first bytes of a .npy file", Uint8Array.of(0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, 1, 0)],
    ["the first bytes of gzip", Uint8Array.of(0x1f, 0x8b, 8, 0, 0, 0, 0, 0)],
    ["the frame of a chunked upload", utf8("5;chunk-signature=0\r\nhello\r\n0\r\n\r\n")],
    ["5 MiB + 1 of noise", noise(large)],
    ["5 MiB + 1 of JSON text", jsonText(large)],
  ]);
}

/** A value that tells who wrote it and shows when it is torn: its length and every byte follow from `id`. */
export function stamped(id: number): Uint8Array {
  return new Uint8Array(stampLength(id)).fill(id);
}

/** Who of `ids` wrote this, or undefined when it is a mixture. */
export function stampOf(bytes: Uint8Array, ids: readonly number[]): number | undefined {
  return ids.find(
    (id) => bytes.byteLength === stampLength(id) && bytes.every((byte) => byte === (id & 0xff)),
  );
}

function stampLength(id: number): number {
  return 1 + ((id * 7919) % 16_384);
}
