import { Slots } from "@laila/pool";

/** At most this share of the limit is won back while as many requests succeed as the limit has places. */
const growth = 1 / 16;
/** Answers that come closer together than this are to the same burst of requests, in milliseconds. */
const burst = 100;

/**
 * The places of a pool's requests, of which there are fewer after the server has asked to slow down (429,
 * 503): half as many at each burst of such answers, down to one, and a few more with every success. That is
 * what TCP does (additive increase, multiplicative decrease), so that pools which share a server share it
 * fairly.
 */
export class Throttle {
  readonly #slots: Slots;
  readonly #most: number;
  #limit: number;
  #slowed = Number.NEGATIVE_INFINITY;

  constructor(most: number) {
    this.#most = most;
    this.#limit = most;
    this.#slots = new Slots(most);
  }

  /** How many requests may be under way at the moment. */
  get limit(): number {
    return this.#slots.count;
  }

  /** ABORTED or TIMEOUT when the signal ends the wait for a place. */
  run<T>(act: () => Promise<T>, signal?: AbortSignal): Promise<T> {
    return this.#slots.run(act, signal);
  }

  /** The server has asked to slow down. */
  slow(): void {
    const now = performance.now();
    if (now - this.#slowed < burst) return;
    this.#slowed = now;
    this.#set(Math.max(1, this.#limit / 2));
  }

  /** A request has succeeded. */
  succeeded(): void {
    if (this.#limit === this.#most) return;
    this.#set(Math.min(this.#most, this.#limit + Math.max(1, this.#most * growth) / this.#limit));
  }

  #set(limit: number): void {
    this.#limit = limit;
    const count = Math.floor(limit);
    if (count !== this.#slots.count) this.#slots.count = count;
  }
}
