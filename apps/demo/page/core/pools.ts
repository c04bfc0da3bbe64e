import type { EnvironmentDocument, GlobalId } from "@laila/schema";
import { computed } from "@preact/signals";
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
