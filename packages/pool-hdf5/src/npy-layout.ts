import {
  type DatasetLayout,
  type ElementForm,
  type ElementType,
  Kind,
  pieceBytes,
} from "./layout.js";

const npyMagic = Buffer.from("\x93NUMPY", "latin1");
/** Of HDF5. */
const maxRank = 32;

const npyHeader =
  /^\{\s*'descr':\s*'([<>|])([fiubcUV])(\d{1,9})',\s*'fortran_order':\s*(True|False),\s*'shape':\s*\(([\d,\s]*)\),?\s*\}\s*$/;

/**
 * The layout of a record of that length whose payload is the `.npy`
 * (https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html) at `start`.
 */
export function npyLayout(
  bytes: Buffer,
  start: number,
  recordLength: number,
): DatasetLayout | undefined {
  if (start + 12 > bytes.length || !bytes.subarray(start, start + 6).equals(npyMagic))
    return undefined;
  const wide = bytes[start + 6] !== 1;
  const text = start + (wide ? 12 : 10);
  const length = wide ? bytes.readUInt32LE(start + 8) : bytes.readUInt16LE(start + 8);
  const prefixLength = text + length;
  if (prefixLength > bytes.length) return undefined;
  const found = npyHeader.exec(bytes.toString("latin1", text, prefixLength));
  if (!found) return undefined;
  const [, order = "", code = "", width = "", fortran = "", dimensions = ""] = found;
  const elements = elementsOf(code, Number(width));
  const shape = dimensions
    .split(",")
    .map((part) => part.trim())
    .filter(Boolean)
    .map(Number);
  if (!elements || shape.length > maxRank || !shape.every(Number.isSafeInteger)) return undefined;
  const count = shape.reduce((product, extent) => product * extent, 1);
  const { element, lane, dtype } = elements;
  if (count * element.size !== recordLength - prefixLength) return undefined;
  const form: ElementForm = {
    fortranOrder: fortran === "True" && shape.filter((extent) => extent > 1).length > 1,
    swap: order === ">" ? lane : 1,
    text: code === "U",
  };
  const differs = form.fortranOrder || form.swap > 1 || form.text;
  return {
    ...{ kind: Kind.array, prefixLength, element, shape },
    ...(dtype ? { dtype } : {}),
    ...(differs ? { form } : {}),
  };
}

interface Elements {
  readonly element: ElementType;
  /** How many bytes turn round between little and big endian. */
  readonly lane: 1 | 2 | 4 | 8;
  readonly dtype?: string;
}

/**
 * What NumPy's array-protocol letters stand for. `V2` is how NumPy writes the bfloat16 of ml_dtypes. The library as
 * it is compiled makes no floats of two bytes and no enumerations, so these are whole numbers with a `dtype` beside.
 */
function elementsOf(code: string, size: number): Elements | undefined {
  const unsigned: ElementType = { type: "integer", size, signed: false };
  if (code === "f" && size === 2) return { element: unsigned, lane: 2, dtype: "float16" };
  if (code === "V" && size === 2) return { element: unsigned, lane: 2, dtype: "bfloat16" };
  if (code === "b" && size === 1) return { element: unsigned, lane: 1, dtype: "bool" };
  if (code === "f" && (size === 4 || size === 8))
    return { element: { type: "float", size, signed: true }, lane: size };
  if (code === "c" && (size === 8 || size === 16))
    return { element: { type: "complex", size, signed: true }, lane: size === 8 ? 4 : 8 };
  if (code === "U") {
    const bytes = 4 * size;
    if (size === 0 || bytes > pieceBytes) return undefined;
    return { element: { type: "string", size: bytes, signed: false }, lane: 4 };
  }
  if (code !== "i" && code !== "u") return undefined;
  if (size !== 1 && size !== 2 && size !== 4 && size !== 8) return undefined;
  return { element: { type: "integer", size, signed: code === "i" }, lane: size };
}
