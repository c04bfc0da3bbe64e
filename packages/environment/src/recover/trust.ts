import type { PoolClass, PoolLike } from "@laila/pool";
import { LailaError, storedNames } from "@laila/schema";
import { capturePool, classOf } from "../capture/capture-pool.js";
import type { SecretNames } from "../capture/secret-names.js";
import type { TrustRule } from "./options.js";
import { type PoolPlan, secretFields } from "./plan.js";
import { shown, shownPool } from "./shown.js";

/** What a pool would send, and where. */
interface Sending {
  readonly plan: PoolPlan;
  readonly classToken: string;
  /** A URL origin; undefined when the configuration names no destination of its own. */
  readonly destination: string | undefined;
  /** The caller's own overrides say where it goes; the document does not. */
  readonly chosen: boolean;
  /** Names of secrets; empty for credentials that the machine itself has. */
  readonly secrets: readonly string[];
}

/** Where the document was read from: what that pool sends, and where, is known to the caller. */
export interface Origin {
  readonly classToken: string;
  readonly destination: string | undefined;
  readonly secrets: readonly string[];
}

/** The pool the document was read from, as the rules compare it. */
export function originOf(from: PoolLike, names: SecretNames): Origin | undefined {
  const cls = classOf(from);
  if (!cls) return undefined;
  const captured = capturePool(from, names, {});
  const fields: Record<string, unknown> = {};
  const secrets: string[] = [];
  const secretNames = secretFields(cls);
  for (const [name, stored] of storedNames(cls.configSchema)) {
    const value = captured[stored];
    if (value === undefined) continue;
    if (secretNames.has(name)) secrets.push((value as { readonly $secret: string }).$secret);
    else fields[name] = value;
  }
  return { classToken: cls.classToken, destination: destinationOf(cls, fields), secrets };
}

/**
 * Destination binding. A pool gets credentials only if (a) its class, destination and secret names equal
 * those of the pool the document came from, or (b) it names no destination and its secrets have the class's
 * own names, or (c) the caller trusts each secret with that destination. The machine's own credentials are
 * given in the cases (a) and (c) alone. Otherwise UNTRUSTED with secrets, destinations and the fix.
 */
export function checkTrust(
  plans: readonly PoolPlan[],
  from: Origin | undefined,
  trust: readonly TrustRule[],
): void {
  const rules = trust.map(normalRule);
  const refused: Sending[] = [];
  for (const plan of plans) {
    const sending = sendingOf(plan);
    if (sending && !isTrusted(sending, from, rules)) refused.push(sending);
  }
  if (refused.length > 0) throw untrusted(refused);
}

function sendingOf(plan: PoolPlan): Sending | undefined {
  const { cls, fields, references, overridden, adopted } = plan;
  if (!cls || adopted) return undefined;
  const fieldsWithSecrets = [...secretFields(cls).keys()];
  if (fieldsWithSecrets.length === 0) return undefined;
  const given = fieldsWithSecrets.filter((name) => overridden.has(name));
  const secrets = [...references.values(), ...given];
  const destination = destinationOf(cls, fields);
  const own = Object.fromEntries(Object.entries(fields).filter(([name]) => overridden.has(name)));
  const chosen = destination !== undefined && destinationOf(cls, own) === destination;
  // The caller's own secrets, sent where no document decides.
  const allOwn = references.size === 0 && given.length > 0 && (chosen || destination === undefined);
  return allOwn ? undefined : { plan, classToken: cls.classToken, destination, chosen, secrets };
}

function isTrusted(
  sending: Sending,
  from: Origin | undefined,
  rules: readonly TrustRule[],
): boolean {
  const { plan, classToken, destination, chosen, secrets } = sending;
  const asFrom =
    from !== undefined &&
    from.classToken === classToken &&
    from.destination === destination &&
    sameNames(from.secrets, secrets);
  if (asFrom) return true;
  const needed = secrets.length > 0 ? secrets : [ambient];
  const origin = destination ?? classToken;
  if (
    needed.every((secret) => rules.some((rule) => rule.secret === secret && rule.origin === origin))
  )
    return true;
  if ((destination !== undefined && !chosen) || secrets.length === 0) return false;
  const own = plan.cls ? secretFields(plan.cls) : new Map<string, string | undefined>();
  return [...plan.references].every(([field, name]) => own.get(field) === name);
}

const ambient = "ambient";

function sameNames(a: readonly string[], b: readonly string[]): boolean {
  return [...a].sort().join("\n") === [...b].sort().join("\n");
}

/** Where a pool of this configuration sends its credentials: a URL origin, or undefined. INVALID_DOCUMENT. */
export function destinationOf(
  cls: PoolClass,
  fields: Readonly<Record<string, unknown>>,
): string | undefined {
  try {
    return cls.destination?.(fields);
  } catch (error) {
    throw malformedDestination(cls, error);
  }
}

function malformedDestination({ classToken }: PoolClass, cause: unknown): LailaError {
  return new LailaError(
    "INVALID_DOCUMENT",
    `The destination of a ${classToken} cannot be read from its configuration: its endpoint is malformed. Correct the document, or override the field.`,
    { cause },
  );
}

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

function untrusted(refused: readonly Sending[]): LailaError {
  const told = refused.map(({ plan, classToken, destination, secrets }) => {
    const what =
      secrets.length > 0
        ? secrets.map(shown).join(", ")
        : "the credentials of this machine (the document names none)";
    const where =
      destination === undefined ? `wherever a ${classToken} goes by itself` : shown(destination);
    return `${shownPool(plan.stored, plan.id)} would send ${what} to ${where}`;
  });
  const rules = refused.flatMap(({ classToken, destination, secrets }) =>
    (secrets.length > 0 ? secrets : [ambient]).map(
      (secret) => `{ secret: ${shown(secret)}, origin: ${shown(destination ?? classToken)} }`,
    ),
  );
  return new LailaError(
    "UNTRUSTED",
    `The environment is not recovered and nothing was opened: ${told.join("; ")}. ` +
      "That is not where the document was read from, so it may have been changed to collect secrets. " +
      "If it was read from that very place, pass the pool it came from as `from`. " +
      `Only if you know the destination, allow it: trust: [${rules.join(", ")}].`,
    {
      details: {
        pools: refused.map(({ plan, destination, secrets }) => ({
          pool: plan.id,
          destination: destination ?? null,
          secrets,
        })),
      },
    },
  );
}
