import { fieldMark, fieldsOf, nearMatches, Secret } from "@laila/schema";
import { credentialInUrl } from "../capture/scan.js";
import { soundsSecret } from "../capture/secret-names.js";
import { type ConfigClass, fieldsOfClass } from "../config/fields.js";
import { type ArgSource, argEntries, describeSource, toArgs } from "./args.js";

export interface ExplainOptions {
  /** Classes whose secret fields are masked, and whose environment variables are told of. */
  readonly classes?: readonly ConfigClass[] | undefined;
  /** The environment variables: pass `process.env`. Only those that configure something are told of. */
  readonly env?: Readonly<Record<string, string | undefined>> | undefined;
}

/** One value, where it came from, and what it took the place of. */
export interface ExplainedArg {
  /** Dotted for a value in a table; an environment variable's own name. */
  readonly name: string;
  /** As text that may be shown: `[masked]` for a secret. */
  readonly value: string;
  readonly secret: boolean;
  /** `secrets.toml:3`, `the token NAME=…`, `the variable LAILA_S3POOL_REGION_NAME`, `the given object`. */
  readonly origin: string;
  readonly source: ArgSource;
  /** Where the values came from that this one took the place of, the latest first. */
  readonly replaced: readonly string[];
  /** For a variable that begins with LAILA_ and configures none of the classes: those that resemble it. */
  readonly unknown?: readonly string[];
}

/**
 * Every argument with its origin, then the environment variables that configure a class (`LAILA_…`). Secret
 * are values whose name says so, those of fields that a class marks, URLs with a credential, text that looks
 * like a key, and whatever is equal to one of these.
 */
export function explainArgs(
  args: object | undefined,
  options: ExplainOptions = {},
): ExplainedArg[] {
  const { classes = [], env = {} } = options;
  const marked = markedNames(classes);
  const given = argEntries(toArgs(args)).map(({ name, value, source, replaced }) => ({
    name,
    value,
    source,
    replaced: replaced.map(describeSource),
  }));
  const fields = classes.flatMap(fieldsOfClass);
  const known = new Set(fields.flatMap(({ variable }) => variable ?? []));
  known.add("LAILA_HOME");
  const variables = Object.entries(env).flatMap(([name, value]) => {
    if (!name.startsWith("LAILA_") || value === undefined || value === "") return [];
    const unknown = known.has(name) ? {} : { unknown: nearMatches(name, known) };
    const source: ArgSource = { variable: name };
    return [{ name, value: value as unknown, source, replaced: [] as string[], ...unknown }];
  });
  const all = [...given, ...variables];
  const secretValues = new Set<unknown>(
    all.filter(({ name, value }) => isSecret(name, value, marked)).map(({ value }) => value),
  );
  return all.map(({ value, source, ...rest }) => {
    const secret = secretValues.has(value) || holds(value, secretValues);
    return {
      ...rest,
      value: secret ? "[masked]" : shownValue(value),
      secret,
      origin: describeSource(source),
      source,
    };
  });
}

/** The names of secrets that classes declare: their own, their variables, and the ends of paths. */
function markedNames(classes: readonly ConfigClass[]): {
  readonly names: ReadonlySet<string>;
  readonly ends: ReadonlySet<string>;
} {
  const names = new Set<string>();
  const ends = new Set<string>();
  for (const cls of classes) {
    const declared = fieldsOf(cls.configSchema);
    for (const { name, stored, variable, secretName } of fieldsOfClass(cls)) {
      const schema = declared[name];
      if (!schema || fieldMark(schema)?.laila !== "secret") continue;
      ends.add(stored);
      if (variable !== null) names.add(variable);
      if (secretName !== null) names.add(secretName);
    }
  }
  return { names, ends };
}

function isSecret(
  name: string,
  value: unknown,
  { names, ends }: ReturnType<typeof markedNames>,
): boolean {
  if (typeof value === "boolean" || value === null) return false;
  const end = name.split(".").at(-1) ?? "";
  if (names.has(name) || names.has(end) || ends.has(end.toLowerCase())) return true;
  // A key's id is not shown either: it is one half of a credential.
  if (soundsSecret(name) || /access.?key/i.test(end)) return true;
  return typeof value === "string" && (credentialInUrl(value) !== undefined || looksRandom(value));
}

/** Long, without the separators that names and hosts have, no path, and with digits among letters. */
function looksRandom(text: string): boolean {
  return (
    /^[A-Za-z0-9+=_-][A-Za-z0-9+/=_-]{23,}$/.test(text) &&
    /\d/.test(text) &&
    /[A-Z]/.test(text) &&
    /[a-z]/.test(text)
  );
}

const shortest = 8;

/** A known secret inside of other text, as in `user:password@host`. */
function holds(value: unknown, secrets: ReadonlySet<unknown>): boolean {
  const text = typeof value === "string" ? value : JSON.stringify(value);
  if (typeof text !== "string") return false;
  return [...secrets].some(
    (secret) => typeof secret === "string" && secret.length >= shortest && text.includes(secret),
  );
}

function shownValue(value: unknown): string {
  if (Secret.is(value)) return "[masked]";
  const text = typeof value === "string" ? value : (JSON.stringify(value) ?? String(value));
  const plain = text.replace(/\p{C}/gu, " ");
  return plain.length > 200 ? `${plain.slice(0, 200)}…` : plain;
}
