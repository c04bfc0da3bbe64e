/** Somebody in the queue. */
interface Waiter {
  readonly tokens: number;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Tokens that come back with time. Who asks first is served first: a large request is not overtaken by
 * small ones, and so never starves.
 */
export class TokenBucket {
  readonly #perMillisecond: number;
  readonly #capacity: number;
  readonly #queue = new Set<Waiter>();
  #tokens: number;
  #filledAt = performance.now();
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(perSecond: number, capacity: number) {
    this.#perMillisecond = perSecond / 1000;
    this.#capacity = capacity;
    this.#tokens = capacity;
  }

  /**
   * Takes tokens, at most `capacity`, when they are there and nobody is before; otherwise gives a promise of
   * them and a way out of the queue, which rejects the promise.
   */
  take(tokens: number): undefined | { readonly taken: Promise<void>; leave(error: unknown): void } {
    this.#fill();
    if (this.#queue.size === 0 && this.#has(tokens)) {
      this.#tokens -= tokens;
      return undefined;
    }
    let waiter: Waiter | undefined;
    const taken = new Promise<void>((resolve, reject) => {
      waiter = { tokens, resolve, reject };
      this.#queue.add(waiter);
    });
    this.#schedule();
    return {
      taken,
      leave: (error) => {
        if (!waiter || !this.#queue.delete(waiter)) return;
        waiter.reject(error);
        // Whoever is first now may need less.
        this.#serve();
      },
    };
  }

  #fill(): void {
    const now = performance.now();
    const filled = this.#tokens + (now - this.#filledAt) * this.#perMillisecond;
    this.#tokens = Math.min(this.#capacity, filled);
    this.#filledAt = now;
  }

  /** Sums of fractions miss a whole number by a little. */
  #has(tokens: number): boolean {
    return this.#tokens >= tokens - 1e-6;
  }

  #serve(): void {
    this.#fill();
    for (const waiter of this.#queue) {
      if (!this.#has(waiter.tokens)) break;
      this.#tokens -= waiter.tokens;
      this.#queue.delete(waiter);
      waiter.resolve();
    }
    this.#schedule();
  }

  #schedule(): void {
    clearTimeout(this.#timer);
    const [first] = this.#queue;
    if (!first) return;
    const wait = Math.max(1, Math.ceil((first.tokens - this.#tokens) / this.#perMillisecond));
    // A timer cannot be set for longer than 2^31 ms; it looks again, and goes on waiting.
    this.#timer = setTimeout(() => this.#serve(), Math.min(wait, 2 ** 31 - 1));
  }
}
