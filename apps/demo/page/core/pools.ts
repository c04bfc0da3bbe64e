import type { EnvironmentDocument, GlobalId } from "@laila/schema";
import { computed } from "@preact/signals";
import { command, literal } from "./code.js";
import { shortId } from "./format.js";
import { setup } from "./live.js";

/** What each pool of a document is called: its first name in the routing, else its own, else its class and id. */
export function poolNamesOf(environment: EnvironmentDocument): ReadonlyMap<GlobalId, string> {
  const { pools, pools_nicknames } = environment.policy.central.memory.pool_router;
  const names = new Map<GlobalId, string>();
  for (const [name, id] of Object.entries(pools_nicknames)) if (!names.has(id)) names.set(id, name);
  for (const [id, { class_token, nickname }] of Object.entries(pools))
    if (!names.has(id)) names.set(id, nickname ?? `${class_token} ${shortId(id)}`);
  return names;
}

const liveNames = computed(() =>
  setup.value ? poolNamesOf(setup.value.environment) : new Map<GlobalId, string>(),
);

/** What a pool of the live set-up is called. */
export function poolName(id: GlobalId): string {
  return liveNames.value.get(id) ?? shortId(id);
}

function routeName(id: GlobalId): string | undefined {
  const names = setup.value?.environment.policy.central.memory.pool_router.pools_nicknames ?? {};
  return Object.entries(names).find(([, named]) => named === id)?.[0];
}

/** How code names a pool of the live set-up: by its name in the routing, else by its id. */
export function routeCode(id: GlobalId): string {
  const name = routeName(id);
  return name === undefined ? `{ poolId: ${literal(id)} }` : `{ poolNickname: ${literal(name)} }`;
}

/** How `--pool` names it. */
export function poolOperand(id: GlobalId): string {
  return routeName(id) ?? id;
}

/** What a pool of the live set-up supports, as far as it is known. */
export function poolCan(id: GlobalId, ability: "persistent" | "sharedBetweenProcesses"): boolean {
  return setup.value?.pools[id]?.supports[ability] !== false;
}

/**
 * A `laila` command on pools of the live set-up. Null where one of them is in the memory of the demo, which
 * another process cannot see; one that is open to a single process is told of in a comment.
 */
export function commandOn(poolIds: readonly GlobalId[], line: string): string | null {
  if (poolIds.some((id) => !poolCan(id, "persistent"))) return null;
  const held = poolIds.filter((id) => !poolCan(id, "sharedBetweenProcesses")).map(poolName);
  if (held.length === 0) return line;
  // A name that has a line of its own would be run.
  const names = held.join(", ").replace(/\p{Cc}+/gu, " ");
  return `# While the set-up is down: one process at a time has ${names} open.\n${line}`;
}

/** The command of these words on one pool, as {@link commandOn}. */
export function commandIn(
  poolId: GlobalId,
  words: string,
  operands: readonly string[],
  flags: Parameters<typeof command>[2] = {},
): string | null {
  return commandOn([poolId], command(words, operands, { ...flags, pool: poolOperand(poolId) }));
}
