/**
 * Runs `act` over the items, at most `limit` at a time, and yields results as they come.
 * A rejection of `act` ends the iteration with it. Leaving early starts nothing new.
 */
export async function* mapLimit<I, O>(
  items: Iterable<I>,
  limit: number,
  act: (item: I) => Promise<O>,
): AsyncGenerator<O> {
  const running = new Map<number, Promise<{ id: number; value: O }>>();
  let next = 0;
  for (const item of items) {
    const id = next++;
    const work = act(item).then((value) => ({ id, value }));
    // Awaited below through the race; marked as handled because a sibling may end the race first.
    work.catch(() => {});
    running.set(id, work);
    if (running.size >= limit) {
      const { id: done, value } = await Promise.race(running.values());
      running.delete(done);
      yield value;
    }
  }
  while (running.size > 0) {
    const { id, value } = await Promise.race(running.values());
    running.delete(id);
    yield value;
  }
}
