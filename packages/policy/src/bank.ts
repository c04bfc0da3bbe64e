import type { GlobalId } from "@laila/schema";
import type { Future } from "./future.js";

/** The futures that are pending. A future that has settled is its holder's alone. */
export class Bank implements Iterable<Future<unknown>> {
  /** In no order: a future knows its place, and the last one takes the place of one that leaves. */
  readonly #pending: Future<unknown>[] = [];
  readonly #named = new Map<GlobalId, Future<unknown>>();
  #waiters: (() => void)[] = [];

  get size(): number {
    return this.#pending.length;
  }

  /** The pending future of that id. */
  get(globalId: GlobalId): Future<unknown> | undefined {
    return this.#named.get(globalId);
  }

  [Symbol.iterator](): Iterator<Future<unknown>> {
    return [...this.#pending].values();
  }

  /** Resolves as soon as nothing is pending. Never rejects. */
  drained(): Promise<void> {
    if (this.#pending.length === 0) return Promise.resolve();
    return new Promise((resolve) => this.#waiters.push(resolve));
  }

  /** @internal */
  add(future: Future<unknown>): void {
    future.place = this.#pending.push(future) - 1;
  }

  /** @internal Makes a pending future findable; a settled one is not kept. */
  name(future: Future<unknown>, globalId: GlobalId): void {
    if (this.#pending[future.place] === future) this.#named.set(globalId, future);
  }

  /** @internal */
  remove(future: Future<unknown>): void {
    if (this.#pending[future.place] !== future) return;
    const last = this.#pending.pop() as Future<unknown>;
    if (last !== future) {
      this.#pending[future.place] = last;
      last.place = future.place;
    }
    future.place = -1;
    if (future.knownId !== undefined) this.#named.delete(future.knownId);
    if (this.#pending.length > 0) return;
    const waiters = this.#waiters;
    this.#waiters = [];
    for (const resolve of waiters) resolve();
  }
}
