import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { LailaError, nearMatches } from "@laila/schema";
import { because, textOf } from "../because.js";
import type { ProjectConfig } from "./define.js";

/** In the order in which they are looked for. */
export const configFiles = [
  "laila.config.ts",
  "laila.config.mts",
  "laila.config.js",
  "laila.config.mjs",
  "laila.config.json",
];

/** A configuration and where it stands. */
export interface FoundConfig {
  readonly file: string;
  readonly config: ProjectConfig;
}

/**
 * The project's configuration: the file that is named, else the nearest at or above the folder. NOT_FOUND
 * for one that is named and not there; INVALID_CONFIG.
 */
export async function findConfig(
  cwd: string,
  named: string | undefined,
): Promise<FoundConfig | undefined> {
  const file = named === undefined ? nearestConfig(cwd) : resolve(cwd, named);
  if (file === undefined) return undefined;
  if (!existsSync(file))
    throw new LailaError(
      "NOT_FOUND",
      `There is no file ${file}. Make a project with laila init, or mend --config.`,
    );
  const config = checkConfig(await load(file), file);
  return { file, config };
}

function nearestConfig(cwd: string): string | undefined {
  for (let at = resolve(cwd); ; at = dirname(at)) {
    const found = configFiles.map((name) => join(at, name)).find((file) => existsSync(file));
    if (found !== undefined || dirname(at) === at) return found;
  }
}

async function load(file: string): Promise<unknown> {
  try {
    if (file.endsWith(".json")) return JSON.parse(await readFile(file, "utf8"));
    if (/\.m?ts$/.test(file)) return await loadTypeScript(file);
    const module = (await import(pathToFileURL(file).href)) as { readonly default?: unknown };
    return module.default;
  } catch (error) {
    throw because(error, "INVALID_CONFIG", `${file} cannot be loaded: ${textOf(error)}.`);
  }
}

/** Node 20 reads no TypeScript. What the file imports of this package is this very copy, installed there or not. */
async function loadTypeScript(file: string): Promise<unknown> {
  const { createJiti } = await import("jiti");
  const own = fileURLToPath(new URL("./index.js", import.meta.url));
  const jiti = createJiti(file, {
    alias: { "@laila/cli": own },
    moduleCache: false,
    fsCache: false,
  });
  return jiti.import(file, { default: true });
}

const known = [
  "name",
  "secrets",
  "pools",
  "proxies",
  "alpha",
  "store",
  "namespace",
  "home",
  "poolClasses",
  "setup",
];
const texts = ["alpha", "store", "namespace", "home"] as const;

function checkConfig(value: unknown, file: string): ProjectConfig {
  const wrong = (why: string): LailaError => new LailaError("INVALID_CONFIG", `${file}: ${why}.`);
  if (!isObject(value))
    throw wrong("the default export must be a configuration: export default defineConfig({ … })");
  for (const name of Object.keys(value)) {
    if (known.includes(name) || name === "$schema") continue;
    const near = nearMatches(name, known);
    throw wrong(
      `there is no field ${name}. ${near.length > 0 ? `Did you mean ${near.join(" or ")}?` : `There are ${known.join(", ")}`}`,
    );
  }
  const { name, pools, secrets, proxies, poolClasses, setup } = value;
  if (typeof name !== "string" || name === "")
    throw wrong("name must be the name of the environment");
  if (!isObject(pools) || Object.keys(pools).length === 0) throw wrong("pools must have a pool");
  for (const [nickname, entry] of Object.entries(pools)) {
    if (!isObject(entry) || typeof entry.class !== "string")
      throw wrong(`pools.${nickname} must be { "class": "S3Pool", … }`);
  }
  for (const field of texts)
    if (value[field] !== undefined && typeof value[field] !== "string")
      throw wrong(`${field} must be text`);
  const references = [
    ...(["alpha", "store"] as const).map((field) => [field, value[field]] as const),
    ...Object.entries(isObject(proxies) ? proxies : {}).flatMap(([cache, origin]) => [
      ["proxies", cache] as const,
      [`proxies.${cache}`, origin] as const,
    ]),
  ];
  for (const [field, pool] of references) {
    if (pool === undefined || (typeof pool === "string" && Object.hasOwn(pools, pool))) continue;
    throw wrong(
      `${field} names the pool ${JSON.stringify(pool)}, and there are ${Object.keys(pools).join(", ")}`,
    );
  }
  const files = typeof secrets === "string" ? [secrets] : (secrets ?? []);
  if (!Array.isArray(files) || files.some((one) => typeof one !== "string"))
    throw wrong("secrets must be a file, or a list of files");
  if (poolClasses !== undefined && !Array.isArray(poolClasses))
    throw wrong("poolClasses must be a list of classes");
  if (setup !== undefined && typeof setup !== "function")
    throw wrong("setup must be a function of laila");
  return value as unknown as ProjectConfig;
}

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
