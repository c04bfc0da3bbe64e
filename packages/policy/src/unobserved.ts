import { isLailaError } from "@laila/schema";
import type { Future } from "./future.js";
import { listedErrors } from "./multiple.js";

/**
 * Failures that nobody has observed, by error: the first {@link listedErrors} different ones are kept,
 * the others only counted, so that a process that fails for days does not fill its memory.
 */
export class UnobservedFailures {
  readonly #errors = new Map<unknown, number>();
  #beyond = 0;
  #takings = 0;

  get size(): number {
    return this.#errors.size + this.#beyond;
  }

  /** Takes a failed future in, until somebody observes it. */
  add(future: Future<unknown>): void {
    const failure = future.unobserved();
    if (!failure) return;
    const { error } = failure;
    const takings = this.#takings;
    const known = this.#errors.get(error);
    if (known === undefined && this.#errors.size >= listedErrors) {
      this.#beyond++;
      future.whenObserved = () => {
        if (takings === this.#takings) this.#beyond--;
      };
      return;
    }
    this.#errors.set(error, (known ?? 0) + 1);
    release(error);
    future.whenObserved = () => {
      if (takings !== this.#takings) return;
      const count = this.#errors.get(error);
      if (count === 1) this.#errors.delete(error);
      else if (count !== undefined) this.#errors.set(error, count - 1);
    };
  }

  /** What there is, which is then reported and no longer kept. */
  take(): { readonly errors: unknown[]; readonly uncounted: number } {
    const taken = { errors: [...this.#errors.keys()], uncounted: this.#beyond };
    this.#errors.clear();
    this.#beyond = 0;
    this.#takings++;
    return taken;
  }
}

/**
 * V8 makes the text of a stack when it is first read, and holds on to what the frames ran on (the
 * future, its record) until then.
 */
function release(error: unknown, depth = 0): void {
  if (!(error instanceof Error) || depth > 8) return;
  void error.stack;
  release(error.cause, depth + 1);
  if (isLailaError(error)) for (const inner of error.errors ?? []) release(inner, depth + 1);
}
