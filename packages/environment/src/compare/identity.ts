import {
  type EnvironmentDocument,
  formatGlobalId,
  type GlobalId,
  parseGlobalId,
  uuidOf,
} from "@laila/schema";

/** What of a document is compared, by identity. */
export interface Parts {
  readonly policy: { readonly global_id: GlobalId; readonly nickname?: string | undefined };
  readonly alphaPool: GlobalId;
  readonly pools: ReadonlyMap<GlobalId, Component>;
  readonly nicknames: ReadonlyMap<string, GlobalId>;
  readonly affinities: ReadonlyMap<GlobalId, number>;
  readonly proxies: ReadonlyMap<GlobalId, GlobalId>;
  readonly alphaTaskforce: GlobalId;
  readonly taskforces: ReadonlyMap<GlobalId, Component>;
  readonly connections: ReadonlyMap<GlobalId, Component>;
}

export type Component = Readonly<Record<string, unknown>> & { readonly class_token: string };

/**
 * The parts of a document. A policy without a name has another id in every process, and so have its own
 * alpha pool and taskforce, whose ids are made from it; `like` says of which policy they are to have the ids.
 */
export function partsOf({ policy }: EnvironmentDocument, like = policy.global_id): Parts {
  const { memory, command, communication } = policy.central;
  const { pools, pools_nicknames, affinities, proxies } = memory.pool_router;
  const own = new Map<GlobalId, GlobalId>(
    ["POOL", "TASK_FORCE"].map((scope) => [derived(scope, policy.global_id), derived(scope, like)]),
  );
  // An id that the document has besides stays what it is.
  const to = (id: GlobalId): GlobalId => {
    const mapped = own.get(id);
    if (mapped === undefined) return id;
    return Object.hasOwn(pools, mapped) || Object.hasOwn(command.taskforces, mapped) ? id : mapped;
  };
  const byId = <T>(members: Readonly<Record<GlobalId, T>>): Map<GlobalId, T> =>
    new Map(Object.entries(members).map(([id, value]) => [to(id), value]));
  return {
    policy,
    alphaPool: to(memory.alpha_pool),
    pools: byId(pools),
    nicknames: new Map(Object.entries(pools_nicknames).map(([name, id]) => [name, to(id)])),
    affinities: byId(affinities),
    proxies: new Map(Object.entries(proxies).map(([cache, origin]) => [to(cache), to(origin)])),
    alphaTaskforce: to(command.alpha_taskforce),
    taskforces: byId(command.taskforces),
    connections: byId(communication.connections),
  };
}

/** The id of what a policy makes for itself. */
function derived(scope: string, policyId: GlobalId): GlobalId {
  return formatGlobalId({ scopes: [scope], uuid: uuidOf(scope, parseGlobalId(policyId).uuid) });
}
