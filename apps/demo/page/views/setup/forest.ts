import type { EnvironmentDocument, PoolConfig } from "@laila/schema";

/** A pool of a document in its place: with what leads to it, and the caches before it. */
export interface Tier {
  readonly id: string;
  readonly config: PoolConfig;
  /** What people call it: its nickname, else a name that the router knows, else its class. */
  readonly title: string;
  /** The router's nicknames that lead to it. */
  readonly names: readonly string[];
  readonly affinity: number;
  readonly isAlpha: boolean;
  readonly origin: string | undefined;
  readonly caches: readonly Tier[];
}

/**
 * The pools of a document as trees: each origin with the caches before it, since a cache has one origin.
 * The largest tree first, then the alpha pool, then by name.
 */
export function forestOf(environment: EnvironmentDocument): readonly Tier[] {
  const { alpha_pool, pool_router } = environment.policy.central.memory;
  const { pools, pools_nicknames, affinities, proxies } = pool_router;
  const namesOf = gather(Object.entries(pools_nicknames).map(([name, id]) => [id, name]));
  const cachesOf = gather(Object.entries(proxies).map(([cache, origin]) => [origin, cache]));
  const origins = new Map(Object.entries(proxies));
  const placed = new Set<string>();

  const tierOf = ([id, config]: [string, PoolConfig]): Tier => {
    placed.add(id);
    const names = namesOf.get(id) ?? [];
    return {
      id,
      config,
      title: config.nickname ?? names[0] ?? config.class_token,
      names,
      affinity: new Map(Object.entries(affinities)).get(id) ?? 0,
      isAlpha: id === alpha_pool,
      origin: origins.get(id),
      // A document that came from anywhere may have a circle; nothing is drawn twice.
      caches: entriesOf(pools, cachesOf.get(id) ?? [])
        .filter(([cache]) => !placed.has(cache))
        .map(tierOf)
        .sort(byTitle),
    };
  };
  const roots = Object.entries(pools).filter(([id]) => !origins.has(id));
  const forest = roots.map(tierOf);
  for (const entry of Object.entries(pools)) if (!placed.has(entry[0])) forest.push(tierOf(entry));
  return forest.sort(
    (a, b) => sizeOf(b) - sizeOf(a) || Number(b.isAlpha) - Number(a.isAlpha) || byTitle(a, b),
  );
}

/** How many pools a tree has. */
export function sizeOf(tier: Tier): number {
  return tier.caches.reduce((sum, cache) => sum + sizeOf(cache), 1);
}

/** Every pool of the trees. */
export function allOf(tiers: readonly Tier[]): readonly Tier[] {
  return tiers.flatMap((tier) => [tier, ...allOf(tier.caches)]);
}

function byTitle(a: Tier, b: Tier): number {
  return a.title.localeCompare(b.title, undefined, { numeric: true });
}

function entriesOf(
  pools: Readonly<Record<string, PoolConfig>>,
  ids: readonly string[],
): [string, PoolConfig][] {
  return ids.flatMap((id) => {
    const config = pools[id];
    return config ? [[id, config] as [string, PoolConfig]] : [];
  });
}

function gather(pairs: readonly (readonly [string, string])[]): Map<string, string[]> {
  const groups = new Map<string, string[]>();
  for (const [key, value] of pairs) groups.set(key, [...(groups.get(key) ?? []), value]);
  return groups;
}
