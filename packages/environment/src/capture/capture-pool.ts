import { isAbsolute } from "node:path";
import { innermost, type PoolClass, type PoolLike } from "@laila/pool";
import { fieldMark, fieldsOf, LailaError, parseGlobalId, Secret, storedNames } from "@laila/schema";
import { captureGivenPath, capturePath, isOwnPlace, type Places } from "./paths.js";
import type { SecretNames } from "./secret-names.js";

/** A pool (or a taskforce, a connection) as it stands in a document. */
export interface CapturedConfig {
  readonly class_token: string;
  readonly package?: string;
  readonly nickname?: string;
  readonly [field: string]: unknown;
}

/** A pool as a document has it: secrets by name, paths relative. INVALID_DOCUMENT for what is not data. */
export function capturePool(pool: PoolLike, names: SecretNames, places: Places): CapturedConfig {
  const paths = pathFields(pool);
  const captured: Record<string, unknown> = {};
  const given = pool.toConfig();
  for (const [field, value] of Object.entries(given)) {
    if (value === undefined) continue;
    captured[field] =
      paths.has(field) && typeof value === "string"
        ? captureGivenPath(value, paths.get(field), places)
        : toData(
            value,
            field,
            (secret, at) => ({
              $secret: names.nameOf(secret, { poolId: pool.globalId, field: at }),
            }),
            pool.globalId,
          );
  }
  for (const [field, actual] of paths) {
    // Left out, it is the default place: the one of the capture's home, whatever home it was made with.
    if (given[field] !== undefined || actual === undefined) continue;
    if (!isOwnPlace(actual, parseGlobalId(pool.globalId).uuid, places))
      captured[field] = capturePath(actual, places);
  }
  return captured as CapturedConfig;
}

/** Anything else that describes itself; secrets have no place there. */
export function captureConfig(described: object, id: string): CapturedConfig {
  const refuse = (_: Secret, field: string): never => {
    throw new LailaError(
      "INVALID_DOCUMENT",
      `${id}: ${field} is a secret, which only pools may have.`,
      { details: { path: field } },
    );
  };
  return toData(described, "", refuse, id) as CapturedConfig;
}

/** The class a pool was made from, inside of its layers, when it declares what recovery needs. */
export function classOf(pool: PoolLike): PoolClass | undefined {
  const made = innermost(pool).constructor as Partial<PoolClass>;
  return typeof made.classToken === "string" && made.configSchema !== undefined
    ? (made as PoolClass)
    : undefined;
}

/** The stored names of the path fields, each with the place where the pool really lies, if it says so. */
function pathFields(pool: PoolLike): Map<string, string | undefined> {
  const fields = new Map<string, string | undefined>();
  const schema = classOf(pool)?.configSchema;
  if (!schema) return fields;
  const declared = fieldsOf(schema);
  for (const [name, stored] of storedNames(schema)) {
    const field = declared[name];
    if (!field || fieldMark(field)?.laila !== "path") continue;
    const actual: unknown = Reflect.get(innermost(pool), name);
    const known = typeof actual === "string" && isAbsolute(actual);
    fields.set(stored, known ? actual : undefined);
  }
  return fields;
}

function toData(
  value: unknown,
  field: string,
  reference: (secret: Secret, field: string) => unknown,
  id: string,
): unknown {
  if (Secret.is(value)) return reference(value, field);
  if (value === null || typeof value === "string" || typeof value === "boolean") return value;
  if (typeof value === "number" && Number.isFinite(value)) return value;
  if (Array.isArray(value))
    return value.map((item: unknown, i) => toData(item, `${field}_${i}`, reference, id));
  const prototype: unknown = typeof value === "object" ? Object.getPrototypeOf(value) : undefined;
  if (prototype === null || prototype === Object.prototype) {
    const out: Record<string, unknown> = {};
    for (const [name, inner] of Object.entries(value as object)) {
      if (inner !== undefined)
        out[name] = toData(inner, field === "" ? name : `${field}_${name}`, reference, id);
    }
    return out;
  }
  throw new LailaError(
    "INVALID_DOCUMENT",
    `${id}: the configuration field ${field} holds what is no JSON. Its class must mark it exempt, or describe it as plain data.`,
    {
      details: { path: field },
    },
  );
}
