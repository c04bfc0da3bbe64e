import { fieldsOfClass, type Laila, type PoolClass, type TrustRule } from "@laila/core";
import type { PoolEntry } from "./define.js";
import { isObject } from "./find.js";

/**
 * What the project's own file says: that these secrets go to this place. A saved document that says the same
 * needs no further approval. Nothing for a class that names no place.
 */
export function ownTrust(cls: PoolClass, entry: PoolEntry, laila: Laila): TrustRule[] {
  const fields = Object.entries(entry).map(
    ([name, value]) => [name, looked(value, laila)] as const,
  );
  const origin = cls.destination?.(Object.fromEntries(fields));
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

/** What an argument says, if it is there; a secret is left as it is. */
function looked(value: unknown, { args }: Laila): unknown {
  if (!isObject(value) || typeof value.$arg !== "string") return value;
  return value.$arg in args ? args[value.$arg] : undefined;
}
