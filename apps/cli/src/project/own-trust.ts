import { fieldsOfClass, type Laila, type PoolClass, type TrustRule } from "@laila/core";
import type { PoolEntry } from "./define.js";
import { isObject } from "./find.js";

/**
 * What the project's own file says: that these secrets go to this place. A saved document that says the same
 * needs no further approval. Nothing for a class that names no place.
 */
export function ownTrust(cls: PoolClass, entry: PoolEntry, laila: Laila): TrustRule[] {
  const origin = cls.destination?.(entry);
  if (typeof origin !== "string") return [];
  const secrets = fieldsOfClass(cls).filter(({ mark }) => mark === "secret");
  const explicit = secrets.some(({ name }) => entry[name] !== undefined);
  const names = secrets.flatMap(({ name, secretName }) => {
    if (!explicit) return secretName !== null && secretName in laila.args ? [secretName] : [];
    const value = entry[name];
    return isObject(value) && typeof value.$secret === "string" ? [value.$secret] : [];
  });
  return names.map((secret) => ({ secret, origin }));
}
