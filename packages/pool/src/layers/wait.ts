import { setMaxListeners } from "node:events";
import { abortError, LailaError } from "@laila/schema";
import type { PoolLike } from "../contract.js";

/** What may end a wait before its time. */
export interface Interrupts {
  readonly signal: AbortSignal | undefined;
  /** Aborted when the layer is closed. */
  readonly closes: AbortSignal | undefined;
  readonly pool: PoolLike;
  /** What went wrong before the wait; becomes the cause of a CLOSED. */
  readonly cause?: unknown;
}

/** Waits. ABORTED or TIMEOUT as soon as the signal fires, CLOSED as soon as the pool is closed. */
export async function pause(milliseconds: number, interrupts: Interrupts): Promise<void> {
  const { signal, closes, pool, cause } = interrupts;
  const signals = [signal, closes].filter((one) => one !== undefined);
  let timer: ReturnType<typeof setTimeout> | undefined;
  let stop: (() => void) | undefined;
  try {
    await new Promise<void>((resolve, reject) => {
      stop = () =>
        reject(signal?.aborted ? abortError(signal, "The wait") : closedError(pool, cause));
      if (signals.some((one) => one.aborted)) return stop();
      timer = setTimeout(resolve, milliseconds);
      for (const one of signals) listen(one, stop);
    });
  } finally {
    clearTimeout(timer);
    if (stop) for (const one of signals) one.removeEventListener("abort", stop);
  }
}

/** One signal serves any number of calls at once: Node's warning at the eleventh would be about nothing. */
export function listen(signal: AbortSignal, stop: () => void): void {
  if (signal instanceof EventTarget) setMaxListeners(0, signal);
  signal.addEventListener("abort", stop, { once: true });
}

export function closedError({ nickname, globalId }: PoolLike, cause?: unknown): LailaError {
  return new LailaError(
    "CLOSED",
    `The pool ${nickname ?? globalId} is closed. Make a new one to go on.`,
    { cause },
  );
}
