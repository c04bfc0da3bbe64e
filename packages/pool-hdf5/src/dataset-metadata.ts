import type { DatasetLayout, ElementType } from "./layout.js";

type Module = typeof import("h5wasm/node").Module;
export type DatasetMetadata = ReturnType<Module["get_dataset_metadata"]>;
type WriteMetadata = Parameters<Module["create_dataset"]>[3];

/** H5T_class_t of https://support.hdfgroup.org/documentation/hdf5/latest/_h5_tpublic_8h.html */
const typeClasses = { integer: 0, float: 1, string: 3, complex: 6 } as const;
const utf8 = 1;
const unlimited = 2n ** 64n - 1n;
/** How a dataset is stored; contiguous, unless chunks are given. */
export interface Storage {
  readonly growable?: boolean;
  readonly chunks?: readonly number[];
  /** Level of gzip, 1 to 9; only with chunks. */
  readonly deflate?: number | undefined;
}

/** H5Z_FILTER_DEFLATE of https://support.hdfgroup.org/documentation/hdf5/latest/_h5_zpublic_8h.html */
const deflateFilter = 1;

export function writeMetadata(
  element: ElementType,
  shape: readonly number[],
  { growable = false, chunks, deflate }: Storage,
): WriteMetadata {
  const extents = shape.map(BigInt);
  const base = {
    ...elementMetadata(element),
    shape: extents,
    maxshape: growable ? extents.map(() => unlimited) : extents,
    total_size: shape.reduce((product, extent) => product * extent, 1),
  };
  if (growable) return { ...base, ...{ chunks: [16384n] } };
  if (!chunks) return base;
  const filter = deflate ? { compression: deflateFilter, compression_opts: [deflate] } : {};
  return { ...base, ...{ chunks: chunks.map(BigInt) }, ...filter };
}

/** True when a dataset is of the layout's type and shape. */
export function isLike(found: DatasetMetadata, { element, shape }: DatasetLayout): boolean {
  if (found.vlen || found.type !== typeClasses[element.type] || found.size !== element.size)
    return false;
  if (element.type === "integer" && found.signed !== element.signed) return false;
  // A file that was copied by other programs may have them the other way round; reading turns them.
  return (
    found.shape?.length === shape.length && found.shape.every((extent, i) => extent === shape[i])
  );
}

function elementMetadata({
  type,
  size,
  signed,
}: ElementType): Omit<WriteMetadata, "shape" | "maxshape" | "total_size"> {
  const base = {
    type: typeClasses[type],
    size,
    signed,
    vlen: false,
    littleEndian: true,
    cset: utf8,
  };
  if (type !== "complex") return base;
  const member = (name: string, offset: number) => ({
    ...{ type: typeClasses.float, size: size / 2, signed: true, vlen: false, littleEndian: true },
    ...{ name, offset, shape: [], maxshape: null, chunks: null, total_size: 1 },
  });
  const members = [member("r", 0), member("i", size / 2)];
  return { ...base, compound_type: { nmembers: members.length, members } };
}
