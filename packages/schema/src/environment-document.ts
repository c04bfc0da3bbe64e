import * as z from "zod/mini";
import { isJsonExact } from "./codecs/json-exact.js";
import { LailaError } from "./errors.js";
import type { GlobalId } from "./global-id.js";
import { jsonDepth, jsonProblems } from "./json-scanner.js";
import { toJsonText } from "./json-text.js";
import { digestOf } from "./record/digest.js";
import { utf8Encoder } from "./text.js";

/** What stands in a document where a set-up has a secret: its name, to be looked up on recovery. */
export interface SecretReference {
  readonly $secret: string;
}

/** A pool, a layer, a taskforce or a connection as data: its class and the fields its class declares. */
export interface ComponentConfig {
  readonly class_token: string;
  /** The npm package the class comes from: for messages only. */
  readonly package?: string | undefined;
  readonly nickname?: string | undefined;
  readonly [field: string]: unknown;
}

export interface PoolConfig extends ComponentConfig {
  /** Layers around the pool, innermost first. */
  readonly layers?: readonly ComponentConfig[] | undefined;
}

/** A whole set-up as data. Format: formats.md, "Environment document". */
export interface EnvironmentDocument {
  readonly laila_environment: 1;
  /**
   * The values of the secrets, encrypted: an armored age file. It holds the digest of the document without
   * this member, so that it opens in no other.
   */
  readonly sealed?: string | undefined;
  readonly policy: {
    readonly global_id: GlobalId;
    readonly nickname?: string | undefined;
    readonly central: {
      readonly memory: {
        readonly alpha_pool: GlobalId;
        readonly pool_router: {
          readonly pools: Readonly<Record<GlobalId, PoolConfig>>;
          readonly pools_nicknames: Readonly<Record<string, GlobalId>>;
          readonly affinities: Readonly<Record<GlobalId, number>>;
          /** Cache pool -> origin pool. */
          readonly proxies: Readonly<Record<GlobalId, GlobalId>>;
        };
      };
      readonly command: {
        readonly alpha_taskforce: GlobalId;
        readonly taskforces: Readonly<Record<GlobalId, ComponentConfig>>;
      };
      readonly communication: { readonly connections: Readonly<Record<GlobalId, ComponentConfig>> };
    };
  };
}

export const environmentVersion = 1;
export const maxEnvironmentBytes = 1024 * 1024;
export const maxEnvironmentDepth = 32;

const forbiddenNames: ReadonlySet<string> = new Set(["__proto__", "constructor"]);

const uuid = "[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}";
const idOf = (scope: string) =>
  z.string().check(z.regex(new RegExp(`^LAILA:${scope}:GLOBAL_ID:${uuid}$`)));
const poolId = idOf("POOL");
const taskforceId = idOf("TASK_FORCE");
const text = z.string().check(z.minLength(1));
const componentFields = {
  class_token: text,
  package: z.optional(text),
  nickname: z.optional(z.string()),
};
const component = z.looseObject(componentFields);
const pool = z.looseObject({ ...componentFields, layers: z.optional(z.array(component)) });

/** The schema of the document's shape; {@link parseEnvironmentDocument} checks what a schema cannot say. */
export const environmentDocument: z.ZodMiniType<EnvironmentDocument> = z.strictObject({
  laila_environment: z.literal(environmentVersion),
  sealed: z.optional(text),
  policy: z.strictObject({
    global_id: idOf("POLICY"),
    nickname: z.optional(text),
    central: z.strictObject({
      memory: z.strictObject({
        alpha_pool: poolId,
        pool_router: z.strictObject({
          pools: z.record(poolId, pool),
          pools_nicknames: z.record(z.string(), poolId),
          affinities: z.record(poolId, z.number()),
          proxies: z.record(poolId, poolId),
        }),
      }),
      command: z.strictObject({
        alpha_taskforce: taskforceId,
        taskforces: z.record(taskforceId, component),
      }),
      communication: z.strictObject({ connections: z.record(idOf("COMM_PROTOCOL"), component) }),
    }),
  }),
});

function invalid(path: string, why: string): LailaError {
  return new LailaError(
    "INVALID_DOCUMENT",
    `${path} ${why}. Take documents from the environment of a policy, or mend this one.`,
    { details: { path } },
  );
}

/** True for exactly `{ "$secret": "NAME" }`. */
export function isSecretReference(value: unknown): value is SecretReference {
  if (typeof value !== "object" || value === null) return false;
  const keys = Object.keys(value);
  const name: unknown = (value as Partial<SecretReference>).$secret;
  return keys.length === 1 && keys[0] === "$secret" && typeof name === "string" && name !== "";
}

/**
 * `JSON.parse` for documents that others wrote. INVALID_DOCUMENT when the text is no JSON, or when an
 * object names something twice, or `__proto__` or `constructor`.
 */
export function parseJson(json: string): unknown {
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch {
    // The parser's own message quotes the text, which may hold what is not to be shown.
    throw invalid("The document", "is no well-formed JSON");
  }
  for (const { kind, why, at } of jsonProblems(json)) {
    if (kind === "duplicate") throw invalid("The document", `cannot be read: ${why} (at ${at})`);
  }
  checkNames(value);
  return value;
}

/**
 * Checks a document that came from anywhere and gives it back as a copy of its own. Nothing is looked up.
 *
 * INVALID_DOCUMENT with the path of what is wrong: not plain JSON, larger than 1 MiB, deeper than 32, a
 * forbidden name, a wrong shape, an id that is not in the document. UNSUPPORTED_VERSION when newer.
 */
export function parseEnvironmentDocument(value: unknown): EnvironmentDocument {
  if (!isJsonExact(value)) throw invalid("environment", "is no plain JSON value");
  const json = toJsonText(value);
  const bytes = utf8Encoder.encode(json);
  if (bytes.length > maxEnvironmentBytes)
    throw invalid("environment", `is larger than ${maxEnvironmentBytes} bytes`);
  if (jsonDepth(bytes) > maxEnvironmentDepth)
    throw invalid("environment", `is nested deeper than ${maxEnvironmentDepth}`);
  const copy: unknown = JSON.parse(json);
  checkNames(copy);
  checkVersion(copy);
  const parsed = environmentDocument.safeParse(copy);
  if (!parsed.success) throw invalidShape(parsed.error.issues[0]);
  // The copy, not what zod made of it: that has its members in the order of the schema.
  const document = copy as EnvironmentDocument;
  checkReferences(document);
  return document;
}

function checkVersion(value: unknown): void {
  const version: unknown =
    typeof value === "object" && value !== null && "laila_environment" in value
      ? value.laila_environment
      : undefined;
  if (version === environmentVersion) return;
  if (typeof version !== "number" || !Number.isSafeInteger(version) || version < 1) {
    throw invalid(
      "environment.laila_environment",
      "is no version, so this is no environment document",
    );
  }
  throw new LailaError(
    "UNSUPPORTED_VERSION",
    `The environment document has version ${version}; this version of @laila/schema reads ${environmentVersion}. Update it.`,
    {
      details: { path: "environment.laila_environment" },
    },
  );
}

/** Refuses forbidden names and malformed secret references, at any depth, without recursion. */
function checkNames(root: unknown): void {
  const open: { readonly value: unknown; readonly path: string }[] = [
    { value: root, path: "environment" },
  ];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const { value, path } = next;
    if (typeof value !== "object" || value === null) continue;
    if (Object.hasOwn(value, "$secret") && !isSecretReference(value)) {
      throw invalid(
        path,
        'is no proper reference to a secret, which is { "$secret": NAME } and nothing else',
      );
    }
    for (const [name, member] of Object.entries(value)) {
      const at = member !== null && typeof member === "object" ? pathOf(path, name) : path;
      if (forbiddenNames.has(name))
        throw invalid(pathOf(path, name), "has a name that is not allowed");
      open.push({ value: member, path: at });
    }
  }
}

function pathOf(path: string, name: PropertyKey): string {
  const shown = String(name);
  return `${path}.${shown.length > 100 ? `${shown.slice(0, 100)}…` : shown}`;
}

function invalidShape(issue: z.core.$ZodIssue | undefined): LailaError {
  const at = (issue?.path ?? []).reduce<string>(pathOf, "environment");
  switch (issue?.code) {
    case "unrecognized_keys":
      return invalid(
        pathOf(at, issue.keys[0] ?? ""),
        "is not a member of this version of the document",
      );
    case "invalid_key":
      return invalid(at, "is named by something that is not the global id of such a thing");
    case "invalid_format":
      return invalid(at, "is not the global id of such a thing");
    case "invalid_type":
      return invalid(at, `is missing or no ${issue.expected}`);
    default:
      return invalid(at, "is not what belongs there");
  }
}

function checkReferences({ policy: { central } }: EnvironmentDocument): void {
  const memory = "environment.policy.central.memory";
  const { alpha_pool, pool_router } = central.memory;
  const { pools, pools_nicknames, affinities, proxies } = pool_router;
  const mustBeThere = (path: string, id: GlobalId, where: object): void => {
    if (!Object.hasOwn(where, id))
      throw invalid(path, "names something that is not in the document");
  };
  mustBeThere(`${memory}.alpha_pool`, alpha_pool, pools);
  for (const [name, id] of Object.entries(pools_nicknames))
    mustBeThere(pathOf(`${memory}.pool_router.pools_nicknames`, name), id, pools);
  for (const id of Object.keys(affinities))
    mustBeThere(pathOf(`${memory}.pool_router.affinities`, id), id, pools);
  for (const [cache, origin] of Object.entries(proxies)) {
    mustBeThere(pathOf(`${memory}.pool_router.proxies`, cache), cache, pools);
    mustBeThere(pathOf(`${memory}.pool_router.proxies`, cache), origin, pools);
  }
  const { alpha_taskforce, taskforces } = central.command;
  mustBeThere("environment.policy.central.command.alpha_taskforce", alpha_taskforce, taskforces);
}

/**
 * `sha256-<base64>` over the document's JSON with the members of every object in the order of their names
 * (by UTF-16 units), so that it does not depend on how the document was built.
 * INVALID_ARGUMENT when it is no plain JSON value.
 */
export function documentDigest(document: unknown): string {
  if (!isJsonExact(document))
    throw new LailaError("INVALID_ARGUMENT", "Only a plain JSON value has a digest as a document.");
  return digestOf("sha256", [utf8Encoder.encode(canonicalJson(document))]);
}

function canonicalJson(value: unknown): string {
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(",")}]`;
  const members = Object.keys(value).sort();
  return `{${members.map((name) => `${JSON.stringify(name)}:${canonicalJson((value as Record<string, unknown>)[name])}`).join(",")}}`;
}
