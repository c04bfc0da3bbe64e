import { LailaError } from "../errors.js";
import { quote } from "../text.js";
import {
  dtypeOfCode,
  itemSize,
  type NumericData,
  type NumericDtypeName,
  numericDtypes,
} from "./dtypes.js";
import {
  elementCount,
  maxDimensions,
  NdArray,
  ndArrayProblem,
  typedArrayName,
} from "./nd-array.js";
import {
  corruptNpy,
  formatNpyHeader,
  maxNpyHeader,
  type NpyHeader,
  parseNpyHeader,
} from "./npy-header.js";
import { nativeName } from "./realm.js";
import { hasExtras, viewBytes } from "./views.js";

/** A value as .npy: the JavaScript type to give back, and the payload in pieces. */
export interface EncodedArray {
  readonly type: string;
  readonly parts: readonly Uint8Array[];
}

const typedArrayDtypes: Readonly<Record<string, NumericDtypeName>> = {
  Int8Array: "int8",
  Uint8Array: "uint8",
  Uint8ClampedArray: "uint8",
  Int16Array: "int16",
  Uint16Array: "uint16",
  Int32Array: "int32",
  Uint32Array: "uint32",
  BigInt64Array: "int64",
  BigUint64Array: "uint64",
  Float16Array: "float16",
  Float32Array: "float32",
  Float64Array: "float64",
};

/**
 * A typed array (a direct instance, of any realm) or an {@link NdArray} as .npy, little endian.
 * Undefined for anything else, and for those with further properties. The parts may be views of the value's own memory.
 */
export function encodeNpy(value: unknown): EncodedArray | undefined {
  if (NdArray.is(value)) {
    return Reflect.ownKeys(value).length > 4
      ? undefined
      : { type: "NdArray", parts: ndArrayParts(value) };
  }
  const name = typedArrayName(value);
  if (name === undefined || nativeName(Object.getPrototypeOf(value)) !== name) return undefined;
  const dtype = typedArrayDtypes[name];
  if (dtype === undefined) return undefined;
  const view = value as NumericData;
  if (hasExtras(view)) return undefined;
  const header = formatNpyHeader({
    descr: descrOf(dtype),
    fortranOrder: false,
    shape: [view.length],
  });
  return { type: name, parts: [header, viewBytes(view)] };
}

function descrOf(dtype: NumericDtypeName): string {
  return `${itemSize(dtype) === 1 ? "|" : "<"}${numericDtypes[dtype].code}`;
}

function ndArrayParts(array: NdArray): Uint8Array[] {
  const problem = ndArrayProblem(array);
  if (problem !== undefined)
    throw new LailaError(
      "INVALID_ARGUMENT",
      `This NdArray was changed after it was made: ${problem}.`,
    );
  const { dtype, shape, data, order } = array;
  const fortranOrder = order === "F";
  if (dtype !== "str") {
    return [
      formatNpyHeader({ descr: descrOf(dtype), fortranOrder, shape }),
      viewBytes(data as NumericData),
    ];
  }
  const texts = (data as readonly string[]).map((text) =>
    Uint32Array.from(text, (character) => character.codePointAt(0) ?? 0),
  );
  // NumPy has no strings of width 0 in files: an empty text is one NUL.
  const width = texts.reduce((widest, text) => Math.max(widest, text.length), 1);
  const cells = new Uint32Array(width * texts.length);
  for (const [i, text] of texts.entries()) cells.set(text, i * width);
  return [formatNpyHeader({ descr: `<U${width}`, fortranOrder, shape }), viewBytes(cells)];
}

/**
 * Reads .npy bytes of format 1.0, 2.0 or 3.0 as an {@link NdArray}. Big-endian data are swapped, Fortran order is
 * kept as `order: "F"`. The data is a view of the given bytes where alignment allows.
 * CORRUPT when damaged; UNSUPPORTED_TYPE for objects (never unpickled), structured dtypes and dates.
 */
export function decodeNpy(bytes: Uint8Array): NdArray {
  const { header, start } = splitNpy(bytes);
  const { descr, fortranOrder, shape } = header;
  const order = fortranOrder ? "F" : "C";
  const count = elementCount(shape);
  if (count === undefined) throw corruptNpy(`its shape has more than ${maxDimensions} dimensions`);
  const [, endian, code] = /^([<>|=]?)([A-Za-z]\d*)$/.exec(descr) ?? [];
  const width = /^U(\d{1,9})$/.exec(code ?? "")?.[1];
  const dtype = dtypeOfCode(code ?? "");
  if (endian === "=" || (dtype === undefined && width === undefined)) throw unsupported(descr);
  const size = dtype === undefined ? 4 * Number(width) : itemSize(dtype);
  const data = bytes.subarray(start);
  if (count * BigInt(size) !== BigInt(data.length)) {
    throw corruptNpy(`its shape needs ${count * BigInt(size)} bytes, there are ${data.length}`);
  }
  if (dtype === undefined) {
    if (size === 0 && count > maxEmptyTexts) throw corruptNpy("it has too many empty strings");
    return new NdArray({
      dtype: "str",
      shape,
      order,
      data: readTexts(data, Number(width), Number(count), endian === ">"),
    });
  }
  const { array, lanes } = numericDtypes[dtype];
  const laneSize = array.BYTES_PER_ELEMENT;
  const swap = endian === ">" && laneSize > 1;
  const aligned = swap ? swapped(data, laneSize) : align(data, laneSize);
  const elements = new array(
    aligned.buffer as ArrayBuffer,
    aligned.byteOffset,
    Number(count) * lanes,
  );
  const parts = { dtype, shape, order, data: elements } as const;
  const problem = ndArrayProblem(parts);
  if (problem !== undefined) throw corruptNpy(problem);
  return new NdArray(parts as ConstructorParameters<typeof NdArray>[0]);
}

/** Strings of width 0 take no bytes, so the length of the data does not bound their number. */
const maxEmptyTexts = 1024n;

function unsupported(descr: string): LailaError {
  return new LailaError(
    "UNSUPPORTED_TYPE",
    `This .npy file has elements of type ${quote(descr)}, which cannot be read. Store numbers, booleans or text (\`<U\`); objects are never unpickled.`,
  );
}

/** Headers are ASCII, or UTF-8 in version 3.0 for the names of fields, which are refused whatever they are. */
const latin1 = new TextDecoder("latin1");

function splitNpy(bytes: Uint8Array): { header: NpyHeader; start: number } {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length < 12 || view.getUint32(0) !== 0x934e554d || view.getUint16(4) !== 0x5059)
    throw corruptNpy("it does not begin as one");
  const version = view.getUint16(6);
  if (version !== 0x0100 && version !== 0x0200 && version !== 0x0300) {
    throw new LailaError(
      "UNSUPPORTED_VERSION",
      `This .npy file has version ${bytes[6]}.${bytes[7]}; versions 1.0 to 3.0 can be read.`,
    );
  }
  const begin = version === 0x0100 ? 10 : 12;
  const length = version === 0x0100 ? view.getUint16(8, true) : view.getUint32(8, true);
  if (length > maxNpyHeader || begin + length > bytes.length)
    throw corruptNpy("its header is longer than it may be");
  const text = latin1.decode(bytes.subarray(begin, begin + length));
  if (/[^\n\x20-\x7e\u0080-\uffff]/.test(text)) throw corruptNpy("its header is no text");
  return { header: parseNpyHeader(text), start: begin + length };
}

function align(data: Uint8Array, size: number): Uint8Array {
  const usable = data.byteOffset % size === 0 && data.buffer instanceof ArrayBuffer;
  return usable ? data : new Uint8Array(data);
}

function swapped(data: Uint8Array, size: number): Uint8Array {
  const copy = new Uint8Array(data);
  for (let i = 0; i < copy.length; i += size) copy.subarray(i, i + size).reverse();
  return copy;
}

function readTexts(data: Uint8Array, width: number, count: number, bigEndian: boolean): string[] {
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  const texts: string[] = [];
  for (let i = 0; i < count; i++) {
    let length = width;
    while (length > 0 && view.getUint32(4 * (i * width + length - 1)) === 0) length -= 1;
    let text = "";
    for (let k = 0; k < length; k++) {
      const point = view.getUint32(4 * (i * width + k), !bigEndian);
      if (point > 0x10ffff) throw corruptNpy("a string holds something that is no character");
      text += String.fromCodePoint(point);
    }
    texts.push(text);
  }
  return texts;
}

/**
 * The value a record's header names: an {@link NdArray} (also when `type` is absent), or a typed array.
 * CORRUPT when the payload is no array of that type.
 */
export function decodeNpyAs(bytes: Uint8Array, type: string): unknown {
  const array = decodeNpy(bytes);
  if (type === "NdArray") return array;
  const dtype = Object.hasOwn(typedArrayDtypes, type) ? typedArrayDtypes[type] : undefined;
  if (dtype === undefined) {
    throw new LailaError(
      "UNSUPPORTED",
      `The record holds a ${quote(type)}, which this version does not know. Update @laila/schema.`,
    );
  }
  if (array.dtype !== dtype || array.shape.length !== 1 || array.order !== "C") {
    throw corruptNpy(
      `the record says ${type}, the array is ${array.dtype} with ${array.shape.length} dimensions`,
    );
  }
  return retyped(array, type);
}

function retyped(array: NdArray, type: string): unknown {
  const data = array.data as NumericData;
  if (type === "Uint8ClampedArray") {
    return new Uint8ClampedArray(data.buffer as ArrayBuffer, data.byteOffset, data.length);
  }
  if (type !== "Float16Array") return data;
  const { Float16Array } = globalThis as {
    Float16Array?: new (b: ArrayBuffer, o: number, n: number) => unknown;
  };
  // A runtime without the class gets the same numbers as the NdArray that stands for them.
  return Float16Array
    ? new Float16Array(data.buffer as ArrayBuffer, data.byteOffset, data.length)
    : array;
}

/** A typed array of the class, over little-endian bytes that belong to nobody else and are aligned. */
export function decodeTypedArray(type: string, bytes: Uint8Array): unknown {
  const name = Object.hasOwn(typedArrayDtypes, type) ? typedArrayDtypes[type] : undefined;
  if (name === undefined) throw corruptNpy(`${quote(type)} is no typed array`);
  const { array } = numericDtypes[name];
  if (bytes.length % array.BYTES_PER_ELEMENT !== 0) throw corruptNpy("the last element is cut off");
  const data = new array(
    bytes.buffer as ArrayBuffer,
    bytes.byteOffset,
    bytes.length / array.BYTES_PER_ELEMENT,
  );
  return retyped(
    new NdArray({ dtype: name, shape: [data.length], data } as ConstructorParameters<
      typeof NdArray
    >[0]),
    type,
  );
}
