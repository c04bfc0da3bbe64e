import type { GlobalId } from "@laila/schema";
import type { Change } from "./accepted.js";
import { destinationOf } from "./destination.js";
import type { Recovering } from "./options.js";
import type { Prepared } from "./prepare.js";
import { shown } from "./shown.js";
import { ambient, type TrustReason, type Verdict } from "./trust.js";

/** One secret of one pool: where its value is found, and where it would be sent. */
export interface PlannedSecret {
  /** The field (camelCase) of the pool; null for a secret of one of its layers, which goes nowhere. */
  readonly field: string | null;
  /** The name in the document; `"ambient"` for what the machine itself has. */
  readonly name: string;
  /** `args`, `sealed`, `overrides`, `machine`; `resolvers` where one would be asked; null where nobody has it. */
  readonly source: "args" | "sealed" | "overrides" | "machine" | "resolvers" | null;
  /** A URL origin, or the class's token for where the class goes by itself; null for nowhere. */
  readonly destination: string | null;
}

/** What would be done about one pool. */
export interface PlannedPool {
  readonly id: GlobalId;
  /** The names it is known by, its own nickname first. */
  readonly names: readonly string[];
  readonly classToken: string;
  readonly package: string | null;
  readonly alpha: boolean;
  /** The pool that reads go on to. */
  readonly origin: GlobalId | null;
  /** `make` it anew, `adopt` the live one of `reuse`, or `skip` it, because `only` leaves it out. */
  readonly action: "make" | "adopt" | "skip";
  readonly encrypted: boolean;
  /** Path fields (camelCase), as the paths of this machine that they mean. */
  readonly paths: Readonly<Record<string, string>>;
  readonly destination: string | null;
  readonly secrets: readonly PlannedSecret[];
  /** Why it may send them; see the README. `untrusted`, `plain_http` and `link_local` are refused. */
  readonly trust: Verdict["reason"] | null;
}

/** Something that the recovery would fail for. */
export interface PlanProblem {
  readonly code: "UNTRUSTED" | "MISSING_PACKAGE" | "MISSING_SECRET";
  readonly pool: GlobalId | null;
  readonly text: string;
}

/** What a recovery would do. */
export interface RecoveryPlan {
  /** Whether nothing stands in the way. Whether the pools open, only opening them tells. */
  readonly ok: boolean;
  readonly policy: GlobalId;
  readonly name: string | null;
  readonly version: number | null;
  readonly pools: readonly PlannedPool[];
  /** What differs from the version accepted last, and is not approved. */
  readonly changes: readonly Change[];
  readonly problems: readonly PlanProblem[];
}

const allowed: readonly Verdict["reason"][] = [
  "origin",
  "class",
  "trust",
  "accepted",
  "caller",
  "nothing",
] satisfies TrustReason[];

export function isAllowed({ reason }: Verdict): boolean {
  return allowed.includes(reason);
}

export function planOf(prepared: Prepared, options: Recovering): RecoveryPlan {
  const { environment, saved, changes } = prepared;
  const problems = problemsOf(prepared, options);
  return {
    ok: problems.length === 0 && changes.length === 0,
    policy: environment.policy.global_id,
    name: saved?.name ?? null,
    version: saved?.version ?? null,
    pools: poolsOf(prepared, options),
    changes,
    problems,
  };
}

function poolsOf(prepared: Prepared, options: Recovering): PlannedPool[] {
  const { environment, plans, verdicts } = prepared;
  const { alpha_pool: alpha, pool_router: router } = environment.policy.central.memory;
  return (Object.keys(router.pools) as GlobalId[]).map((id) => {
    const stored = router.pools[id];
    const plan = plans.find((one) => one.id === id);
    const verdict = verdicts.find((one) => one.plan.id === id);
    const known = Object.keys(router.pools_nicknames).filter(
      (name) => router.pools_nicknames[name] === id,
    );
    const own = stored?.nickname === undefined ? [] : [stored.nickname];
    const destination = plan?.cls && !plan.adopted ? destinationOf(plan.cls, plan.fields) : null;
    return {
      id,
      names: [...new Set([...own, ...known])],
      classToken: stored?.class_token ?? "",
      package: stored?.package ?? null,
      alpha: id === alpha,
      origin: router.proxies[id] ?? null,
      action: plan ? (plan.adopted ? "adopt" : "make") : "skip",
      encrypted: (stored?.layers ?? []).some(({ class_token }) => class_token === "Encrypt"),
      paths: plan?.paths ?? {},
      destination: destination ?? null,
      secrets: verdict ? secretsOf(verdict, prepared, options) : [],
      trust: verdict?.reason ?? null,
    };
  });
}

function secretsOf(
  { plan, sending, reason }: Verdict,
  { secrets }: Prepared,
  { resolvers = [] }: Recovering,
): PlannedSecret[] {
  const sourceOf = (name: string): PlannedSecret["source"] => {
    const found = secrets.found(name)?.in;
    if (found === "args" || found === "sealed") return found;
    return resolvers.length > 0 ? "resolvers" : null;
  };
  const destination = sending ? (sending.destination ?? sending.classToken) : null;
  const fields = [...plan.references].map(([field, name]): PlannedSecret => {
    return { field, name, source: sourceOf(name), destination };
  });
  const given = [...(sending?.given ?? [])].map((field): PlannedSecret => {
    return { field, name: field, source: "overrides", destination };
  });
  const layers = [...plan.layerReferences].map((name): PlannedSecret => {
    return { field: null, name, source: sourceOf(name), destination: null };
  });
  const machine: PlannedSecret[] =
    sending && sending.secrets.size === 0 && reason !== "nothing"
      ? [{ field: null, name: ambient, source: "machine", destination }]
      : [];
  return plan.adopted ? [] : [...fields, ...given, ...machine, ...layers];
}

function problemsOf({ missing, secrets, verdicts }: Prepared, { resolvers = [] }: Recovering) {
  const problems: PlanProblem[] = missing.map(
    ({ id, what, classToken, package: from, advice }) => ({
      code: "MISSING_PACKAGE",
      pool: id,
      text:
        advice ??
        `No class was given for ${what}: ${shown(classToken)}${from === undefined ? "" : ` of ${shown(from)}`}.`,
    }),
  );
  if (resolvers.length === 0) {
    for (const name of secrets.missing) {
      const text = `The secret ${shown(name)} has no value; it belongs to ${secrets.holders(name).join(" and to ")}.`;
      problems.push({ code: "MISSING_SECRET", pool: null, text });
    }
  }
  for (const verdict of verdicts) {
    if (isAllowed(verdict)) continue;
    const { plan, sending, reason } = verdict;
    const names = [...(sending?.secrets.values() ?? [])].map(shown).join(", ");
    const what = names || "the credentials of this machine";
    const where = (plan.cls && destinationOf(plan.cls, plan.fields)) ?? plan.cls?.classToken ?? "";
    const why = {
      untrusted: "which nobody has trusted",
      plain_http: "over plain http",
      link_local: "a link-local host",
    };
    problems.push({
      code: "UNTRUSTED",
      pool: plan.id,
      text: `${what} would go to ${shown(where)}, ${why[reason as keyof typeof why]}.`,
    });
  }
  return problems;
}

/** A plan as lines for people: each secret with the place it would go to, then what stands in the way. */
export function formatPlan(plan: RecoveryPlan): string {
  const lines: string[] = [];
  for (const pool of plan.pools) {
    const name = pool.names[0] === undefined ? pool.id : `${shown(pool.names[0])} (${pool.id})`;
    const marks = [pool.alpha ? "alpha" : "", pool.encrypted ? "encrypted" : ""].filter(Boolean);
    const shownMarks = marks.length === 0 ? "" : ` [${marks.join(", ")}]`;
    lines.push(`${pool.action} ${shown(pool.classToken).slice(1, -1)} ${name}${shownMarks}`);
    for (const [field, path] of Object.entries(pool.paths))
      lines.push(`  ${field}: ${shown(path)}`);
    for (const { field, name: secret, source, destination } of pool.secrets) {
      const from = source === null ? "MISSING" : `from ${source}`;
      const as = field === null ? "" : ` as ${field}`;
      const to = destination === null ? "nowhere (a layer uses it here)" : shown(destination);
      lines.push(`  ${shown(secret)}${as} (${from}) -> ${to}`);
    }
  }
  for (const { kind, text } of plan.changes) lines.push(`! changed (${kind}): ${text}`);
  for (const { code, text } of plan.problems) lines.push(`! ${code}: ${text}`);
  lines.push(plan.ok ? "Nothing stands in the way." : "It would not be recovered.");
  return `${lines.join("\n")}\n`;
}
