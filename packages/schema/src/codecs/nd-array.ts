import { LailaError } from "../errors.js";
import {
  type DtypeName,
  isNumericDtype,
  type NumericData,
  type NumericDtypeName,
  numericDtypes,
} from "./dtypes.js";

const tag = Symbol.for("laila.ndarray");
const typeNameOf = Object.getOwnPropertyDescriptor(
  Object.getPrototypeOf(Uint8Array.prototype),
  Symbol.toStringTag,
)?.get as (this: unknown) => string | undefined;

/** The class name of a genuine typed array of any realm, else undefined. */
export function typedArrayName(value: unknown): string | undefined {
  return typeNameOf.call(value);
}

/** NumPy allows no more dimensions. */
export const maxDimensions = 64;

export interface NdArrayParts<D extends DtypeName = DtypeName> {
  /** The element type, by NumPy's name; `str` for text. */
  readonly dtype: D;
  /** Whole numbers from 0, one per dimension; `[]` is a single element. */
  readonly shape: readonly number[];
  /**
   * The elements in order: the typed array of the dtype (`float16` as the raw bits in a Uint16Array,
   * `bool` as 0 and 1 in a Uint8Array, complex numbers as real and imaginary part in turn), or the
   * strings of a `str` array.
   */
  readonly data: DataOf<D>;
  /** `F` when the first index varies fastest; the default is `C`, the last one. */
  readonly order?: "C" | "F";
}

export type DataOf<D extends DtypeName> = D extends NumericDtypeName
  ? InstanceType<(typeof numericDtypes)[D]["array"]>
  : readonly string[];

/** An array of any number of dimensions: an element type, a shape and the elements in a row. */
export class NdArray<D extends DtypeName = DtypeName> {
  readonly dtype: D;
  readonly shape: readonly number[];
  readonly data: DataOf<D>;
  readonly order: "C" | "F";

  /** INVALID_ARGUMENT when dtype, shape and data don't belong together. */
  constructor({ dtype, shape, data, order = "C" }: NdArrayParts<D>) {
    const problem = ndArrayProblem({ dtype, shape, data, order });
    if (problem !== undefined)
      throw new LailaError("INVALID_ARGUMENT", `This is no NdArray: ${problem}.`);
    this.dtype = dtype;
    this.shape = Object.freeze([...shape]);
    this.data = data;
    this.order = order;
  }

  /** The number of elements. */
  get size(): number {
    return this.shape.reduce((product, length) => product * length, 1);
  }

  get [tag](): true {
    return true;
  }

  /** True for a direct instance of this class, of any copy of this package. */
  static is(value: unknown): value is NdArray {
    if (typeof value !== "object" || value === null) return false;
    const prototype: object | null = Object.getPrototypeOf(value);
    return prototype !== null && Object.hasOwn(prototype, tag);
  }
}

/** The number of elements of a shape, exactly; undefined when it is none. */
export function elementCount(shape: unknown): bigint | undefined {
  if (!Array.isArray(shape) || shape.length > maxDimensions) return undefined;
  let product = 1n;
  for (const length of shape as readonly unknown[]) {
    if (!Number.isSafeInteger(length) || (length as number) < 0 || Object.is(length, -0))
      return undefined;
    product *= BigInt(length as number);
  }
  return product;
}

/** What is wrong with the parts of an array; undefined when nothing is. */
export function ndArrayProblem(
  parts: { [name in keyof NdArrayParts]: unknown },
): string | undefined {
  const { dtype, shape, data, order } = parts;
  if (order !== "C" && order !== "F") return "its order is neither C nor F";
  const count = elementCount(shape);
  if (count === undefined)
    return `its shape is no list of at most ${maxDimensions} whole numbers from 0`;
  if (dtype === "str") {
    if (!Array.isArray(data)) return "the data of a str array is a list of strings";
    for (const text of data as readonly unknown[]) {
      if (typeof text !== "string") return "the data of a str array is a list of strings";
      if (text.endsWith("\0")) return "NumPy cuts a trailing NUL off a string";
    }
    return BigInt(data.length) === count
      ? undefined
      : `its shape has ${count} elements, its data ${data.length}`;
  }
  if (!isNumericDtype(dtype))
    return `it has no dtype of the list ${Object.keys(numericDtypes).join(", ")}, str`;
  const { array, lanes } = numericDtypes[dtype];
  if (typedArrayName(data) !== array.name) return `the data of a ${dtype} array is a ${array.name}`;
  const length = (data as NumericData).length;
  if (BigInt(length) !== count * BigInt(lanes))
    return `its shape has ${count} elements, its data ${length / lanes}`;
  if (dtype === "bool" && !isBoolean(data as Uint8Array))
    return "the data of a bool array is 0 and 1";
  return undefined;
}

function isBoolean(data: Uint8Array): boolean {
  for (let i = 0; i < data.length; i++) if ((data[i] as number) > 1) return false;
  return true;
}
