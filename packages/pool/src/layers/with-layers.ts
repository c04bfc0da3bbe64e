import { LailaError, storedNames } from "@laila/schema";
import type { LayerConfig, PoolLike } from "../contract.js";
import type { LayerDeclaration } from "./layer.js";
import { Retry } from "./retry.js";
import { Throttle } from "./throttle.js";
import { Timeout } from "./timeout.js";
import { Tracing } from "./tracing.js";
import { Brotli, Gzip } from "./transforms/compression.js";
import { Encrypt } from "./transforms/encrypt.js";
import type { Transform } from "./transforms/transform.js";
import { Transforms } from "./transforms/transforms.js";

type LayerConstructor = LayerDeclaration & (new (pool: PoolLike, config: never) => PoolLike);
type TransformConstructor = LayerDeclaration & (new (config: object) => Transform);

const layers: readonly LayerConstructor[] = [Retry, Timeout, Throttle, Tracing];
const transforms: readonly TransformConstructor[] = [Gzip, Brotli, Encrypt];

/** Everything that `layers` of a document may name, with the schema of its fields. */
export const layerDeclarations: readonly LayerDeclaration[] = [...layers, ...transforms];

/**
 * Wraps a pool as `layers` of a document say, innermost first; secrets stand in them as themselves. Transforms
 * that follow one another are one layer, as they were when they were captured.
 * INVALID_CONFIG for an unknown layer or field.
 */
export function withLayers(pool: PoolLike, documents: readonly LayerConfig[]): PoolLike {
  let layered = pool;
  let pending: Transform[] = [];
  const transformed = (): PoolLike => {
    if (pending.length === 0) return layered;
    // Innermost first in documents; the innermost is the last one to be done to a value.
    const made = new Transforms(layered, pending.toReversed());
    pending = [];
    return made;
  };
  for (const document of documents) {
    const { class_token: token } = document;
    const transform = transforms.find(({ classToken }) => classToken === token);
    if (transform) {
      pending.push(new transform(configOf(transform, document)));
      continue;
    }
    layered = transformed();
    const layer = layers.find(({ classToken }) => classToken === token);
    if (!layer) throw unknownLayer(token);
    layered = new layer(layered, configOf(layer, document) as never);
  }
  return transformed();
}

function configOf(declaration: LayerDeclaration, document: LayerConfig): object {
  const names = new Map(
    [...storedNames(declaration.configSchema)].map(([name, stored]) => [stored, name]),
  );
  const fields = Object.entries(document).filter(([stored]) => stored !== "class_token");
  // An unknown name stays as it is, and is refused with the configuration.
  return Object.fromEntries(fields.map(([stored, value]) => [names.get(stored) ?? stored, value]));
}

function unknownLayer(token: string): LailaError {
  const known = layerDeclarations.map(({ classToken }) => classToken).join(", ");
  return new LailaError(
    "INVALID_CONFIG",
    `There is no layer called ${JSON.stringify(token)}. This version of @laila/pool has ${known}.`,
  );
}
