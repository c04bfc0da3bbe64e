import { AsyncLocalStorage } from "node:async_hooks";
import type { Future } from "./future.js";
import { UnobservedFailures } from "./unobserved.js";

/** What was started inside one guarantee: what is pending, and what failed without being observed. */
export class Scope {
  readonly failures = new UnobservedFailures();
  readonly #parent: Scope | undefined;
  readonly #pending = new Set<Future<unknown>>();
  readonly #onFailure: (() => void) | undefined;
  #idle: (() => void)[] = [];
  #closed = false;

  constructor(parent: Scope | undefined, onFailure?: () => void) {
    this.#parent = parent;
    this.#onFailure = onFailure;
  }

  /** The innermost scope that still takes work. */
  static get current(): Scope | undefined {
    let scope = storage.getStore();
    while (scope?.closed) scope = scope.#parent;
    return scope;
  }

  /** True where code runs that a guarantee began, but neither it nor one around it takes work any more. */
  static get ended(): boolean {
    return storage.getStore() !== undefined && Scope.current === undefined;
  }

  /** Runs a function whose operations, also those after its awaits, belong to this scope. */
  run<T>(fn: () => T): T {
    return storage.run(this, fn);
  }

  get closed(): boolean {
    return this.#closed;
  }

  get pending(): Iterable<Future<unknown>> {
    return this.#pending;
  }

  /** Takes a future in, here and in the scopes around this one: they all wait for it. */
  add(future: Future<unknown>): void {
    if (!this.#closed) this.#pending.add(future);
    this.#parent?.add(future);
  }

  /** The future has settled; if it failed and nobody has seen it, it is this scope's to report. */
  settle(future: Future<unknown>): void {
    if (future.unobserved()) {
      this.failures.add(future);
      this.#onFailure?.();
    }
    this.#remove(future);
  }

  #remove(future: Future<unknown>): void {
    if (this.#parent) this.#parent.#remove(future);
    if (!this.#pending.delete(future) || this.#pending.size > 0) return;
    const idle = this.#idle;
    this.#idle = [];
    for (const resolve of idle) resolve();
  }

  /**
   * Resolves when nothing is pending and what waited for it has had its turn without starting more;
   * from then on the scope takes nothing.
   */
  async quiet(): Promise<void> {
    do {
      if (this.#pending.size > 0) await new Promise<void>((resolve) => this.#idle.push(resolve));
      // Whoever awaited the last future goes on in microtasks, all of which run before an immediate.
      await new Promise<void>((resolve) => setImmediate(resolve));
    } while (this.#pending.size > 0);
    this.#closed = true;
  }
}

const storage = new AsyncLocalStorage<Scope>();
