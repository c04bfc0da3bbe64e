import { abortError } from "@laila/schema";

/** At most so many calls at once; the others wait, first come first served. */
export class Slots {
  #count: number;
  /** Below zero while more calls are under way than a lowered count allows. */
  #free: number;
  readonly #waiting = new Set<() => void>();

  constructor(count: number) {
    this.#count = count;
    this.#free = count;
  }

  get count(): number {
    return this.#count;
  }

  /** Raised, the calls that wait start at once; lowered, those under way end first. */
  set count(count: number) {
    this.#free += count - this.#count;
    this.#count = count;
    this.#admit();
  }

  /** ABORTED or TIMEOUT when the signal ends the wait. */
  async run<T>(act: () => Promise<T>, signal?: AbortSignal): Promise<T> {
    if (this.#free > 0) this.#free--;
    else await this.#wait(signal);
    try {
      return await act();
    } finally {
      this.#free++;
      this.#admit();
    }
  }

  #admit(): void {
    for (const take of this.#waiting) {
      if (this.#free <= 0) return;
      this.#free--;
      take();
    }
  }

  #wait(signal: AbortSignal | undefined): Promise<void> {
    return new Promise((resolve, reject) => {
      const take = (): void => {
        this.#waiting.delete(take);
        signal?.removeEventListener("abort", leave);
        resolve();
      };
      const leave = (): void => {
        this.#waiting.delete(take);
        reject(abortError(signal as AbortSignal));
      };
      if (signal?.aborted) return leave();
      signal?.addEventListener("abort", leave, { once: true });
      this.#waiting.add(take);
    });
  }
}
