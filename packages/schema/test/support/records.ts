import { crc32 } from "node:zlib";

// The layout of records, written down a second time for the tests: formats.md, "Record".

export interface BinaryParts {
  readonly header: string;
  readonly payload: Uint8Array;
}

export function splitBinary(record: Uint8Array): BinaryParts {
  const view = new DataView(record.buffer, record.byteOffset, record.byteLength);
  const start = 24 + view.getUint32(16, true);
  return {
    header: new TextDecoder().decode(record.subarray(24, start)),
    payload: record.slice(start),
  };
}

/** A binary record with both of its checksums right, whatever it says. */
export function sealBinary({ header, payload }: BinaryParts, flags = 0): Uint8Array {
  const sealed = header
    .replace(/"digest":"crc32-[0-9a-f]{8}"/, `"digest":"${crcDigest(payload)}"`)
    .trimEnd();
  const text = new TextEncoder().encode(sealed);
  const start = Math.ceil((24 + text.length) / 64) * 64;
  const record = new Uint8Array(start + payload.length).fill(0x20, 24, start);
  const view = new DataView(record.buffer);
  record.set([0x4c, 0x41, 0x49, 0x4c, 0x41, 1]);
  view.setUint16(6, flags, true);
  view.setBigUint64(8, BigInt(payload.length), true);
  view.setUint32(16, start - 24, true);
  record.set(text, 24);
  view.setUint32(20, crc32(record.subarray(24, start), crc32(record.subarray(0, 20))), true);
  record.set(payload, start);
  return record;
}

/** A JSON record with its digest right, whatever it says. */
export function sealJson(record: object): Uint8Array {
  const { digest: _, ...covered } = record as { digest?: unknown };
  const digest = crcDigest(new TextEncoder().encode(JSON.stringify(covered)));
  return new TextEncoder().encode(JSON.stringify({ ...covered, digest }));
}

export function crcDigest(bytes: Uint8Array): string {
  return `crc32-${crc32(bytes).toString(16).padStart(8, "0")}`;
}

export function parseRecord(record: Uint8Array): Record<string, unknown> {
  return JSON.parse(new TextDecoder().decode(record)) as Record<string, unknown>;
}

export function textOf(record: Uint8Array): string {
  return new TextDecoder().decode(record);
}

export function bytesOf(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}
