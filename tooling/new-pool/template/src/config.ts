import * as z from "zod";

/**
 * Every field of the configuration, with its mark: `path(…)` for a path, `secret(…, "ENV_NAME")` for a
 * secret, `exempt(…)` for what is never captured. `nickname` is the base class's own.
 */
export const configSchema = z.object({});

export type ExamplePoolConfig = z.input<typeof configSchema> & {
  readonly nickname?: string | undefined;
};
export type ParsedConfig = z.output<typeof configSchema>;
