import type { Version, WriteCondition, WriteOptions } from "@laila/pool";

/** A write or a delete that waits to be committed. */
export interface Operation {
  readonly key: string;
  /** Undefined: a delete. */
  readonly value: Uint8Array | undefined;
  readonly condition: WriteCondition | undefined;
  readonly signal: AbortSignal | undefined;
  resolve(version: Version | undefined): void;
  reject(error: unknown): void;
}

/**
 * A batch is at most this many operations and (unless a single value is larger) bytes: a sync costs less than
 * what a larger batch would keep the event loop busy.
 */
const batchOperations = 1024;
const batchBytes = 32 << 20;

/**
 * Group commit: whatever arrived while the last batch was made durable goes with the next. Nothing waits for
 * company; one batch is under way at a time.
 */
export class CommitQueue {
  #waiting: Operation[] = [];
  readonly #between: (() => Promise<void>)[] = [];
  #running: Promise<void> | undefined;
  readonly #commit: (batch: readonly Operation[]) => Promise<void>;

  /** @param commit settles every operation of the batch; its own rejection fails those it has not. */
  constructor(commit: (batch: readonly Operation[]) => Promise<void>) {
    this.#commit = commit;
  }

  /** Gives the version of a write, once it is durable. If the signal fires while it waits, it never happens. */
  add(
    key: string,
    value: Uint8Array | undefined,
    { condition, signal }: WriteOptions,
  ): Promise<Version | undefined> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ key, value, condition, signal, resolve, reject });
      this.#running ??= this.#run();
    });
  }

  /** Calls it when no batch is under way; the next one waits for what it returns. */
  between<T>(act: () => Promise<T>): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      this.#between.push(() => act().then(resolve, reject));
      this.#running ??= this.#run();
    });
  }

  get isEmpty(): boolean {
    return this.#waiting.length === 0;
  }

  /** Resolves when nothing is waiting or under way. */
  async drained(): Promise<void> {
    while (this.#running) await this.#running;
  }

  async #run(): Promise<void> {
    // What is written in the same turn shares the first batch.
    await null;
    while (this.#waiting.length + this.#between.length > 0) {
      for (const act of this.#between.splice(0)) await act();
      if (this.#waiting.length === 0) continue;
      const batch = this.#take();
      try {
        await this.#commit(batch);
      } catch (error) {
        for (const { reject } of batch) reject(error);
      }
    }
    this.#running = undefined;
  }

  #take(): Operation[] {
    let bytes = 0;
    let count = 0;
    for (const { value } of this.#waiting) {
      bytes += value?.byteLength ?? 0;
      if (count > 0 && (bytes > batchBytes || count >= batchOperations)) break;
      count++;
    }
    return this.#waiting.splice(0, count);
  }
}
