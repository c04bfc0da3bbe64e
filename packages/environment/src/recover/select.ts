import { type EnvironmentDocument, type GlobalId, LailaError } from "@laila/schema";
import { shown } from "./shown.js";

/** The pool of a document that a caller means by id, by a name it is known by, or by its nickname. INVALID_ARGUMENT. */
export function poolNamed(environment: EnvironmentDocument, key: string, option: string): GlobalId {
  const { pools, pools_nicknames: nicknames } = environment.policy.central.memory.pool_router;
  if (Object.hasOwn(pools, key)) return key as GlobalId;
  const id = Object.hasOwn(nicknames, key)
    ? nicknames[key]
    : (Object.keys(pools) as GlobalId[]).find((one) => pools[one]?.nickname === key);
  if (id !== undefined) return id;
  const known = Object.keys(nicknames).map(shown).join(", ") || "none";
  throw new LailaError(
    "INVALID_ARGUMENT",
    `${option}: the environment has no pool ${shown(key)}. The names in it: ${known}.`,
  );
}

/**
 * The pools to recover: all, or those of `only` with what they cannot be without: the alpha pool (where
 * everything without an address goes), and the origins of caches. INVALID_ARGUMENT.
 */
export function selectedPools(
  environment: EnvironmentDocument,
  only: readonly string[] | undefined,
): ReadonlySet<GlobalId> {
  const { alpha_pool: alpha, pool_router } = environment.policy.central.memory;
  const all = Object.keys(pool_router.pools) as GlobalId[];
  if (only === undefined) return new Set(all);
  const selected = new Set<GlobalId>([alpha]);
  for (const key of only) selected.add(poolNamed(environment, key, "only"));
  // A set that grows while it is walked: an origin may be a cache itself.
  for (const id of selected) {
    const origin = Object.hasOwn(pool_router.proxies, id) ? pool_router.proxies[id] : undefined;
    if (origin !== undefined) selected.add(origin);
  }
  return selected;
}

/** The document with the selected pools only. */
export function withPools(
  environment: EnvironmentDocument,
  selected: ReadonlySet<GlobalId>,
): EnvironmentDocument {
  const { policy } = environment;
  const { memory } = policy.central;
  const { pools, pools_nicknames, affinities, proxies } = memory.pool_router;
  const own = <T>(of: Readonly<Record<GlobalId, T>>): Record<GlobalId, T> =>
    Object.fromEntries(Object.entries(of).filter(([id]) => selected.has(id as GlobalId))) as Record<
      GlobalId,
      T
    >;
  const pool_router = {
    pools: own(pools),
    pools_nicknames: Object.fromEntries(
      Object.entries(pools_nicknames).filter(([, id]) => selected.has(id)),
    ),
    affinities: own(affinities),
    proxies: own(proxies),
  };
  const central = { ...policy.central, memory: { ...memory, pool_router } };
  return { ...environment, policy: { ...policy, central } };
}
