import { bytesOf, ScriptedPool } from "./scripted-pool.js";

/** A cache before an origin that has `a`; both keep a log. */
export async function pair(supports: { conditionalWrites: boolean } = { conditionalWrites: true }) {
  const cache = new ScriptedPool({ supports });
  const origin = new ScriptedPool();
  await origin.write("a", bytesOf("far"));
  await cache.open();
  cache.proxyTo(origin);
  cache.log.length = 0;
  origin.log.length = 0;
  return { cache, origin };
}

export async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}
