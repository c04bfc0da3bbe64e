import { resolve } from "node:path";
import { type CallOptions, isLailaError, LailaError, NdArray } from "@laila/pool";
import { inspector } from "./inspector.js";
import { indexNames } from "./layout.js";
import type { DatasetRead, NumericDtype } from "./read-dataset.js";

/** Longer than that no dataset takes: this long, and so long for each MiB that it may have. */
const [patience, patiencePerMiB] = [10_000, 60];

/** Which datasets {@link HDF5Pool.readDatasets} reads. */
export interface ReadDatasetsOptions extends CallOptions {
  /** Where they are, such as `/group/dataset`; all of the file unless given. */
  readonly paths?: readonly string[] | undefined;
  /** Of one dataset, when it is read; larger ones are told as a problem. 1 GiB unless given. */
  readonly maxBytes?: number | undefined;
}

/** A dataset that {@link HDF5Pool.readDatasets} came to, with exactly one of `value`, `text` and `problem`. */
export interface HDF5Dataset {
  readonly path: string;
  /** Numbers, in C order. */
  readonly value?: NdArray;
  /** A single text, or the texts of an array in C order. */
  readonly text?: string | string[];
  /** Why it was not read, in words. */
  readonly problem?: string;
}

const arrays: Readonly<Record<NumericDtype, new (buffer: ArrayBuffer) => NdArray["data"]>> = {
  ...{ bool: Uint8Array, uint8: Uint8Array, int8: Int8Array },
  ...{ uint16: Uint16Array, int16: Int16Array, float16: Uint16Array },
  ...{ uint32: Uint32Array, int32: Int32Array, uint64: BigUint64Array, int64: BigInt64Array },
  ...{ float32: Float32Array, float64: Float64Array },
  ...{ complex64: Float32Array, complex128: Float64Array },
};

/** Every call opens the file anew, so a reader who thinks for long, or never comes back, keeps nothing open. */
export async function* readDatasets(
  given: string,
  { paths: wanted, maxBytes = 2 ** 30, signal }: ReadDatasetsOptions,
): AsyncGenerator<HDF5Dataset, undefined> {
  if (!Number.isSafeInteger(maxBytes) || maxBytes < 0)
    throw new LailaError("INVALID_ARGUMENT", "maxBytes has to be a whole number from 0.");
  const path = resolve(given);
  const paths = wanted?.map((name) => `/${name.replace(/^\/+/, "")}`) ?? (await all(path, signal));
  for (const name of paths) {
    const read = await readOne(path, name, maxBytes, signal);
    if (read.is === "array") yield { path: name, ...arrayOf(read) };
    else if (read.is === "text") yield { path: name, text: read.text };
    else if (read.is === "problem") yield { path: name, problem: read.problem };
    else if (wanted) yield { path: name, problem: `It is a ${read.is}, and no dataset.` };
  }
  return undefined;
}

/** Every link; those that are no datasets are found when their turn comes. */
async function all(path: string, signal: AbortSignal | undefined): Promise<readonly string[]> {
  return inspector.turn(path, signal, async (ask) => {
    const { handle, paths, laila } = await ask((worker) => worker.call("inspect", path));
    await ask((worker) => worker.call("close", handle));
    if (laila?.kind !== "pool") return paths;
    return paths.filter((name) => !(indexNames as readonly string[]).includes(name.slice(1)));
  });
}

async function readOne(
  path: string,
  name: string,
  maxBytes: number,
  signal: AbortSignal | undefined,
): Promise<DatasetRead> {
  try {
    return await inspector.turn(path, signal, async (ask) => {
      const read = await ask(
        (worker) => worker.call("readDataset", path, name, maxBytes),
        patience + (maxBytes / 2 ** 20) * patiencePerMiB,
      );
      if (read.heavy) await inspector.restart();
      else if (read.is === "problem" && read.damaged) await inspector.noteFailure();
      return read;
    });
  } catch (error) {
    // What this dataset did to the library; the next one may be sound. But nobody waits for long a thousand times.
    if (!isLailaError(error, "CORRUPT") || error.details.unanswered) throw error;
    const { cause } = error;
    return {
      is: "problem",
      problem: cause instanceof Error ? cause.message : error.message,
    };
  }
}

function arrayOf({
  dtype,
  shape,
  data,
}: DatasetRead & { readonly is: "array" }): Omit<HDF5Dataset, "path"> {
  try {
    const parts = { dtype, shape, data: new arrays[dtype](data.buffer as ArrayBuffer) };
    return { value: new NdArray(parts as ConstructorParameters<typeof NdArray>[0]) };
  } catch (error) {
    // The file says of itself what cannot be.
    return { problem: error instanceof Error ? error.message : String(error) };
  }
}
