import type { PoolLike } from "@laila/pool";
import type { EnvironmentDocument, GlobalId } from "@laila/schema";
import { quoted } from "../args/permissions.js";
import { makePools } from "../recover/build.js";
import { destinationOf } from "../recover/destination.js";
import { isAllowed } from "../recover/dry-run.js";
import type { MissingClass } from "../recover/missing.js";
import type { Recovering } from "../recover/options.js";
import type { PoolPlan } from "../recover/plan.js";
import { type Prepared, prepare, type Source } from "../recover/prepare.js";
import { makeTaskforces, missingConnections } from "../recover/structure.js";
import { checkVerdicts, type Verdict } from "../recover/trust.js";
import { checkClocks } from "./clocks.js";
import type { Checked, DoctorContext } from "./doctor.js";
import { type About, type Finding, finding, findingsOf } from "./finding.js";
import { poolFix, secretFix } from "./fixes.js";
import { limited } from "./live.js";
import { installLine, isInstalled } from "./machine.js";
import { checkPlaces } from "./place.js";
import { probePool } from "./probe.js";

/** Tests a document: what its recovery would meet, all of it. */
export async function checkSource(
  source: Source,
  options: Recovering,
  context: DoctorContext,
): Promise<Checked> {
  const { environment, saved } = source;
  const findings: Finding[] = [];
  const about = (id: GlobalId): About => ({ pool: id, poolName: nameOf(environment, id) });
  const prepared = await prepare(source, options, (id, error) => {
    const stored = environment.policy.central.memory.pool_router.pools[id];
    const fixOf = (one: unknown) =>
      poolFix(one, stored && { fields: {}, stored: stored as never }, context.manager);
    findings.push(...findingsOf(error, about(id), fixOf));
  });
  const missing = [...prepared.missing, ...missingConnections(environment)];
  makeTaskforces(environment, missing);
  findings.push(...missing.map((one) => missingFinding(one, about(one.id), context)));
  findings.push(...untrusted(prepared, about, options));
  findings.push(...prepared.changes.map((change) => notApproved(change, options)));
  findings.push(...noConditions(source));
  const allowed = new Set(prepared.verdicts.filter(isAllowed).map(({ plan }) => plan.id));
  await askResolvers(prepared, allowed, options, findings);
  findings.push(...missingSecrets(prepared, context));
  const ready = prepared.plans.filter(
    (plan) => plan.adopted || (plan.cls && allowed.has(plan.id) && hasSecrets(plan, prepared)),
  );
  const opened = await checkPools(ready, prepared, options, context, about);
  findings.push(...opened.findings);
  const origins = new Set(ready.flatMap((plan) => originsOf(plan)));
  findings.push(...(await checkClocks(origins, options.signal)));
  return {
    findings,
    pools: prepared.plans.length,
    opened: opened.count,
    name: saved?.name,
    version: saved?.version,
  };
}

function nameOf(environment: EnvironmentDocument, id: GlobalId): string | undefined {
  const { pools, pools_nicknames: names } = environment.policy.central.memory.pool_router;
  return pools[id]?.nickname ?? Object.keys(names).find((name) => names[name] === id);
}

function missingFinding(
  { what, classToken, package: from, advice }: MissingClass,
  about: About,
  { manager, directory }: DoctorContext,
): Finding {
  const details = { classToken, package: from ?? null };
  if (advice !== undefined)
    return finding("MISSING_PACKAGE", `${advice}, so that ${what} cannot be recovered.`, about, {
      details,
    });
  const token = JSON.stringify(classToken);
  if (isInstalled(from, directory)) {
    const text = `${from} is installed, but nobody passed its class ${token} for ${what}. Pass it in poolClasses.`;
    return finding("CLASS_NOT_GIVEN", text, about, { details });
  }
  const fix = installLine(from, manager);
  const text =
    fix === null
      ? `Nothing here knows the class ${token} of ${what}${from === undefined ? "" : ` (of ${JSON.stringify(from)}, which is no package of LAILA's: look at it before you install it)`}.`
      : `The package of the class ${token} of ${what} is not installed.`;
  return finding("MISSING_PACKAGE", text, about, { fix, details });
}

/** Each pool by itself, with the rules that would allow it. */
function untrusted(
  { verdicts }: Prepared,
  about: (id: GlobalId) => About,
  options: Recovering,
): Finding[] {
  return verdicts.flatMap((verdict) => {
    if (isAllowed(verdict)) return [];
    const rules = rulesFor(verdict);
    const flags = rules.flatMap(({ secret, origin }) => ["--trust", quoted(`${secret}=${origin}`)]);
    const plain = rules.length > 0 && rules.every(({ secret }) => /^[\w.-]+$/.test(secret));
    const fix = plain ? ["laila env recover", ...nameArgument(options), ...flags].join(" ") : null;
    try {
      checkVerdicts([verdict]);
      return [];
    } catch (error) {
      return findingsOf(error, about(verdict.plan.id), () => fix).map((one) => ({
        ...one,
        details: { ...one.details, trust: rules },
      }));
    }
  });
}

function rulesFor({ sending, reason }: Verdict) {
  if (!sending || reason !== "untrusted") return [];
  const origin = sending.destination ?? sending.classToken;
  const names = sending.secrets.size > 0 ? [...sending.secrets.values()] : ["ambient"];
  return names.map((secret) => ({ secret, origin }));
}

function notApproved({ kind, text }: Prepared["changes"][number], options: Recovering): Finding {
  const fix = ["laila env recover", ...nameArgument(options), "--approve", kind].join(" ");
  return finding(
    "NOT_APPROVED",
    `Against the version that was accepted here last, ${text}.`,
    {},
    { fix, details: { kind } },
  );
}

function nameArgument(options: Recovering): string[] {
  return "name" in options ? [quoted(options.name)] : [];
}

/** Where a set-up is kept should be able to keep its versions apart. */
function noConditions({ from, saved }: Source): Finding[] {
  if (!saved || !from || from.supports.conditionalWrites) return [];
  const text = `The pool ${from.nickname ?? from.globalId}, in which the environment is saved, has no conditional writes: of two who save at once, one could be lost.`;
  return [finding("NO_CONDITIONAL_WRITES", text, { pool: from.globalId }, { severity: "warning" })];
}

/** For the pools that may have them only: nobody is asked for a secret that would go astray. */
async function askResolvers(
  { plans, secrets }: Prepared,
  allowed: ReadonlySet<GlobalId>,
  { resolvers = [], signal }: Recovering,
  findings: Finding[],
): Promise<void> {
  const names = new Set(
    plans
      .filter(({ id }) => allowed.has(id))
      .flatMap(({ references, layerReferences }) => [...references.values(), ...layerReferences]),
  );
  try {
    await secrets.ask(resolvers, signal, (name) => names.has(name));
  } catch (error) {
    findings.push(...findingsOf(error, {}, () => null));
  }
}

function missingSecrets(
  { secrets, hints, environment }: Prepared,
  { secretsFile }: DoctorContext,
): Finding[] {
  return secrets.missing.map((name) => {
    const command = hints.commands.includes(name);
    const sealed = hints.sealedUnopened;
    const shown = JSON.stringify(name.replace(/\p{C}/gu, " ").slice(0, 200));
    const advice = command
      ? "Its argument is a command: allow it with readArgs(file, { commands: true })."
      : sealed
        ? "The document has sealed values: give the identity that opens them."
        : `Put it into ${secretsFile}, or give it another way.`;
    const text = `The secret ${shown} has no value here; it belongs to ${secrets.holders(name).join(" and to ")}. ${advice}`;
    const fix = command || sealed ? null : secretFix(name, secretsFile);
    const details = { name, sealed: environment.sealed !== undefined };
    return finding("MISSING_SECRET", text, {}, { fix, details });
  });
}

function hasSecrets({ references, layerReferences }: PoolPlan, { secrets }: Prepared): boolean {
  return [...references.values(), ...layerReferences].every((name) => secrets.found(name));
}

function originsOf({ cls, fields, adopted }: PoolPlan): string[] {
  const destination = cls && !adopted ? destinationOf(cls, fields) : undefined;
  return typeof destination === "string" ? [destination] : [];
}

/** Makes, opens and closes the pools that may be; those of a live policy stay open. */
async function checkPools(
  plans: readonly PoolPlan[],
  { secrets, layers, environment }: Prepared,
  options: Recovering,
  context: DoctorContext,
  about: (id: GlobalId) => About,
): Promise<{ readonly findings: Finding[]; readonly count: number }> {
  let count = 0;
  const alpha = environment.policy.central.memory.alpha_pool;
  const checkPool = async (plan: PoolPlan): Promise<Finding[]> => {
    const fixOf = (error: unknown) => poolFix(error, plan, context.manager);
    let pool: PoolLike | undefined;
    try {
      pool = makePools([plan], secrets.resolved, layers, options).get(plan.id);
    } catch (error) {
      return findingsOf(error, about(plan.id), fixOf);
    }
    if (!pool) return [];
    const findings: Finding[] = [];
    if (plan.id === alpha && pool.supports.evicts) {
      const text =
        "The alpha pool evicts values when it is full: what is memorized there could vanish.";
      findings.push(finding("INVALID_DOCUMENT", text, about(plan.id)));
    }
    const places = await checkPlaces(pool, about(plan.id), context);
    findings.push(...places.findings);
    // Opening a pool whose file is not there would make it.
    if (places.isThere) {
      const signal = limited(options.signal, context);
      const how = { about: about(plan.id), fixOf, signal, write: context.probe };
      const probed = await probePool(pool, how);
      findings.push(...probed.findings);
      if (probed.isOpen) count++;
    }
    if (!plan.adopted)
      await pool.close().catch((error: unknown) => {
        findings.push(...findingsOf(error, about(plan.id), fixOf));
      });
    return findings;
  };
  const found = await Promise.all(plans.map(checkPool));
  return { findings: found.flat().filter(once), count };
}

/** A pool that cannot be opened tells so when it is closed, too. */
function once({ code, text, pool }: Finding, i: number, all: readonly Finding[]): boolean {
  return all.findIndex((one) => one.code === code && one.text === text && one.pool === pool) === i;
}
