import { setMaxListeners } from "node:events";
import { follow } from "../follow.js";
import { EventQueue } from "./event-queue.js";
import { settingsOf, type TransferOptions } from "./options.js";
import { Tally, type TransferEvent, type TransferReport } from "./report.js";
import { Run } from "./run.js";

/**
 * A copy, move or mirror that was started. Await it for its report, or go through it for its events, or
 * both. It rejects with MULTIPLE when keys failed (`errors`, the keys in `details.keys`; all other keys are done),
 * with ABORTED or TIMEOUT through its signal, with the error itself when a listing failed or a pool can
 * go on with no key (CLOSED, NO_SUCH_STORE, NO_SPACE …). `report` tells what was done in any case.
 * It belongs to no policy, so no guarantee waits for it: await it yourself.
 */
export class Transfer implements Promise<TransferReport>, AsyncIterable<TransferEvent, undefined> {
  readonly #promise: Promise<TransferReport>;
  readonly #controller = new AbortController();
  readonly #queues = new Set<EventQueue<TransferEvent>>();
  #tally = new Tally(false);
  #ended: { readonly failure: { readonly error: unknown } | undefined } | undefined;

  /** @internal Transfers come from `copyPool`, `movePool` and `mirror`. */
  constructor(what: string, options: TransferOptions, work: (run: Run) => Promise<void>) {
    this.#promise = this.#run(what, options, work);
  }

  get [Symbol.toStringTag](): string {
    return "Transfer";
  }

  /** What is done by now. */
  get report(): TransferReport {
    return this.#tally.report();
  }

  then<A = TransferReport, B = never>(
    onDone?: ((report: TransferReport) => A | PromiseLike<A>) | null,
    onFailed?: ((reason: unknown) => B | PromiseLike<B>) | null,
  ): Promise<A | B> {
    return this.#promise.then(onDone, onFailed);
  }

  catch<B = never>(
    onFailed?: ((reason: unknown) => B | PromiseLike<B>) | null,
  ): Promise<TransferReport | B> {
    return this.#promise.catch(onFailed);
  }

  finally(onSettled?: (() => void) | null): Promise<TransferReport> {
    return this.#promise.finally(onSettled);
  }

  /** Stops it, as its signal would. False when it had ended. */
  cancel(reason?: unknown): boolean {
    if (this.#ended) return false;
    this.#controller.abort(reason);
    return true;
  }

  /**
   * The events from now on; the iteration ends with the transfer, and throws what it rejects with. A
   * reader who is slow holds up nothing: beyond 1,024 waiting events the oldest are dropped. Leaving the
   * iteration does not end the transfer.
   */
  [Symbol.asyncIterator](): AsyncIterableIterator<TransferEvent, undefined> {
    const queue = new EventQueue<TransferEvent>((left) => this.#queues.delete(left));
    if (this.#ended) queue.finish(this.#ended.failure);
    else this.#queues.add(queue);
    return queue;
  }

  async #run(
    what: string,
    options: TransferOptions,
    work: (run: Run) => Promise<void>,
  ): Promise<TransferReport> {
    const unfollow = follow(options.signal, this.#controller);
    // As many listeners as there are operations under way.
    setMaxListeners(0, this.#controller.signal);
    try {
      const run = new Run(settingsOf(options), this.#controller.signal, (event) => {
        for (const queue of this.#queues) queue.push(event);
        options.onProgress?.(event);
      });
      this.#tally = run.tally;
      // Whoever was just given this object may begin to iterate first.
      await Promise.resolve();
      await work(run);
      const failure = run.failure(what);
      if (failure) throw failure.error;
      this.#end(undefined);
      return run.tally.report();
    } catch (error) {
      this.#end({ error });
      throw error;
    } finally {
      unfollow();
    }
  }

  #end(failure: { readonly error: unknown } | undefined): void {
    this.#ended = { failure };
    // Those who iterate are told there; without them and without an await, Node tells of the rejection.
    if (failure && this.#queues.size > 0) this.#promise.catch(() => undefined);
    for (const queue of this.#queues) queue.finish(failure);
    this.#queues.clear();
  }
}
