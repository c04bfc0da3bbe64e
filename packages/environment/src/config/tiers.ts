import { fieldsOf, globalIdOf, isLailaError, LailaError, nearMatches, Secret } from "@laila/schema";
import {
  type ArgSource,
  type Args,
  argAt,
  describeSource,
  lookUpArg,
  toArgs,
} from "../args/args.js";
import { coerce } from "./coerce.js";
import { type ConfigClass, type ConfigField, fieldsOfClass } from "./fields.js";

/** Where a field's value came from. */
export type ConfigTier = "explicit" | "args" | "variable" | "default";

export interface ConfigOrigin {
  readonly tier: ConfigTier;
  /** For people: `secrets.toml:3`, `the variable LAILA_S3POOL_BUCKET_NAME`. */
  readonly text: string;
}

export interface TierOptions {
  /** What `readArgs` gave, or a plain object. */
  readonly args?: object | undefined;
  /** The environment variables: pass `process.env`. None unless given. */
  readonly env?: Readonly<Record<string, string | undefined>> | undefined;
  /** The namespace (a uuid) of nicknames. */
  readonly namespace?: string | undefined;
  /** Another place in the arguments to look in than that of the class and its nickname. */
  readonly at?: readonly string[] | undefined;
}

export interface ResolvedConfig {
  /** What to make the object of: explicit values, and what arguments and variables add. Defaults are the class's. */
  readonly config: Readonly<Record<string, unknown>>;
  /** By field (camelCase), every field that the class declares and that has a value. */
  readonly origins: Readonly<Record<string, ConfigOrigin>>;
}

const places = {
  pools: ["policy", "central", "memory", "pool_router", "pools"],
  taskforces: ["policy", "central", "command", "taskforces"],
  layers: ["policy", "central", "memory", "pool_router", "layers"],
} as const;

/**
 * The configuration of an object from its four tiers: explicit value, else the `args` subtree at its place
 * (`policy.central.memory.pool_router.pools.<id or nickname>.<field>`, for taskforces
 * `policy.central.command.taskforces.…`, for layers `…pool_router.layers.<class>`; the id before the nickname),
 * else the environment variable (`LAILA_<CLASS>_<FIELD>`), else the class's default. Fields are in
 * snake_case there. Text becomes a number, a truth value or data (as JSON) where the class declares that;
 * a secret becomes a {@link Secret} that keeps its name. Fields that exist at run time only are explicit.
 *
 * INVALID_CONFIG, with the place and never with the value, for a name in the subtree that the class does not
 * declare and for text that is not what it should be; MISSING_ARG for a reference to a secret that args do not have.
 */
export function resolveConfig(
  cls: ConfigClass,
  explicit: Readonly<Record<string, unknown>> = {},
  options: TierOptions = {},
): ResolvedConfig {
  const args = toArgs(options.args);
  const fields = fieldsOfClass(cls);
  const trees = treesOf(cls, explicit, args, options);
  for (const tree of trees) checkNames(cls, fields, tree);
  const config: Record<string, unknown> = { ...explicit };
  const origins: Record<string, ConfigOrigin> = {};
  for (const field of fields) {
    if (explicit[field.name] !== undefined) {
      origins[field.name] = { tier: "explicit", text: "given" };
      continue;
    }
    const found = fromTrees(cls, field, trees, args) ?? fromVariable(cls, field, options.env ?? {});
    if (found) {
      config[field.name] = found.value;
      origins[field.name] = found.origin;
    } else if (field.default !== undefined)
      origins[field.name] = { tier: "default", text: "default" };
  }
  return { config, origins };
}

/**
 * The same error with the places where the fields it tells of came from: what a class says of
 * `maxConnections` does not tell that a variable says so.
 */
export function withOrigins(error: unknown, { origins }: ResolvedConfig): unknown {
  if (!isLailaError(error, "INVALID_CONFIG") || !Array.isArray(error.details.fields)) return error;
  const told = (error.details.fields as string[]).flatMap((path) => {
    const name = path.split(".", 1)[0] ?? "";
    const origin = Object.hasOwn(origins, name) ? origins[name] : undefined;
    return origin && (origin.tier === "args" || origin.tier === "variable")
      ? [`${name} comes from ${origin.text}`]
      : [];
  });
  if (told.length === 0) return error;
  return new LailaError(error.code, `${error.message} ${[...new Set(told)].join(", ")}.`, {
    cause: error.cause,
    details: error.details,
  });
}

interface Tree {
  readonly path: readonly string[];
  readonly table: Args;
}

/** The subtrees of an object in the arguments, the most specific first. */
function treesOf(
  cls: ConfigClass,
  explicit: Readonly<Record<string, unknown>>,
  args: Args,
  { namespace, at }: TierOptions,
): Tree[] {
  const paths = at ? [at] : pathsOf(cls, explicit, namespace);
  return paths.flatMap((path) => {
    const found = argAt(args, path);
    if (!found) return [];
    if (found.source === undefined) return [{ path, table: found.value as Args }];
    throw new LailaError(
      "INVALID_CONFIG",
      `${describeSource(found.source)}: ${path.join(".")} must be a table of fields.`,
      { details: { path: path.join(".") } },
    );
  });
}

function pathsOf(
  cls: ConfigClass,
  { nickname }: Readonly<Record<string, unknown>>,
  namespace: string | undefined,
): (readonly string[])[] {
  const kind = kindOf(cls);
  if (kind === "layers") return [[...places.layers, cls.classToken]];
  if (typeof nickname !== "string") return [];
  const scope = kind === "pools" ? "POOL" : "TASK_FORCE";
  const id = globalIdOf(nickname, { scope, namespace });
  return [
    [...places[kind], id],
    [...places[kind], nickname],
  ];
}

function kindOf(cls: ConfigClass): keyof typeof places {
  const { prototype = {} } = cls as { readonly prototype?: object };
  if ("submit" in prototype) return "taskforces";
  // What wraps a pool is one, and has an inner one; a transform is none.
  return "read" in prototype && !("inner" in prototype) ? "pools" : "layers";
}

/** What a document has beside the fields: it may stand there, and says nothing new. */
const beside = new Set(["class_token", "package", "nickname", "layers"]);

function checkNames(cls: ConfigClass, fields: readonly ConfigField[], { path, table }: Tree): void {
  const known = fields.filter(({ variable }) => variable !== null).map(({ stored }) => stored);
  for (const name of Object.keys(table)) {
    const at = [...path, name].join(".");
    if (beside.has(name)) {
      if (name !== "class_token" || table[name] === cls.classToken) continue;
      throw new LailaError("INVALID_CONFIG", `${at} is not ${cls.classToken}.`, {
        details: { path: at },
      });
    }
    if (known.includes(name)) continue;
    const near = nearMatches(name, known);
    const source = argAt(table, [name])?.source;
    throw new LailaError(
      "INVALID_CONFIG",
      `${source ? `${describeSource(source)}: ` : ""}${cls.classToken} takes no ${at} from arguments.${near.length === 0 ? "" : ` Did you mean ${near.join(" or ")}?`} It takes ${known.join(", ")}.`,
      { details: { path: at, near } },
    );
  }
}

interface Found {
  readonly value: unknown;
  readonly origin: ConfigOrigin;
}

function fromTrees(
  cls: ConfigClass,
  field: ConfigField,
  trees: readonly Tree[],
  args: Args,
): Found | undefined {
  if (field.variable === null) return undefined;
  for (const { path, table } of trees) {
    const found = argAt(table, [field.stored]);
    if (!found) continue;
    const at = [...path, field.stored].join(".");
    const origin: ConfigOrigin = {
      tier: "args",
      text: found.source ? describeSource(found.source) : at,
    };
    if (field.mark === "secret") return { value: secretOf(found.value, at, args), origin };
    const where = `${origin.text === at ? "" : `${origin.text}: `}${at}`;
    return { value: coerced(cls, field, plain(found.value), where), origin };
  }
  return undefined;
}

function fromVariable(
  cls: ConfigClass,
  field: ConfigField,
  env: Readonly<Record<string, string | undefined>>,
): Found | undefined {
  const { variable } = field;
  const text = variable !== null && Object.hasOwn(env, variable) ? env[variable] : undefined;
  // Set to nothing is how a shell takes a variable back.
  if (variable === null || text === undefined || text === "") return undefined;
  const source: ArgSource = { variable };
  const origin: ConfigOrigin = { tier: "variable", text: describeSource(source) };
  if (field.mark === "secret") return { value: new Secret(text, variable), origin };
  return { value: coerced(cls, field, text, origin.text), origin };
}

function coerced(cls: ConfigClass, field: ConfigField, value: unknown, where: string): unknown {
  const schema = fieldsOf(cls.configSchema)[field.name];
  return schema ? coerce(schema, value, where) : value;
}

/** The value itself, or the argument that `{ "$secret": NAME }` refers to, as documents have it. */
function secretOf(value: unknown, at: string, args: Args): unknown {
  const given = plain(value);
  const reference = typeof given === "object" && given !== null ? given : undefined;
  const name: unknown = reference && (reference as { $secret?: unknown }).$secret;
  if (typeof name === "string") {
    const found = lookUpArg(args, name);
    if (typeof found === "string" && found !== "") return new Secret(found, name);
    throw new LailaError(
      "MISSING_ARG",
      `${at} refers to the argument ${name}, which is not there or no text. Read a file that has it.`,
      { details: { name } },
    );
  }
  return typeof given === "string" && given !== "" ? new Secret(given, at) : given;
}

/** A table of arguments as a plain object. */
function plain(value: unknown): unknown {
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) return value.map(plain);
  if (Object.getPrototypeOf(value) !== Object.prototype) return value;
  return Object.fromEntries(
    Object.entries(value as Record<string, unknown>).map(([name, one]) => [name, plain(one)]),
  );
}
