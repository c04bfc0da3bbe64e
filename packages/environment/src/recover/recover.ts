import { isDeepStrictEqual } from "node:util";
import type { Policy } from "@laila/policy";
import { MemoryPool, type PoolClass, type PoolLike } from "@laila/pool";
import {
  abortError,
  checkOptions,
  type EnvironmentDocument,
  type GlobalId,
  LailaError,
  parseEnvironmentDocument,
} from "@laila/schema";
import { toArgs } from "../args/args.js";
import { type CapturedConfig, capturePool } from "../capture/capture-pool.js";
import { SecretNames } from "../capture/secret-names.js";
import { checkPool } from "../saved/check-pool.js";
import { loadEnvironment } from "../saved/load.js";
import { makePolicy, makePools, openAll, release, setProxies } from "./build.js";
import { type Layers, layersFor } from "./layers.js";
import { type MissingClass, resolveSecrets } from "./missing.js";
import type { RecoverDocument, RecoverOptions, RecoverSaved, TrustRule } from "./options.js";
import { type PoolPlan, planPool } from "./plan.js";
import { shown, shownPool } from "./shown.js";
import { checkStructure, makeTaskforces, missingConnections } from "./structure.js";
import { checkTrust, originOf } from "./trust.js";

const optionNames: readonly (keyof (RecoverOptions & RecoverDocument & RecoverSaved))[] = [
  "environment",
  "from",
  "name",
  "pool",
  "poolClasses",
  "args",
  "trust",
  "allowPaths",
  "overrides",
  "reuse",
  "home",
  "directory",
  "namespace",
  "classes",
  "signal",
];

/**
 * Rebuilds a policy from a document, or from the environment saved under a name: same ids, names,
 * affinities, proxies and alpha pool, secrets from `args`, every pool open. A stored document is not
 * trusted: credentials go only where the pool it was read from sends them too, or where the class goes by
 * itself, or where `trust` says. All or nothing: when anything fails, what was opened is closed again.
 *
 * UNTRUSTED (secrets, destination and the fix; nothing was opened), MISSING_PACKAGE and MISSING_SECRET (all
 * that is missing, at once), INVALID_DOCUMENT with the path, UNSUPPORTED_VERSION, NOT_FOUND, CORRUPT,
 * INVALID_CONFIG, INVALID_ARGUMENT, and what the pools throw when they open (MULTIPLE for several).
 */
export async function recoverPolicy(
  options: RecoverOptions & (RecoverDocument | RecoverSaved),
): Promise<Policy> {
  checkRecoverOptions(options);
  const { signal } = options;
  const { environment, from } = await documentOf(options);
  if (signal?.aborted) throw abortError(signal, "The recovery");
  checkStructure(environment);
  const args = toArgs(options.args);
  const missing: MissingClass[] = [];
  const layers = await layersFor(environment);
  const plans = planPools(environment, layers, options, missing);
  const taskforces = makeTaskforces(environment, missing);
  missing.push(...missingConnections(environment));
  const secrets = resolveSecrets(plans, args, missing);
  checkTrust(plans, from && originOf(from, quietNames(args)), options.trust ?? []);
  const pools = makePools(plans, secrets, layers, options);
  const policy = makePolicy(environment, pools, taskforces, options);
  await openAll(plans, pools, options);
  if (options.reuse) release(plans, options.reuse);
  setProxies(environment, pools);
  return policy;
}

function checkRecoverOptions(options: RecoverOptions & (RecoverDocument | RecoverSaved)): void {
  checkOptions("recoverPolicy", options, optionNames);
  const { poolClasses, trust, allowPaths, overrides, reuse } = options;
  const wrong = (what: string, example: string): LailaError =>
    new LailaError("INVALID_ARGUMENT", `recoverPolicy: ${what}, such as ${example}.`);
  if (poolClasses !== undefined && !Array.isArray(poolClasses))
    throw wrong("poolClasses must be a list of classes", "[S3Pool, HDF5Pool]");
  if (trust !== undefined && !(Array.isArray(trust) && trust.every(isRule)))
    throw wrong("trust must be a list of rules", '[{ secret: "NAME", origin: "https://host" }]');
  if (allowPaths !== undefined && !(Array.isArray(allowPaths) && allowPaths.every(isText)))
    throw wrong("allowPaths must be a list of directories", '["/srv/data"]');
  const fields = overrides === undefined ? [] : Object.values(overrides ?? { null: null });
  if (!fields.every((own) => typeof own === "object" && own !== null))
    throw wrong("overrides must hold fields by a pool's name or id", '{ s3: { prefix: "a/" } }');
  if (reuse !== undefined && reuse?.central?.memory === undefined)
    throw wrong("reuse must be a policy", "laila.policy");
  if ("name" in options) checkPool(options.pool, "recoverPolicy");
  else if ("from" in options && options.from !== undefined)
    checkPool(options.from, "recoverPolicy: `from`");
}

function isRule(rule: unknown): boolean {
  const { secret, origin } = { ...(rule as Partial<TrustRule> | undefined) };
  return isText(secret) && isText(origin);
}

function isText(value: unknown): boolean {
  return typeof value === "string";
}

async function documentOf(
  options: RecoverOptions & (RecoverDocument | RecoverSaved),
): Promise<{ environment: EnvironmentDocument; from: PoolLike | undefined }> {
  if ("name" in options) {
    const { name, pool, namespace, signal } = options;
    return {
      environment: (await loadEnvironment({ name, pool, namespace, signal })).environment,
      from: pool,
    };
  }
  if (!("environment" in options)) {
    throw new LailaError(
      "INVALID_ARGUMENT",
      "recoverPolicy takes { environment, from }, or { name, pool } of an environment that was saved.",
    );
  }
  return { environment: parseEnvironmentDocument(options.environment), from: options.from };
}

function planPools(
  environment: EnvironmentDocument,
  layers: Layers | undefined,
  options: RecoverOptions,
  missing: MissingClass[],
): PoolPlan[] {
  const { pools, pools_nicknames: nicknames } = environment.policy.central.memory.pool_router;
  const classes = classesByToken(options.poolClasses ?? []);
  const overrides = overridesById(environment, options.overrides ?? {});
  const names = quietNames(toArgs(options.args));
  const plans: PoolPlan[] = [];
  for (const [id, stored] of Object.entries(pools) as [GlobalId, CapturedConfig][]) {
    const own = overrides.get(id) ?? {};
    const adopted = Object.keys(own).length > 0 ? undefined : adoptable(id, stored, names, options);
    const cls = classes.get(stored.class_token);
    if (!cls && !adopted) {
      const known = Object.keys(nicknames).find((name) => nicknames[name] === id);
      const what = shownPool({ nickname: stored.nickname ?? known }, id);
      missing.push({ id, what, classToken: stored.class_token, package: stored.package });
    }
    plans.push(
      planPool(id, stored, cls, {
        ...options,
        allowPaths: options.allowPaths ?? [],
        overrides: own,
        adopted,
        layers,
      }),
    );
  }
  return plans;
}

function adoptable(
  id: GlobalId,
  stored: CapturedConfig,
  names: SecretNames,
  { reuse, home, directory }: RecoverOptions,
): PoolLike | undefined {
  const live = reuse?.central.memory.poolRouter.pools.get(id);
  return live && isDeepStrictEqual(capturePool(live, names, { home, directory }), { ...stored })
    ? live
    : undefined;
}

function classesByToken(given: readonly PoolClass[]): ReadonlyMap<string, PoolClass> {
  const classes = new Map<string, PoolClass>([[MemoryPool.classToken, MemoryPool]]);
  const seen = new Set<string>();
  for (const cls of given) {
    if (typeof cls !== "function" || typeof cls.classToken !== "string" || !cls.configSchema) {
      throw new LailaError(
        "INVALID_ARGUMENT",
        "poolClasses lists classes of pools, such as [S3Pool, HDF5Pool].",
      );
    }
    if (seen.has(cls.classToken))
      throw new LailaError(
        "INVALID_ARGUMENT",
        `poolClasses has two classes that are called ${shown(cls.classToken)}. Give one of them.`,
      );
    seen.add(cls.classToken);
    classes.set(cls.classToken, cls);
  }
  return classes;
}

function overridesById(
  environment: EnvironmentDocument,
  overrides: NonNullable<RecoverOptions["overrides"]>,
): ReadonlyMap<GlobalId, Readonly<Record<string, unknown>>> {
  const { pools, pools_nicknames: nicknames } = environment.policy.central.memory.pool_router;
  const byId = new Map<GlobalId, Readonly<Record<string, unknown>>>();
  for (const [key, fields] of Object.entries(overrides)) {
    const id = Object.hasOwn(pools, key)
      ? key
      : Object.hasOwn(nicknames, key)
        ? nicknames[key]
        : Object.keys(pools).find((id) => pools[id]?.nickname === key);
    if (id === undefined) {
      const known = Object.keys(nicknames).map(shown).join(", ") || "none";
      throw new LailaError(
        "INVALID_ARGUMENT",
        `overrides: the environment has no pool ${shown(key)}. The names in it: ${known}.`,
      );
    }
    byId.set(id, { ...byId.get(id), ...fields });
  }
  return byId;
}

/** Names for comparing only: nothing is captured, so nobody needs a warning. */
function quietNames(args: object): SecretNames {
  return new SecretNames(args, undefined);
}
