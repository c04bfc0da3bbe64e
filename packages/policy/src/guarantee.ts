import { abortError, LailaError } from "@laila/schema";
import { received } from "./call-options.js";
import type { CentralMemory } from "./central-memory.js";
import type { Future, FutureControl } from "./future.js";
import { combine } from "./multiple.js";
import { kindOf } from "./plain.js";
import type { Runtime } from "./runtime.js";
import { Scope } from "./scope.js";

const what = "What was started under this guarantee did not all succeed";

export interface GuaranteeOptions {
  /**
   * Cancels what was started under the guarantee, which then fails with ABORTED or TIMEOUT, whatever
   * its function still awaits; what that starts later is not covered any more.
   */
  readonly signal?: AbortSignal | undefined;
}

/** See `Policy.guarantee`. */
export function guaranteed<T>(
  runtime: Runtime,
  fn: () => T | PromiseLike<T>,
  given: GuaranteeOptions | undefined,
): Future<T> {
  const { options, refused } = received("guarantee", given, ["signal"]);
  return runtime.startGuarantee(async (control) => {
    if (refused) throw refused;
    if (typeof fn !== "function") throw noFunction(fn);
    return runInScope(new Scope(Scope.current), fn, control);
  }, options);
}

function noFunction(given: unknown): LailaError {
  return new LailaError(
    "INVALID_ARGUMENT",
    `guarantee takes a function, not ${kindOf(given)}: what is started before the call is not covered. Write guarantee(() => …), or guarantee() for the object.`,
  );
}

async function runInScope<T>(
  scope: Scope,
  fn: () => T | PromiseLike<T>,
  { signal }: FutureControl,
): Promise<T> {
  if (signal.aborted) throw abortError(signal, "The guarantee");
  const errors: unknown[] = [];
  let result: { readonly value: T } | undefined;
  let cancel = (): void => undefined;
  // What the function awaits need not know of the signal, and may never settle.
  const aborted = new Promise<never>((_, reject) => {
    cancel = () => {
      for (const future of [...scope.pending]) future.cancel(signal.reason);
      reject(abortError(signal, "The guarantee"));
    };
  });
  aborted.catch(() => undefined);
  signal.addEventListener("abort", cancel, { once: true });
  try {
    try {
      result = { value: await Promise.race([scope.run(fn), aborted]) };
    } catch (error) {
      errors.push(error);
    }
    await scope.quiet();
  } finally {
    signal.removeEventListener("abort", cancel);
  }
  if (signal.aborted) throw abortError(signal, "The guarantee");
  const { errors: unobserved, uncounted } = scope.failures.take();
  const failure = combine([...errors, ...unobserved], what, uncounted);
  if (failure) throw failure.error;
  return (result as { readonly value: T }).value;
}

/**
 * A guarantee as an object, for `await using g = policy.guarantee()`: what is started with its own
 * methods has landed when it is closed. Close it, or its failures are told by `policy.close()` only.
 */
export class Guarantee implements AsyncDisposable {
  readonly #runtime: Runtime;
  readonly #scope: Scope;
  #closing: Promise<void> | undefined;

  readonly memorize: CentralMemory["memorize"];
  readonly remember: CentralMemory["remember"];
  readonly forget: CentralMemory["forget"];

  /** @internal Guarantees come from `policy.guarantee()`. */
  constructor(runtime: Runtime, memory: CentralMemory) {
    this.#runtime = runtime;
    this.#scope = new Scope(Scope.current, () => runtime.unreported.add(this.#scope));
    const inScope =
      <A extends unknown[], R>(call: (...args: A) => R) =>
      (...args: A): R =>
        this.run(() => call(...args));
    // Overloads are lost on the way through a wrapper; the calls are the memory's own.
    this.memorize = inScope(memory.memorize.bind(memory) as Call) as CentralMemory["memorize"];
    this.remember = inScope(memory.remember.bind(memory) as Call) as CentralMemory["remember"];
    this.forget = inScope(memory.forget.bind(memory) as Call) as CentralMemory["forget"];
  }

  /** Runs a function so that everything it starts, also after its awaits, belongs to this guarantee. CLOSED after `close()`. */
  run<T>(fn: () => T): T {
    if (this.#closing) {
      throw new LailaError(
        "CLOSED",
        "This guarantee is closed. Start a new one: policy.guarantee().",
      );
    }
    return this.#scope.run(fn);
  }

  /** Resolves when everything has landed; rejects with what was not observed. Closing twice is fine. */
  close(): Promise<void> {
    this.#closing ??= this.#settle();
    return this.#closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #settle(): Promise<void> {
    await this.#scope.quiet();
    this.#runtime.unreported.delete(this.#scope);
    const { errors, uncounted } = this.#scope.failures.take();
    const failure = combine(errors, what, uncounted);
    if (failure) throw failure.error;
  }
}

type Call = (...args: unknown[]) => unknown;
