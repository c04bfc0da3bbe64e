import { LazyCallOptions } from "@laila/pool";
import {
  abortError,
  formatGlobalId,
  type GlobalId,
  globalIdOf,
  isGlobalId,
  LailaError,
  newUuid,
} from "@laila/schema";
import * as z from "zod/mini";

/** A taskforce as data. */
export interface TaskForceConfig {
  readonly class_token: string;
  readonly max_concurrency: number;
  readonly nickname?: string;
}

/** Something that runs single operations, so many at a time. */
export interface TaskForce {
  readonly globalId: GlobalId;
  readonly nickname: string | undefined;
  readonly classToken: string;
  /**
   * Runs an operation when its turn comes, and settles with it. An operation must not submit another
   * to the same taskforce and wait for it. ABORTED or TIMEOUT when the signal fires while it waits;
   * CLOSED after `close()`.
   */
  submit<T>(operation: () => Promise<T>, options?: SubmitOptions): Promise<T>;
  /** `max_concurrency` is also how many places there are: no batch is larger. */
  toConfig(): TaskForceConfig;
  /** Takes nothing new, and resolves when everything submitted has settled. Closing twice is fine. */
  close(): Promise<void>;
}

export interface SubmitOptions {
  readonly signal?: AbortSignal | undefined;
  /**
   * How many places the operation takes, all at once: as many as it may have requests under way. 1
   * unless given, and never more than there are.
   */
  readonly places?: number | undefined;
}

const whole = "must be a whole number from 1";

const configSchema = z.object({
  /** How many operations run at the same time. */
  maxConcurrency: z._default(z.int(whole).check(z.minimum(1, whole)), 64),
});

export interface AsyncTaskForceConfig extends z.input<typeof configSchema> {
  readonly nickname?: string | undefined;
}

/** Restores an identity, or says in which namespace the nickname is. */
export interface TaskForceOptions {
  readonly globalId?: GlobalId | undefined;
  readonly namespace?: string | undefined;
}

/** Runs operations in this process, first come, first served, `maxConcurrency` at a time. */
export class AsyncTaskForce implements TaskForce {
  static readonly configSchema = configSchema;
  static readonly classToken: string = "AsyncTaskForce";

  readonly globalId: GlobalId;
  readonly nickname: string | undefined;
  readonly maxConcurrency: number;
  readonly #queue = new Queue<Turn>();
  #waiting = 0;
  #running = 0;
  #closing: Promise<void> | undefined;
  #drained: (() => void) | undefined;

  /** INVALID_CONFIG for a malformed configuration, INVALID_ID for an id that is no TASK_FORCE's. */
  constructor(
    { nickname, ...config }: AsyncTaskForceConfig = {},
    { globalId, namespace }: TaskForceOptions = {},
  ) {
    const { maxConcurrency } = parsed(config);
    if (globalId !== undefined && !isGlobalId(globalId, "TASK_FORCE")) {
      throw new LailaError(
        "INVALID_ID",
        `${JSON.stringify(globalId)} is not the global id of a taskforce.`,
      );
    }
    this.maxConcurrency = maxConcurrency;
    this.nickname = nickname;
    this.globalId =
      globalId ??
      (nickname === undefined
        ? formatGlobalId({ scopes: ["TASK_FORCE"], uuid: newUuid() })
        : globalIdOf(nickname, { scope: "TASK_FORCE", namespace }));
  }

  get classToken(): string {
    return AsyncTaskForce.classToken;
  }

  /** How many places are taken now. */
  get running(): number {
    return this.#running;
  }

  /** How many operations wait for their turn. */
  get waiting(): number {
    return this.#waiting;
  }

  submit<T>(operation: () => Promise<T>, options: SubmitOptions = {}): Promise<T> {
    if (this.#closing) {
      const message = `The taskforce ${this.nickname ?? this.globalId} is closed. Make a new one to go on.`;
      return Promise.reject(new LailaError("CLOSED", message));
    }
    if (LazyCallOptions.isAborted(options))
      return Promise.reject(abortError(options.signal as AbortSignal));
    const places = Math.min(Math.max(1, options.places ?? 1), this.maxConcurrency);
    // Whoever waits goes first, also where a smaller one would still find room.
    if (this.#waiting > 0 || !this.#fits(places))
      return this.#queued(operation, places, options.signal);
    this.#running += places;
    return this.#perform(operation, places);
  }

  toConfig(): TaskForceConfig {
    return {
      class_token: this.classToken,
      max_concurrency: this.maxConcurrency,
      ...(this.nickname === undefined ? {} : { nickname: this.nickname }),
    };
  }

  close(): Promise<void> {
    this.#closing ??= new Promise((resolve) => {
      if (this.#running === 0) resolve();
      else this.#drained = resolve;
    });
    return this.#closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #fits(places: number): boolean {
    return this.#running + places <= this.maxConcurrency;
  }

  /** Its places are taken; they are free again before whoever waits for the result goes on. */
  #perform<T>(operation: () => Promise<T>, places: number): Promise<T> {
    let performing: Promise<T>;
    try {
      performing = Promise.resolve(operation());
    } catch (error) {
      performing = Promise.reject(error);
    }
    const leave = (): void => {
      this.#running -= places;
      this.#admit();
    };
    performing.then(leave, leave);
    return performing;
  }

  /** Waits in line. Whoever lets it in takes the places for it, so a newcomer cannot overtake. */
  #queued<T>(
    operation: () => Promise<T>,
    places: number,
    signal: AbortSignal | undefined,
  ): Promise<T> {
    return new Promise((resolve, reject) => {
      const turn: Turn = {
        places,
        go: () => {
          signal?.removeEventListener("abort", leave);
          this.#waiting--;
          resolve(this.#perform(operation, places));
        },
      };
      const leave = (): void => {
        turn.go = undefined;
        this.#waiting--;
        // Listening is what makes the signal certain here.
        reject(abortError(signal as AbortSignal));
        // It may have kept smaller ones waiting.
        this.#admit();
      };
      this.#waiting++;
      this.#queue.push(turn);
      signal?.addEventListener("abort", leave, { once: true });
    });
  }

  #admit(): void {
    for (let turn = this.#queue.first; turn; turn = this.#queue.first) {
      if (turn.go && !this.#fits(turn.places)) return;
      this.#queue.shift();
      if (!turn.go) continue;
      this.#running += turn.places;
      turn.go();
    }
    if (this.#running === 0) this.#drained?.();
  }
}

function parsed(config: object): z.output<typeof configSchema> {
  const result = configSchema.safeParse(config);
  if (result.success) return result.data;
  const told = result.error.issues.map(({ path, message }) => `${path.join(".")} ${message}`);
  throw new LailaError("INVALID_CONFIG", `AsyncTaskForce: ${told.join("; ")}.`, {
    details: { fields: result.error.issues.map(({ path }) => path.join(".")) },
  });
}

/** A turn in line; without `go` its owner has left. */
interface Turn {
  readonly places: number;
  go: (() => void) | undefined;
}

/** First in, first out, in constant time (`Array.shift` is linear). */
class Queue<T> {
  #items: T[] = [];
  #head = 0;

  get first(): T | undefined {
    return this.#items[this.#head];
  }

  push(item: T): void {
    this.#items.push(item);
  }

  shift(): void {
    if (this.#head < this.#items.length) this.#head++;
    if (this.#head > 256 && this.#head * 2 > this.#items.length) {
      this.#items = this.#items.slice(this.#head);
      this.#head = 0;
    }
  }
}
