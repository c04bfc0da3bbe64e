import * as fs from "node:fs";
import { crc32 } from "node:zlib";
import { type Hdf5, WorkerError } from "./hdf5.js";
import { indexNames, Kind } from "./layout.js";
import { damaged, readIndexBytes, readMark, readValue, type SnapshotMark } from "./snapshot.js";
import { readIndex, type SnapshotEntry, type Stretch, stretchesOf } from "./snapshot-index.js";
import { areOf, decodeSums, type Sums } from "./sums.js";

/** The snapshot that the pool has open. */
export interface ExpectedBase {
  readonly poolId: string;
  readonly generation: number;
  /** True when the HDF5 library could not open it, so that its sums are all there is. */
  readonly salvaged: boolean;
}

/**
 * The old snapshot, as a checkpoint reads it. If it is the file that the pool wrote, values are read from where they
 * lie. Otherwise (somebody edited it, or copied it without its sums) by the HDF5 library; and when that cannot open it
 * any more, again from where they lie, each by its own checksum.
 */
export class Base {
  readonly index: Buffer;
  /** When the file is the one that the pool wrote. Single bytes may have been damaged since. */
  readonly sums: Sums | undefined;
  readonly #library: Hdf5;
  readonly #path: string;
  readonly #fd: number;
  #file: bigint | undefined;

  private constructor(
    library: Hdf5,
    path: string,
    fd: number,
    index: Buffer,
    sums: Sums | undefined,
    file: bigint | undefined,
  ) {
    this.#library = library;
    this.#path = path;
    this.#fd = fd;
    this.index = index;
    this.sums = sums;
    this.#file = file;
  }

  /** @param expected what the pool has open; unless given, whatever is there. UNAVAILABLE when it is another file. */
  static open(library: Hdf5, path: string, sumsPath: string, expected?: ExpectedBase): Base {
    const fd = fs.openSync(path, "r");
    try {
      const sums = readSums(sumsPath);
      if (sums && areOf(sums, fs.fstatSync(fd))) {
        checkExpected(path, expected, sums.mark);
        return new Base(library, path, fd, sums.index, sums, undefined);
      }
      if (sums && expected?.salvaged) {
        checkExpected(path, expected, sums.mark);
        return new Base(library, path, fd, sums.index, undefined, undefined);
      }
      const file = library.openFile(path, "read");
      try {
        checkExpected(path, expected, readMark(library, file, path));
        const index = readIndexBytes(library, file, path);
        return new Base(library, path, fd, index, undefined, file);
      } catch (error) {
        library.closeFile(file);
        throw error;
      }
    } catch (error) {
      fs.closeSync(fd);
      throw error;
    }
  }

  /** A value as it was written. A {@link WorkerError} when it is damaged. */
  read(key: string, entry: SnapshotEntry): Buffer {
    const file = this.#file;
    if (file !== undefined) return persistently(() => readValue(this.#library, file, key, entry));
    const stretches = stretchesOf(entry);
    if (stretches) {
      const bytes = readStretches(this.#fd, stretches);
      if (bytes && crc32(bytes) === entry.crc) return bytes;
      throw damaged(key);
    }
    return persistently(() => readValue(this.#library, this.#opened(), key, entry));
  }

  /** True when there may be more in the file than the new one gets: objects of others, or damaged structures. */
  get hasMore(): boolean {
    if (this.sums) return false;
    if (this.#file === undefined) return true;
    let datasets: number = indexNames.length;
    for (const [, { kind }] of readIndex(this.index)) if (kind !== Kind.lost) datasets++;
    const file = this.#file;
    try {
      return persistently(() => this.#library.names(file)).length !== datasets;
    } catch (error) {
      if (error instanceof WorkerError) return true;
      throw error;
    }
  }

  close(): void {
    fs.closeSync(this.#fd);
    if (this.#file !== undefined) this.#library.closeFile(this.#file);
  }

  #opened(): bigint {
    this.#file ??= this.#library.openFile(this.#path, "read");
    return this.#file;
  }
}

function checkExpected(
  path: string,
  expected: ExpectedBase | undefined,
  found: SnapshotMark,
): void {
  if (!expected) return;
  if (found.poolId === expected.poolId && found.generation === expected.generation) return;
  throw new WorkerError(
    "UNAVAILABLE",
    `${path} was replaced by another file while the pool was open. Everything acknowledged since its last checkpoint is in the journals; put the right file back.`,
  );
}

/** Only what cannot be read however often one tries is damaged. */
const readAttempts = 3;

function persistently<T>(read: () => T): T {
  for (let attempt = 1; ; attempt++) {
    try {
      return read();
    } catch (error) {
      if (attempt === readAttempts || !(error instanceof WorkerError)) throw error;
    }
  }
}

/** The sums beside a snapshot; undefined when there are none, or they are damaged. */
function readSums(path: string): Sums | undefined {
  try {
    return decodeSums(fs.readFileSync(path));
  } catch {
    // Without them the snapshot is read by the HDF5 library.
    return undefined;
  }
}

/** Stretches of a file as one buffer; undefined when the file ends before, or the disk cannot read them any more. */
export function readStretches(fd: number, stretches: readonly Stretch[]): Buffer | undefined {
  const bytes = Buffer.allocUnsafeSlow(stretches.reduce((sum, { length }) => sum + length, 0));
  let done = 0;
  for (const { offset, length } of stretches) {
    for (let read = 0; read < length; ) {
      const count = readSome(fd, bytes, done, length - read, offset + read);
      if (count === 0) return undefined;
      read += count;
      done += count;
    }
  }
  return bytes;
}

function readSome(fd: number, into: Buffer, at: number, length: number, position: number): number {
  for (let attempt = 1; ; attempt++) {
    try {
      return fs.readSync(fd, into, at, length, position);
    } catch (error) {
      if (!(error instanceof Error && "code" in error && error.code === "EIO")) throw error;
      if (attempt === readAttempts) return 0;
    }
  }
}
