import type { Entry, GlobalId } from "@laila/schema";

export type FutureStatus = "pending" | "done" | "failed" | "cancelled";
export interface Progress {
  readonly done: number;
  readonly total: number;
}
/** What `future.data` gives: the data of the entry, or of each entry. */
export type DataOf<T> =
  T extends Entry<infer D>
    ? D
    : T extends readonly unknown[]
      ? { -readonly [K in keyof T]: DataOf<T[K]> }
      : undefined;

export declare class Future<T> implements Promise<T> {
  readonly [Symbol.toStringTag]: string;
  get globalId(): GlobalId;
  get status(): FutureStatus;
  get progress(): Progress;
  get error(): unknown;
  get data(): DataOf<T> | undefined;
  then<A = T, B = never>(
    onDone?: ((value: T) => A | PromiseLike<A>) | null,
    onFailed?: ((reason: unknown) => B | PromiseLike<B>) | null,
  ): Promise<A | B>;
  catch<B = never>(onFailed?: ((reason: unknown) => B | PromiseLike<B>) | null): Promise<T | B>;
  finally(onSettled?: (() => void) | null): Promise<T>;
  cancel(reason?: unknown): boolean;
}
