import { abortError } from "@laila/schema";

interface Waiter {
  readonly admit: (reserved: number) => void;
  readonly refuse: (error: unknown) => void;
}

/** What the expected size of a value shrinks by when a smaller one arrives. */
const decay = 0.75;

/**
 * How many bytes of values may be in memory. A pool does not say how large a value is before it gives
 * it, so a read is let in by the sizes seen lately: at first alone, then more at a time as they turn
 * out to be small.
 */
export class Budget {
  readonly #limit: number;
  readonly #signal: AbortSignal;
  readonly #waiting: Waiter[] = [];
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
        this.#expected = Math.min(this.#limit, Math.max(bytes, this.#expected * decay));
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
