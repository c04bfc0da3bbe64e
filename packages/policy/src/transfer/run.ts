import { abortError, isLailaError } from "@laila/schema";
import { Budget } from "./budget.js";
import type { Settings } from "./options.js";
import { type KeyResult, Tally, type TransferEvent } from "./report.js";

/** Errors that are no key's own: every further key would meet them, too. */
export const endsAll = [
  "CLOSED",
  "NO_SUCH_STORE",
  "NO_SPACE",
  "LOCKED",
  "MISSING_SECRET",
  "CREDENTIALS_EXPIRED",
  "CLOCK_SKEW",
  "WRONG_REGION",
] as const;

/** One transfer under way: who works on which key, what is in memory, what came of it. */
export class Run {
  readonly settings: Settings;
  readonly tally: Tally;
  readonly budget: Budget;
  readonly signal: AbortSignal;
  readonly #tell: (event: TransferEvent) => void;
  #fatal: { readonly error: unknown } | undefined;

  constructor(settings: Settings, signal: AbortSignal, tell: (event: TransferEvent) => void) {
    this.settings = settings;
    this.signal = signal;
    this.tally = new Tally(settings.dryRun);
    this.budget = new Budget(settings.maxBytes, signal);
    this.#tell = tell;
  }

  /** Why nothing new is begun any more. */
  get fatal(): { readonly error: unknown } | undefined {
    if (this.signal.aborted) return { error: abortError(this.signal, "The transfer") };
    return this.#fatal;
  }

  /**
   * Runs `act` for every key, some at a time, and takes keys from the listing only as they are needed.
   * What `act` rejects with is that key's failure. Never rejects: see `fatal`.
   */
  async each(
    keys: Iterable<string> | AsyncIterable<string>,
    act: (key: string) => Promise<KeyResult | undefined>,
  ): Promise<void> {
    // A generator answers the workers' calls one after the other, whatever the pool's own iterator does.
    const listing = this.#filtered(keys);
    const worker = async (): Promise<void> => {
      while (!this.fatal) {
        const { done, value: key } = await listing.next();
        if (done || this.fatal) return;
        await this.#one(key, act);
      }
    };
    const guarded = (): Promise<void> => worker().catch((error: unknown) => this.stop(error));
    await Promise.all(Array.from({ length: this.settings.concurrency }, guarded));
    await listing.return(undefined).catch((error: unknown) => this.stop(error));
  }

  /** Begins nothing new; the first reason is told. */
  stop(error: unknown): void {
    this.#fatal ??= { error };
  }

  /** What the transfer rejects with; undefined when everything went well. */
  failure(what: string): { readonly error: unknown } | undefined {
    if (this.signal.aborted) return this.fatal;
    if (!this.#fatal && this.tally.failures === 0) return undefined;
    return { error: this.tally.error(what, this.#fatal) };
  }

  /** Counts and tells what became of a key. */
  settle(key: string, result: KeyResult): void {
    try {
      this.#tell(this.tally.add(key, result));
    } catch (error) {
      this.stop(error);
    }
  }

  async #one(key: string, act: (key: string) => Promise<KeyResult | undefined>): Promise<void> {
    let result: KeyResult | undefined;
    try {
      result = await act(key);
    } catch (error) {
      result = { outcome: "failed", error };
    }
    if (!result) return;
    if (result.outcome === "failed") {
      // Cut off, not failed: the abort is told for the whole.
      if (this.signal.aborted) return;
      if (isLailaError(result.error, ...endsAll)) {
        this.stop(result.error);
        return;
      }
    }
    this.settle(key, result);
  }

  async *#filtered(keys: Iterable<string> | AsyncIterable<string>): AsyncGenerator<string, void> {
    const { filter } = this.settings;
    for await (const key of keys) if (filter(key)) yield key;
  }
}
