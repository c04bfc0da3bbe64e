import { resolve } from "node:path";
import { abortError, isLailaError, LailaError } from "@laila/pool";
import { because, fileError } from "./errors.js";
import { files } from "./files.js";
import type { HDF5Inspection, HDF5Object } from "./inspection.js";
import { WorkerClient } from "./worker-client.js";

/** How many objects are asked for at once. */
const pageObjects = 256;
/** A thread that has not answered by then is in an endless loop: a page takes some hundredths of a second. */
const answerMilliseconds = 60_000;
/** A failure may leave memory of the library behind, so a thread ends after a few. */
const failuresPerThread = 50;

/** The thread for files that nobody vouches for: no pool's data pass through it. */
class Inspector {
  #worker = new WorkerClient();
  #failures = 0;
  #last: Promise<unknown> = Promise.resolve();

  /** One after the other: the thread opens no other file than the one that it is at. */
  inspect(path: string, signal: AbortSignal | undefined): Promise<HDF5Inspection> {
    const found = this.#last.then(() => this.#inspect(path, signal));
    this.#last = found.catch(() => undefined);
    return found;
  }

  async #inspect(path: string, signal: AbortSignal | undefined): Promise<HDF5Inspection> {
    if (signal?.aborted) throw abortError(signal);
    const size = await sizeOf(path);
    try {
      const { handle, paths, attributes, laila } = await this.#answer(signal, (worker) =>
        worker.call("inspect", path),
      );
      const objects: HDF5Object[] = [];
      for (let at = 0; at < paths.length; at += pageObjects) {
        const page = paths.slice(at, at + pageObjects);
        const isPool = laila?.kind === "pool";
        objects.push(
          ...(await this.#answer(signal, (worker) =>
            worker.call("inspectObjects", handle, page, isPool),
          )),
        );
      }
      await this.#answer(signal, (worker) => worker.call("close", handle));
      const broken = objects.some(({ kind }) => kind === "damaged" || kind === "other");
      if (broken) await this.#noteFailure();
      return { path, size, ...(laila ? { laila } : {}), attributes, objects };
    } catch (error) {
      if (signal?.aborted) throw abortError(signal);
      if (isLailaError(error, "MISSING_PACKAGE")) throw error;
      // Whatever is not a plain refusal (a trap, no memory, no answer) is what the file did to the library.
      if (isLailaError(error, "CORRUPT")) await this.#noteFailure();
      else await this.#worker.stop();
      throw because(
        error,
        "CORRUPT",
        `${path} cannot be read as an HDF5 file: it is damaged, or something else. It was not touched. (${error instanceof Error ? error.message : String(error)})`,
        { path },
      );
    }
  }

  async #noteFailure(): Promise<void> {
    this.#failures++;
    if (this.#failures % failuresPerThread === 0) await this.#worker.stop();
  }

  /** The thread is ended when it does not answer, or the caller does not want to know any more. */
  async #answer<T>(
    signal: AbortSignal | undefined,
    ask: (worker: WorkerClient) => Promise<T>,
  ): Promise<T> {
    const stop = () => void this.#worker.stop();
    const timer = setTimeout(stop, answerMilliseconds);
    signal?.addEventListener("abort", stop, { once: true });
    try {
      return await ask(this.#worker);
    } finally {
      clearTimeout(timer);
      signal?.removeEventListener("abort", stop);
    }
  }
}

const inspector = new Inspector();

/**
 * Lists an HDF5 file, whoever wrote it.
 *
 * @param path absolute, or relative to the working directory
 */
export async function inspect(path: string, signal?: AbortSignal): Promise<HDF5Inspection> {
  return inspector.inspect(resolve(path), signal);
}

/** Whether it can be read at all is found here: the library's own answer would be that it is damaged. */
async function sizeOf(path: string): Promise<number> {
  try {
    const stats = await files.stat(path);
    if (stats.isFile()) {
      await files.close(await files.open(path, "r"));
      return stats.size;
    }
  } catch (error) {
    throw fileError(error, "Looking at", path);
  }
  throw new LailaError("INVALID_ARGUMENT", `${path} is no file. Give the path of an HDF5 file.`, {
    details: { path },
  });
}
