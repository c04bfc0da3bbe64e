import { isDeepStrictEqual } from "node:util";
import { MemoryPool, type PoolClass, type PoolLike } from "@laila/pool";
import {
  abortError,
  documentDigest,
  type EnvironmentDocument,
  type GlobalId,
  LailaError,
  parseEnvironmentDocument,
} from "@laila/schema";
import { type Args, lookUpArg, toArgs } from "../args/args.js";
import { type CapturedConfig, capturePool } from "../capture/capture-pool.js";
import { SecretNames } from "../capture/secret-names.js";
import { type LoadedEnvironment, loadEnvironment } from "../saved/load.js";
import { selectorNames } from "../saved/version.js";
import { unsealEnvironment } from "../sealed/seal.js";
import { isSecretCommand } from "../secrets/resolvers.js";
import { acceptedKey, type Change, changesSince } from "./accepted.js";
import { checkRecoverOptions } from "./check-options.js";
import { type Layers, layersFor } from "./layers.js";
import { type MissingClass, type MissingHints, SecretLookup } from "./missing.js";
import type { Recovering, RecoverOptions } from "./options.js";
import { type PoolPlan, planPool } from "./plan.js";
import { poolNamed, selectedPools } from "./select.js";
import { shown, shownPool } from "./shown.js";
import { verifyVersion } from "./signature.js";
import { checkStructure } from "./structure.js";
import { judge, originOf, type Verdict } from "./trust.js";
import { type AcceptedEnvironment, readAccepted } from "./trust-file.js";

/** A document, and where it is from. */
export interface Source {
  readonly environment: EnvironmentDocument;
  readonly from: PoolLike | undefined;
  /** Undefined for a document that the caller had. */
  readonly saved: (LoadedEnvironment & { readonly name: string }) | undefined;
}

/** All that is known before anything is made or opened. */
export interface Prepared extends Source {
  readonly plans: readonly PoolPlan[];
  /** Pools that `only` leaves out. */
  readonly skipped: readonly GlobalId[];
  readonly layers: Layers | undefined;
  /** Pools whose class nobody gave. */
  readonly missing: MissingClass[];
  /** What could be found without asking a resolver. */
  readonly secrets: SecretLookup;
  readonly hints: MissingHints;
  readonly verdicts: readonly Verdict[];
  /** What differs from the version accepted last, and is not approved. */
  readonly changes: readonly Change[];
  readonly accepted: AcceptedEnvironment | undefined;
  /** Where the acceptance is kept; undefined where it is not. */
  readonly acceptedAt:
    | { readonly file: string; readonly key: string; readonly place: string }
    | undefined;
}

/** What one pool of a document made impossible, when the others are looked at nevertheless. */
export type OnProblem = (id: GlobalId, error: unknown) => void;

/** Reads the document of a recovery, and verifies it where that is asked for. */
export async function readSource(options: Recovering): Promise<Source> {
  checkRecoverOptions(options);
  const source = await sourceOf(options);
  if (options.signal?.aborted) throw abortError(options.signal, "The recovery");
  checkStructure(source.environment);
  if (options.verify !== undefined) {
    const { saved, environment } = source;
    const version = saved?.version;
    const signed = saved &&
      version !== undefined && {
        manifestId: saved.manifestId,
        version,
        digest: documentDigest(environment),
      };
    verifyVersion(options.verify, signed || undefined, saved?.signature);
  }
  return source;
}

/**
 * Checks a document against the classes, the secrets and the rules that there are here. Throws what makes a
 * document no document; what is missing and what is not trusted is in the result.
 */
export async function prepare(
  source: Source,
  options: Recovering,
  onProblem?: OnProblem,
): Promise<Prepared> {
  const { environment, from, saved } = source;
  const args = toArgs(options.args);
  const layers = await layersFor(environment);
  const selected = selectedPools(environment, options.only);
  const missing: MissingClass[] = [];
  const plans = planPools(environment, selected, layers, options, missing, onProblem);
  const sealed = await sealedValues(environment, options);
  const lookup = new SecretLookup(plans, args, sealed);
  const at = options.trustFile ?? undefined;
  const key =
    at === undefined ? undefined : acceptedKey(environment, from, saved?.name, options.namespace);
  const acceptedAt = at === undefined || !key ? undefined : { file: at, ...key };
  const accepted = acceptedAt && (await readAccepted(acceptedAt.file, acceptedAt.key));
  // Whose values are sealed here, the pool it was read from may have been made of.
  const origin = from && originOf(from, quietNames(args, sealed));
  const verdicts = judge(plans, origin, options.trust ?? [], accepted);
  return {
    ...source,
    plans,
    skipped: (Object.keys(poolsOf(environment)) as GlobalId[]).filter((id) => !selected.has(id)),
    layers,
    missing,
    secrets: lookup,
    hints: {
      sealedUnopened: environment.sealed !== undefined && !unlocks(options),
      commands: lookup.missing.filter((name) => isCommandArg(args, name)),
    },
    verdicts,
    changes: accepted ? unapproved(accepted, source, options) : [],
    accepted,
    acceptedAt,
  };
}

function unapproved(
  accepted: AcceptedEnvironment,
  { environment, saved }: Source,
  options: Recovering,
): Change[] {
  const { approve = [], verify } = options;
  const asked = "name" in options && selectorNames.some((name) => options[name] !== undefined);
  const pools = poolsOf(environment);
  const changes = changesSince(accepted, environment, (id) => shownPool(pools[id] ?? {}, id));
  const [before, now] = [accepted.version, saved?.version];
  // Signed versions cannot be made up, but an older one can be put back in place of a newer.
  if (verify !== undefined && !asked && before !== null && now !== undefined && now < before)
    changes.push({
      kind: "version",
      text: `version ${before} was accepted last, and this is ${now}`,
    });
  return changes.filter(({ kind }) => !approve.includes(kind));
}

/** What is sealed in the document, where the caller can open it. */
async function sealedValues(
  environment: EnvironmentDocument,
  options: RecoverOptions,
): Promise<Readonly<Record<string, string>> | undefined> {
  if (environment.sealed === undefined || !unlocks(options)) return undefined;
  const { identities, passphrase } = options;
  return unsealEnvironment(environment, { identities, passphrase });
}

function unlocks({ identities, passphrase }: RecoverOptions): boolean {
  return (identities?.length ?? 0) > 0 || passphrase !== undefined;
}

function isCommandArg(args: Args, name: string): boolean {
  const value = lookUpArg(args, name);
  return isSecretCommand(
    typeof value === "object" && value !== null ? { ...(value as object) } : value,
  );
}

async function sourceOf(options: Recovering): Promise<Source> {
  if ("name" in options) {
    const { name, pool, namespace, version, label, time, signal } = options;
    const where = { name, pool, namespace, version, label, time, signal };
    const loaded = await loadEnvironment(where);
    return { environment: loaded.environment, from: pool, saved: { ...loaded, name } };
  }
  if (!("environment" in options)) {
    throw new LailaError(
      "INVALID_ARGUMENT",
      "recoverPolicy takes { environment, from }, or { name, pool } of an environment that was saved.",
    );
  }
  const environment = parseEnvironmentDocument(options.environment);
  return { environment, from: options.from, saved: undefined };
}

function poolsOf(environment: EnvironmentDocument): Readonly<Record<string, CapturedConfig>> {
  return environment.policy.central.memory.pool_router.pools as Readonly<
    Record<string, CapturedConfig>
  >;
}

function planPools(
  environment: EnvironmentDocument,
  selected: ReadonlySet<GlobalId>,
  layers: Layers | undefined,
  options: RecoverOptions,
  missing: MissingClass[],
  onProblem: OnProblem | undefined,
): PoolPlan[] {
  const { pools_nicknames: nicknames } = environment.policy.central.memory.pool_router;
  const classes = classesByToken(options.poolClasses ?? []);
  const overrides = overridesById(environment, options.overrides ?? {});
  const names = quietNames(toArgs(options.args));
  const plans: PoolPlan[] = [];
  for (const [id, stored] of Object.entries(poolsOf(environment)) as [GlobalId, CapturedConfig][]) {
    if (!selected.has(id)) continue;
    const own = overrides.get(id) ?? {};
    const adopted = Object.keys(own).length > 0 ? undefined : adoptable(id, stored, names, options);
    const cls = classes.get(stored.class_token);
    if (!cls && !adopted) {
      const known = Object.keys(nicknames).find((name) => nicknames[name] === id);
      const what = shownPool({ nickname: stored.nickname ?? known }, id);
      missing.push({ id, what, classToken: stored.class_token, package: stored.package });
    }
    try {
      plans.push(
        planPool(id, stored, cls, {
          ...options,
          allowPaths: options.allowPaths ?? [],
          overrides: own,
          adopted,
          layers,
        }),
      );
    } catch (error) {
      if (!onProblem) throw error;
      onProblem(id, error);
    }
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
  const byId = new Map<GlobalId, Readonly<Record<string, unknown>>>();
  for (const [key, fields] of Object.entries(overrides)) {
    const id = poolNamed(environment, key, "overrides");
    byId.set(id, { ...byId.get(id), ...fields });
  }
  return byId;
}

/** Names for comparing only: nothing is captured, so nobody needs a warning. */
function quietNames(args: object, sealed?: Readonly<Record<string, string>>): SecretNames {
  return new SecretNames(args, undefined, sealed);
}
