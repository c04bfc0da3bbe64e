import type { Awaitable } from "@laila/pool";
import type { FutureControl } from "./future.js";
import type { Outcome } from "./group-future.js";

/** How many operations of one group stand in line at a time; the taskforce says how many run. */
const inLine = 64;

/** Runs `act` for each item, some at a time; an outcome for each, in order. */
export async function each<I, O>(
  items: readonly I[],
  control: FutureControl | undefined,
  act: (item: I) => Awaitable<O>,
): Promise<Outcome<O>[]> {
  const outcomes = new Array<Outcome<O>>(items.length);
  let next = 0;
  const worker = async (): Promise<void> => {
    while (next < items.length) {
      const i = next++;
      try {
        outcomes[i] = { status: "fulfilled", value: await act(items[i] as I) };
        control?.advance();
      } catch (reason) {
        outcomes[i] = { status: "rejected", reason };
      }
    }
  };
  await Promise.all(Array.from({ length: Math.min(inLine, items.length) }, worker));
  return outcomes;
}

/** The outcomes of all items, which `act` gives for a part of them at a time. */
export async function batches<I, O>(
  parts: readonly (readonly I[])[],
  control: FutureControl,
  act: (part: readonly I[]) => Promise<Outcome<O>[]>,
): Promise<Outcome<O>[]> {
  const outcomes = await each(parts, undefined, async (part) => {
    const done = await act(part);
    control.advance(done.filter(({ status }) => status === "fulfilled").length);
    return done;
  });
  return outcomes.flatMap((batch, i): Outcome<O>[] =>
    batch.status === "fulfilled" ? batch.value : (parts[i] ?? []).map(() => batch),
  );
}

export function chunks<I>(items: readonly I[], count: number): I[][] {
  const out: I[][] = [];
  for (let at = 0; at < items.length; at += count) out.push(items.slice(at, at + count));
  return out;
}

export function outcome<T>(error: unknown, value: T): Outcome<T> {
  return error === undefined
    ? { status: "fulfilled", value }
    : { status: "rejected", reason: error };
}
