import { crc32 } from "node:zlib";
import { isLailaError, LailaError, parseJson } from "@laila/schema";
import * as z from "zod";
import { corruptValue } from "./transform.js";

// Format: formats.md, "Transformed bytes". All numbers little endian:
// "LAILX" | version u8 | flags u16 | body length u64 | header length u32 | crc32 u32 | header | body.

const magic = new TextEncoder().encode("LAILX");
const version = 1;
const preambleLength = 24;
const maxHeaderLength = 2 ** 20;
/** The most transforms in one envelope. */
export const maxTransforms = 4;

/** One transform as the header has it: its name and what undoing it needs. */
export interface TransformHeader {
  readonly name: string;
  readonly [member: string]: unknown;
}

export interface EnvelopeHeader {
  /** In the order in which they were done. */
  readonly transforms: readonly TransformHeader[];
  /** The length of the value before all transforms. */
  readonly size: number;
}

export interface Envelope {
  readonly header: EnvelopeHeader;
  /** As they are stored, with their padding: an encryption is bound to these bytes. */
  readonly headerBytes: Uint8Array;
  readonly body: Uint8Array;
}

const headerShape = z.looseObject({
  transforms: z
    .array(z.looseObject({ name: z.string() }))
    .min(1)
    .max(maxTransforms),
  size: z.number().int().nonnegative(),
  requires: z.array(z.string()).optional(),
});

/** The header as it is stored: JSON, padded with spaces so that the body begins at a multiple of 64. */
export function headerBytesOf(header: EnvelopeHeader): Uint8Array {
  const text = new TextEncoder().encode(JSON.stringify(header));
  const start = Math.ceil((preambleLength + text.byteLength) / 64) * 64;
  const bytes = new Uint8Array(start - preambleLength).fill(0x20);
  bytes.set(text);
  return bytes;
}

/** How many bytes an envelope with such a header adds to its body. */
export function envelopeLength(headerBytes: Uint8Array): number {
  return preambleLength + headerBytes.byteLength;
}

export function packEnvelope(headerBytes: Uint8Array, body: Uint8Array): Uint8Array {
  const start = envelopeLength(headerBytes);
  const bytes = new Uint8Array(start + body.byteLength);
  bytes.set(magic);
  const view = new DataView(bytes.buffer);
  view.setUint8(5, version);
  view.setBigUint64(8, BigInt(body.byteLength), true);
  view.setUint32(16, headerBytes.byteLength, true);
  bytes.set(headerBytes, preambleLength);
  view.setUint32(20, checksum(bytes, start), true);
  bytes.set(body, start);
  return bytes;
}

/**
 * Takes an envelope apart; nothing in it is believed. Undefined when these bytes are no envelope at all;
 * CORRUPT when they are a broken one, UNSUPPORTED_VERSION when they are one of a later version.
 */
export function unpackEnvelope(key: string, bytes: Uint8Array): Envelope | undefined {
  if (!magic.every((byte, i) => bytes[i] === byte)) return undefined;
  if (bytes.byteLength < preambleLength) throw corruptValue(key, "its envelope breaks off");
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (view.getUint8(5) !== version) throw tooNew(key, `the version ${view.getUint8(5)}`);
  const start = preambleLength + view.getUint32(16, true);
  if (start > preambleLength + maxHeaderLength || start > bytes.byteLength)
    throw corruptValue(key, "its envelope has a header of no proper length");
  if (checksum(bytes, start) !== view.getUint32(20, true))
    throw corruptValue(key, "the checksum of its envelope is wrong");
  if (view.getUint16(6, true) !== 0) throw tooNew(key, `the flags ${view.getUint16(6, true)}`);
  if (view.getBigUint64(8, true) !== BigInt(bytes.byteLength - start))
    throw corruptValue(key, "it is not as long as its envelope says");
  const headerBytes = bytes.subarray(preambleLength, start);
  return { header: parseHeader(key, headerBytes), headerBytes, body: bytes.subarray(start) };
}

/** What an encryption binds bytes to: that this is an envelope of this version and header, and its key. */
export function associatedDataOf(headerBytes: Uint8Array, key: string): Uint8Array {
  const keyBytes = new TextEncoder().encode(key);
  const at = magic.byteLength + 1;
  const data = new Uint8Array(at + headerBytes.byteLength + 1 + keyBytes.byteLength);
  data.set(magic);
  data[magic.byteLength] = version;
  data.set(headerBytes, at);
  data.set(keyBytes, at + headerBytes.byteLength + 1);
  return data;
}

function parseHeader(key: string, bytes: Uint8Array): EnvelopeHeader {
  let parsed: z.infer<typeof headerShape>;
  try {
    const text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
    parsed = headerShape.parse(parseJson(text));
  } catch (error) {
    throw corruptValue(key, "the header of its envelope is malformed", unquoted(error));
  }
  // This version knows nothing that a header could require.
  const [required] = parsed.requires ?? [];
  if (required !== undefined) throw tooNew(key, `the feature ${JSON.stringify(required)}`);
  return parsed;
}

/** A parser's own words may quote what it read. */
function unquoted(error: unknown): unknown {
  return isLailaError(error) ? error : undefined;
}

/** Of the preamble's first 20 bytes and the header. */
function checksum(bytes: Uint8Array, start: number): number {
  return crc32(bytes.subarray(preambleLength, start), crc32(bytes.subarray(0, 20)));
}

function tooNew(key: string, what: string): LailaError {
  return new LailaError(
    "UNSUPPORTED_VERSION",
    `The value under ${JSON.stringify(key)} has an envelope with ${what}, which this version of @laila/pool does not know. Update it, or restore the value if it is damaged.`,
    { details: { key } },
  );
}
