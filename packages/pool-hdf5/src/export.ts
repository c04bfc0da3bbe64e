import * as fs from "node:fs";
import { Base } from "./base.js";
import { type DataMover, dataMover } from "./element-form.js";
import { type Hdf5, WorkerError } from "./hdf5.js";
import { type DatasetLayout, Kind, pieceBytes, textType } from "./layout.js";
import { chunkShape } from "./pieces.js";
import { layoutOf } from "./record-layout.js";
import { writeOwner } from "./snapshot.js";
import { readIndex } from "./snapshot-index.js";
import { widened } from "./widened.js";

/** What is exported, and to where. */
export interface ExportJob {
  readonly path: string;
  readonly sums: string;
  /** Does not exist yet. */
  readonly target: string;
  /** Level of gzip, 1 to 9. */
  readonly deflate: number | undefined;
}

export interface ExportOutcome {
  /** Of the new file, in bytes. */
  readonly size: number;
  readonly values: number;
  /** The keys whose values could not be read. */
  readonly damaged: readonly string[];
}

/** Datasets of at least this size are chunked: below it, a chunk's index is larger than what it saves. */
const chunkedBytes = 4096;
const chunkBytes = 1 << 20;
/** How long the worker goes on before it looks whether somebody wants to read. */
const turnMilliseconds = 4;

/**
 * Writes the values of a snapshot for other programs, each under its key: arrays in chunks, compressed, and with the
 * numbers that they stand for; nothing of the pool's own. The file is durable when it resolves.
 */
export async function exportValues(library: Hdf5, job: ExportJob): Promise<ExportOutcome> {
  const base = Base.open(library, job.path, job.sums);
  const fd = fs.openSync(job.target, "wx+", 0o600);
  try {
    const file = library.createFile(job.target);
    let closed = false;
    let outcome: Omit<ExportOutcome, "size">;
    try {
      outcome = await putAll(library, file, base, job);
      library.flush(file);
      closed = true;
      library.closeFile(file);
    } finally {
      if (!closed) closeAnyway(library, file);
    }
    fs.fsyncSync(fd);
    return { ...outcome, size: fs.fstatSync(fd).size };
  } finally {
    fs.closeSync(fd);
    base.close();
  }
}

async function putAll(
  library: Hdf5,
  file: bigint,
  base: Base,
  { deflate }: ExportJob,
): Promise<Omit<ExportOutcome, "size">> {
  const damaged: string[] = [];
  let values = 0;
  let turnEnds = performance.now() + turnMilliseconds;
  writeOwner(library, file, "export");
  for (const [key, entry] of readIndex(base.index)) {
    if (performance.now() > turnEnds) {
      await new Promise((resolve) => setImmediate(resolve));
      turnEnds = performance.now() + turnMilliseconds;
    }
    let bytes: Buffer;
    try {
      if (entry.kind === Kind.lost) throw new WorkerError("CORRUPT", "It was lost before.");
      bytes = base.read(key, entry);
    } catch (error) {
      if (!(error instanceof WorkerError && error.code === "CORRUPT")) throw error;
      damaged.push(key);
      continue;
    }
    put(library, file, key, bytes, deflate);
    values++;
  }
  return { values, damaged };
}

function put(
  library: Hdf5,
  file: bigint,
  key: string,
  bytes: Buffer,
  deflate: number | undefined,
): void {
  const stored = layoutOf(bytes);
  const { layout, mover } = shown(stored);
  const name = exportedName(key);
  const { element, shape } = layout;
  const length = shape.reduce((product, extent) => product * extent, element.size);
  const chunked = shape.length > 0 && length >= chunkedBytes && element.size <= chunkBytes;
  const storage = chunked ? { chunks: chunkShape(shape, element.size, chunkBytes), deflate } : {};
  library.putDataset(file, name, bytes.subarray(stored.prefixLength), layout, storage, mover);
  const text = (attribute: string, value: string) => {
    const utf8 = Buffer.from(value);
    if (utf8.length === 0 || utf8.length > pieceBytes) return;
    const type = textType(utf8.length);
    library.setAttribute(file, `/${name}`, attribute, utf8, type, [], true);
  };
  if (stored.dtype) text("dtype", stored.dtype);
  const header = headerOf(bytes, stored);
  if (header?.nickname) text("nickname", header.nickname);
  if (header?.text) text("laila_record", header.text);
}

/** Numbers of two bytes, which the library makes no floats of, become the floats of four that they stand for. */
function shown(stored: DatasetLayout): { layout: DatasetLayout; mover: DataMover } {
  const mover = dataMover(stored);
  if (stored.dtype !== "float16" && stored.dtype !== "bfloat16") return { layout: stored, mover };
  const element = { type: "float", size: 4, signed: true } as const;
  return { layout: { ...stored, element }, mover: widened(stored.dtype, mover) };
}

/** What a record says of itself besides the value; of one that is text, only its nickname. */
function headerOf(
  bytes: Buffer,
  { kind, prefixLength }: DatasetLayout,
): { nickname?: string | undefined; text?: string } | undefined {
  const json = kind === Kind.text ? bytes : bytes.subarray(24, prefixLength);
  const end = kind === Kind.array ? 24 + bytes.readUInt32LE(16) : bytes.length;
  if (kind === Kind.bytes) return undefined;
  const text = json.toString("utf8", 0, kind === Kind.array ? end - 24 : end).trimEnd();
  try {
    const record: unknown = JSON.parse(text);
    const nickname =
      typeof record === "object" && record !== null && "nickname" in record
        ? record.nickname
        : undefined;
    const known = typeof nickname === "string" && !nickname.includes("\0") ? nickname : undefined;
    return kind === Kind.text ? { nickname: known } : { nickname: known, text };
  } catch {
    // Text that begins and ends like JSON, and is none: it has no nickname.
    return undefined;
  }
}

/** As readable as HDF5 lets it be: `/` would make groups, and a dot at the beginning stands for the group itself. */
const unreadable = /[%/\p{Cc}]|^\./gu;

function exportedName(key: string): string {
  return key.replace(unreadable, (mark) => encodeURIComponent(mark).replace(".", "%2E"));
}

function closeAnyway(library: Hdf5, file: bigint): void {
  try {
    library.closeFile(file);
  } catch (error) {
    // The failure that led here is the one that is told.
    if (!(error instanceof WorkerError)) throw error;
  }
}
