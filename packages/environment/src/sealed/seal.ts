import type { Policy } from "@laila/policy";
import {
  documentDigest,
  type EnvironmentDocument,
  LailaError,
  parseEnvironmentDocument,
  parseJson,
} from "@laila/schema";
import { lookUpArg, toArgs } from "../args/args.js";
import { capturePool } from "../capture/capture-pool.js";
import { SecretNames } from "../capture/secret-names.js";
import { everyReference } from "../recover/references.js";
import { shown } from "../recover/shown.js";
import { type Lock, lock, type Unlock, unlock } from "./age.js";

/** The version of what is inside of a sealed document's age file. */
const sealedVersion = 1;

export interface SealOptions extends Lock {
  /** Where the values are: what `readArgs` gave, or a plain object. */
  readonly args?: object | undefined;
  /** A live policy whose pools have the values, also those that came from no argument. */
  readonly policy?: Policy | undefined;
}

export interface ResealOptions extends Lock {
  /** What opens the values as they are sealed now. */
  readonly unlock: Unlock;
  /** Another document to seal the same values into, such as the set-up as it is now; the same one unless given. */
  readonly into?: unknown;
  /** Values for what another document needs and was not sealed before. */
  readonly args?: object | undefined;
}

/**
 * The document with the values of all secrets it refers to in it, encrypted with age for recipients or by
 * a passphrase (`sealed`), bound to this very document. Sealing twice gives different text, and so another
 * version when it is saved. The document itself is not changed.
 *
 * MISSING_SECRET with the names that neither `args` nor `policy` have; INVALID_ARGUMENT; INVALID_DOCUMENT.
 */
export async function sealEnvironment(
  environment: unknown,
  options: SealOptions,
): Promise<EnvironmentDocument> {
  const document = unsealed(parseEnvironmentDocument(environment));
  const { args, policy, ...given } = options;
  return sealWith(document, valuesOf(document, args, policy), given);
}

/**
 * The values that are sealed in a document, by name. UNTRUSTED when they were sealed for another document;
 * NOT_FOUND when nothing is sealed in it; ACCESS_DENIED when the identities do not open it; CORRUPT;
 * INVALID_ARGUMENT; INVALID_DOCUMENT; UNSUPPORTED_VERSION.
 */
export async function unsealEnvironment(
  environment: unknown,
  given: Unlock,
): Promise<Readonly<Record<string, string>>> {
  const document = parseEnvironmentDocument(environment);
  if (document.sealed === undefined) {
    throw new LailaError(
      "NOT_FOUND",
      "Nothing is sealed in this environment: its secrets come from args. Seal them with sealEnvironment(environment, { args, recipients }).",
    );
  }
  return open(document.sealed, documentDigest(unsealed(document)), given);
}

/**
 * Seals the values anew for other recipients, or for another document, without anybody typing them again.
 * Codes as of {@link unsealEnvironment} and {@link sealEnvironment}.
 */
export async function resealEnvironment(
  environment: unknown,
  options: ResealOptions,
): Promise<EnvironmentDocument> {
  const { unlock: opens, into, args, ...given } = options;
  const values = await unsealEnvironment(environment, opens);
  const document = unsealed(parseEnvironmentDocument(into ?? environment));
  const more = toArgs(args);
  const known = (name: string): unknown =>
    Object.hasOwn(values, name) ? values[name] : lookUpArg(more, name);
  return sealWith(document, wanted(document, known), given);
}

/** The document without what is sealed in it, in the order of its members. */
function unsealed(document: EnvironmentDocument): EnvironmentDocument {
  const { sealed: _, ...rest } = document;
  return rest;
}

async function sealWith(
  document: EnvironmentDocument,
  secrets: Readonly<Record<string, string>>,
  given: Lock,
): Promise<EnvironmentDocument> {
  const inside = { laila_sealed: sealedVersion, document: documentDigest(document), secrets };
  const { laila_environment, ...rest } = document;
  const sealed = await lock(JSON.stringify(inside), given);
  return parseEnvironmentDocument({ laila_environment, sealed, ...rest });
}

async function open(
  sealed: string,
  digest: string,
  given: Unlock,
): Promise<Readonly<Record<string, string>>> {
  const inside = parseInside(await unlock(sealed, given));
  if (inside.document !== digest) {
    throw new LailaError(
      "UNTRUSTED",
      "The sealed values belong to another document than the one they are in: somebody changed the document, or moved the values. Recover another version, or seal them again.",
    );
  }
  return inside.secrets;
}

interface Inside {
  readonly document: string;
  readonly secrets: Readonly<Record<string, string>>;
}

/** What was inside is secret: no message quotes it. */
function parseInside(text: string): Inside {
  const malformed = (): LailaError =>
    new LailaError(
      "INVALID_DOCUMENT",
      'What is sealed in the environment is not { "laila_sealed": 1, "document": digest, "secrets": { … } }. Seal it again with sealEnvironment.',
    );
  let value: unknown;
  try {
    value = parseJson(text);
  } catch {
    throw malformed();
  }
  const { laila_sealed: version, document, secrets } = { ...(value as Record<string, unknown>) };
  if (Number.isSafeInteger(version) && (version as number) > sealedVersion) {
    throw new LailaError(
      "UNSUPPORTED_VERSION",
      `The sealed values have version ${version}; this release of @laila/environment reads ${sealedVersion}. Update it.`,
    );
  }
  const texts = { ...(secrets as Record<string, unknown>) };
  if (
    version !== sealedVersion ||
    typeof document !== "string" ||
    typeof secrets !== "object" ||
    Array.isArray(secrets) ||
    Object.values(texts).some((one) => typeof one !== "string" || one === "")
  ) {
    throw malformed();
  }
  return { document, secrets: texts as Record<string, string> };
}

function valuesOf(
  document: EnvironmentDocument,
  args: object | undefined,
  policy: Policy | undefined,
): Readonly<Record<string, string>> {
  const given = toArgs(args);
  const names = new SecretNames(given, undefined);
  for (const pool of policy?.central.memory.poolRouter.pools.values() ?? [])
    capturePool(pool, names, {});
  const live = names.values;
  return wanted(document, (name) => live.get(name) ?? lookUpArg(given, name));
}

/** The value of every reference of the document. MISSING_SECRET with all that are missing. */
function wanted(
  { policy }: EnvironmentDocument,
  look: (name: string) => unknown,
): Readonly<Record<string, string>> {
  const values: [string, string][] = [];
  const missing: string[] = [];
  for (const name of [...new Set(everyReference(policy))].sort()) {
    const value = look(name);
    if (typeof value === "string" && value !== "") values.push([name, value]);
    else missing.push(name);
  }
  if (missing.length > 0) {
    throw new LailaError(
      "MISSING_SECRET",
      `The environment is not sealed: ${missing.map(shown).join(", ")} ${missing.length === 1 ? "has" : "have"} no value. Give it in args, or the live policy that has it.`,
      { details: { secrets: missing } },
    );
  }
  return Object.fromEntries(values);
}
