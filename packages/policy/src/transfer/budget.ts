import { abortError } from "@laila/schema";

interface Waiter {
  readonly admit: (reserved: number) => void;
  readonly refuse: (error: unknown) => void;
}

/** By how many values before it the size of the next one is judged. */
const remembered = 64;

/**
 * How many bytes of values may be in memory. A pool does not say how large a value is before it gives
 * it, so each is taken to be as large as the largest of those seen lately: the first travels alone, and
 * with each that turns out to be small twice as many are let in.
 */
export class Budget {
  readonly #limit: number;
  readonly #signal: AbortSignal;
  readonly #waiting: Waiter[] = [];
  readonly #sizes: number[] = [];
  #seen = 0;
  #expected: number;
  #inUse = 0;
  #leases = 0;

  constructor(limit: number, signal: AbortSignal) {
    this.#limit = limit;
    this.#expected = limit;
    this.#signal = signal;
    const refuseAll = (): void => {
      for (const { refuse } of this.#waiting.splice(0)) refuse(abortError(signal));
    };
    signal.addEventListener("abort", refuseAll, { once: true });
  }

  /**
   * Runs `act`, which may hold one value, and says through `arrived` how large it is. Whoever holds one
   * must not ask for another before it has let go.
   */
  async hold<T>(act: (arrived: (bytes: number) => void) => Promise<T>): Promise<T> {
    let held = await this.#admit();
    try {
      return await act((bytes) => {
        this.#learn(bytes);
        this.#inUse += bytes - held;
        held = bytes;
        this.#next();
      });
    } finally {
      this.#inUse -= held;
      this.#leases--;
      this.#next();
    }
  }

  /** Whether any size has been seen yet. */
  get knowsSizes(): boolean {
    return this.#seen > 0;
  }

  #learn(bytes: number): void {
    this.#sizes[this.#seen++ % remembered] = bytes;
    const start = this.#limit / 2 ** this.#seen;
    this.#expected = Math.min(this.#limit, Math.max(start, ...this.#sizes));
  }

  /** Gives how many bytes it has reserved. */
  async #admit(): Promise<number> {
    if (this.#signal.aborted) throw abortError(this.#signal);
    if (this.#waiting.length === 0 && this.#fits()) return this.#take();
    return new Promise<number>((admit, refuse) => this.#waiting.push({ admit, refuse }));
  }

  #take(): number {
    this.#inUse += this.#expected;
    this.#leases++;
    return this.#expected;
  }

  #fits(): boolean {
    return this.#leases === 0 || this.#inUse + this.#expected <= this.#limit;
  }

  #next(): void {
    while (this.#waiting.length > 0 && this.#fits()) {
      this.#waiting.shift()?.admit(this.#take());
    }
  }
}
