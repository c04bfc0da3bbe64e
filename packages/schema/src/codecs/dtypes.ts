/** The typed arrays an {@link NdArray} may lie on. */
export type NumericData =
  | Int8Array
  | Uint8Array
  | Int16Array
  | Uint16Array
  | Int32Array
  | Uint32Array
  | BigInt64Array
  | BigUint64Array
  | Float32Array
  | Float64Array;

export interface NumericConstructor {
  readonly name: string;
  readonly BYTES_PER_ELEMENT: number;
  new (buffer: ArrayBuffer, byteOffset?: number, length?: number): NumericData;
}

interface NumericDtype {
  /** The typed array the elements lie in. */
  readonly array: NumericConstructor;
  /** The element in NumPy's array-protocol letters: kind and size in bytes. */
  readonly code: string;
  /** Elements of the typed array per element of the array: 2 for complex numbers. */
  readonly lanes: 1 | 2;
}

const dtype = (array: NumericConstructor, code: string, lanes: 1 | 2 = 1): NumericDtype => ({
  array,
  code,
  lanes,
});

/** Element types by NumPy's names. */
export const numericDtypes = {
  bool: dtype(Uint8Array, "b1"),
  int8: dtype(Int8Array, "i1"),
  uint8: dtype(Uint8Array, "u1"),
  int16: dtype(Int16Array, "i2"),
  uint16: dtype(Uint16Array, "u2"),
  int32: dtype(Int32Array, "i4"),
  uint32: dtype(Uint32Array, "u4"),
  int64: dtype(BigInt64Array, "i8"),
  uint64: dtype(BigUint64Array, "u8"),
  float16: dtype(Uint16Array, "f2"),
  float32: dtype(Float32Array, "f4"),
  float64: dtype(Float64Array, "f8"),
  complex64: dtype(Float32Array, "c8", 2),
  complex128: dtype(Float64Array, "c16", 2),
} as const;

export type NumericDtypeName = keyof typeof numericDtypes;

/** An element type: NumPy's name for it, or `str` for text. */
export type DtypeName = NumericDtypeName | "str";

export function isNumericDtype(name: unknown): name is NumericDtypeName {
  return typeof name === "string" && Object.hasOwn(numericDtypes, name);
}

/** The element type with these array-protocol letters, such as `f4`. */
export function dtypeOfCode(code: string): NumericDtypeName | undefined {
  for (const name of Object.keys(numericDtypes)) {
    if (isNumericDtype(name) && numericDtypes[name].code === code) return name;
  }
  return undefined;
}

/** Bytes per element. */
export function itemSize(name: NumericDtypeName): number {
  const { array, lanes } = numericDtypes[name];
  return array.BYTES_PER_ELEMENT * lanes;
}
