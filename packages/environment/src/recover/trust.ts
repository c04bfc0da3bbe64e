import type { PoolClass, PoolLike } from "@laila/pool";
import { fieldsOf, LailaError, type SecretReference, storedNames } from "@laila/schema";
import * as z from "zod/mini";
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
  /** Field -> name of its secret; empty for credentials that the machine itself has. */
  readonly secrets: ReadonlyMap<string, string>;
  /** Fields whose secret the caller gives with overrides: the document does not say what goes there. */
  readonly given: ReadonlySet<string>;
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
 * field (a secret key in the place of a key id would be sent in clear), equal those of the pool the document came from, or (b) it names no destination and its secrets have the class's
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
  const given = new Set(fieldsWithSecrets.filter((name) => overridden.has(name)));
  const secrets = new Map([...references, ...[...given].map((name) => [name, name] as const)]);
  const destination = destinationOf(cls, fields);
  // The caller's own client: nothing of the document, of args or of this machine is sent.
  if (destination === null) return undefined;
  const own = Object.fromEntries(Object.entries(fields).filter(([name]) => overridden.has(name)));
  const chosen = destination !== undefined && destinationOf(cls, own) === destination;
  // The caller's own secrets, sent where no document decides.
  const allOwn = references.size === 0 && given.size > 0 && (chosen || destination === undefined);
  if (allOwn) return undefined;
  return { plan, classToken: cls.classToken, destination, chosen, secrets, given };
}

function isTrusted(
  sending: Sending,
  from: Origin | undefined,
  rules: readonly TrustRule[],
): boolean {
  const { plan, classToken, destination, chosen, secrets } = sending;
  if (isAsFrom(sending, from)) return true;
  const needed = secrets.size > 0 ? [...secrets.values()] : [ambient];
  const origin = destination ?? classToken;
  const allows = (secret: string): boolean =>
    rules.some((rule) => rule.secret === secret && rule.origin === origin);
  if (needed.every(allows)) return true;
  if ((destination !== undefined && !chosen) || secrets.size === 0) return false;
  const own = plan.cls ? secretFields(plan.cls) : new Map<string, string | undefined>();
  return [...plan.references].every(([field, name]) => own.get(field) === name);
}

function isAsFrom(sending: Sending, from: Origin | undefined): boolean {
  const { classToken, destination, secrets, given } = sending;
  if (from?.classToken !== classToken || from.destination !== destination) return false;
  if (from.secrets.size !== secrets.size) return false;
  return [...secrets].every(([field, name]) =>
    given.has(field) ? from.secrets.has(field) : from.secrets.get(field) === name,
  );
}

const ambient = "ambient";

/** Where a pool of this configuration sends its credentials, as {@link PoolClass.destination} says. INVALID_DOCUMENT. */
export function destinationOf(
  cls: PoolClass,
  fields: Readonly<Record<string, unknown>>,
): string | null | undefined {
  try {
    return cls.destination?.(parsed(cls, fields));
  } catch (error) {
    throw malformedDestination(cls, error);
  }
}

/** The fields as the class's schema makes them; what it refuses, its constructor will refuse. */
function parsed(
  cls: PoolClass,
  fields: Readonly<Record<string, unknown>>,
): Record<string, unknown> {
  const declared = fieldsOf(cls.configSchema);
  const values = Object.entries(fields).map(([name, value]) => {
    const result = declared[name] && z.safeParse(declared[name], value);
    return [name, result?.success ? result.data : value] as const;
  });
  return Object.fromEntries(values);
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
