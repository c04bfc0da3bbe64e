import { crc32 } from "node:zlib";

/** A binary record as @laila/schema writes it, around a payload. */
export function record(codec: string, payload: Uint8Array): Uint8Array {
  const text = JSON.stringify({ laila_record: 1, codec, digest: "crc32-00000000" });
  const header = Buffer.from(text.padEnd(Math.ceil((24 + text.length) / 64) * 64 - 24, " "));
  const preamble = Buffer.alloc(24);
  preamble.write("LAILA\x01", "latin1");
  preamble.writeBigUInt64LE(BigInt(payload.byteLength), 8);
  preamble.writeUInt32LE(header.length, 16);
  const covered = Buffer.concat([preamble.subarray(0, 20), header]);
  preamble.writeUInt32LE(crc32(covered), 20);
  return Buffer.concat([preamble, header, payload]);
}

/** A NumPy file. */
export function npy(
  descr: string,
  shape: readonly number[],
  data: Uint8Array,
  fortranOrder = false,
): Uint8Array {
  const dimensions = shape.length === 1 ? `(${shape[0]},)` : `(${shape.join(", ")})`;
  const text = `{'descr': '${descr}', 'fortran_order': ${fortranOrder ? "True" : "False"}, 'shape': ${dimensions}, }`;
  const padded = `${text.padEnd(Math.ceil((11 + text.length) / 64) * 64 - 11, " ")}\n`;
  const start = Buffer.alloc(10);
  start.write("\x93NUMPY\x01\x00", "latin1");
  start.writeUInt16LE(padded.length, 8);
  return Buffer.concat([start, Buffer.from(padded, "latin1"), data]);
}
