import { abortError, LailaError } from "@laila/schema";
import type { TaskOptions } from "../task.js";
import { Budget } from "../transfer/budget.js";

/** What every kind of upkeep takes. */
export interface UpkeepOptions<Event> extends TaskOptions<Event> {
  /** How many keys at a time, each with at most one value in memory; 16 unless given. */
  readonly concurrency?: number | undefined;
  /** How many bytes of values are in memory at a time; 64 MiB unless given. One larger value travels alone. */
  readonly maxBytes?: number | undefined;
  /** Called once for each event. What it throws ends the work. */
  readonly onProgress?: ((event: Event) => void) | undefined;
  /** ABORTED, or TIMEOUT for a signal of `AbortSignal.timeout`. What is done stays done. */
  readonly signal?: AbortSignal | undefined;
}

export const upkeepNames = ["concurrency", "maxBytes", "onProgress", "signal"] as const;

/** Who works on which key, and how much of it is in memory. */
export class Crew {
  readonly signal: AbortSignal;
  readonly budget: Budget;
  readonly #what: string;
  readonly #concurrency: number;

  /** INVALID_ARGUMENT for what is out of range. */
  constructor(
    what: string,
    { concurrency = 16, maxBytes = 64 * 1024 ** 2 }: UpkeepOptions<never>,
    signal: AbortSignal,
  ) {
    if (!Number.isSafeInteger(concurrency) || concurrency < 1 || concurrency > 1024)
      throw new LailaError(
        "INVALID_ARGUMENT",
        `${what}: concurrency is a whole number from 1 to 1024.`,
      );
    if (!(maxBytes > 0))
      throw new LailaError("INVALID_ARGUMENT", `${what}: maxBytes is a number above 0.`);
    this.#what = what;
    this.#concurrency = concurrency;
    this.signal = signal;
    this.budget = new Budget(maxBytes, signal);
  }

  /**
   * Runs `act` for every item, some at a time, and takes items only as they are needed. The first rejection
   * ends it: nothing new is begun, and it rejects when what was under way has ended.
   */
  async each<T>(
    items: Iterable<T> | AsyncIterable<T>,
    act: (item: T) => Promise<unknown>,
  ): Promise<void> {
    const source = asGenerator(items);
    let failed: { readonly error: unknown } | undefined;
    const worker = async (): Promise<void> => {
      while (!failed) {
        this.check();
        const { done, value } = await source.next();
        if (done || failed) return;
        await act(value);
      }
    };
    const guarded = (): Promise<void> =>
      worker().catch((error: unknown) => {
        failed ??= { error };
      });
    await Promise.all(Array.from({ length: this.#concurrency }, guarded));
    try {
      await source.return(undefined);
    } catch (error) {
      failed ??= { error };
    }
    this.check();
    if (failed) throw failed.error;
  }

  /** ABORTED or TIMEOUT once the signal has fired. */
  check(): void {
    if (this.signal.aborted) throw abortError(this.signal, this.#what);
  }
}

/** A generator answers the workers' calls one after the other, whatever the iterator itself does. */
async function* asGenerator<T>(
  items: Iterable<T> | AsyncIterable<T>,
): AsyncGenerator<T, undefined> {
  yield* items;
  return undefined;
}
