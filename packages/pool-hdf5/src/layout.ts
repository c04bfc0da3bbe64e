import { isUtf8 } from "node:buffer";

/**
 * How a value lies in the HDF5 file. The record that a value may be is known here only by looking: the
 * first bytes of a binary record, and the header of the NumPy array in it.
 */
export const Kind = {
  /** A one-dimensional uint8 dataset: the bytes. */
  bytes: 0,
  /** A scalar fixed-length UTF-8 string: the bytes of a JSON record. */
  text: 1,
  /** A native array; the bytes before its data are in the attribute `laila_record`. */
  array: 2,
  /** No dataset: the value was damaged before this file was written. */
  lost: 3,
} as const;
export type Kind = (typeof Kind)[keyof typeof Kind];

export interface ArrayLayout {
  readonly kind: typeof Kind.array;
  /** How many bytes stand before the array's data. */
  readonly prefixLength: number;
  readonly type: "integer" | "float" | "complex";
  /** Bytes of one element. */
  readonly size: number;
  readonly signed: boolean;
  readonly shape: readonly number[];
  /** What the elements mean where the stored type does not say it: `bool`, `float16`. */
  readonly dtype?: string;
}

export type Layout =
  | { readonly kind: typeof Kind.bytes | typeof Kind.text; readonly prefixLength: 0 }
  | ArrayLayout;

/** Texts and pieces of arrays are moved through the library's memory in pieces of this size. */
export const pieceBytes = 4 << 20;

const plain: Layout = { kind: Kind.bytes, prefixLength: 0 };

/** The best layout from which exactly these bytes can be put together again. */
export function layoutOf(bytes: Buffer): Layout {
  if (looksLikeJson(bytes)) return { kind: Kind.text, prefixLength: 0 };
  return npyLayout(bytes) ?? plain;
}

/** A fixed-length string ends at its padding for other readers, so only text without any NUL. */
function looksLikeJson(bytes: Buffer): boolean {
  if (bytes.length < 2 || bytes.length > pieceBytes) return false;
  if (bytes[0] !== 0x7b || bytes[bytes.length - 1] !== 0x7d) return false;
  return !bytes.includes(0) && isUtf8(bytes);
}

const recordMagic = Buffer.from("LAILA\x01", "latin1");
const npyMagic = Buffer.from("\x93NUMPY", "latin1");
const preambleBytes = 24;
const maxHeaderBytes = 1 << 20;
const maxRank = 32;

function npyLayout(bytes: Buffer): ArrayLayout | undefined {
  if (bytes.length < preambleBytes || !bytes.subarray(0, 6).equals(recordMagic)) return undefined;
  const payloadLength = bytes.readUInt32LE(8) + bytes.readUInt32LE(12) * 2 ** 32;
  const headerLength = bytes.readUInt32LE(16);
  const payload = preambleBytes + headerLength;
  if (headerLength > maxHeaderBytes || payload + payloadLength !== bytes.length) return undefined;
  if (codecOf(bytes.subarray(preambleBytes, payload)) !== "npy") return undefined;
  return arrayLayout(bytes, payload);
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

const npyHeader =
  /^\{\s*'descr':\s*'([<|])([fiubc])(\d{1,2})',\s*'fortran_order':\s*False,\s*'shape':\s*\(([\d,\s]*)\),?\s*\}\s*$/;

/** The header of a `.npy` (https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html) as written in C order. */
function arrayLayout(bytes: Buffer, start: number): ArrayLayout | undefined {
  if (start + 12 > bytes.length || !bytes.subarray(start, start + 6).equals(npyMagic))
    return undefined;
  const wide = bytes[start + 6] !== 1;
  const text = start + (wide ? 12 : 10);
  const length = wide ? bytes.readUInt32LE(start + 8) : bytes.readUInt16LE(start + 8);
  const prefixLength = text + length;
  if (prefixLength > bytes.length) return undefined;
  const found = npyHeader.exec(bytes.toString("latin1", text, prefixLength));
  if (!found) return undefined;
  const [, , code = "", width = "", dimensions = ""] = found;
  const element = elementOf(code, Number(width));
  const shape = dimensions
    .split(",")
    .map((part) => part.trim())
    .filter(Boolean)
    .map(Number);
  if (!element || shape.length > maxRank || !shape.every(Number.isSafeInteger)) return undefined;
  const count = shape.reduce((product, extent) => product * extent, 1);
  if (count * element.size !== bytes.length - prefixLength) return undefined;
  return { kind: Kind.array, prefixLength, shape, ...element };
}

function elementOf(
  code: string,
  size: number,
): Pick<ArrayLayout, "type" | "size" | "signed" | "dtype"> | undefined {
  if (code === "f" && size === 2) return { type: "integer", size, signed: false, dtype: "float16" };
  if (code === "f" && (size === 4 || size === 8)) return { type: "float", size, signed: true };
  if (code === "b" && size === 1) return { type: "integer", size, signed: false, dtype: "bool" };
  if (code === "c" && (size === 8 || size === 16)) return { type: "complex", size, signed: true };
  const integer = (code === "i" || code === "u") && [1, 2, 4, 8].includes(size);
  return integer ? { type: "integer", size, signed: code === "i" } : undefined;
}

/** The datasets that keep the index, both the same. No encoded key has an `@`. */
export const indexNames = ["@laila.index", "@laila.index.copy"] as const;

/**
 * The dataset name of a key: percent-encoded, with `!'()*` and a leading dot too, because HDF5 gives `/` and
 * `.` meanings of its own.
 */
export function datasetName(key: string): string {
  return encodeURIComponent(key)
    .replace(/[!'()*]/g, (mark) => `%${mark.charCodeAt(0).toString(16).toUpperCase()}`)
    .replace(/^\./, "%2E");
}
