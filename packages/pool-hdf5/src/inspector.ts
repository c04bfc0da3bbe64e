import { abortError, isLailaError, LailaError } from "@laila/pool";
import { because, fileError } from "./errors.js";
import { files } from "./files.js";
import { WorkerClient } from "./worker-client.js";

/** A thread that has not answered by then is in an endless loop: a listing takes some hundredths of a second. */
const answerMilliseconds = 60_000;
/** A failure may leave memory of the library behind, so a thread ends after a few. */
const failuresPerThread = 50;

/** Asks the thread, and gives up when it does not answer or the caller does not want to know any more. */
export type Ask = <T>(
  call: (worker: WorkerClient) => Promise<T>,
  milliseconds?: number,
) => Promise<T>;

/** The thread for files that nobody vouches for: no pool's data pass through it. */
class Inspector {
  #worker = new WorkerClient();
  #failures = 0;
  #last: Promise<unknown> = Promise.resolve();

  /**
   * One after the other: the thread opens no other file than the one that it is at. `act` is told how large the file is;
   * what is not a plain refusal (a trap, no memory, no answer) is CORRUPT, and ends the thread.
   */
  turn<T>(
    path: string,
    signal: AbortSignal | undefined,
    act: (ask: Ask, size: number) => Promise<T>,
  ): Promise<T> {
    const done = this.#last.then(() => this.#turn(path, signal, act));
    this.#last = done.catch(() => undefined);
    return done;
  }

  /** Something in the file could not be read. */
  async noteFailure(): Promise<void> {
    this.#failures++;
    if (this.#failures % failuresPerThread === 0) await this.#worker.stop();
  }

  /** Gives the thread's memory back, which only ever grows. */
  async restart(): Promise<void> {
    await this.#worker.stop();
  }

  async #turn<T>(
    path: string,
    signal: AbortSignal | undefined,
    act: (ask: Ask, size: number) => Promise<T>,
  ): Promise<T> {
    if (signal?.aborted) throw abortError(signal);
    const size = await sizeOf(path);
    try {
      return await act((call, milliseconds) => this.#answer(signal, call, milliseconds), size);
    } catch (error) {
      if (signal?.aborted) throw abortError(signal);
      if (isLailaError(error, "MISSING_PACKAGE")) throw error;
      // Whatever is not a plain refusal is what the file did to the library.
      const unanswered = isLailaError(error, "CORRUPT") && error.details.unanswered === true;
      if (isLailaError(error, "CORRUPT")) await this.noteFailure();
      else await this.#worker.stop();
      throw because(
        error,
        "CORRUPT",
        `${path} cannot be read as an HDF5 file: it is damaged, or something else. It was not touched. (${error instanceof Error ? error.message : String(error)})`,
        { path, ...(unanswered ? { unanswered } : {}) },
      );
    }
  }

  async #answer<T>(
    signal: AbortSignal | undefined,
    ask: (worker: WorkerClient) => Promise<T>,
    milliseconds = answerMilliseconds,
  ): Promise<T> {
    let late = false;
    const stop = () => void this.#worker.stop();
    const timer = setTimeout(() => {
      late = true;
      stop();
    }, milliseconds);
    signal?.addEventListener("abort", stop, { once: true });
    try {
      return await ask(this.#worker);
    } catch (error) {
      if (!late) throw error;
      const said = `The HDF5 library gave no answer in ${Math.round(milliseconds / 1000)} seconds.`;
      throw because(error, "CORRUPT", said, { unanswered: true });
    } finally {
      clearTimeout(timer);
      signal?.removeEventListener("abort", stop);
    }
  }
}

export const inspector = new Inspector();

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
