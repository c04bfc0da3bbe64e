import { setMaxListeners } from "node:events";
import type { Awaitable, Cancellation } from "@laila/pool";
import {
  abortError,
  type Entry,
  formatGlobalId,
  type GlobalId,
  isLailaError,
  newUuid,
} from "@laila/schema";
import { follow } from "./follow.js";
import type { Scope } from "./scope.js";
import { isEntry } from "./selectors.js";

/** `cancelled` is what an aborted future becomes; one that ran into a time limit has `failed`. */
export type FutureStatus = "pending" | "done" | "failed" | "cancelled";

/** How many of its single steps a future has behind it. */
export interface Progress {
  readonly done: number;
  readonly total: number;
}

/** What `future.data` gives: the data of the entry, or of each entry. */
export type DataOf<T> =
  T extends Entry<infer D>
    ? D
    : T extends readonly unknown[]
      ? { -readonly [K in keyof T]: DataOf<T[K]> }
      : unknown;

/** What the work of a future is given. */
export interface FutureControl extends Cancellation {
  /** Fires when the future is cancelled, or the caller's signal fires. Made when it is first read. */
  readonly signal: AbortSignal;
  /** Counts steps as done. */
  advance(steps?: number): void;
}

/** The same control for work that is no step of its own in the future's progress. */
export function withoutSteps(control: FutureControl): FutureControl {
  return {
    get aborted() {
      return control.aborted;
    },
    get signal() {
      return control.signal;
    },
    advance: () => undefined,
  };
}

/** Who keeps account of futures. */
export interface FutureHost {
  /** Throws what keeps operations from being started. */
  admit(): void;
  /** What belongs to the future is given back when it has settled. */
  started(future: Future<unknown>): Scope | undefined;
  settled(future: Future<unknown>, scope: Scope | undefined): void;
  named(future: Future<unknown>, globalId: GlobalId): void;
}

export interface FutureOptions {
  readonly signal?: AbortSignal | undefined;
  /** Steps; 1 unless given. */
  readonly total?: number | undefined;
}

/**
 * The result of an operation that was started: await it as any promise. A failure that nobody
 * observes (by `await`, `then`, `catch`, `settled`, or by reading `error` once it failed) does not
 * end the process; it fails the guarantee around it, or else `policy.close()`.
 */
export class Future<T> implements Promise<T> {
  readonly #host: FutureHost;
  readonly #control: Control;
  readonly #promise: Promise<T>;
  #globalId: GlobalId | undefined;
  #status: FutureStatus = "pending";
  readonly #total: number;
  #value: T | undefined;
  #error: unknown;
  #observed = false;
  #whenObserved: (() => void) | undefined;
  /** @internal Where it is in the bank; -1 when it is in none. */
  place = -1;

  /** @internal Futures come from a policy. */
  constructor(
    work: (control: FutureControl) => Awaitable<T>,
    host: FutureHost,
    { signal, total = 1 }: FutureOptions,
  ) {
    this.#host = host;
    this.#total = total;
    this.#control = new Control();
    const unfollow = signal ? follow(signal, this.#control) : undefined;
    this.#promise = this.#run(work, host.started(this), unfollow);
  }

  get [Symbol.toStringTag](): string {
    return "Future";
  }

  /** Made when first asked for. */
  get globalId(): GlobalId {
    if (this.#globalId === undefined) {
      this.#globalId = formatGlobalId({ scopes: ["FUTURE"], uuid: newUuid() });
      this.#host.named(this, this.#globalId);
    }
    return this.#globalId;
  }

  get status(): FutureStatus {
    return this.#status;
  }

  get progress(): Progress {
    return { done: this.#control.done, total: this.#total };
  }

  /** Why it failed or was cancelled; undefined before, and when it is done. */
  get error(): unknown {
    if (this.#status === "failed" || this.#status === "cancelled") this.#observe();
    return this.#error;
  }

  /** The data of the entry (of each entry, in a group) once it is done; undefined before. */
  get data(): DataOf<T> | undefined {
    return this.#status === "done" ? (dataOf(this.#value) as DataOf<T>) : undefined;
  }

  then<A = T, B = never>(
    onDone?: ((value: T) => A | PromiseLike<A>) | null,
    onFailed?: ((reason: unknown) => B | PromiseLike<B>) | null,
  ): Promise<A | B> {
    this.#observe();
    return this.#promise.then(onDone, onFailed);
  }

  catch<B = never>(onFailed?: ((reason: unknown) => B | PromiseLike<B>) | null): Promise<T | B> {
    return this.then(undefined, onFailed);
  }

  finally(onSettled?: (() => void) | null): Promise<T> {
    this.#observe();
    return this.#promise.finally(onSettled);
  }

  /**
   * Asks the operation to stop; it fails with ABORTED unless it is done before it heard of it. What
   * was under way may have happened. A cancelled future counts as observed. False when it had settled.
   */
  cancel(reason?: unknown): boolean {
    if (this.#status !== "pending") return false;
    this.#observe();
    this.#control.abort(reason);
    return true;
  }

  /** @internal The global id if somebody asked for it; asking makes none. */
  get knownId(): GlobalId | undefined {
    return this.#globalId;
  }

  /** @internal The error, when it failed and nobody has observed it yet; else undefined. */
  unobserved(): { readonly error: unknown } | undefined {
    const failed = this.#status === "failed" || this.#status === "cancelled";
    return failed && !this.#observed ? { error: this.#error } : undefined;
  }

  /** @internal Called once, when somebody observes a future that had failed unobserved. */
  set whenObserved(act: () => void) {
    this.#whenObserved = act;
  }

  #observe(): void {
    if (this.#observed) return;
    this.#observed = true;
    this.#whenObserved?.();
    this.#whenObserved = undefined;
  }

  async #run(
    work: (control: FutureControl) => Awaitable<T>,
    scope: Scope | undefined,
    unfollow: (() => void) | undefined,
  ): Promise<T> {
    const control = this.#control;
    try {
      this.#host.admit();
      const value = await work(control);
      // What had nothing to wait for has not heard of it.
      if (control.aborted) throw abortError(control.signal);
      this.#value = value;
      control.done = this.#total;
      this.#status = "done";
      return value;
    } catch (error) {
      this.#error = error;
      this.#status = control.aborted && isLailaError(error, "ABORTED") ? "cancelled" : "failed";
      // The host reports what nobody observes; Node must not end the process over it.
      queueMicrotask(() => this.#promise.catch(nothing));
      throw error;
    } finally {
      unfollow?.();
      this.#host.settled(this, scope);
    }
  }
}

function nothing(): void {
  // What it would do is done elsewhere.
}

/** Most operations end before anybody listens to their signal, which costs more to make than they do. */
class Control implements FutureControl {
  done = 0;
  #aborted: { readonly reason: unknown } | undefined;
  #controller: AbortController | undefined;

  get aborted(): boolean {
    return this.#aborted !== undefined;
  }

  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController();
      // A group has as many listeners as it has operations under way.
      setMaxListeners(0, this.#controller.signal);
      if (this.#aborted) this.#controller.abort(this.#aborted.reason);
    }
    return this.#controller.signal;
  }

  advance(steps = 1): void {
    this.done += steps;
  }

  abort(reason: unknown): void {
    this.#aborted ??= { reason };
    this.#controller?.abort(reason);
  }
}

function dataOf(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(dataOf);
  return isEntry(value) ? value.data : undefined;
}
