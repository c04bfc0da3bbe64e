import type { CommandSpec } from "../spec.js";
import { env } from "./env.js";
import { manifests } from "./manifest.js";
import { pools } from "./pool.js";
import { tools } from "./tools.js";

/** Every command, in the order of the help. */
export const commands: readonly CommandSpec[] = [...env, ...pools, ...manifests, ...tools];

export const groups: Readonly<Record<string, string>> = {
  env: "Saved, versioned environments",
  pool: "What lies in a pool",
  manifest: "Named trees of values",
  args: "Arguments and where they come from",
};
