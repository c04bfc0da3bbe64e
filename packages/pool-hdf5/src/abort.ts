import { abortError } from "@laila/pool";

const watched = new WeakMap<AbortSignal, Watch>();

/** One listener for each signal, however many calls share it: Node warns of more than ten. */
class Watch {
  readonly #signal: AbortSignal;
  readonly #acts = new Set<() => void>();

  static of(signal: AbortSignal): Watch {
    const watch = watched.get(signal) ?? new Watch(signal);
    watched.set(signal, watch);
    return watch;
  }

  private constructor(signal: AbortSignal) {
    this.#signal = signal;
  }

  add(act: () => void): void {
    if (this.#acts.size === 0) this.#signal.addEventListener("abort", this.#run, { once: true });
    this.#acts.add(act);
  }

  remove(act: () => void): void {
    this.#acts.delete(act);
    if (this.#acts.size === 0) this.#signal.removeEventListener("abort", this.#run);
  }

  readonly #run = (): void => {
    for (const act of this.#acts) act();
  };
}

/** Rejects as soon as the signal aborts, and then calls `withdraw`; what has begun may still happen. */
export async function abortable<T>(
  work: Promise<T>,
  signal: AbortSignal | undefined,
  withdraw?: () => void,
): Promise<T> {
  if (!signal) return work;
  let stop: (() => void) | undefined;
  const aborted = new Promise<never>((_, reject) => {
    const act = (): void => {
      reject(abortError(signal));
      withdraw?.();
    };
    if (signal.aborted) act();
    else Watch.of(signal).add(act);
    stop = () => Watch.of(signal).remove(act);
  });
  try {
    return await Promise.race([work, aborted]);
  } finally {
    stop?.();
  }
}
