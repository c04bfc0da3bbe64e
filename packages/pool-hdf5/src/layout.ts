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

/** The type of the elements of a dataset. */
export interface ElementType {
  readonly type: "integer" | "float" | "complex" | "string";
  /** Bytes of one element. */
  readonly size: number;
  readonly signed: boolean;
}

export const byteType: ElementType = { type: "integer", size: 1, signed: false };
export const textType = (size: number): ElementType => ({ type: "string", size, signed: false });

/** In which way the elements of a record differ from those of its dataset, which are little endian in C order. */
export interface ElementForm {
  /** The first axis varies fastest. */
  readonly fortranOrder: boolean;
  /** How many bytes belong together and stand the other way round; 1: none. */
  readonly swap: 1 | 2 | 4 | 8;
  /** Each element is text in UTF-32 (NumPy's), and in UTF-8 in the dataset. */
  readonly text: boolean;
}

export interface DatasetLayout {
  readonly kind: Exclude<Kind, typeof Kind.lost>;
  /** How many bytes stand before the data of an array; they are kept in an attribute. */
  readonly prefixLength: number;
  readonly element: ElementType;
  readonly shape: readonly number[];
  /** What the elements mean where the stored type does not say it: `bool`, `float16`, `bfloat16`. */
  readonly dtype?: string;
  /** Absent where the bytes of the value are those of the dataset. */
  readonly form?: ElementForm;
}

/** What goes through the library's memory at once. */
export const pieceBytes = 4 << 20;
/** A string cannot be moved in pieces; longer texts are stored as bytes. */
export const maxTextBytes = 64 << 20;

export function bytesLayout(length: number): DatasetLayout {
  return { kind: Kind.bytes, prefixLength: 0, element: byteType, shape: [length] };
}

export function textLayout(length: number): DatasetLayout {
  return { kind: Kind.text, prefixLength: 0, element: textType(length), shape: [] };
}

/** How every binary record begins. */
export const recordMagic = Buffer.from("LAILA\x01", "latin1");
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
