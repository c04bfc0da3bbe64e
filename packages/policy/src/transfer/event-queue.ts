/** The most events that wait for one slow reader. */
const maxWaiting = 1024;

interface Waiter<T> {
  readonly resolve: (step: IteratorResult<T, undefined>) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Events for one reader. A reader that is slow either misses the oldest events, or whoever tells waits for
 * it (`patient`); one that leaves is forgotten.
 */
export class EventQueue<T> implements AsyncIterableIterator<T, undefined> {
  readonly #leave: (queue: EventQueue<T>) => void;
  readonly #patient: boolean;
  #hurried = false;
  #room: (() => void)[] = [];
  #events: T[] = [];
  #readers: Waiter<T>[] = [];
  #end: { readonly failure: { readonly error: unknown } | undefined } | undefined;

  constructor(leave: (queue: EventQueue<T>) => void, patient = false) {
    this.#leave = leave;
    this.#patient = patient;
  }

  /** What to wait for before the next event is told; undefined: nothing. */
  push(event: T): Promise<void> | undefined {
    const reader = this.#readers.shift();
    if (reader) {
      reader.resolve({ done: false, value: event });
      return undefined;
    }
    if (this.#events.length >= maxWaiting && !this.#patient) this.#events.shift();
    this.#events.push(event);
    if (this.#events.length < maxWaiting || !this.#patient || this.#hurried) return undefined;
    return new Promise((resolve) => this.#room.push(resolve));
  }

  /** Whoever tells does not wait from now on; what waits for the reader stays. */
  hurry(): void {
    this.#hurried = true;
    this.#makeRoom();
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
    if (this.#events.length < maxWaiting / 2) this.#makeRoom();
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
    this.#makeRoom();
    this.finish();
    return { done: true, value: undefined };
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  #makeRoom(): void {
    for (const resolve of this.#room.splice(0)) resolve();
  }
}
