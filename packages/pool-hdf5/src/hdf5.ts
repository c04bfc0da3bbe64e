import type { LailaError } from "@laila/pool";
import { type DatasetMetadata, isLike, type Storage, writeMetadata } from "./dataset-metadata.js";
import { type DataMover, dataMover } from "./element-form.js";
import { type DatasetLayout, type ElementType, pieceBytes } from "./layout.js";
import { pieces } from "./pieces.js";

type Module = typeof import("h5wasm/node").Module;

/** Which of a dataset's elements. */
interface Part {
  readonly count: bigint[];
  readonly offset: bigint[];
}

/** A failure inside the worker; it crosses to the pool as code and message. */
export class WorkerError extends Error {
  readonly code: LailaError["code"];

  constructor(code: LailaError["code"], message: string) {
    super(message);
    this.code = code;
  }
}

/** Error numbers of WASI that mean: no room. */
const noSpace: ReadonlySet<number> = new Set([51, 19, 22]);

/** An error by which the compiled library is told that there is no such file. */
const noSuchFile = { name: "ErrnoError", errno: 44 };
/** H5G_obj_t of https://support.hdfgroup.org/documentation/hdf5/latest/_h5_gpublic_8h.html */
const objectKinds = ["group", "dataset", "datatype"] as const;

/**
 * The HDF5 library as h5wasm compiles it, with every failure noticed. Many of its functions return 0
 * after they failed; what tells is that the library then prints a report to descriptor 2. That descriptor is
 * caught here: nothing is printed, and a report or a failed write makes the call throw.
 */
export class Hdf5 {
  static #loading: Promise<Hdf5> | undefined;

  /** Told of every write to a file after it was made: the bytes, valid during the call, and where they lie now. */
  observer: ((bytes: Uint8Array, position: number) => void) | undefined;
  readonly #module: Module;
  #confinedTo: string | undefined;
  #report = "";
  #writeError = 0;
  #scratch = 0;

  /** Loads the library (about a quarter of a second), once. */
  static load(): Promise<Hdf5> {
    Hdf5.#loading ??= import("h5wasm/node").then(async ({ ready }) => new Hdf5(await ready));
    return Hdf5.#loading;
  }

  private constructor(module: Module) {
    this.#module = module;
    const open = module.FS.open;
    module.FS.open = (path, ...rest) => {
      if (this.#confinedTo === undefined || path === this.#confinedTo) return open(path, ...rest);
      throw Object.assign(new Error(`${path} is another file.`), noSuchFile);
    };
    const write = module.FS.write;
    module.FS.write = (stream, buffer, offset, length, ...rest) => {
      if ("fd" in stream && stream.fd === 2) {
        if (this.#report.length < 4096) {
          const bytes = new Uint8Array(buffer.buffer, buffer.byteOffset + offset, length);
          this.#report += Buffer.from(bytes).toString("latin1");
        }
        return length;
      }
      try {
        const position = rest[0] ?? ("position" in stream ? Number(stream.position) : 0);
        const written = write(stream, buffer, offset, length, ...rest);
        this.observer?.(
          new Uint8Array(buffer.buffer, buffer.byteOffset + offset, written),
          position,
        );
        return written;
      } catch (error) {
        if (typeof error === "object" && error !== null && "errno" in error) {
          this.#writeError ||= Number(error.errno);
        }
        throw error;
      }
    };
  }

  /** Makes an empty file of what is there, readable by HDF5 1.10 and later. */
  createFile(path: string): bigint {
    const { H5F_ACC_TRUNC, H5F_LIBVER_V18, H5F_LIBVER_V110 } = this.#module;
    return this.#opened(`create ${path}`, () =>
      this.#module.open(path, H5F_ACC_TRUNC, false, H5F_LIBVER_V18, H5F_LIBVER_V110),
    );
  }

  openFile(path: string, access: "read" | "write"): bigint {
    const { H5F_ACC_RDONLY, H5F_ACC_RDWR, H5F_LIBVER_V18, H5F_LIBVER_V110 } = this.#module;
    const mode = access === "read" ? H5F_ACC_RDONLY : H5F_ACC_RDWR;
    return this.#opened(`open ${path}`, () =>
      this.#module.open(path, mode, false, H5F_LIBVER_V18, H5F_LIBVER_V110),
    );
  }

  /** Both statuses are checked, because only the first close tells of a failed write. */
  closeFile(file: bigint): void {
    this.#call("close the file", () => this.#module.close_file(file));
  }

  flush(file: bigint): void {
    this.#call("flush the file", () => this.#module.flush(file));
  }

  /** Every link in the file, groups within groups included; the same group twice is entered once. */
  allNames(file: bigint): string[] {
    return this.#call("list the file", () => this.#module.get_names(file, "/", true));
  }

  /** Where a symbolic link points, without following it; undefined for an object of the file. */
  linkAt(
    file: bigint,
    path: string,
  ): { kind: "soft link" | "external link"; target: string } | undefined {
    return this.#call(`look at ${path}`, () => {
      const target = this.#module.get_symbolic_link(file, path) as string | null;
      if (target !== null) return { kind: "soft link", target };
      const { filename, obj_path } = this.#module.get_external_link(file, path);
      return filename === undefined
        ? undefined
        : { kind: "external link", target: `${filename}:${obj_path}` };
    });
  }

  objectKind(file: bigint, path: string): "group" | "dataset" | "datatype" | "other" {
    const type = this.#call(`look at ${path}`, () => this.#module.get_type(file, path));
    return objectKinds[type] ?? "other";
  }

  /** The filters that the chunks of a dataset go through. */
  filters(file: bigint, path: string): { id: number; name: string }[] {
    return this.#call(`look at ${path}`, () => this.#module.get_dataset_filters(file, path));
  }

  /** Until it is called with undefined, no other file is opened, whatever a file says; nor a filter that it asks for. */
  confineTo(path: string | undefined): void {
    this.#confinedTo = path;
    const module = this.#module;
    while (module.get_plugin_search_paths().length > 0) module.remove_plugin_search_path(0);
  }

  names(file: bigint): string[] {
    return this.#call("list the file", () => this.#module.get_names(file, "/", false));
  }

  /** Writes a dataset piece by piece. A growable one has one dimension and can be {@link resize}d. */
  putDataset(
    file: bigint,
    name: string,
    data: Uint8Array,
    layout: DatasetLayout,
    storage: Storage = {},
    mover: DataMover = dataMover(layout),
  ): void {
    const { element, shape } = layout;
    const metadata = writeMetadata(element, shape, storage);
    const path = `/${name}`;
    const length = element.size * metadata.total_size;
    if (length <= pieceBytes && !storage.chunks) {
      const pointer = this.#scratchPointer();
      mover.toDataset(data, 0, this.#module.HEAPU8.subarray(pointer, pointer + length));
      this.#call(`write ${name}`, () =>
        this.#module.create_dataset(file, path, BigInt(pointer), metadata),
      );
      return;
    }
    if (shape.length === 0) {
      this.#withBytes(data.byteLength, (pointer) => {
        this.#module.HEAPU8.set(data, pointer);
        this.#call(`write ${name}`, () =>
          this.#module.create_dataset(file, path, BigInt(pointer), metadata),
        );
      });
      return;
    }
    if (this.#module.get_type(file, path) >= 0) {
      throw new WorkerError("CORRUPT", `There is another ${name} in the file already.`);
    }
    // Without data the dataset is created, and the writing of nothing is what the library then complains about.
    this.#module.create_dataset(file, path, 0n, metadata);
    this.writeDataset(file, name, data, layout, storage.chunks, mover);
  }

  /** Writes over the data of a dataset; in pieces of its chunks, where it has some. */
  writeDataset(
    file: bigint,
    name: string,
    data: Uint8Array,
    layout: DatasetLayout,
    chunks?: readonly number[],
    mover: DataMover = dataMover(layout),
  ): void {
    const { element, shape } = layout;
    const most = chunks ? chunks.reduce((size, extent) => size * extent, element.size) : pieceBytes;
    for (const { offset, count, start, length } of pieces(shape, element.size, most)) {
      const pointer = this.#scratchPointer();
      mover.toDataset(data, start, this.#module.HEAPU8.subarray(pointer, pointer + length));
      const steps = count.map(() => 1n);
      this.#call(`write ${name}`, () =>
        this.#module.set_dataset_data(file, `/${name}`, count, offset, steps, BigInt(pointer)),
      );
    }
  }

  resize(file: bigint, name: string, length: number): void {
    this.#call(`resize ${name}`, () =>
      this.#module.resize_dataset(file, `/${name}`, [BigInt(length)]),
    );
  }

  metadata(file: bigint, name: string): DatasetMetadata {
    return this.#call(`look at ${name}`, () => this.#module.get_dataset_metadata(file, `/${name}`));
  }

  /** The data of a dataset, into a buffer of exactly its size. CORRUPT when it is another kind of dataset. */
  readDataset(file: bigint, name: string, into: Uint8Array, layout: DatasetLayout): void {
    const { element, shape } = layout;
    const found = this.metadata(file, name);
    if (!isLike(found, layout) || element.size * found.total_size !== into.byteLength) {
      throw new WorkerError(
        "CORRUPT",
        `The dataset ${name} has another type or shape than it was written with.`,
      );
    }
    if (into.byteLength === 0) return;
    const mover = dataMover(layout);
    const whole = into.byteLength <= pieceBytes || shape.length === 0;
    for (const part of whole ? [undefined] : pieces(shape, element.size, pieceBytes)) {
      this.withData(file, `/${name}`, part?.length ?? into.byteLength, part, (data) =>
        mover.toValue(data, part?.start ?? 0, into),
      );
    }
  }

  /** The elements of a part, or all of them, as they lie in the library's memory during `use`: that many bytes. */
  withData(
    file: bigint,
    path: string,
    length: number,
    part: Part | undefined,
    use: (data: Uint8Array) => void,
  ): void {
    const read = (pointer: number): void => {
      this.#readPart(file, path, part, pointer);
      use(this.#module.HEAPU8.subarray(pointer, pointer + length));
    };
    if (length <= pieceBytes) read(this.#scratchPointer());
    else this.#withBytes(length, read);
  }

  /** Each text of a part of a dataset of texts of any length; valid during `use`. */
  withTexts(
    file: bigint,
    path: string,
    count: number,
    part: Part | undefined,
    use: (text: Uint8Array) => void,
  ): void {
    const pointer = this.#scratchPointer();
    this.#readPart(file, path, part, pointer);
    try {
      const memory = this.#module.HEAPU8;
      for (const reference of new Uint32Array(memory.buffer, pointer, count)) {
        const end = reference === 0 ? 0 : memory.indexOf(0, reference);
        use(memory.subarray(reference, end));
      }
    } finally {
      const given = BigInt(pointer);
      this.#call(`read ${path}`, () =>
        part
          ? this.#module.reclaim_vlen_memory_count(file, path, "", given, part.count)
          : this.#module.reclaim_vlen_memory(file, path, "", given),
      );
    }
  }

  /** What the library has taken; it gives nothing back. */
  get memoryBytes(): number {
    return this.#module.HEAPU8.byteLength;
  }

  #readPart(file: bigint, path: string, part: Part | undefined, pointer: number): void {
    const { count = null, offset = null } = part ?? {};
    const steps = count?.map(() => 1n) ?? null;
    this.#call(`read ${path}`, () =>
      this.#module.get_dataset_data(file, path, count, offset, steps, BigInt(pointer)),
    );
  }

  attributeNames(file: bigint, object: string): string[] {
    return this.#call(`list the attributes of ${object}`, () =>
      this.#module.get_attribute_names(file, object),
    );
  }

  /** Replaces an attribute. */
  setAttribute(
    file: bigint,
    object: string,
    name: string,
    data: Uint8Array,
    element: ElementType,
    shape: readonly number[] = [],
    isNew = false,
  ): void {
    const pointer = this.#toScratch(data);
    const metadata = writeMetadata(element, shape, {});
    this.#call(`write the attribute ${name}`, () => {
      if (!isNew && this.#module.get_attribute_names(file, object).includes(name)) {
        this.#module.delete_attribute(file, object, name);
      }
      return this.#module.create_attribute(file, object, name, BigInt(pointer), metadata);
    });
  }

  /** The bytes of an attribute of at most one piece. */
  attribute(file: bigint, object: string, name: string): Buffer {
    return this.#call(`read the attribute ${name}`, () => {
      const {
        size,
        total_size: count,
        vlen,
      } = this.#module.get_attribute_metadata(file, object, name);
      const length = size * count;
      if (vlen || length > pieceBytes) {
        throw new WorkerError(
          "CORRUPT",
          `The attribute ${name} of ${object} is not one that LAILA writes.`,
        );
      }
      const pointer = this.#scratchPointer();
      this.#module.get_attribute_data(file, object, name, BigInt(pointer));
      return Buffer.from(this.#module.HEAPU8.slice(pointer, pointer + length).buffer);
    });
  }

  #opened(doing: string, open: () => bigint): bigint {
    return this.#call(doing, () => {
      const file = open();
      if (file < 0n) throw new Error("the library gave no file");
      return file;
    });
  }

  #call<T>(doing: string, act: () => T): T {
    this.#report = "";
    this.#writeError = 0;
    let result: T;
    try {
      result = act();
    } catch (error) {
      if (error instanceof WorkerError) throw error;
      throw this.#failure(doing, error instanceof Error ? error.message : String(error));
    }
    const failed = typeof result === "number" && result < 0;
    if (failed || this.#report !== "" || this.#writeError !== 0) throw this.#failure(doing, "");
    return result;
  }

  #failure(doing: string, message: string): WorkerError {
    if (noSpace.has(this.#writeError)) {
      return new WorkerError("NO_SPACE", `HDF5 could not ${doing}: no space left.`);
    }
    // The innermost line of a report says what was wrong.
    const reasons = [...this.#report.matchAll(/\(\): (.+)/g)].map((found) => found[1]);
    const reason = reasons.at(-1) || message || `error ${this.#writeError}`;
    const code = this.#writeError === 0 ? "CORRUPT" : "UNAVAILABLE";
    return new WorkerError(code, `HDF5 could not ${doing}: ${reason}.`);
  }

  #scratchPointer(): number {
    this.#scratch ||= this.#module._malloc(pieceBytes);
    if (this.#scratch === 0)
      throw new WorkerError("UNAVAILABLE", "The HDF5 library has no memory left.");
    return this.#scratch;
  }

  /** The library's memory for what cannot be moved in pieces. */
  #withBytes(length: number, act: (pointer: number) => void): void {
    const pointer = this.#module._malloc(length);
    if (pointer === 0) throw new WorkerError("UNAVAILABLE", "The HDF5 library has no memory left.");
    try {
      act(pointer);
    } finally {
      this.#module._free(pointer);
    }
  }

  #toScratch(data: Uint8Array): number {
    const pointer = this.#scratchPointer();
    this.#module.HEAPU8.set(data, pointer);
    return pointer;
  }
}
