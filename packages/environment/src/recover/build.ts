import { Policy, type PolicyOptions, type TaskForce } from "@laila/policy";
import { MemoryPool, type PoolLike } from "@laila/pool";
import {
  abortError,
  type EnvironmentDocument,
  fieldMark,
  fieldsOf,
  type GlobalId,
  isLailaError,
  LailaError,
  type Secret,
} from "@laila/schema";
import type { CapturedConfig } from "../capture/capture-pool.js";
import { type Layers, wrap } from "./layers.js";
import type { ResolvedSecrets } from "./missing.js";
import type { RecoverOptions } from "./options.js";
import type { PoolPlan } from "./plan.js";
import { invalid } from "./references.js";
import { shownPool } from "./shown.js";

/** The pools of the plans, adopted or made; making one does no I/O. INVALID_CONFIG says which pool. */
export function makePools(
  plans: readonly PoolPlan[],
  secrets: ResolvedSecrets,
  layers: Layers | undefined,
  options: RecoverOptions,
): Map<GlobalId, PoolLike> {
  const pools = new Map<GlobalId, PoolLike>();
  for (const plan of plans) {
    const made = (): PoolLike =>
      wrap(
        makePool(plan, secrets.fields.get(plan.id) ?? {}, options),
        plan.stored,
        layers,
        secrets.layers,
      );
    pools.set(plan.id, plan.adopted ?? made());
  }
  return pools;
}

function makePool(
  { id, stored, cls, fields, references }: PoolPlan,
  secrets: Record<string, Secret>,
  { home, directory, namespace }: RecoverOptions,
): PoolLike {
  // Every missing class was told before.
  if (!cls)
    throw new LailaError("MISSING_PACKAGE", `No class was given for ${shownPool(stored, id)}.`);
  const field = fieldsOf(cls.configSchema).ambientCredentials;
  // With references, the machine's own credentials must not fill a gap that the document left on purpose.
  const noAmbient =
    references.size > 0 && field !== undefined && fieldMark(field)?.laila === "exempt";
  const config = {
    ...(stored.nickname === undefined ? {} : { nickname: stored.nickname }),
    ...(noAmbient ? { ambientCredentials: false } : {}),
    ...fields,
    ...secrets,
  };
  const pool = made(
    () => new cls(config, { globalId: id, home, directory, namespace }),
    stored,
    id,
  );
  if (pool.globalId !== id) {
    throw new LailaError(
      "INVALID_CONFIG",
      `${cls.classToken} did not take the id ${id} that it was given. Its constructor must pass its options on to Pool.`,
    );
  }
  return pool;
}

/** What a class says of a wrong configuration does not say in which pool of the document it stands. */
function made(make: () => PoolLike, stored: CapturedConfig, id: GlobalId): PoolLike {
  try {
    return make();
  } catch (error) {
    throw isLailaError(error, "INVALID_CONFIG") ? placed(error, stored, id) : error;
  }
}

function placed(error: LailaError, stored: CapturedConfig, id: GlobalId): LailaError {
  const path = `environment.policy.central.memory.pool_router.pools.${id}`;
  return new LailaError(error.code, `${shownPool(stored, id)}: ${error.message}`, {
    cause: error.cause,
    details: { ...error.details, path },
  });
}

/** A policy with the parts of the document; nothing is opened. INVALID_DOCUMENT for an alpha pool that evicts. */
export function makePolicy(
  { policy }: EnvironmentDocument,
  pools: ReadonlyMap<GlobalId, PoolLike>,
  taskforces: ReadonlyMap<GlobalId, TaskForce>,
  { namespace, classes }: RecoverOptions,
): Policy {
  const { memory, command } = policy.central;
  if (pools.get(memory.alpha_pool)?.supports.evicts) {
    throw invalid(
      "environment.policy.central.memory.alpha_pool",
      `${shownPool(memory.pool_router.pools[memory.alpha_pool] ?? {}, memory.alpha_pool)} evicts values when it is full, so it cannot be the alpha pool: what is memorized there could vanish. Correct the document, or recover another version.`,
    );
  }
  const { pools_nicknames: nicknames, affinities } = memory.pool_router;
  const options: PolicyOptions = {
    globalId: policy.global_id,
    nickname: policy.nickname,
    alphaPool: pools.get(memory.alpha_pool),
    alphaTaskforce: taskforces.get(command.alpha_taskforce),
    namespace,
    classes,
  };
  const made = new Policy(options);
  for (const taskforce of taskforces.values()) made.central.command.extend(taskforce);
  const namesOf = (id: GlobalId): string[] =>
    Object.keys(nicknames).filter((name) => nicknames[name] === id);
  // Those without a name first: what they are called by themselves may belong to another pool here.
  for (const [id, pool] of pools) {
    if (namesOf(id).length === 0) made.central.memory.extend(pool, { affinity: affinities[id] });
  }
  for (const [id, pool] of pools) {
    for (const poolNickname of namesOf(id)) {
      made.central.memory.extend(pool, { poolNickname, affinity: affinities[id], replace: true });
    }
  }
  return made;
}

/** Sets the proxies as the document has them. Cycles were refused before. */
export function setProxies(
  { policy }: EnvironmentDocument,
  pools: ReadonlyMap<GlobalId, PoolLike>,
): void {
  for (const [cache, origin] of Object.entries(policy.central.memory.pool_router.proxies)) {
    pools.get(cache)?.proxyTo(pools.get(origin));
  }
}

/** Opens all; when one fails, those that were made here are closed, and the failure is what is thrown. */
export async function openAll(
  plans: readonly PoolPlan[],
  pools: ReadonlyMap<GlobalId, PoolLike>,
  { signal, reuse }: Pick<RecoverOptions, "signal" | "reuse">,
): Promise<void> {
  const opened = await Promise.allSettled([...pools.values()].map((pool) => pool.open({ signal })));
  const failures = signal?.aborted
    ? [abortError(signal, "The recovery")]
    : reasons(opened).map((error) => (reuse ? error : sayReuse(error)));
  if (failures.length > 0) await closeMade(plans, pools, failures);
}

/** Most often it is this very process that has the pool open, in the policy it recovers. */
function sayReuse(error: unknown): unknown {
  if (!isLailaError(error, "LOCKED")) return error;
  return new LailaError(
    error.code,
    `${error.message} If it is a policy of this process that has it open, take its pools over: recoverPolicy({ …, reuse: laila.policy }).`,
    { cause: error.cause, details: error.details },
  );
}

/** Closes the pools that were made here and throws what went wrong, closing included. */
async function closeMade(
  plans: readonly PoolPlan[],
  pools: ReadonlyMap<GlobalId, PoolLike>,
  failures: readonly unknown[],
): Promise<never> {
  const made = plans.filter(({ adopted }) => !adopted).flatMap(({ id }) => pools.get(id) ?? []);
  const all = [...failures, ...reasons(await Promise.allSettled(made.map((pool) => pool.close())))];
  if (all.length === 1) throw all[0];
  const told = all.map((error) => (error instanceof Error ? error.message : String(error)));
  throw new LailaError("MULTIPLE", `The environment was not recovered: ${told.join(" ")}`, {
    errors: all,
  });
}

/**
 * Moves adopted pools out of the policy they came from, without their proxies, which the document sets
 * anew. An alpha pool leaves an empty one behind.
 */
export function release(plans: readonly PoolPlan[], from: Policy): void {
  const { memory } = from.central;
  const adopted = plans.flatMap((plan) => plan.adopted ?? []);
  // All of them first: a cache whose origin is gone could not be detached.
  for (const pool of adopted) if (pool.proxy) pool.proxyTo(undefined);
  for (const pool of adopted) {
    if (memory.alphaPool === pool) memory.extend(new MemoryPool(), { alpha: true });
    memory.detach(pool);
  }
}

function reasons(results: readonly PromiseSettledResult<unknown>[]): unknown[] {
  return results.flatMap((result) =>
    result.status === "rejected" ? [result.reason as unknown] : [],
  );
}
