import { isDeepStrictEqual } from "node:util";
import type { Policy } from "@laila/policy";
import { type EnvironmentDocument, type GlobalId, LailaError } from "@laila/schema";
import type { SaveOptions, SaveResult } from "../saved/save.js";
import { acceptedKey, factsOf } from "./accepted.js";
import { makePolicy, makePools, openAll, release, setProxies } from "./build.js";
import { planOf, type RecoveryPlan } from "./dry-run.js";
import { checkMissing } from "./missing.js";
import type { DryRun, Recovering } from "./options.js";
import { type Prepared, prepare, readSource } from "./prepare.js";
import { withPools } from "./select.js";
import { makeTaskforces, missingConnections } from "./structure.js";
import { checkVerdicts, sentByTrust } from "./trust.js";
import { readAccepted, writeAccepted } from "./trust-file.js";

/**
 * Rebuilds a policy from a document, or from the environment saved under a name: same ids, names,
 * affinities, proxies and alpha pool, secrets from `args`, the sealed values or `resolvers`, every pool open.
 * A stored document is not trusted: credentials go only where the pool it was read from sends them too, or
 * where the class goes by itself, or where `trust` says or said before. All or nothing: when anything fails,
 * what was opened is closed again.
 *
 * UNTRUSTED (secrets, destination and the fix; nothing was opened), MISSING_PACKAGE and MISSING_SECRET (all
 * that is missing, at once), INVALID_DOCUMENT with the path, UNSUPPORTED_VERSION, NOT_FOUND, CORRUPT,
 * ACCESS_DENIED (sealed values that no identity opens, a trust file that others may write), INVALID_CONFIG,
 * INVALID_ARGUMENT, and what the pools throw when they open (MULTIPLE for several).
 */
export function recoverPolicy(options: Recovering & DryRun): Promise<RecoveryPlan>;
export function recoverPolicy(
  options: Recovering & { readonly dryRun?: false | undefined },
): Promise<Policy>;
export async function recoverPolicy(options: Recovering): Promise<Policy | RecoveryPlan> {
  if (options && "dryRun" in options && options.dryRun) return planRecovery(options);
  const source = await readSource(options);
  const prepared = await prepare(source, options);
  const { plans, skipped, missing, layers, secrets, verdicts } = prepared;
  const { signal, resolvers = [] } = options;
  const selected = new Set<GlobalId>(plans.map(({ id }) => id));
  const environment =
    skipped.length === 0 ? source.environment : withPools(source.environment, selected);
  const taskforces = makeTaskforces(environment, missing);
  missing.push(...missingConnections(environment));
  if (resolvers.length === 0 || missing.length > 0) checkMissing(missing, secrets, prepared.hints);
  checkVerdicts(verdicts);
  checkChanges(prepared);
  if (resolvers.length > 0) {
    // Only now: nobody is asked for a secret of a document that is not trusted.
    await secrets.ask(resolvers, signal);
    checkMissing([], secrets, prepared.hints);
  }
  const pools = makePools(plans, secrets.resolved, layers, options);
  const policy = makePolicy(environment, pools, taskforces, options);
  await openAll(plans, pools, options);
  if (options.reuse) release(plans, options.reuse);
  setProxies(environment, pools);
  await remember(prepared);
  return policy;
}

/**
 * What {@link recoverPolicy} would do with the same options, without making or opening a pool or running a
 * command: for each pool where it comes from and which secret would go where, and all that stands in the way.
 * Nothing but the document is read, nothing is written.
 *
 * Throws what makes a document no document: INVALID_DOCUMENT, UNSUPPORTED_VERSION, NOT_FOUND, CORRUPT,
 * UNTRUSTED for a path that leads out or a signature that does not fit, ACCESS_DENIED, INVALID_ARGUMENT.
 */
export async function planRecovery(options: Recovering): Promise<RecoveryPlan> {
  const source = await readSource(options);
  const prepared = await prepare(source, options);
  makeTaskforces(source.environment, prepared.missing);
  prepared.missing.push(...missingConnections(source.environment));
  return planOf(prepared, options);
}

function checkChanges({ changes }: Prepared): void {
  if (changes.length === 0) return;
  const kinds = [...new Set(changes.map(({ kind }) => kind))];
  throw new LailaError(
    "UNTRUSTED",
    `The environment is not recovered and nothing was opened. Against the version that was accepted here last, ${changes.map(({ text }) => text).join("; ")}. If that is meant, approve it: approve: ${JSON.stringify(kinds)}.`,
    { details: { changes } },
  );
}

/** Says for the next time what was accepted. */
async function remember({
  environment,
  saved,
  plans,
  verdicts,
  accepted,
  acceptedAt,
}: Prepared): Promise<void> {
  if (!acceptedAt) return;
  const { file, key, place } = acceptedAt;
  // Of pools that were left out this time, what was accepted before stays so.
  const others = accepted?.sent.filter(({ pool }) => !plans.some(({ id }) => id === pool)) ?? [];
  const now = {
    name: saved?.name ?? null,
    place,
    version: saved?.version ?? null,
    facts: factsOf(environment),
    sent: [...others, ...sentByTrust(verdicts)],
  };
  if (isDeepStrictEqual({ ...accepted, time: undefined }, { ...now, time: undefined })) return;
  await warned(file, () => writeAccepted(file, key, { ...now, time: new Date().toISOString() }));
}

/** A recovery (or a save) that worked does not fail with it. */
async function warned(file: string, write: () => Promise<void>): Promise<void> {
  try {
    await write();
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    process.emitWarning(
      `What was accepted could not be written to ${file}, so that it will not be known the next time: ${why}`,
      { type: "LailaWarning", code: "LAILA_TRUST_FILE" },
    );
  }
}

/**
 * What was just saved needs no approval where it was saved: if a version of that environment was accepted
 * here before, this one is now the one accepted last. Nothing is written otherwise.
 */
export async function noteSaved(
  file: string,
  environment: EnvironmentDocument,
  { name, pool, namespace }: Pick<SaveOptions, "name" | "pool" | "namespace">,
  { version }: Pick<SaveResult, "version">,
): Promise<void> {
  const at = acceptedKey(environment, pool, name, namespace);
  if (!at) return;
  await warned(file, async () => {
    const accepted = await readAccepted(file, at.key);
    if (!accepted) return;
    const now = { ...accepted, version, facts: factsOf(environment) };
    await writeAccepted(file, at.key, { ...now, time: new Date().toISOString() });
  });
}
