import type { Cancellation } from "@laila/pool";
import { abortError, isLailaError } from "@laila/schema";
import { Future, type FutureControl, type FutureHost, type FutureOptions } from "./future.js";
import { combine } from "./multiple.js";

/** What became of one member of a group. */
export type Outcome<T = unknown> = PromiseSettledResult<T>;

/**
 * Several operations as one: resolves to their results, in the order asked. Each is tried, whatever
 * becomes of the others; then the group fails with the one error, or with MULTIPLE, which lists a
 * hundred (`settled` has all).
 */
export class GroupFuture<T extends readonly unknown[]> extends Future<T> {
  readonly size: number;
  readonly #outcomes: { list?: readonly Outcome[] };

  /** @internal Group futures come from a policy. The work gives one outcome for each member. */
  constructor(
    work: (control: FutureControl) => Promise<readonly Outcome[]>,
    host: FutureHost,
    { size, what, signal }: FutureOptions & { readonly size: number; readonly what: string },
  ) {
    const outcomes: { list?: readonly Outcome[] } = {};
    super(
      async (control) => {
        outcomes.list = await work(control);
        return valuesOf(outcomes.list, what, control) as unknown as T;
      },
      host,
      { total: size, signal },
    );
    this.size = size;
    this.#outcomes = outcomes;
  }

  /** What became of each member, in the order asked, as `Promise.allSettled` gives it. Never rejects. */
  async settled(): Promise<Outcome<T[number]>[]> {
    try {
      await this;
    } catch (reason) {
      // The call as a whole can fail before any member was tried.
      this.#outcomes.list ??= Array.from({ length: this.size }, () => ({
        status: "rejected",
        reason,
      }));
    }
    return [...(this.#outcomes.list ?? [])] as Outcome<T[number]>[];
  }
}

/** The values of outcomes that are all good; otherwise throws what went wrong. */
export function valuesOf<T>(
  outcomes: readonly Outcome<T>[],
  what: string,
  control?: Cancellation,
): T[] {
  const values: T[] = [];
  const errors: unknown[] = [];
  for (const outcome of outcomes) {
    if (outcome.status === "fulfilled") values.push(outcome.value);
    else errors.push(outcome.reason);
  }
  if (control?.aborted && errors.some((error) => isLailaError(error, "ABORTED", "TIMEOUT"))) {
    throw abortError(control.signal, what);
  }
  const failure = combine(errors, what);
  if (failure) throw failure.error;
  return values;
}
