import { setMaxListeners } from "node:events";
import { follow } from "./follow.js";
import { EventQueue } from "./transfer/event-queue.js";

export interface TaskOptions<Event> {
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((event: Event) => void) | undefined;
}

/** Tells everybody who listens; what it gives is to be waited for before more is told. */
export type Tell<Event> = (event: Event) => Promise<unknown> | undefined;

/** The work of a task: to be ended by its signal. */
export type TaskWork<Report, Event> = (signal: AbortSignal, tell: Tell<Event>) => Promise<Report>;

/** Work on many keys that was started: a promise of its report, and an iterable of its events. */
export abstract class Task<Report, Event>
  implements Promise<Report>, AsyncIterable<Event, undefined>
{
  readonly #promise: Promise<Report>;
  readonly #patient: boolean;
  readonly #controller = new AbortController();
  readonly #queues = new Set<EventQueue<Event>>();
  #ended: { readonly failure: { readonly error: unknown } | undefined } | undefined;

  /** `patient`: the work waits for readers who are slow, instead of dropping events. */
  constructor(
    options: TaskOptions<Event>,
    work: TaskWork<Report, Event>,
    { patient }: { readonly patient: boolean },
  ) {
    this.#patient = patient;
    this.#promise = this.#run(options, work);
  }

  abstract get [Symbol.toStringTag](): string;

  /** What is done by now. */
  abstract get report(): Report;

  then<A = Report, B = never>(
    onDone?: ((report: Report) => A | PromiseLike<A>) | null,
    onFailed?: ((reason: unknown) => B | PromiseLike<B>) | null,
  ): Promise<A | B> {
    return this.#promise.then(onDone, onFailed);
  }

  catch<B = never>(
    onFailed?: ((reason: unknown) => B | PromiseLike<B>) | null,
  ): Promise<Report | B> {
    return this.#promise.catch(onFailed);
  }

  finally(onSettled?: (() => void) | null): Promise<Report> {
    return this.#promise.finally(onSettled);
  }

  /** Stops it, as its signal would. False when it had ended. */
  cancel(reason?: unknown): boolean {
    if (this.#ended) return false;
    this.#controller.abort(reason);
    return true;
  }

  /**
   * The events from now on; the iteration ends with the work, and throws what that rejects with. Leaving
   * the iteration does not end the work.
   */
  [Symbol.asyncIterator](): AsyncIterableIterator<Event, undefined> {
    const queue = new EventQueue<Event>((left) => this.#queues.delete(left), this.#patient);
    if (this.#ended) queue.finish(this.#ended.failure);
    else this.#queues.add(queue);
    return queue;
  }

  async #run(options: TaskOptions<Event>, work: TaskWork<Report, Event>): Promise<Report> {
    const unfollow = follow(options.signal, this.#controller);
    // Work that waits for a reader would not hear of it: nobody is waited for any more.
    this.#controller.signal.addEventListener("abort", () => {
      for (const queue of this.#queues) queue.hurry();
    });
    // As many listeners as there are operations under way.
    setMaxListeners(0, this.#controller.signal);
    try {
      // Whoever was just given this object may begin to iterate first.
      await Promise.resolve();
      const report = await work(this.#controller.signal, (event) => this.#tell(event, options));
      this.#end(undefined);
      return report;
    } catch (error) {
      this.#end({ error });
      throw error;
    } finally {
      unfollow();
    }
  }

  #tell(event: Event, { onProgress }: TaskOptions<Event>): Promise<unknown> | undefined {
    const full: Promise<void>[] = [];
    for (const queue of this.#queues) {
      const room = queue.push(event);
      if (room) full.push(room);
    }
    onProgress?.(event);
    return full.length === 0 ? undefined : Promise.all(full);
  }

  #end(failure: { readonly error: unknown } | undefined): void {
    this.#ended = { failure };
    // Those who iterate are told there; without them and without an await, Node tells of the rejection.
    if (failure && this.#queues.size > 0) this.#promise.catch(() => undefined);
    for (const queue of this.#queues) queue.finish(failure);
    this.#queues.clear();
  }
}
