import { setMaxListeners } from "node:events";
import { abortError } from "@laila/schema";

/**
 * What is under way in a pool. A call whose signal fires is answered at once, but its work goes on for as
 * long as the backend needs, and `settle` waits for it: nothing runs on a closed backend.
 */
export class Activity {
  readonly #running = new Set<Promise<unknown>>();
  readonly #iterators = new Set<AsyncIterator<unknown>>();

  /** Starts `call` at once, synchronously. Rejects with ABORTED or TIMEOUT as soon as the signal fires. */
  run<T>(what: string, signal: AbortSignal | undefined, call: () => Promise<T>): Promise<T> {
    const work = started(call);
    const forget = (): void => {
      this.#running.delete(tracked);
    };
    const tracked: Promise<unknown> = work.then(forget, forget);
    this.#running.add(tracked);
    return abortable(what, signal, work);
  }

  /**
   * Goes through an iterable; only its steps count as under way, so that an iteration somebody left
   * half way holds up nothing. `check` runs before each step.
   */
  async *iterate<T>(
    what: string,
    signal: AbortSignal | undefined,
    items: AsyncIterable<T>,
    check: () => void,
  ): AsyncGenerator<T> {
    const iterator = items[Symbol.asyncIterator]();
    this.#iterators.add(iterator);
    let stepping = false;
    try {
      for (;;) {
        check();
        stepping = true;
        const step = await this.run(what, signal, () => iterator.next());
        stepping = false;
        if (step.done) {
          this.#iterators.delete(iterator);
          return;
        }
        yield step.value;
      }
    } finally {
      if (this.#iterators.delete(iterator)) {
        const leaving = this.run(what, undefined, async () => iterator.return?.());
        // Behind a step that was aborted or failed there is nobody to tell, and nothing to wait for.
        if (stepping) leaving.catch(() => undefined);
        else await leaving;
      }
    }
  }

  /** Resolves when nothing is under way. Iterations that were left half way are ended. */
  async settle(): Promise<void> {
    while (this.#running.size > 0) await Promise.all(this.#running);
    const left = [...this.#iterators];
    this.#iterators.clear();
    await Promise.allSettled(left.map(async (iterator) => iterator.return?.()));
  }
}

/**
 * Rejects with ABORTED (TIMEOUT for a TimeoutError) when the signal fires before the work is done,
 * whatever becomes of the work.
 */
export async function abortable<T>(
  what: string,
  signal: AbortSignal | undefined,
  work: Promise<T>,
): Promise<T> {
  if (!signal) return work;
  // Work in memory needs no more than this, and listening would cost more than it did.
  const settled = await settlesAtOnce(work);
  if (signal.aborted) throw abortError(signal, what);
  if (settled) return work;
  // One signal may serve any number of calls at once; Node would warn of a leak at the eleventh listener.
  if (signal instanceof EventTarget) setMaxListeners(0, signal);
  let stop: (() => void) | undefined;
  const aborted = new Promise<never>((_, reject) => {
    stop = () => reject(abortError(signal, what));
    signal.addEventListener("abort", stop, { once: true });
  });
  try {
    return await Promise.race([work, aborted]);
  } finally {
    if (stop) signal.removeEventListener("abort", stop);
  }
}

/** Gives it the few turns of the microtask queue that a promise needs which waits for nothing. */
async function settlesAtOnce(work: Promise<unknown>): Promise<boolean> {
  let settled = false;
  const settle = (): void => {
    settled = true;
  };
  work.then(settle, settle);
  for (let turn = 0; turn < 3 && !settled; turn++) await undefined;
  return settled;
}

/** Calls it now; a hook that throws instead of rejecting rejects. */
export function started<T>(call: () => Promise<T>): Promise<T> {
  try {
    return Promise.resolve(call());
  } catch (error) {
    return Promise.reject(error);
  }
}
