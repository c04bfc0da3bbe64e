import type { LayerConfig, PoolLike } from "@laila/pool";
import {
  type EnvironmentDocument,
  fieldMark,
  fieldsOf,
  type GlobalId,
  isSecretReference,
  type LailaError,
  type Secret,
  storedNames,
} from "@laila/schema";
import type { CapturedConfig } from "../capture/capture-pool.js";
import { everyReference, invalid } from "./references.js";
import { shown, shownPool } from "./shown.js";

/** What `@laila/pool/layers` gives: loaded only for documents that have layers. */
export type Layers = Pick<typeof import("@laila/pool/layers"), "layerDeclarations" | "withLayers">;

/** The layers that there are, if any pool of the document has some. */
export async function layersFor({ policy }: EnvironmentDocument): Promise<Layers | undefined> {
  const pools = Object.values(policy.central.memory.pool_router.pools);
  return pools.some(({ layers = [] }) => layers.length > 0)
    ? import("@laila/pool/layers")
    : undefined;
}

/**
 * Checks the layers of one pool against the layers that there are, and gives the names of their secrets.
 * INVALID_DOCUMENT with the path for an unknown layer or field, for a secret reference where no secret belongs,
 * and for a secret that is written out.
 */
export function planLayers(
  id: GlobalId,
  stored: CapturedConfig,
  layers: Layers | undefined,
): ReadonlySet<string> {
  const names = new Set<string>();
  for (const [i, layer] of layersOf(stored).entries()) {
    const { class_token: token, ...fields } = layer;
    const at = `environment.policy.central.memory.pool_router.pools.${id}.layers.${i}`;
    const what = `${shownPool(stored, id)}: the layer ${shown(token)}`;
    const schema = layers?.layerDeclarations.find(
      ({ classToken }) => classToken === token,
    )?.configSchema;
    if (!schema) throw unknown(`${at}.class_token`, `${what} is`);
    const byStored = new Map([...storedNames(schema)].map(([name, snake]) => [snake, name]));
    const declared = fieldsOf(schema);
    for (const [snake, value] of Object.entries(fields)) {
      const field = declared[byStored.get(snake) ?? ""];
      if (!field) throw unknown(`${at}.${snake}`, `${what} has a field ${shown(snake)} that is`);
      if (fieldMark(field)?.laila === "secret") {
        for (const name of referencesOf(value, `${at}.${snake}`, what, snake)) names.add(name);
      } else if (everyReference(value).length > 0) {
        throw invalid(
          `${at}.${snake}`,
          `${what}: the field ${snake} is not a secret, so it cannot refer to one. Somebody may have changed the document to learn a secret.`,
        );
      }
    }
  }
  return names;
}

/** Wraps a pool as its document says. INVALID_CONFIG. */
export function wrap(
  pool: PoolLike,
  stored: CapturedConfig,
  layers: Layers | undefined,
  secrets: ReadonlyMap<string, Secret>,
): PoolLike {
  const documents = layersOf(stored);
  if (!layers || documents.length === 0) return pool;
  return layers.withLayers(
    pool,
    documents.map((layer) => withSecrets(layer, secrets)) as LayerConfig[],
  );
}

function layersOf({ layers = [] }: CapturedConfig): readonly LayerConfig[] {
  // The document's schema has seen to it.
  return layers as readonly LayerConfig[];
}

/** A reference, or references by name (as a ring of keys is stored). */
function referencesOf(value: unknown, at: string, what: string, snake: string): string[] {
  if (isSecretReference(value)) return [value.$secret];
  const members = typeof value === "object" && value !== null ? Object.values(value) : [undefined];
  return members.map((member: unknown) => {
    if (!Array.isArray(value) && isSecretReference(member)) return member.$secret;
    throw invalid(
      at,
      `${what}: the field ${snake} is a secret and must be a reference, { "$secret": "NAME" }. A document never holds the secret itself: replace it, and change the secret if the document was seen by others.`,
    );
  });
}

/** The document with the secrets in the place of their references. */
function withSecrets(value: unknown, secrets: ReadonlyMap<string, Secret>): unknown {
  if (isSecretReference(value)) return secrets.get(value.$secret);
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) return value.map((item) => withSecrets(item, secrets));
  return Object.fromEntries(
    Object.entries(value).map(([name, inner]) => [name, withSecrets(inner, secrets)]),
  );
}

function unknown(at: string, what: string): LailaError {
  return invalid(
    at,
    `${what} not known to the release of @laila/pool installed here. Update it, or remove the layer from the document if you know what it is for: without an encryption, values would be stored in clear.`,
  );
}
