import { fieldsOfClass, type Laila, type PoolClass } from "@laila/core";

/** What the class's own secrets are called is where their values are, unless the configuration says otherwise. */
export function ownSecrets(
  cls: PoolClass,
  { config }: { readonly config: Readonly<Record<string, unknown>> },
  laila: Laila,
): Record<string, unknown> {
  const fields = fieldsOfClass(cls).filter(({ mark }) => mark === "secret");
  // One that is given by hand goes with others that are: keys of two places must not be mixed.
  if (fields.some(({ name }) => config[name] !== undefined)) return {};
  const own: Record<string, unknown> = {};
  for (const { name, secretName } of fields)
    if (secretName !== null && secretName in laila.args) own[name] = laila.secret(secretName);
  return own;
}
