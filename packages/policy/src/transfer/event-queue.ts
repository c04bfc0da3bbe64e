/** The most events that wait for one slow reader; of more, the oldest are dropped. */
const maxWaiting = 1024;

interface Waiter<T> {
  readonly resolve: (step: IteratorResult<T, undefined>) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Events for one reader. Whoever tells never waits, and a reader that is slow misses the oldest events;
 * one that leaves is forgotten.
 */
export class EventQueue<T> implements AsyncIterableIterator<T, undefined> {
  readonly #leave: (queue: EventQueue<T>) => void;
  #events: T[] = [];
  #readers: Waiter<T>[] = [];
  #end: { readonly failure: { readonly error: unknown } | undefined } | undefined;

  constructor(leave: (queue: EventQueue<T>) => void) {
    this.#leave = leave;
  }

  push(event: T): void {
    const reader = this.#readers.shift();
    if (reader) {
      reader.resolve({ done: false, value: event });
      return;
    }
    if (this.#events.length === maxWaiting) this.#events.shift();
    this.#events.push(event);
  }

  /** After the events that still wait, the reader comes to its end, or to the failure (once). */
  finish(failure?: { readonly error: unknown }): void {
    this.#end = { failure };
    for (const reader of this.#readers.splice(0)) {
      if (this.#end.failure) reader.reject(this.#end.failure.error);
      else reader.resolve({ done: true, value: undefined });
      this.#end = { failure: undefined };
    }
  }

  async next(): Promise<IteratorResult<T, undefined>> {
    const value = this.#events.shift();
    if (value !== undefined) return { done: false, value };
    if (!this.#end) {
      return new Promise((resolve, reject) => this.#readers.push({ resolve, reject }));
    }
    const { failure } = this.#end;
    this.#end = { failure: undefined };
    if (failure) throw failure.error;
    return { done: true, value: undefined };
  }

  async return(): Promise<IteratorResult<T, undefined>> {
    this.#leave(this);
    this.#events = [];
    this.finish();
    return { done: true, value: undefined };
  }

  [Symbol.asyncIterator](): this {
    return this;
  }
}
