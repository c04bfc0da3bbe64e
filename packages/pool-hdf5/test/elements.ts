import { npy } from "./records.js";

/** A dtype as NumPy writes it, how HDF5 readers show it, and a few elements, each in little endian. */
export interface Elements {
  readonly code: string;
  /** Of the dataset, in NumPy's letters. */
  readonly shown: string;
  /** The attribute beside, where the shown type is not what is meant. */
  readonly meant?: string;
  /** How many bytes turn round in big endian. */
  readonly lane: number;
  readonly elements: readonly Buffer[];
  /** What they are, as Python prints them. */
  readonly values: readonly string[];
}

type Filler = (view: DataView, i: number) => void;

function elements(size: number, count: number, fill: Filler): Buffer[] {
  return Array.from({ length: count }, (_, i) => {
    const element = Buffer.alloc(size);
    fill(new DataView(element.buffer, element.byteOffset, size), i);
    return element;
  });
}

function integers(code: string, bits: number, signed: boolean): Elements {
  const size = bits / 8;
  const least = signed ? -(2n ** BigInt(bits - 1)) : 0n;
  const most = signed ? 2n ** BigInt(bits - 1) - 1n : 2n ** BigInt(bits) - 1n;
  const values = [least, most, 0n, 1n, most - 41n, least + 7n];
  const written = elements(size, 6, (view, i) => {
    const all = Buffer.alloc(8);
    all.writeBigUInt64LE(BigInt.asUintN(64, values[i] ?? 0n));
    for (let at = 0; at < size; at++) view.setUint8(at, all[at] ?? 0);
  });
  const shown = `${size === 1 ? "|" : "<"}${code}`;
  return { code, shown, lane: size, elements: written, values: values.map(String) };
}

const floats = [1.5, -0, Number.POSITIVE_INFINITY, Number.NaN, -1e-310, 3.25];
const halves = [0x3c00, 0xc000, 0x7c00, 0x0001, 0x3555, 0x0000];
const brains = [0x3f80, 0xc000, 0x7f80, 0x4049, 0x8000, 0x3f00];

export const dtypes: Readonly<Record<string, Elements>> = {
  bool: {
    ...{ code: "b1", shown: "|u1", meant: "bool", lane: 1 },
    elements: elements(1, 6, (view, i) => view.setUint8(0, i % 2)),
    values: ["False", "True", "False", "True", "False", "True"],
  },
  int8: integers("i1", 8, true),
  uint8: integers("u1", 8, false),
  int16: integers("i2", 16, true),
  uint16: integers("u2", 16, false),
  int32: integers("i4", 32, true),
  uint32: integers("u4", 32, false),
  int64: integers("i8", 64, true),
  uint64: integers("u8", 64, false),
  float16: {
    ...{ code: "f2", shown: "<u2", meant: "float16", lane: 2 },
    elements: elements(2, 6, (view, i) => view.setUint16(0, halves[i] ?? 0, true)),
    values: ["1.0", "-2.0", "inf", "5.960464477539063e-08", "0.333251953125", "0.0"],
  },
  bfloat16: {
    ...{ code: "V2", shown: "<u2", meant: "bfloat16", lane: 2 },
    elements: elements(2, 6, (view, i) => view.setUint16(0, brains[i] ?? 0, true)),
    values: ["1.0", "-2.0", "inf", "3.140625", "-0.0", "0.5"],
  },
  float32: {
    ...{ code: "f4", shown: "<f4", lane: 4 },
    elements: elements(4, 6, (view, i) => view.setFloat32(0, floats[i] ?? 0, true)),
    values: ["1.5", "-0.0", "inf", "nan", "-0.0", "3.25"],
  },
  float64: {
    ...{ code: "f8", shown: "<f8", lane: 8 },
    elements: elements(8, 6, (view, i) => view.setFloat64(0, floats[i] ?? 0, true)),
    values: ["1.5", "-0.0", "inf", "nan", "-1e-310", "3.25"],
  },
  complex64: {
    ...{ code: "c8", shown: "<c8", lane: 4 },
    elements: elements(8, 6, (view, i) => {
      view.setFloat32(0, i + 0.5, true);
      view.setFloat32(4, -i - 1, true);
    }),
    values: ["(0.5-1j)", "(1.5-2j)", "(2.5-3j)", "(3.5-4j)", "(4.5-5j)", "(5.5-6j)"],
  },
  complex128: {
    ...{ code: "c16", shown: "<c16", lane: 8 },
    elements: elements(16, 6, (view, i) => {
      view.setFloat64(0, i + 0.5, true);
      view.setFloat64(8, -i - 1, true);
    }),
    values: ["(0.5-1j)", "(1.5-2j)", "(2.5-3j)", "(3.5-4j)", "(4.5-5j)", "(5.5-6j)"],
  },
};

export interface Arrangement {
  readonly shape: readonly number[];
  readonly order: "C" | "F";
  readonly endian: "<" | ">";
}

export const shapes: readonly (readonly number[])[] = [
  [6],
  [],
  [0],
  [2, 3],
  [3, 0],
  [1, 3, 1, 2],
  [3, 1, 2],
];

/** The first elements of a dtype as a `.npy`, and what an HDF5 reader has to show for it. */
export function arranged(
  { code, elements, lane, values }: Elements,
  { shape, order, endian }: Arrangement,
): { readonly npy: Uint8Array; readonly hex: string; readonly values: readonly string[] } {
  const count = shape.reduce((product, extent) => product * extent, 1);
  const inC = elements.slice(0, count);
  const stored = order === "C" ? inC : fortran(shape).map((at) => inC[at] ?? Buffer.alloc(0));
  const turned = stored.map((element) => (endian === ">" ? turnedRound(element, lane) : element));
  return {
    npy: npy(`${lane === 1 ? "|" : endian}${code}`, shape, Buffer.concat(turned), order === "F"),
    hex: Buffer.concat(inC).toString("hex"),
    values: values.slice(0, count),
  };
}

function turnedRound(element: Buffer, lane: number): Buffer {
  const parts: Buffer[] = [];
  for (let at = 0; at < element.length; at += lane)
    parts.push(Buffer.from(element.subarray(at, at + lane)).reverse());
  return Buffer.concat(parts);
}

/** For each element in Fortran order, its place in C order. */
function fortran(shape: readonly number[]): number[] {
  let places = [0];
  let stride = shape.reduce((product, extent) => product * extent, 1);
  for (const extent of shape) {
    stride /= extent || 1;
    const step = stride;
    const along = Array.from({ length: extent }, (_, i) => i * step);
    places = along.flatMap((offset) => places.map((place) => place + offset));
  }
  return places;
}
