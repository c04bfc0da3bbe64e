import {
  fieldMark,
  fieldsOf,
  formatGlobalId,
  type GlobalId,
  globalIdOf,
  isGlobalId,
  LailaError,
  nearMatches,
  newUuid,
  Secret,
  storedNames,
} from "@laila/schema";
import type * as z from "zod";
import type { PoolConfig, PoolOptions } from "./contract.js";
import { type Declaration, strictSchema } from "./pool-class.js";

/** A configuration as a pool holds it: the parsed values, and what was given and how it was called. */
export interface ParsedConfig {
  readonly nickname: string | undefined;
  readonly values: Readonly<Record<string, unknown>>;
  /** The names of the fields that were given (defaults are not captured). */
  readonly given: ReadonlySet<string>;
  /** What secret fields were given as: a `Secret` knows the reference's name. */
  readonly secrets: ReadonlyMap<string, unknown>;
}

/**
 * Validates what a constructor was given against the class's own schema.
 * INVALID_CONFIG names each field that is wrong, never its value.
 */
export function parseConfig(cls: Declaration, input: unknown): ParsedConfig {
  const schema = strictSchema(cls);
  if (typeof input !== "object" || input === null || Array.isArray(input)) {
    throw new LailaError("INVALID_CONFIG", `${cls.classToken} takes a configuration object.`);
  }
  const { nickname, ...rest } = input as Record<string, unknown>;
  if (nickname !== undefined && (typeof nickname !== "string" || /\p{Surrogate}/u.test(nickname))) {
    throw new LailaError(
      "INVALID_CONFIG",
      `${cls.classToken}: nickname must be a well-formed string.`,
    );
  }
  const fields = fieldsOf(cls.configSchema);
  const secrets = new Map<string, unknown>();
  const given = Object.entries(rest).filter(([, value]) => value !== undefined);
  const plain = given.map(([name, value]): [string, unknown] => {
    const field = Object.hasOwn(fields, name) ? fields[name] : undefined;
    if (!field || fieldMark(field)?.laila !== "secret") return [name, value];
    const revealed = revealedSecrets(value);
    if (revealed === "" || (isRecord(revealed) && Object.values(revealed).includes(""))) {
      throw new LailaError(
        "INVALID_CONFIG",
        `${cls.classToken}: ${name} is empty. Give the secret, or leave the field out.`,
        { details: { fields: [name] } },
      );
    }
    secrets.set(name, isRecord(value) ? { ...value } : value);
    return [name, revealed];
  });
  // fromEntries defines: a field called __proto__ stays a field, and is refused as one.
  const parsed = schema.safeParse(Object.fromEntries(plain));
  if (!parsed.success) {
    throw invalidConfig(cls.classToken, parsed.error.issues, [...Object.keys(fields), "nickname"]);
  }
  return {
    nickname,
    values: Object.freeze(parsed.data),
    given: new Set(given.map(([name]) => name)),
    secrets,
  };
}

function invalidConfig(
  classToken: string,
  issues: readonly z.core.$ZodIssue[],
  known: readonly string[],
): LailaError {
  const told = issues.map((issue) => {
    if (issue.code === "unrecognized_keys") {
      const near = [...new Set(issue.keys.flatMap((key) => nearMatches(key, known)))];
      const hint = near.length === 0 ? "" : ` (did you mean ${near.join(" or ")}?)`;
      return `unknown field ${issue.keys.map((key) => JSON.stringify(key)).join(", ")}${hint}`;
    }
    return `${issue.path.join(".") || "configuration"}: ${issue.message}`;
  });
  return new LailaError("INVALID_CONFIG", `${classToken} cannot be made: ${told.join("; ")}.`, {
    details: {
      fields: issues.flatMap((issue) =>
        issue.code === "unrecognized_keys" ? issue.keys : [issue.path.join(".")],
      ),
    },
  });
}

/** A field marked secret holds a secret, or secrets by name (as a ring of keys does). */
function isRecord(value: unknown): value is Record<string, unknown> {
  if (typeof value !== "object" || value === null || Secret.is(value)) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

function revealedSecrets(value: unknown): unknown {
  if (Secret.is(value)) return value.reveal();
  if (!isRecord(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, one]) => [name, Secret.is(one) ? one.reveal() : one]),
  );
}

function asSecrets(given: unknown): unknown {
  if (Secret.is(given)) return given;
  if (!isRecord(given)) return new Secret(String(given));
  return Object.fromEntries(Object.entries(given).map(([name, one]) => [name, asSecrets(one)]));
}

/** The document form of a parsed configuration; see {@link PoolConfig}. */
export function captureConfig(cls: Declaration, parsed: ParsedConfig): PoolConfig {
  const captured: Record<string, unknown> = {};
  const fields = fieldsOf(cls.configSchema);
  for (const [name, stored] of storedNames(cls.configSchema)) {
    const field = fields[name];
    if (!field || !parsed.given.has(name)) continue;
    const kind = fieldMark(field)?.laila;
    if (kind === "exempt") continue;
    captured[stored] =
      kind === "secret"
        ? asSecrets(parsed.secrets.get(name))
        : structuredClone(parsed.values[name]);
  }
  return {
    class_token: cls.classToken,
    package: cls.packageName,
    ...(parsed.nickname === undefined ? {} : { nickname: parsed.nickname }),
    ...captured,
  };
}

/** A pool's global id: the one given, or that of its nickname, or a fresh one. INVALID_ID. */
export function poolId(
  nickname: string | undefined,
  { globalId, namespace }: PoolOptions,
): GlobalId {
  if (globalId !== undefined) {
    if (!isGlobalId(globalId, "POOL")) {
      throw new LailaError(
        "INVALID_ID",
        `${JSON.stringify(globalId)} is not the global id of a pool.`,
      );
    }
    return globalId;
  }
  if (nickname !== undefined) return globalIdOf(nickname, { scope: "POOL", namespace });
  return formatGlobalId({ scopes: ["POOL"], uuid: newUuid() });
}
