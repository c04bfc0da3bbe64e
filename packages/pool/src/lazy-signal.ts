import type { CallOptions, ReadOptions, WriteOptions } from "./contract.js";

/** What a call can be ended through. The signal may be made when it is first read. */
export interface Cancellation {
  readonly aborted: boolean;
  readonly signal: AbortSignal;
}

/**
 * Call options whose signal is made only if somebody listens to it: an AbortController costs more than a
 * call to a pool in memory. To whoever reads or copies them they are options like any others. Of a call that
 * ended within its turn, whoever made the options finds out itself whether it was aborted in that turn.
 */
export class LazyCallOptions implements WriteOptions, ReadOptions {
  declare readonly signal: AbortSignal;
  readonly handOver: boolean;
  readonly borrow: boolean;
  readonly #cancellation: Cancellation;

  constructor(
    cancellation: Cancellation,
    {
      handOver = false,
      borrow = false,
    }: Omit<WriteOptions & ReadOptions, "signal" | "condition"> = {},
  ) {
    this.handOver = handOver;
    this.borrow = borrow;
    this.#cancellation = cancellation;
    // Its own and enumerable, so that a copy (`{ ...options }`) has the signal too.
    Object.defineProperty(this, "signal", signalOfThis);
  }

  /** Whether the signal has fired, found out without making one. */
  static isAborted(options: CallOptions): boolean {
    return #cancellation in options
      ? options.#cancellation.aborted
      : options.signal?.aborted === true;
  }

  static areLazy(options: CallOptions): boolean {
    return #cancellation in options;
  }

  /** Whether there is a signal, found out without making one. */
  static hasSignal(options: CallOptions): boolean {
    return #cancellation in options || options.signal !== undefined;
  }

  static signalOf(options: LazyCallOptions): AbortSignal {
    return options.#cancellation.signal;
  }
}

const signalOfThis: PropertyDescriptor = {
  get(this: LazyCallOptions): AbortSignal {
    return LazyCallOptions.signalOf(this);
  },
  enumerable: true,
};
