import { crc32 } from "node:zlib";
import { type Hdf5, WorkerError } from "./hdf5.js";
import {
  bytesLayout,
  byteType,
  type DatasetLayout,
  datasetName,
  indexNames,
  Kind,
  textLayout,
  textType,
} from "./layout.js";
import { layoutOf, recordLayout } from "./record-layout.js";
import { isWholeIndex, type SnapshotEntry } from "./snapshot-index.js";

/** What the attributes of the root group say. */
export interface SnapshotMark {
  readonly poolId: string;
  /** The journals up to this generation are in the file. */
  readonly generation: number;
  /** The highest sequence number given out when the file was written. */
  readonly sequence: number;
}

const formatVersion = 1;
const wideType = { type: "integer", size: 8, signed: false } as const;
/** Some ten million keys; a damaged file may claim any size. */
const maxIndexBytes = 2 ** 30;
const recordAttribute = "laila_record";

/** The mark of one of our files. INVALID_CONFIG when the file is somebody else's, UNSUPPORTED_VERSION, CORRUPT. */
export function readMark(library: Hdf5, file: bigint, path: string): SnapshotMark {
  if (!library.attributeNames(file, "/").includes("LAILA")) {
    throw new WorkerError(
      "INVALID_CONFIG",
      `${path} is an HDF5 file, but not one of a LAILA pool: it has no LAILA attribute. It was not touched. Give the pool a file of its own.`,
    );
  }
  if (library.attribute(file, "/", "LAILA").toString("utf8") !== "pool") {
    throw new WorkerError(
      "INVALID_CONFIG",
      `${path} was made by exportSnapshot, for other programs: it is not a pool's own file. It was not touched. Give the pool a file of its own.`,
    );
  }
  const version = readNumber(library, file, "LAILA_format");
  if (version !== formatVersion) {
    throw new WorkerError(
      "UNSUPPORTED_VERSION",
      `${path} has the format ${version}; this version of @laila/pool-hdf5 reads ${formatVersion}. Install a newer one.`,
    );
  }
  return {
    poolId: library.attribute(file, "/", "LAILA_pool_id").toString("utf8"),
    generation: readNumber(library, file, "LAILA_generation"),
    sequence: readNumber(library, file, "LAILA_sequence"),
  };
}

export function writeMark(library: Hdf5, file: bigint, mark: SnapshotMark): void {
  writeOwner(library, file, "pool");
  writeText(library, file, "LAILA_pool_id", mark.poolId);
  writeNumber(library, file, "LAILA_generation", mark.generation);
  writeNumber(library, file, "LAILA_sequence", mark.sequence);
}

/** Says what the file is: a pool's own, or an export for others, which no pool opens. */
export function writeOwner(library: Hdf5, file: bigint, kind: "pool" | "export"): void {
  writeText(library, file, "LAILA", kind);
  writeNumber(library, file, "LAILA_format", formatVersion);
}

function writeText(library: Hdf5, file: bigint, name: string, value: string): void {
  const bytes = Buffer.from(value);
  library.setAttribute(file, "/", name, bytes, textType(bytes.length));
}

function writeNumber(library: Hdf5, file: bigint, name: string, value: number): void {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(BigInt(value));
  library.setAttribute(file, "/", name, bytes, wideType);
}

function readNumber(library: Hdf5, file: bigint, name: string): number {
  const bytes = library.attribute(file, "/", name);
  if (bytes.length !== 8)
    throw new WorkerError("CORRUPT", `The attribute ${name} has another type than LAILA writes.`);
  return Number(bytes.readBigUInt64LE());
}

/** The bytes of the index, from whichever copy is whole. CORRUPT when neither is. */
export function readIndexBytes(library: Hdf5, file: bigint, path: string): Buffer {
  for (const name of indexNames) {
    const bytes = readCopy(library, file, name);
    if (bytes && isWholeIndex(bytes)) return bytes;
  }
  throw damagedIndex(path);
}

function readCopy(library: Hdf5, file: bigint, name: string): Buffer | undefined {
  try {
    const { size, total_size: count } = library.metadata(file, name);
    if (size * count > maxIndexBytes) return undefined;
    const bytes = Buffer.allocUnsafeSlow(size * count);
    library.readDataset(file, name, bytes, bytesLayout(bytes.length));
    return bytes;
  } catch (error) {
    if (error instanceof WorkerError && error.code === "CORRUPT") return undefined;
    throw error;
  }
}

function damagedIndex(path: string): WorkerError {
  return new WorkerError(
    "CORRUPT",
    `Both copies of the index of ${path} are damaged. Restore the file from a backup.`,
  );
}

export function writeIndexBytes(library: Hdf5, file: bigint, bytes: Buffer, isNew: boolean): void {
  const layout = bytesLayout(bytes.length);
  for (const name of indexNames) {
    if (isNew) library.putDataset(file, name, bytes, layout, { growable: true });
    else {
      library.resize(file, name, bytes.length);
      library.writeDataset(file, name, bytes, layout);
    }
  }
}

/** Stores a value under its key, as bytes or as what it is, and says how. */
export function putValue(
  library: Hdf5,
  file: bigint,
  key: string,
  bytes: Buffer,
  plain: boolean,
): DatasetLayout {
  const layout = plain ? bytesLayout(bytes.length) : layoutOf(bytes);
  const name = datasetName(key);
  const { prefixLength, dtype } = layout;
  library.putDataset(file, name, bytes.subarray(prefixLength), layout);
  if (layout.kind !== Kind.array) return layout;
  const prefix = bytes.subarray(0, prefixLength);
  library.setAttribute(file, `/${name}`, recordAttribute, prefix, byteType, [prefixLength], true);
  if (dtype) {
    const text = Buffer.from(dtype);
    library.setAttribute(file, `/${name}`, "dtype", text, textType(text.length), [], true);
  }
  return layout;
}

/** A value, byte for byte as it was given. CORRUPT when it is not what the index says. */
export function readValue(library: Hdf5, file: bigint, key: string, entry: SnapshotEntry): Buffer {
  const bytes = Buffer.allocUnsafeSlow(entry.length);
  const name = datasetName(key);
  if (entry.prefixLength > 0) {
    const prefix = library.attribute(file, `/${name}`, recordAttribute);
    if (prefix.length !== entry.prefixLength) throw damaged(key);
    bytes.set(prefix);
  }
  const layout = layoutIn(bytes, entry);
  if (!layout) throw damaged(key);
  library.readDataset(file, name, bytes.subarray(entry.prefixLength), layout);
  if (crc32(bytes) !== entry.crc) throw damaged(key);
  return bytes;
}

/** How the dataset of an entry has to look; of the value's bytes only the prefix is needed. */
function layoutIn(
  bytes: Buffer,
  { kind, length, prefixLength }: SnapshotEntry,
): DatasetLayout | undefined {
  if (kind === Kind.text) return textLayout(length);
  if (kind === Kind.bytes) return bytesLayout(length);
  const layout = recordLayout(bytes.subarray(0, prefixLength), length);
  return layout?.prefixLength === prefixLength ? layout : undefined;
}

export function damaged(key: string): WorkerError {
  return new WorkerError(
    "CORRUPT",
    `The value of ${JSON.stringify(key)} in the HDF5 file is not the one that was written. Restore it, or write it again.`,
  );
}
