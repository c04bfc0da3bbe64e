import type { DatasetMetadata } from "./dataset-metadata.js";
import { type Hdf5, WorkerError } from "./hdf5.js";
import { attributeIfWhole, dtypeOf, type ElementMetadata } from "./inspect-objects.js";
import { pieceBytes } from "./layout.js";
import { pieces } from "./pieces.js";

const numericDtypes = [
  ...(["bool", "int8", "uint8", "int16", "uint16", "int32", "uint32", "int64", "uint64"] as const),
  ...(["float16", "float32", "float64", "complex64", "complex128"] as const),
];
/** By NumPy's names, as of `NdArray`. */
export type NumericDtype = (typeof numericDtypes)[number];

/** What the thread that reads gives for one object. */
export type DatasetRead =
  | {
      readonly is: "array";
      readonly dtype: NumericDtype;
      readonly shape: readonly number[];
      readonly data: Uint8Array;
    }
  | { readonly is: "text"; readonly text: string | string[] }
  | { readonly is: "problem"; readonly problem: string; readonly damaged?: true }
  | { readonly is: "group" | "datatype" };

/** A text of any length is found by its reference, so many of them at a time. */
const textsAtOnce = 1024;
const referenceBytes = 4;
/** However short they are, each takes a hundred bytes of memory, and a file of one kilobyte can have millions. */
const mostTexts = 2 ** 22;

/** H5Z_filter_t: deflate, shuffle, fletcher32, scale and offset. Packed bits would come out packed. */
const knownFilters: ReadonlySet<number> = new Set([1, 2, 3, 6]);

const problem = (said: string): DatasetRead => ({ is: "problem", problem: said });

/** Reads one object of a file that is not trusted. Nothing outside the file is looked at. */
export function readDataset(
  library: Hdf5,
  file: bigint,
  path: string,
  maxBytes: number,
): DatasetRead {
  try {
    const link = library.linkAt(file, path);
    if (link)
      return problem(`It is a link (${link.kind}) to ${link.target}, which is not followed.`);
    const kind = library.objectKind(file, path);
    if (kind === "other")
      return { is: "problem", problem: "There is nothing that can be read.", damaged: true };
    if (kind !== "dataset") return { is: kind };
    return readAs(new Source(library, file, path), maxBytes);
  } catch (error) {
    if (!(error instanceof WorkerError)) throw error;
    return { is: "problem", problem: error.message, damaged: true };
  }
}

function readAs(source: Source, maxBytes: number): DatasetRead {
  const { metadata, shape, count } = source;
  if (metadata.virtual_sources)
    return problem("It is virtual: its data lie in other datasets, which are not looked for.");
  if (!shape) return problem("It has a type, and no data at all.");
  if (source.attributes.includes("MATLAB_empty"))
    return problem("It is an empty array of MATLAB, and holds only its size.");
  const bytes = metadata.size * count;
  if (!(bytes <= maxBytes))
    return problem(`It has ${bytes} bytes, and at most ${maxBytes} were to be read.`);
  const filter = source.filters().find(({ id }) => !knownFilters.has(id));
  if (filter)
    return problem(
      `Its data went through the filter ${filter.name || filter.id}, which is not undone here.`,
    );
  if (metadata.type === 3) return readText(source, shape, maxBytes);
  const found = numbersOf(metadata);
  if (!found) {
    const name = dtypeOf(metadata);
    const type = name.startsWith("complex") ? "compound" : name;
    return problem(`Its type is ${type}, which is not read here.`);
  }
  const array = { shape: [...shape, ...found.inner], data: source.read() };
  return meant(source, found.dtype, array);
}

interface Numbers {
  readonly dtype: NumericDtype;
  /** Of elements that are arrays themselves: further dimensions. */
  readonly inner: readonly number[];
}

function numbersOf(metadata: ElementMetadata): Numbers | undefined {
  const { type, size, signed, array_type: of } = metadata;
  if (type === 10 && of?.shape) {
    const found = numbersOf(of);
    return found && { ...found, inner: [...of.shape, ...found.inner] };
  }
  let name = dtypeOf(metadata);
  if (name.startsWith("complex") && !isComplex(metadata)) return undefined;
  if (name === "enum" && metadata.enum_type?.type === 0)
    name = `${signed ? "int" : "uint"}${8 * size}`;
  const dtype = numericDtypes.find((known) => known === name);
  return dtype && { dtype, inner: [] };
}

/** Two floats right behind each other, in the same order of bytes: the library turns all members or none. */
function isComplex({ size, compound_type }: ElementMetadata): boolean {
  const [real, imaginary] = compound_type?.members ?? [];
  return (
    real?.size === size / 2 &&
    imaginary?.size === size / 2 &&
    real.offset === 0 &&
    imaginary.offset === size / 2 &&
    real.littleEndian === imaginary.littleEndian
  );
}

/** Where an attribute says more than the type: those of LAILA's own files, and MATLAB's. */
function meant(
  source: Source,
  dtype: NumericDtype,
  { shape, data }: { readonly shape: readonly number[]; readonly data: Uint8Array },
): DatasetRead {
  const name = source.isLailas ? source.text("dtype") : undefined;
  const matlab = source.text("MATLAB_class");
  const is = "array";
  if (dtype === "uint16" && name === "float16") return { is, dtype: name, shape, data };
  if (dtype === "uint16" && name === "bfloat16")
    return { is, dtype: "float32", shape, data: widened(data) };
  if (dtype === "uint16" && matlab === "char" && shape.filter((extent) => extent !== 1).length < 2)
    return { is: "text", text: Buffer.from(data.buffer).toString("utf16le") };
  const saysBool = source.isLailas ? name === "bool" : matlab === "logical";
  if (dtype !== "bool" && !(dtype === "uint8" && saysBool)) return { is, dtype, shape, data };
  if (data.some((truth) => truth > 1))
    return problem("It is said to be bool, and has other values than 0 and 1.");
  return { is, dtype: "bool", shape, data };
}

function widened(bits: Uint8Array): Uint8Array {
  const narrow = new Uint16Array(bits.buffer as ArrayBuffer);
  return new Uint8Array(Uint32Array.from(narrow, (half) => half << 16).buffer);
}

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

function readText(source: Source, shape: readonly number[], maxBytes: number): DatasetRead {
  if (source.count > mostTexts)
    return problem(`It has ${source.count} texts, and at most ${mostTexts} are read.`);
  const texts = source.metadata.vlen ? source.freeTexts(shape, maxBytes) : source.fixedTexts();
  if (texts === undefined)
    return problem(`Its texts have more bytes than the ${maxBytes} that were to be read.`);
  try {
    const decoded = texts.map((text) => utf8.decode(text));
    return { is: "text", text: shape.length === 0 ? (decoded[0] ?? "") : decoded };
  } catch {
    return problem("Its text is not UTF-8.");
  }
}

/** The dataset that is being read. */
class Source {
  readonly metadata: DatasetMetadata;
  readonly shape: readonly number[] | null;
  readonly count: number;
  readonly attributes: readonly string[];
  readonly isLailas: boolean;
  readonly #library: Hdf5;
  readonly #file: bigint;
  readonly #path: string;

  constructor(library: Hdf5, file: bigint, path: string) {
    this.#library = library;
    this.#file = file;
    this.#path = path;
    this.metadata = library.metadata(file, path.slice(1));
    this.shape = this.metadata.shape;
    this.count = (this.shape ?? []).reduce((product, extent) => product * extent, 1);
    this.attributes = library.attributeNames(file, path);
    this.isLailas = library.attributeNames(file, "/").includes("LAILA");
  }

  filters(): readonly { readonly id: number; readonly name: string }[] {
    return this.metadata.chunks ? this.#library.filters(this.#file, this.#path) : [];
  }

  /** An attribute that is a short text. */
  text(name: string): string | undefined {
    if (!this.attributes.includes(name)) return undefined;
    return attributeIfWhole(this.#library, this.#file, this.#path, name)
      ?.toString("utf8")
      .replace(/\0+$/, "");
  }

  /** All elements, little endian. */
  read(): Uint8Array {
    const { size } = this.metadata;
    const shape = this.shape ?? [];
    const data = new Uint8Array(size * this.count);
    if (data.length === 0) return data;
    if (shape.length === 0) {
      this.#library.withData(this.#file, this.#path, data.length, undefined, (bytes) =>
        data.set(bytes),
      );
      return data;
    }
    for (const part of pieces(shape, size, this.#slab(shape))) {
      this.#library.withData(this.#file, this.#path, part.length, part, (bytes) =>
        data.set(bytes, part.start),
      );
    }
    return data;
  }

  /** Texts of one length, without what fills them up. */
  fixedTexts(): Uint8Array[] {
    const { size, strpad } = this.metadata;
    const data = this.read();
    return Array.from({ length: this.count }, (_, i) => {
      const cell = data.subarray(i * size, (i + 1) * size);
      // H5T_str_t: ends with a NUL, is filled with NULs, is filled with spaces.
      const first = strpad === 0 ? cell.indexOf(0) : -1;
      let end = first === -1 ? size : first;
      const filling = strpad === 2 ? 0x20 : 0;
      while (end > 0 && cell[end - 1] === filling) end--;
      return cell.subarray(0, end);
    });
  }

  /** Texts of any length; undefined when they have more bytes than that. */
  freeTexts(shape: readonly number[], maxBytes: number): Uint8Array[] | undefined {
    const texts: Uint8Array[] = [];
    if (this.count === 0) return texts;
    let left = maxBytes;
    const parts =
      shape.length === 0
        ? [undefined]
        : pieces(shape, referenceBytes, textsAtOnce * referenceBytes);
    for (const part of parts) {
      const length = part?.length ?? referenceBytes;
      this.#library.withTexts(this.#file, this.#path, length / referenceBytes, part, (text) => {
        left -= text.length;
        if (left >= 0) texts.push(text.slice());
      });
      if (left < 0) return undefined;
    }
    return texts;
  }

  /** How many bytes are read at once: whole rows of chunks, so that each chunk is unpacked once. */
  #slab(shape: readonly number[]): number {
    const { size, chunks } = this.metadata;
    const axis = chunks?.findIndex((extent) => extent > 1) ?? -1;
    const least =
      axis < 0
        ? size
        : shape
            .slice(axis + 1)
            .reduce((product, extent) => product * extent, size * (chunks?.[axis] ?? 1));
    return least * Math.max(1, Math.floor(pieceBytes / least));
  }
}
