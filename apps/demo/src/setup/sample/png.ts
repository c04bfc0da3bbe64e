import { crc32, deflateSync } from "node:zlib";

/** A small real PNG: a sunset, in 8-bit RGB. */
export function sunset(width = 160, height = 96): Uint8Array {
  const rows = new Uint8Array(height * (1 + width * 3)); // each row begins with its filter: none
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++)
      rows.set(colourAt(x / width, y / height), y * (1 + width * 3) + 1 + x * 3);
  }
  const header = new DataView(new ArrayBuffer(13));
  header.setUint32(0, width);
  header.setUint32(4, height);
  header.setUint8(8, 8); // bits of a channel
  header.setUint8(9, 2); // RGB
  return Uint8Array.from(
    Buffer.concat([
      Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a),
      chunk("IHDR", new Uint8Array(header.buffer)),
      chunk("IDAT", deflateSync(rows)),
      chunk("IEND", new Uint8Array()),
    ]),
  );
}

/** Length, type, data, and a checksum of the last two. */
function chunk(type: string, data: Uint8Array): Buffer {
  const length = Buffer.alloc(4);
  length.writeUInt32BE(data.length);
  const body = Buffer.concat([Buffer.from(type, "latin1"), data]);
  const sum = Buffer.alloc(4);
  sum.writeUInt32BE(crc32(body));
  return Buffer.concat([length, body, sum]);
}

function colourAt(x: number, y: number): [number, number, number] {
  const fromSun = Math.hypot((x - 0.62) * 1.6, y - 0.58);
  if (y > 0.68) {
    const glitter = Math.max(0, 1 - Math.abs(x - 0.62) * 6) * (0.5 + 0.5 * Math.sin(y * 180));
    return [20 + 200 * glitter, 40 + 120 * glitter, 80 + 40 * glitter];
  }
  if (fromSun < 0.12) return [255, 236, 170];
  const glow = Math.max(0, 1 - fromSun * 1.4);
  return [50 + 200 * glow, 40 + 110 * glow * y * 1.6, 110 - 40 * glow];
}
