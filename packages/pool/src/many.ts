import { LailaError } from "@laila/schema";
import { mapLimit } from "./concurrency.js";
import type { Awaitable, ManyResult, Version } from "./contract.js";

interface Keyed {
  readonly key: string;
}

/** An outcome for each item, in order: what `act` gave, or the error it was rejected with. */
export async function outcomes<I extends Keyed>(
  items: readonly I[],
  limit: number,
  act: (item: I) => Awaitable<Version | undefined>,
): Promise<ManyResult[]> {
  const results: ManyResult[] = new Array(items.length);
  const done = mapLimit(items.entries(), limit, async ([i, item]) => {
    try {
      results[i] = { key: item.key, version: await act(item) };
    } catch (error) {
      results[i] = { key: item.key, error };
    }
  });
  for await (const _ of done);
  return results;
}

/**
 * Gives `act` every key at most once at a time: an item whose key came before waits for a later round, so
 * that of several items of one key the last one is what remains. Outcomes are in the order of the items.
 */
export async function inRounds<I extends Keyed>(
  items: readonly I[],
  act: (round: readonly I[]) => Awaitable<readonly ManyResult[]>,
): Promise<ManyResult[]> {
  const results: ManyResult[] = new Array(items.length);
  let rest = [...items.entries()];
  while (rest.length > 0) {
    const seen = new Set<string>();
    const later: typeof rest = [];
    const round = rest.filter((entry) => {
      const first = !seen.has(entry[1].key);
      if (first) seen.add(entry[1].key);
      else later.push(entry);
      return first;
    });
    const told = await act(round.map(([, item]) => item));
    const outcomeOf = new Map(told.map((one) => [one.key, one]));
    for (const [i, { key }] of round) results[i] = outcomeOf.get(key) ?? unanswered(key);
    rest = later;
  }
  return results;
}

function unanswered(key: string): ManyResult {
  return {
    key,
    error: new LailaError(
      "UNAVAILABLE",
      `The pool gave no outcome for ${JSON.stringify(key)}. Read it to see, and try again.`,
    ),
  };
}
