import { writeFile } from "node:fs/promises";
import { type EnvironmentDocument, laila } from "@laila/core";
import { names } from "../names.js";

/** The project's file, so that the `laila` command works in this folder; it holds no secret. */
const projectFile = "laila.config.json";

/** Writes the live set-up as a project of the `laila` command. What a project file cannot say is left out. */
export async function writeProject(): Promise<void> {
  const project = projectOf(laila.environment);
  await writeFile(projectFile, `${JSON.stringify(project, null, 2)}\n`);
}

function projectOf({ policy }: EnvironmentDocument): object {
  const { pools, pools_nicknames, proxies } = policy.central.memory.pool_router;
  const nameOf = (id: string): string | undefined =>
    Object.keys(pools_nicknames).find((name) => pools_nicknames[name] === id);
  const named = Object.entries(proxies).map(([cache, origin]) => [nameOf(cache), nameOf(origin)]);
  return {
    name: policy.nickname,
    home: "home",
    secrets: "secrets.toml",
    store: names.bucket,
    pools: Object.fromEntries(
      Object.entries(pools_nicknames).map(([name, id]) => [name, poolOf(pools[id] ?? {})]),
    ),
    proxies: Object.fromEntries(named),
  };
}

/** A pool of the document as the project file says it: its fields in camelCase, secrets by their names. */
function poolOf(config: Readonly<Record<string, unknown>>): object {
  const { class_token, package: _package, nickname: _nickname, ...fields } = config;
  const camelCase = (name: string): string =>
    name.replace(/_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());
  return {
    class: class_token,
    ...Object.fromEntries(Object.entries(fields).map(([name, value]) => [camelCase(name), value])),
  };
}
