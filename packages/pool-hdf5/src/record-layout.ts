import { isUtf8 } from "node:buffer";
import {
  bytesLayout,
  byteType,
  type DatasetLayout,
  Kind,
  maxTextBytes,
  recordMagic,
  textLayout,
} from "./layout.js";
import { npyLayout } from "./npy-layout.js";

/** The best layout from which exactly these bytes can be put together again. */
export function layoutOf(bytes: Buffer): DatasetLayout {
  if (looksLikeJson(bytes)) return textLayout(bytes.length);
  return recordLayout(bytes, bytes.length) ?? bytesLayout(bytes.length);
}

/** A fixed-length string ends at its padding for other readers, so only text without any NUL. */
function looksLikeJson(bytes: Buffer): boolean {
  if (bytes.length < 2 || bytes.length > maxTextBytes) return false;
  if (bytes[0] !== 0x7b || bytes[bytes.length - 1] !== 0x7d) return false;
  return !bytes.includes(0) && isUtf8(bytes);
}

const preambleBytes = 24;
const maxHeaderBytes = 1 << 20;

/**
 * The layout of a binary record of that length in all, of which the beginning is given (for an array at least as
 * much as its layout calls prefix). Undefined where it is none that has a layout of its own.
 */
export function recordLayout(start: Buffer, length: number): DatasetLayout | undefined {
  if (start.length < preambleBytes || !start.subarray(0, 6).equals(recordMagic)) return undefined;
  const payloadLength = start.readUInt32LE(8) + start.readUInt32LE(12) * 2 ** 32;
  const headerLength = start.readUInt32LE(16);
  const payload = preambleBytes + headerLength;
  if (headerLength > maxHeaderBytes || payload + payloadLength !== length) return undefined;
  if (payload > start.length) return undefined;
  const codec = codecOf(start.subarray(preambleBytes, payload));
  if (codec === "npy") return npyLayout(start, payload, length);
  if (codec !== "bytes") return undefined;
  const shape = [payloadLength];
  return { kind: Kind.array, prefixLength: payload, element: byteType, shape };
}

function codecOf(header: Buffer): unknown {
  try {
    const value: unknown = JSON.parse(header.toString("utf8"));
    return typeof value === "object" && value !== null && "codec" in value
      ? value.codec
      : undefined;
  } catch {
    // Not a record after all: its bytes are stored as they are.
    return undefined;
  }
}
