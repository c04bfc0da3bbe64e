import { storedNames } from "@laila/schema";
import type { PoolClass, PoolLike } from "../contract.js";
import { withLayers } from "../layers/with-layers.js";

/** The configuration a class takes, from the document its pool gave. */
export function configOf(cls: PoolClass, pool: PoolLike): Record<string, unknown> {
  const document = pool.toConfig();
  const config: Record<string, unknown> = {};
  if (document.nickname !== undefined) config.nickname = document.nickname;
  for (const [name, stored] of storedNames(cls.configSchema)) {
    if (Object.hasOwn(document, stored)) config[name] = document[stored];
  }
  return config;
}

/** A second pool with the first one's configuration, layers and identity, as a recovery makes it. */
export function recapture(cls: PoolClass, pool: PoolLike): PoolLike {
  const again = new cls(configOf(cls, pool), { globalId: pool.globalId });
  return withLayers(again, pool.toConfig().layers ?? []);
}
