import { type DtypeName, NdArray } from "@laila/schema";
import type { ArrayShape, Cut, Part } from "./protocol.js";

/** Numbers that loops are fast on: one element each, no bigint, no bits of half floats. */
export type Plain =
  | Int8Array
  | Uint8Array
  | Int16Array
  | Uint16Array
  | Int32Array
  | Uint32Array
  | Float32Array
  | Float64Array;

const dtypes: Readonly<Record<string, DtypeName>> = {
  Int8Array: "int8",
  Uint8Array: "uint8",
  Uint8ClampedArray: "uint8",
  Int16Array: "int16",
  Uint16Array: "uint16",
  Int32Array: "int32",
  Uint32Array: "uint32",
  BigInt64Array: "int64",
  BigUint64Array: "uint64",
  Float32Array: "float32",
  Float64Array: "float64",
};

/** A typed array or an NdArray as an NdArray on the same memory; undefined for all else. */
export function asNdArray(value: unknown): NdArray | undefined {
  if (NdArray.is(value)) return value;
  if (!ArrayBuffer.isView(value) || value instanceof DataView) return undefined;
  const name = Object.prototype.toString.call(value).slice(8, -1);
  const { buffer, byteOffset, byteLength } = value;
  if (name === "Float16Array") {
    const bits = new Uint16Array(buffer as ArrayBuffer, byteOffset, byteLength / 2);
    return new NdArray({ dtype: "float16", shape: [bits.length], data: bits });
  }
  const dtype = dtypes[name];
  if (dtype === undefined) return undefined;
  const data =
    name === "Uint8ClampedArray"
      ? new Uint8Array(buffer as ArrayBuffer, byteOffset, byteLength)
      : (value as Float64Array);
  return new NdArray({
    dtype: dtype as "float64",
    shape: [data.length],
    data: data as Float64Array,
  });
}

/** Lists of numbers, also in lists of equal lengths, as an array; undefined for all else. */
export function arrayOfLists(value: unknown): NdArray<"float64"> | undefined {
  const shape: number[] = [];
  for (let level = value; Array.isArray(level); level = level[0]) {
    if (level.length === 0 || shape.length === 8) return undefined;
    shape.push(level.length);
  }
  const size = shape.reduce((product, length) => product * length, 1);
  if (shape.length === 0 || size < 2 || size > 1e8) return undefined;
  const data = new Float64Array(size);
  let at = 0;
  const fill = (list: unknown, depth: number): boolean => {
    if (!Array.isArray(list) || list.length !== shape[depth]) return false;
    if (depth < shape.length - 1) return list.every((inner) => fill(inner, depth + 1));
    for (let i = 0; i < list.length; i++) {
      const item: unknown = list[i];
      if (typeof item !== "number") return false;
      data[at++] = item;
    }
    return true;
  };
  return fill(value, 0) ? new NdArray({ dtype: "float64", shape, data }) : undefined;
}

function isComplex(dtype: string): boolean {
  return dtype.startsWith("complex");
}

export function arrayShapeOf({ dtype, shape, order }: NdArray): ArrayShape {
  const parts: readonly Part[] = isComplex(dtype)
    ? ["magnitude", "phase", "real", "imaginary"]
    : ["value"];
  return { dtype, shape, order, parts };
}

/** The numbers to plot, element for element. Texts have none. */
export function plainOf(array: NdArray, part: Part): Plain {
  const { dtype, data } = array;
  if (dtype === "str") return new Float64Array(0);
  if (dtype === "float16") return halves(data as Uint16Array);
  if (dtype === "int64" || dtype === "uint64")
    return Float64Array.from(data as BigInt64Array, Number);
  return isComplex(dtype) ? partOf(data as Float64Array, part) : (data as Plain);
}

function partOf(data: Float32Array | Float64Array, part: Part): Float64Array {
  const numbers = new Float64Array(data.length / 2);
  for (let i = 0; i < numbers.length; i++) {
    const real = data[2 * i] as number;
    const imaginary = data[2 * i + 1] as number;
    if (part === "real") numbers[i] = real;
    else if (part === "imaginary") numbers[i] = imaginary;
    else if (part === "phase") numbers[i] = Math.atan2(imaginary, real);
    else numbers[i] = Math.hypot(real, imaginary);
  }
  return numbers;
}

function halves(bits: Uint16Array): Float32Array {
  const numbers = new Float32Array(bits.length);
  for (let i = 0; i < bits.length; i++) numbers[i] = half(bits[i] as number);
  return numbers;
}

/** The number of the 16 bits of a half float. */
export function half(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 0x1f;
  const fraction = bits & 0x3ff;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 0x1f) return fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

/** Of an array that can be a picture: 1 (grey), 3 (RGB) or 4 (RGBA); else 0. */
export function pictureChannels({
  dtype,
  shape,
}: Pick<ArrayShape, "dtype" | "shape">): 0 | 1 | 3 | 4 {
  const [height = 0, width = 0, channels = 1] = shape;
  if (dtype !== "uint8" || shape.length < 2 || shape.length > 3) return 0;
  if (height < 4 || width < 4 || height > 16_384 || width > 16_384) return 0;
  if (shape.length === 2) return 1;
  return channels === 3 || channels === 4 ? channels : 0;
}

/** How far apart in memory neighbours along each dimension are. */
function stridesOf(shape: readonly number[], order: "C" | "F"): number[] {
  const strides = new Array<number>(shape.length).fill(1);
  const dimensions = shape.map((_, i) => i);
  if (order === "C") dimensions.reverse();
  let stride = 1;
  for (const i of dimensions) {
    strides[i] = stride;
    stride *= shape[i] as number;
  }
  return strides;
}

/** A row or a plane through an array, as it lies in memory. A row is a plane with one line. */
export interface Plane {
  readonly start: number;
  readonly columns: number;
  readonly columnStride: number;
  readonly rows: number;
  readonly rowStride: number;
}

export function planeOf({ shape, order }: NdArray, { x, y, at }: Cut): Plane {
  const strides = stridesOf(shape, order);
  let start = 0;
  for (const [i, stride] of strides.entries())
    if (i !== x && i !== y) start += stride * (at[i] ?? 0);
  return {
    start,
    columns: shape[x] ?? 1,
    columnStride: strides[x] ?? 1,
    rows: y === null ? 1 : (shape[y] ?? 1),
    rowStride: y === null ? 0 : (strides[y] ?? 0),
  };
}

/** What is plotted of an array at first: its last two dimensions that are longer than 1, but for a picture's colours. */
export function firstCut({ dtype, shape, parts }: ArrayShape): Cut {
  if (pictureChannels({ dtype, shape }) > 1)
    return { part: "value", x: 1, y: 0, at: shape.map(() => 0) };
  const long = shape.map((_, i) => i).filter((i) => (shape[i] as number) > 1);
  const x = long.at(-1) ?? Math.max(0, shape.length - 1);
  return { part: parts[0] ?? "value", x, y: long.at(-2) ?? null, at: shape.map(() => 0) };
}

/** An element as text that means exactly it. */
export function elementText({ dtype, data }: NdArray, i: number): string {
  switch (dtype) {
    case "str":
      return data[i] as string;
    case "bool":
      return data[i] ? "true" : "false";
    case "float16":
      return shortText(half(data[i] as number), 3, (x) => Number(x.toPrecision(5)));
    case "float32":
      return shortText(data[i] as number, 6, Math.fround);
    case "complex64":
    case "complex128": {
      const text = (k: number): string =>
        dtype === "complex64"
          ? shortText(data[k] as number, 6, Math.fround)
          : exactText(data[k] as number);
      const imaginary = text(2 * i + 1);
      return `${text(2 * i)}${/^[-]/.test(imaginary) ? "" : "+"}${imaginary}i`;
    }
    default:
      return exactText(data[i] as number | bigint);
  }
}

function exactText(value: number | bigint): string {
  return Object.is(value, -0) ? "-0" : String(value);
}

/** The fewest digits that still mean this number in its own precision. */
function shortText(value: number, digits: number, round: (x: number) => number): string {
  if (!Number.isFinite(value) || Object.is(value, -0)) return exactText(value);
  for (let n = digits; n < 10; n++) {
    const short = Number(value.toPrecision(n));
    if (round(short) === round(value)) return exactText(short);
  }
  return exactText(value);
}
