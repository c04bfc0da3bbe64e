import type { DatasetMetadata } from "./dataset-metadata.js";
import { type Hdf5, WorkerError } from "./hdf5.js";
import type { HDF5Inspection, HDF5Object } from "./inspection.js";
import { datasetName, indexNames } from "./layout.js";

/** What the thread that inspects gives for a start; the objects follow in pages. */
export interface InspectedFile {
  readonly paths: readonly string[];
  readonly attributes: readonly string[];
  readonly laila?: HDF5Inspection["laila"];
}

/** Every link in the file, and what the root's attributes say. CORRUPT. */
export function inspectFile(library: Hdf5, file: bigint): InspectedFile {
  const paths = library.allNames(file).map((name) => `/${name}`);
  const attributes = library.attributeNames(file, "/");
  if (!attributes.includes("LAILA")) return { paths, attributes };
  const number = (name: string): number | undefined => {
    const bytes = attributes.includes(name)
      ? attributeIfWhole(library, file, "/", name)
      : undefined;
    return bytes?.length === 8 ? Number(bytes.readBigUInt64LE()) : undefined;
  };
  const text = (name: string): string | undefined =>
    attributes.includes(name)
      ? attributeIfWhole(library, file, "/", name)?.toString("utf8").slice(0, 256)
      : undefined;
  const laila = {
    kind: text("LAILA") ?? "damaged",
    format: number("LAILA_format"),
    poolId: text("LAILA_pool_id"),
    generation: number("LAILA_generation"),
  };
  return { paths, attributes, laila };
}

/** What one link leads to. Nothing outside the file is looked at, and no data is read. */
export function inspectObject(
  library: Hdf5,
  file: bigint,
  path: string,
  isPool: boolean,
): HDF5Object {
  try {
    const link = library.linkAt(file, path);
    if (link) return { path, ...link };
    const kind = library.objectKind(file, path);
    if (kind === "other") return { path, kind };
    const attributes = library.attributeNames(file, path);
    if (kind !== "dataset") return { path, kind, attributes };
    const key = isPool ? keyOf(path.slice(1)) : undefined;
    return {
      ...{ path, kind },
      ...(key === undefined ? {} : { key }),
      ...describe(library, file, path),
      attributes,
    };
  } catch (error) {
    if (!(error instanceof WorkerError)) throw error;
    return { path, kind: "damaged", problem: error.message };
  }
}

function describe(library: Hdf5, file: bigint, path: string): Partial<HDF5Object> {
  const metadata = library.metadata(file, path.slice(1));
  const { shape, size, total_size: count, chunks, littleEndian, type } = metadata;
  const turned = isNumeric(type) && size > 1 && !littleEndian;
  return {
    dtype: dtypeOf(metadata),
    ...(turned ? { bigEndian: true as const } : {}),
    shape,
    bytes: shape ? size * count : 0,
    ...(chunks
      ? { chunks, filters: library.filters(file, path).map(({ id, name }) => name || String(id)) }
      : {}),
  };
}

const isNumeric = (type: number): boolean => type === 0 || type === 1;

/** By H5T_class_t. */
const classNames: Readonly<Record<number, string>> = {
  2: "time",
  4: "bits",
  5: "opaque",
  6: "compound",
  7: "reference",
  8: "enum",
  9: "list",
  10: "array",
};

export type ElementMetadata = Pick<
  DatasetMetadata,
  "type" | "size" | "signed" | "vlen" | "compound_type" | "enum_type" | "array_type"
>;

/** The type of a dataset's elements in a word: see {@link HDF5Object}. */
export function dtypeOf({ type, size, signed, vlen, ...more }: ElementMetadata): string {
  if (type === 0) return `${signed ? "int" : "uint"}${8 * size}`;
  if (type === 1) return `float${8 * size}`;
  if (type === 3) return vlen ? "text" : `text[${size}]`;
  const members = more.compound_type?.members ?? [];
  if (type === 6 && members.length === 2 && members.every((member) => member.type === 1)) {
    const names = members.map(({ name }) => name).join();
    // h5py's names, and MATLAB's.
    if (names === "r,i" || names === "real,imag") return `complex${8 * size}`;
  }
  if (type === 8 && size === 1) {
    const { FALSE, TRUE, ...others } = more.enum_type?.members ?? {};
    if (FALSE === 0 && TRUE === 1 && Object.keys(others).length === 0) return "bool";
  }
  return classNames[type] ?? "other";
}

function keyOf(name: string): string | undefined {
  if ((indexNames as readonly string[]).includes(name) || name.includes("/")) return undefined;
  try {
    const key = decodeURIComponent(name);
    return datasetName(key) === name ? key : undefined;
  } catch {
    // Another program's: no key is encoded like this.
    return undefined;
  }
}

export function attributeIfWhole(
  library: Hdf5,
  file: bigint,
  object: string,
  name: string,
): Buffer | undefined {
  try {
    return library.attribute(file, object, name);
  } catch (error) {
    if (error instanceof WorkerError) return undefined;
    throw error;
  }
}
