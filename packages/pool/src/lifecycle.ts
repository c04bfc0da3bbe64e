import { abortError, LailaError } from "@laila/schema";
import { Activity, abortable, started } from "./activity.js";
import type { Awaitable, CallOptions } from "./contract.js";
import { LazyCallOptions } from "./lazy-signal.js";

/** What a lifecycle needs of the pool that it is of. */
export interface Lifelike {
  /** How the pool is called in messages. */
  name(): string;
  /** Undefined when it is open already. */
  open(options: CallOptions): Promise<void> | undefined;
  /** Only after an open that succeeded, when nothing is under way any more. */
  close(): Promise<void>;
}

/** Opens a pool on first use, runs its calls, and closes it when the last one has ended. */
export class Lifecycle {
  readonly #pool: Lifelike;
  readonly #activity = new Activity();
  readonly #closes = new AbortController();
  #closed = false;
  #opening: Promise<void> | undefined;
  #opened = false;
  #closing: Promise<void> | undefined;

  constructor(pool: Lifelike) {
    this.#pool = pool;
  }

  /** Whether it is open now; what opens without waiting is opened for it. */
  opensAtOnce(): boolean {
    if (this.#closed) return false;
    // Why it failed to open, the next call is told.
    if (!this.#opened && !this.#opening) this.#open().catch(() => undefined);
    return this.#opened;
  }

  /** CLOSED; ABORTED or TIMEOUT when the signal has fired. */
  check(options: CallOptions): void {
    if (this.#closed) throw this.#closedError();
    if (LazyCallOptions.isAborted(options)) throw abortError(options.signal as AbortSignal);
  }

  /** An open pool's hook is called at once, within the caller's own tick. */
  run<T>(what: string, options: CallOptions, call: () => Awaitable<T>): Awaitable<T> {
    this.check(options);
    if (this.#opened) return this.#activity.run(what, options, call);
    return this.#ensureOpen(options).then(() => this.#activity.run(what, options, call));
  }

  async *iterate<T>(
    what: string,
    options: CallOptions,
    list: () => AsyncIterable<T>,
  ): AsyncGenerator<T> {
    this.check(options);
    if (!this.#opened) await this.#ensureOpen(options);
    yield* this.#activity.iterate(what, options, list(), () => this.check(options));
  }

  close(): Promise<void> {
    if (!this.#closed) {
      // First of all, so that whatever this sets off finds the pool closed.
      this.#closed = true;
      this.#closes.abort(this.#closedError());
      this.#closing = this.#shutDown();
    }
    return this.#closing ?? Promise.resolve();
  }

  async #ensureOpen(options: CallOptions): Promise<void> {
    try {
      await abortable("The opening of the pool", options, this.#opening ?? this.#open());
    } catch (error) {
      if (this.#closed) throw this.#closedError(error);
      throw error;
    }
    this.check(options);
  }

  /** One open serves all who wait: no waiter's signal is its own, only `close()` ends it. */
  #open(): Promise<void> {
    this.#opening = started(() => {
      const opening = this.#pool.open({ signal: this.#closes.signal });
      this.#opened = opening === undefined;
      return opening;
    }).then(
      () => {
        this.#opened = true;
      },
      (error: unknown) => {
        this.#opening = undefined;
        throw error;
      },
    );
    return this.#opening;
  }

  async #shutDown(): Promise<void> {
    // An open that failed has nothing to release, and its own callers were told.
    await Promise.allSettled([this.#opening]);
    await this.#activity.settle();
    if (this.#opened) await this.#pool.close();
  }

  #closedError(cause?: unknown): LailaError {
    return new LailaError(
      "CLOSED",
      `The pool ${this.#pool.name()} is closed. Make a new one to go on.`,
      { cause },
    );
  }
}
