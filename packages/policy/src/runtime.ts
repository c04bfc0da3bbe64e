import { channel } from "node:diagnostics_channel";
import type { Awaitable } from "@laila/pool";
import { type GlobalId, LailaError } from "@laila/schema";
import { Bank } from "./bank.js";
import { Future, type FutureControl, type FutureHost } from "./future.js";
import { GroupFuture, type Outcome } from "./group-future.js";
import { Scope } from "./scope.js";
import { UnobservedFailures } from "./unobserved.js";

/** The name of the diagnostics channel that tells of failures nobody observed. */
export const unobservedFailureChannel = "laila:unobserved-failure";

/** What is published on {@link unobservedFailureChannel}. */
export interface UnobservedFailure {
  readonly policyId: GlobalId;
  readonly futureId: GlobalId;
  readonly error: unknown;
}

const failures = channel(unobservedFailureChannel);

export interface StartOptions {
  readonly signal?: AbortSignal | undefined;
  readonly total?: number | undefined;
}

/** Starts the futures of one policy and keeps account of them. */
export class Runtime {
  readonly bank = new Bank();
  readonly policyId: GlobalId;
  /** Explicit guarantees with failures that have not been reported yet. */
  readonly unreported = new Set<Scope>();
  readonly #failures = new UnobservedFailures();
  readonly #operations: FutureHost;
  readonly #guarantees: FutureHost;
  #toTell: Future<unknown>[] = [];
  #warned = false;
  #warnedLate = false;
  #stopped = false;

  constructor(policyId: GlobalId) {
    this.policyId = policyId;
    const settled = (future: Future<unknown>, scope: Scope | undefined): void => {
      if (scope) scope.settle(future);
      else this.#settledAlone(future);
    };
    this.#operations = {
      admit: () => this.#assertOpen(),
      started: (future) => {
        this.bank.add(future);
        return this.#track(future);
      },
      settled: (future, scope) => {
        this.bank.remove(future);
        settled(future, scope);
      },
      named: (future, id) => this.bank.name(future, id),
    };
    // Not in the bank: close() inside a guarantee waits for operations, and must not wait for itself.
    this.#guarantees = {
      admit: () => undefined,
      started: (future) => this.#track(future),
      settled,
      named: () => undefined,
    };
  }

  get stopped(): boolean {
    return this.#stopped;
  }

  /** From now on every new operation fails with CLOSED. */
  stop(): void {
    this.#stopped = true;
  }

  start<T>(work: (control: FutureControl) => Awaitable<T>, options: StartOptions = {}): Future<T> {
    return new Future<T>(work, this.#operations, options);
  }

  startGroup<T extends readonly unknown[]>(
    work: (control: FutureControl) => Promise<readonly Outcome[]>,
    options: StartOptions & { readonly size: number; readonly what: string },
  ): GroupFuture<T> {
    return new GroupFuture<T>(work, this.#operations, options);
  }

  /** A future that is no operation itself: it waits for those that were started in it. */
  startGuarantee<T>(
    work: (control: FutureControl) => Awaitable<T>,
    options: StartOptions,
  ): Future<T> {
    return new Future<T>(work, this.#guarantees, options);
  }

  /** What nobody has observed, also in guarantees that were never closed; it is then no longer kept. */
  takeFailures(): { readonly errors: unknown[]; readonly uncounted: number } {
    const errors: unknown[] = [];
    let uncounted = 0;
    for (const kept of [this.#failures, ...[...this.unreported].map((scope) => scope.failures)]) {
      const taken = kept.take();
      errors.push(...taken.errors);
      uncounted += taken.uncounted;
    }
    this.unreported.clear();
    return { errors, uncounted };
  }

  #assertOpen(): void {
    if (this.#stopped) {
      throw new LailaError(
        "CLOSED",
        `The policy ${this.policyId} is closed. Make a new one to go on: laila.activate(new Policy()).`,
      );
    }
  }

  #track(future: Future<unknown>): Scope | undefined {
    const scope = Scope.current;
    if (scope) scope.add(future);
    else if (Scope.ended) this.#warnLate();
    return scope;
  }

  #warnLate(): void {
    if (this.#warnedLate) return;
    this.#warnedLate = true;
    process.emitWarning(
      `An operation of ${this.policyId} was started by code inside a guarantee that had ended already, and is not covered by it: something in there was not awaited, such as an async function in forEach, or a timer. Await it inside, as with Promise.all(list.map(async …)).`,
      { type: "LailaWarning", code: "LAILA_LATE_OPERATION" },
    );
  }

  #settledAlone(future: Future<unknown>): void {
    if (!future.unobserved()) return;
    this.#failures.add(future);
    // Whoever awaits it may do so until the end of this turn, as with promises.
    if (this.#toTell.push(future) === 1) setImmediate(() => this.#tell());
  }

  #tell(): void {
    const told = this.#toTell;
    this.#toTell = [];
    for (const future of told) {
      const failure = future.unobserved();
      if (!failure) continue;
      if (failures.hasSubscribers) {
        failures.publish({
          policyId: this.policyId,
          futureId: future.globalId,
          error: failure.error,
        } satisfies UnobservedFailure);
      }
      this.#warn(failure.error);
    }
  }

  #warn(error: unknown): void {
    if (this.#warned) return;
    this.#warned = true;
    const message = error instanceof Error ? error.message : String(error);
    process.emitWarning(
      `An operation of ${this.policyId} failed and nobody awaited it: ${message} policy.close() will fail with it. Await your operations or wrap them in guarantee(). Later failures are told on the diagnostics channel "${unobservedFailureChannel}" only.`,
      { type: "LailaWarning", code: "LAILA_UNOBSERVED_FAILURE" },
    );
  }
}
