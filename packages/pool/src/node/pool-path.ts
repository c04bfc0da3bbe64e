import { homedir } from "node:os";
import { join, resolve } from "node:path";
import type { GlobalId } from "@laila/schema";
import type { PoolOptions } from "../contract.js";

/** Which pool, what its configuration says, and what its files are called where that says nothing. */
export interface PoolPathParts {
  /** The configured path, if any: relative to the project (`options.directory`, else where the process is). */
  readonly given: string | undefined;
  readonly globalId: GlobalId;
  /** Below the pool's own place in LAILA's home: `pool.sqlite`; without it, that place itself. */
  readonly name?: string | undefined;
  readonly options: PoolOptions;
}

/**
 * Where a pool's file or directory is, absolute: the configured path, or `pools/<uuid>/<name>` in LAILA's
 * home, which is `options.home`, else `$LAILA_HOME`, else `~/.laila`.
 */
export function poolPath({ given, globalId, name = "", options }: PoolPathParts): string {
  if (given !== undefined) return resolve(options.directory ?? process.cwd(), given);
  // biome-ignore lint/style/noProcessEnv: the pool contract has backends fall back to LAILA_HOME; this is where.
  const home = options.home ?? (process.env.LAILA_HOME || join(homedir(), ".laila"));
  return resolve(home, "pools", globalId.slice(globalId.lastIndexOf(":") + 1), name);
}
