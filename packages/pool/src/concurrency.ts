interface Ended<O> {
  readonly value?: O;
  readonly failure?: { readonly error: unknown };
}

/**
 * Runs `act` over the items, at most `limit` at a time, and yields results as they come. A rejection of
 * `act` ends the iteration with it. Whoever leaves early starts nothing new, and waits for what is under way.
 */
export async function* mapLimit<I, O>(
  items: Iterable<I>,
  limit: number,
  act: (item: I) => Promise<O>,
): AsyncGenerator<O> {
  // Not a race: that would look at all that are under way for each that ends.
  const ended: Ended<O>[] = [];
  let underWay = 0;
  let wake: (() => void) | undefined;
  const one = async (item: I): Promise<void> => {
    try {
      ended.push({ value: await act(item) });
    } catch (error) {
      ended.push({ failure: { error } });
    }
    underWay--;
    wake?.();
  };
  const next = (): Promise<void> =>
    new Promise((resolve) => {
      wake = resolve;
    });
  const first = async (): Promise<O> => {
    while (ended.length === 0) await next();
    const { value, failure } = ended.shift() ?? {};
    if (failure) throw failure.error;
    return value as O;
  };
  try {
    for (const item of items) {
      underWay++;
      void one(item);
      if (underWay + ended.length >= limit) yield await first();
    }
    while (underWay + ended.length > 0) yield await first();
  } finally {
    while (underWay > 0) await next();
  }
}
