import type { PoolClass, PoolLike } from "@laila/pool";
import {
  fieldMark,
  fieldsOf,
  type GlobalId,
  isSecretReference,
  LailaError,
  storedNames,
} from "@laila/schema";
import type { CapturedConfig } from "../capture/capture-pool.js";
import { type Places, recoverPath } from "../capture/paths.js";
import { type Layers, planLayers } from "./layers.js";
import { everyReference, invalid } from "./references.js";
import { shown, shownPool } from "./shown.js";

/** What a recovery will do about one pool of the document. Nothing has been made or opened yet. */
export interface PoolPlan {
  readonly id: GlobalId;
  readonly stored: CapturedConfig;
  /** Undefined when the caller gave no class of that token. */
  readonly cls: PoolClass | undefined;
  /** Configuration fields (camelCase) other than secret references, overrides applied. */
  readonly fields: Readonly<Record<string, unknown>>;
  /** Field (camelCase) -> the name of the secret. */
  readonly references: ReadonlyMap<string, string>;
  /** The names of the secrets of its layers, which go nowhere. */
  readonly layerReferences: ReadonlySet<string>;
  /** The names of the fields that the caller overrides. */
  readonly overridden: ReadonlySet<string>;
  /** Path fields (camelCase) -> the path of this machine that is meant. */
  readonly paths: Readonly<Record<string, string>>;
  /** A live pool that is taken over instead of making one. */
  readonly adopted: PoolLike | undefined;
}

export interface PlanOptions extends Places {
  readonly allowPaths: readonly string[];
  /** The caller's own fields for this pool. */
  readonly overrides: Readonly<Record<string, unknown>>;
  readonly adopted: PoolLike | undefined;
  readonly layers: Layers | undefined;
}

const common = new Set(["class_token", "package", "nickname", "layers"]);

/**
 * Checks one pool of a document against the class it names. INVALID_DOCUMENT with the path for a field
 * the class does not know or never stores, a secret reference where no secret belongs, and a secret
 * that is written out; UNTRUSTED for a path that leads out.
 */
export function planPool(
  id: GlobalId,
  stored: CapturedConfig,
  cls: PoolClass | undefined,
  options: PlanOptions,
): PoolPlan {
  const overridden = new Set(Object.keys(options.overrides));
  const plan = { id, stored, cls, overridden, adopted: options.adopted };
  if (!cls || options.adopted) {
    // There is no class to check it against, or no need: only what it asks for is of interest.
    const names = everyReference(stored).map((name, i) => [String(i), name] as const);
    const references = new Map(names);
    return { ...plan, fields: {}, paths: {}, references, layerReferences: new Set() };
  }
  const byStored = new Map(
    [...storedNames(cls.configSchema)].map(([name, snake]) => [snake, name]),
  );
  const declared = fieldsOf(cls.configSchema);
  const fields: Record<string, unknown> = {};
  const paths: Record<string, string> = {};
  const references = new Map<string, string>();
  for (const [snake, value] of Object.entries(stored)) {
    if (common.has(snake)) continue;
    const at = `environment.policy.central.memory.pool_router.pools.${id}.${snake}`;
    const name = byStored.get(snake);
    const field = name === undefined ? undefined : declared[name];
    if (name === undefined || !field) throw unknownField(id, stored, snake, at);
    const mark = fieldMark(field)?.laila;
    if (mark === "exempt") {
      throw invalid(
        at,
        `${shownPool(stored, id)}: the field ${snake} exists at run time only and is never stored. Remove it, or give it with overrides.`,
      );
    }
    if (overridden.has(name)) continue;
    if (mark === "secret") references.set(name, referenceAt(value, id, stored, snake, at));
    else {
      if (everyReference(value).length > 0) {
        throw invalid(
          at,
          `${shownPool(stored, id)}: the field ${snake} is not a secret, so it cannot refer to one. Somebody may have changed the document to learn a secret.`,
        );
      }
      const isPath = mark === "path" && typeof value === "string";
      fields[name] = isPath
        ? recoverPath(
            value,
            options,
            options.allowPaths,
            `${shownPool(stored, id)}, field ${snake}`,
          )
        : value;
      if (isPath) paths[name] = fields[name] as string;
    }
  }
  for (const [name, value] of Object.entries(options.overrides))
    if (value !== undefined) fields[name] = value;
  const layerReferences = planLayers(id, stored, options.layers);
  return { ...plan, fields, paths, references, layerReferences };
}

/** The fields of a class that hold secrets, with the class's own name for each. */
export function secretFields(cls: PoolClass): ReadonlyMap<string, string | undefined> {
  const secrets = new Map<string, string | undefined>();
  for (const [name, field] of Object.entries(fieldsOf(cls.configSchema))) {
    const mark = fieldMark(field);
    if (mark?.laila === "secret") secrets.set(name, mark.secretName);
  }
  return secrets;
}

function referenceAt(
  value: unknown,
  id: GlobalId,
  stored: CapturedConfig,
  snake: string,
  at: string,
): string {
  if (isSecretReference(value)) return value.$secret;
  throw invalid(
    at,
    `${shownPool(stored, id)}: the field ${snake} is a secret and must be a reference, { "$secret": "NAME" }. A document never holds the secret itself: replace it, and change the secret if the document was seen by others.`,
  );
}

function unknownField(id: GlobalId, stored: CapturedConfig, snake: string, at: string): LailaError {
  const error = invalid(
    at,
    `${shownPool(stored, id)}: ${stored.class_token} has no field ${shown(snake)} in the release installed here. Update its package, or remove the field from the document.`,
  );
  return new LailaError(error.code, error.message, { details: { path: at, unknownField: snake } });
}
