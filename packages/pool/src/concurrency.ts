/**
 * Runs `act` over the items, at most `limit` at a time, and yields results as they come. A rejection of
 * `act` ends the iteration with it. Whoever leaves early starts nothing new, and waits for what is under way.
 */
export async function* mapLimit<I, O>(
  items: Iterable<I>,
  limit: number,
  act: (item: I) => Promise<O>,
): AsyncGenerator<O> {
  const running = new Map<number, Promise<{ id: number; value: O }>>();
  let next = 0;
  const first = async (): Promise<O> => {
    const { id, value } = await Promise.race(running.values());
    running.delete(id);
    return value;
  };
  try {
    for (const item of items) {
      const id = next++;
      running.set(id, (async () => ({ id, value: await act(item) }))());
      if (running.size >= limit) yield await first();
    }
    while (running.size > 0) yield await first();
  } finally {
    await Promise.allSettled(running.values());
  }
}
