import { ApiError } from "../core/api.js";
import type { CallName, Calls, Message, Progress, Reply } from "./protocol.js";

interface Waiting {
  readonly resolve: (value: never) => void;
  readonly reject: (error: Error) => void;
  readonly onProgress: ((progress: Progress) => void) | undefined;
}

/** A worker that holds one opened entry, or makes records of files. `close` frees its memory. */
export class ValueWorker {
  readonly #worker = new Worker(new URL("./worker.ts", import.meta.url), { type: "module" });
  readonly #waiting = new Map<number, Waiting>();
  #last = 0;

  constructor() {
    this.#worker.onmessage = ({ data }: MessageEvent<Reply>) => {
      const waiting = this.#waiting.get(data.id);
      if (!waiting) return;
      if ("progress" in data) {
        waiting.onProgress?.(data.progress);
        return;
      }
      this.#waiting.delete(data.id);
      if ("value" in data) waiting.resolve(data.value as never);
      else waiting.reject(new ApiError(data.failure as ApiError));
    };
    this.#worker.onerror = () => {
      const error = new Error("The page's worker failed. Load the page again.");
      for (const { reject } of this.#waiting.values()) reject(error);
      this.#waiting.clear();
    };
  }

  /** Asks; rejects with the {@link ApiError} of what went wrong. Never settles once it is closed. */
  ask<C extends CallName>(
    call: C,
    args: Calls[C][0],
    onProgress?: (progress: Progress) => void,
  ): Promise<Calls[C][1]> {
    const id = ++this.#last;
    return new Promise<Calls[C][1]>((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject, onProgress });
      this.#worker.postMessage({ id, call, args } satisfies Message);
    });
  }

  close(): void {
    this.#worker.terminate();
    this.#waiting.clear();
  }
}

/**
 * Asks for the newest only: while an answer is awaited, later questions replace one another. So a
 * worker that is slower than a pointer does not fall behind.
 */
export function latest<A, R>(
  ask: (args: A) => Promise<R>,
  onAnswer: (answer: R, args: A) => void,
): (args: A) => void {
  let isBusy = false;
  let next: { readonly args: A } | undefined;
  const run = async (args: A): Promise<void> => {
    isBusy = true;
    try {
      onAnswer(await ask(args), args);
    } catch {
      // What is drawn stays as it is: a worker that fails says so to whoever opened it.
    }
    isBusy = false;
    const after = next;
    next = undefined;
    if (after) void run(after.args);
  };
  return (args) => {
    if (isBusy) next = { args };
    else void run(args);
  };
}
