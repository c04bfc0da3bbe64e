import type { GlobalId } from "@laila/schema";
import type { Future } from "./future.js";

/** The futures that are pending. A future that has settled is its holder's alone. */
export class Bank implements Iterable<Future<unknown>> {
  readonly #pending = new Set<Future<unknown>>();
  readonly #named = new Map<GlobalId, Future<unknown>>();
  #waiters: (() => void)[] = [];

  get size(): number {
    return this.#pending.size;
  }

  /** The pending future of that id. */
  get(globalId: GlobalId): Future<unknown> | undefined {
    return this.#named.get(globalId);
  }

  [Symbol.iterator](): Iterator<Future<unknown>> {
    return this.#pending.values();
  }

  /** Resolves as soon as nothing is pending. Never rejects. */
  drained(): Promise<void> {
    if (this.#pending.size === 0) return Promise.resolve();
    return new Promise((resolve) => this.#waiters.push(resolve));
  }

  /** @internal */
  add(future: Future<unknown>): void {
    this.#pending.add(future);
  }

  /** @internal Makes a pending future findable; a settled one is not kept. */
  name(future: Future<unknown>, globalId: GlobalId): void {
    if (this.#pending.has(future)) this.#named.set(globalId, future);
  }

  /** @internal */
  remove(future: Future<unknown>): void {
    this.#pending.delete(future);
    if (future.knownId !== undefined) this.#named.delete(future.knownId);
    if (this.#pending.size > 0) return;
    const waiters = this.#waiters;
    this.#waiters = [];
    for (const resolve of waiters) resolve();
  }
}
