/** Eight tables ("slicing by 8"): tables[k][b] is the CRC of byte b followed by k zero bytes. */
const tables = makeTables();

function makeTables(): Uint32Array {
  const all = new Uint32Array(8 * 256);
  for (let byte = 0; byte < 256; byte++) {
    let crc = byte;
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0xedb88320 : crc >>> 1;
    all[byte] = crc;
  }
  for (let i = 256; i < all.length; i++) {
    const previous = all[i - 256] as number;
    all[i] = (previous >>> 8) ^ (all[previous & 0xff] as number);
  }
  return all;
}

/** CRC-32 (ISO-HDLC, as in gzip) of bytes, going on from the value of the bytes before them. */
export function crc32(bytes: Uint8Array, before = 0): number {
  const t = tables as unknown as readonly number[];
  const b = bytes as unknown as readonly number[];
  const length = bytes.length;
  const eights = length - (length % 8);
  let crc = ~before;
  let i = 0;
  for (; i < eights; i += 8) {
    const low = crc ^ (b[i]! | (b[i + 1]! << 8) | (b[i + 2]! << 16) | (b[i + 3]! << 24));
    crc =
      t[1792 + (low & 0xff)]! ^
      t[1536 + ((low >>> 8) & 0xff)]! ^
      t[1280 + ((low >>> 16) & 0xff)]! ^
      t[1024 + (low >>> 24)]! ^
      t[768 + b[i + 4]!]! ^
      t[512 + b[i + 5]!]! ^
      t[256 + b[i + 6]!]! ^
      t[b[i + 7]!]!;
  }
  for (; i < length; i++) crc = (crc >>> 8) ^ t[(crc ^ b[i]!) & 0xff]!;
  return ~crc >>> 0;
}
