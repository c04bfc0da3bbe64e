import type { PoolLike } from "@laila/pool";
import { LailaError, type SecretReference, storedNames } from "@laila/schema";
import { capturePool, classOf } from "../capture/capture-pool.js";
import type { SecretNames } from "../capture/secret-names.js";
import { wasAccepted } from "./accepted.js";
import { destinationOf } from "./destination.js";
import { refusedOrigin } from "./hosts.js";
import type { TrustRule } from "./options.js";
import { type PoolPlan, secretFields } from "./plan.js";
import { shown, shownPool } from "./shown.js";
import type { AcceptedEnvironment, AcceptedSending } from "./trust-file.js";

/** What a pool would send, and where. */
export interface Sending {
  readonly plan: PoolPlan;
  readonly classToken: string;
  /** A URL origin; undefined when the configuration names no destination of its own. */
  readonly destination: string | undefined;
  /** The caller's own overrides say where it goes; the document does not. */
  readonly chosen: boolean;
  /** Field -> name of its secret; empty for credentials that the machine itself has. */
  readonly secrets: ReadonlyMap<string, string>;
  /** Fields whose secret the caller gives with overrides: the document does not say what goes there. */
  readonly given: ReadonlySet<string>;
}

/**
 * Why a pool may send what it sends: `origin`, as the pool that the document was read from; `class`, the
 * class's own secrets where it goes by itself; `trust`, the caller said so; `accepted`, the caller said so
 * before; `caller`, nothing of it is the document's; `nothing`, it sends no secret.
 */
export type TrustReason = "origin" | "class" | "trust" | "accepted" | "caller" | "nothing";

/** What was found about one pool. */
export interface Verdict {
  readonly plan: PoolPlan;
  /** Undefined for a pool that has no credentials, or whose class is missing. */
  readonly sending: Sending | undefined;
  readonly reason: TrustReason | "untrusted" | "plain_http" | "link_local";
}

/** Where the document was read from: what that pool sends, and where, is known to the caller. */
export interface Origin {
  readonly classToken: string;
  /** Null where a ready client decides: nobody knows where it sends what, so that nothing compares to it. */
  readonly destination: string | null | undefined;
  readonly secrets: ReadonlyMap<string, string>;
}

/** The pool the document was read from, as the rules compare it. */
export function originOf(from: PoolLike, names: SecretNames): Origin | undefined {
  const cls = classOf(from);
  if (!cls) return undefined;
  const captured = capturePool(from, names, {});
  const fields: Record<string, unknown> = {};
  const secrets = new Map<string, string>();
  const secretNames = secretFields(cls);
  for (const [name, stored] of storedNames(cls.configSchema)) {
    const value = captured[stored];
    if (value === undefined) continue;
    if (secretNames.has(name)) secrets.set(name, (value as SecretReference).$secret);
    else fields[name] = value;
  }
  return { classToken: cls.classToken, destination: destinationOf(cls, fields), secrets };
}

/**
 * Destination binding. A pool gets credentials only if (a) its class, destination and secret names, field by
 * field (a secret key in the place of a key id would be sent in clear), equal those of the pool the document
 * came from, or (b) it names no destination and its secrets have the class's own names, or (c) the caller
 * trusts each secret with that destination, or (d) the caller did before. The machine's own credentials are
 * given in the cases (a) and (c) alone. Where the document alone says where, nothing goes over plain http but
 * to this machine, nor to a link-local host. INVALID_ARGUMENT for a rule that is none, INVALID_DOCUMENT.
 */
export function judge(
  plans: readonly PoolPlan[],
  from: Origin | undefined,
  trust: readonly TrustRule[],
  accepted: AcceptedEnvironment | undefined,
): Verdict[] {
  const rules = trust.map(normalRule);
  return plans.map((plan) => {
    const refused = refusedDestination(plan);
    const sending = sendingOf(plan);
    if (refused) return { plan, sending, reason: refused };
    if (!sending) return { plan, sending, reason: "nothing" };
    return { plan, sending, reason: reasonOf(sending, from, rules, accepted) };
  });
}

/** UNTRUSTED when a pool would send what it may not, with secrets, destinations and the fix. */
export function checkVerdicts(verdicts: readonly Verdict[]): void {
  const flat = verdicts.filter(({ reason }) => reason === "plain_http" || reason === "link_local");
  if (flat.length > 0) throw refusedFlatly(flat);
  const refused = verdicts.flatMap(({ sending, reason }) =>
    sending && reason === "untrusted" ? [sending] : [],
  );
  if (refused.length > 0) throw untrusted(refused);
}

/** What the caller's rules allowed, as it is remembered. */
export function sentByTrust(verdicts: readonly Verdict[]): AcceptedSending[] {
  return verdicts.flatMap(({ sending, reason }) =>
    sending && (reason === "trust" || reason === "accepted") ? [asAccepted(sending)] : [],
  );
}

function asAccepted({ plan, classToken, destination, secrets }: Sending): AcceptedSending {
  return {
    pool: plan.id,
    class_token: classToken,
    destination: destination ?? null,
    secrets: Object.fromEntries(secrets),
  };
}

function refusedDestination(plan: PoolPlan): "plain_http" | "link_local" | undefined {
  const { cls, fields, adopted } = plan;
  const destination = cls && !adopted ? destinationOf(cls, fields) : undefined;
  if (typeof destination !== "string" || isChosen(plan, destination)) return undefined;
  return refusedOrigin(destination);
}

/** True when the caller's own fields alone lead to that destination. */
function isChosen({ cls, fields, overridden }: PoolPlan, destination: string): boolean {
  const own = Object.fromEntries(Object.entries(fields).filter(([name]) => overridden.has(name)));
  return cls !== undefined && destinationOf(cls, own) === destination;
}

function sendingOf(plan: PoolPlan): Sending | undefined {
  const { cls, fields, references, overridden, adopted } = plan;
  if (!cls || adopted) return undefined;
  const fieldsWithSecrets = [...secretFields(cls).keys()];
  if (fieldsWithSecrets.length === 0) return undefined;
  const given = new Set(fieldsWithSecrets.filter((name) => overridden.has(name)));
  const secrets = new Map([...references, ...[...given].map((name) => [name, name] as const)]);
  const destination = destinationOf(cls, fields);
  // The caller's own client: nothing of the document, of args or of this machine is sent.
  if (destination === null) return undefined;
  const chosen = destination !== undefined && isChosen(plan, destination);
  // The caller's own secrets, sent where no document decides.
  const allOwn = references.size === 0 && given.size > 0 && (chosen || destination === undefined);
  if (allOwn) return undefined;
  return { plan, classToken: cls.classToken, destination, chosen, secrets, given };
}

function reasonOf(
  sending: Sending,
  from: Origin | undefined,
  rules: readonly TrustRule[],
  accepted: AcceptedEnvironment | undefined,
): TrustReason | "untrusted" {
  const { plan, classToken, destination, chosen, secrets } = sending;
  if (isAsFrom(sending, from)) return "origin";
  const needed = secrets.size > 0 ? [...secrets.values()] : [ambient];
  const origin = destination ?? classToken;
  const allows = (secret: string): boolean =>
    rules.some((rule) => rule.secret === secret && rule.origin === origin);
  if (needed.every(allows)) return "trust";
  // What the machine itself has is asked for every time.
  if (secrets.size === 0) return "untrusted";
  if (destination === undefined || chosen) {
    const own = plan.cls ? secretFields(plan.cls) : new Map<string, string | undefined>();
    if ([...plan.references].every(([field, name]) => own.get(field) === name)) return "class";
  }
  return wasAccepted(accepted, asAccepted(sending)) ? "accepted" : "untrusted";
}

function isAsFrom(sending: Sending, from: Origin | undefined): boolean {
  const { classToken, destination, secrets, given } = sending;
  if (from?.classToken !== classToken || from.destination !== destination) return false;
  if (from.secrets.size !== secrets.size) return false;
  return [...secrets].every(([field, name]) =>
    given.has(field) ? from.secrets.has(field) : from.secrets.get(field) === name,
  );
}

export const ambient = "ambient";

function normalRule({ secret, origin }: TrustRule): TrustRule {
  if (!origin.includes("://")) return { secret, origin };
  if (!URL.canParse(origin)) {
    throw new LailaError(
      "INVALID_ARGUMENT",
      `trust: ${shown(origin)} is no URL. Give an origin such as https://s3.example.org.`,
    );
  }
  return { secret, origin: new URL(origin).origin };
}

const flatReasons = {
  plain_http: ["over plain http, where anybody on the way can read it", "https"],
  link_local: ["a link-local host, where machines keep their own credentials", "another host"],
} as const;

function refusedFlatly(refused: readonly Verdict[]): LailaError {
  const told = refused.map(({ plan, reason }) => {
    const [what] = flatReasons[reason as keyof typeof flatReasons];
    return `${shownPool(plan.stored, plan.id)} would go to ${shown(plan.cls && destinationOf(plan.cls, plan.fields))}, ${what}`;
  });
  return new LailaError(
    "UNTRUSTED",
    `The environment is not recovered and nothing was opened: ${told.join("; ")}. No document may say that. ` +
      "Save it with another endpoint (https, or a loopback address). If you know the host, say so yourself: overrides: { <nickname or id>: { endpoint: … } }.",
    {
      details: {
        pools: refused.map(({ plan, sending, reason }) => ({
          pool: plan.id,
          destination: plan.cls && destinationOf(plan.cls, plan.fields),
          secrets: [...(sending?.secrets.values() ?? [])],
          reason,
        })),
      },
    },
  );
}

function untrusted(refused: readonly Sending[]): LailaError {
  const told = refused.map(({ plan, classToken, destination, secrets }) => {
    const named = [...secrets].map(([field, name]) => `${shown(name)} (as ${field})`);
    const what = named.join(", ") || "the credentials of this machine (the document names none)";
    const where =
      destination === undefined ? `wherever a ${classToken} goes by itself` : shown(destination);
    return `${shownPool(plan.stored, plan.id)} would send ${what} to ${where}`;
  });
  const rules = refused.flatMap(({ classToken, destination, secrets }) =>
    (secrets.size > 0 ? [...secrets.values()] : [ambient]).map(
      (secret) => `{ secret: ${shown(secret)}, origin: ${shown(destination ?? classToken)} }`,
    ),
  );
  return new LailaError(
    "UNTRUSTED",
    `The environment is not recovered and nothing was opened: ${told.join("; ")}. ` +
      "No pool that you have named does that, so the document may have been changed to collect secrets. " +
      "If it was read from a pool that does, pass that pool as `from`. " +
      `Only if you know the destination, allow it: trust: [${rules.join(", ")}].`,
    {
      details: {
        pools: refused.map(({ plan, destination, secrets }) => ({
          pool: plan.id,
          destination: destination ?? null,
          secrets: [...secrets.values()],
        })),
      },
    },
  );
}
