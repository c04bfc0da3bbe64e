import { setMaxListeners } from "node:events";
import { abortError } from "@laila/schema";
import type { Awaitable, CallOptions } from "./contract.js";
import { LazyCallOptions } from "./lazy-signal.js";

/**
 * What is under way in a pool. A call whose signal fires is answered at once, but its work goes on for as
 * long as the backend needs, and `settle` waits for it: nothing runs on a closed backend.
 */
export class Activity {
  #running = 0;
  #whenIdle: (() => void)[] = [];
  readonly #iterators = new Set<AsyncIterator<unknown>>();

  /** Calls it at once, synchronously. Rejects with ABORTED or TIMEOUT as soon as the signal fires. */
  run<T>(what: string, options: CallOptions, call: () => Awaitable<T>): Awaitable<T> {
    const work = call();
    if (!isPromise(work)) {
      // Whoever made lazy options looks for itself.
      const looks = LazyCallOptions.areLazy(options) || options.signal === undefined;
      return looks ? work : next(what, options, work);
    }
    this.#running++;
    return abortable(what, options, work, this.#ended);
  }

  /**
   * Goes through an iterable; only its steps count as under way, so that an iteration somebody left
   * half way holds up nothing. `check` runs before each step.
   */
  async *iterate<T>(
    what: string,
    options: CallOptions,
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
        const step = await this.run(what, options, () => iterator.next());
        stepping = false;
        if (step.done) {
          this.#iterators.delete(iterator);
          return;
        }
        yield step.value;
      }
    } finally {
      if (this.#iterators.delete(iterator)) {
        const leaving = Promise.resolve(this.run(what, {}, async () => iterator.return?.()));
        // Behind a step that was aborted or failed there is nobody to tell, and nothing to wait for.
        if (stepping) leaving.catch(() => undefined);
        else await leaving;
      }
    }
  }

  /** Resolves when nothing is under way. Iterations that were left half way are ended. */
  async settle(): Promise<void> {
    while (this.#running > 0) await new Promise<void>((resolve) => this.#whenIdle.push(resolve));
    const left = [...this.#iterators];
    this.#iterators.clear();
    await Promise.allSettled(left.map(async (iterator) => iterator.return?.()));
  }

  readonly #ended = (): void => {
    if (--this.#running > 0) return;
    const waiting = this.#whenIdle;
    this.#whenIdle = [];
    for (const resolve of waiting) resolve();
  };
}

/**
 * Rejects with ABORTED (TIMEOUT for a TimeoutError) when the signal fires before the work is done,
 * whatever becomes of the work. `ended` is called when the work has settled.
 */
export async function abortable<T>(
  what: string,
  options: CallOptions,
  work: PromiseLike<T>,
  ended?: () => void,
): Promise<T> {
  let settled = false;
  const settle = (): void => {
    settled = true;
    ended?.();
  };
  work.then(settle, settle);
  if (!LazyCallOptions.hasSignal(options)) return await work;
  // Work in memory needs no more than these turns, and listening would cost more than it did.
  for (let turn = 0; turn < 3 && !settled; turn++) await undefined;
  if (settled && !LazyCallOptions.isAborted(options)) return await work;
  const signal = options.signal as AbortSignal;
  if (signal.aborted) throw abortError(signal, what);
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

/** Whoever aborts in the turn of the call hears that it was, also when there was nothing to wait for. */
async function next<T>(what: string, options: CallOptions, value: T): Promise<T> {
  await undefined;
  if (LazyCallOptions.isAborted(options)) throw abortError(options.signal as AbortSignal, what);
  return value;
}

function isPromise<T>(value: Awaitable<T>): value is Promise<T> {
  return typeof value === "object" && value !== null && "then" in value;
}

/** Calls it now; what it throws instead of rejecting, the promise rejects with. */
export function started<T>(call: () => Awaitable<T>): Promise<T> {
  try {
    return Promise.resolve(call());
  } catch (error) {
    return Promise.reject(error);
  }
}
