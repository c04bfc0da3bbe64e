import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { cleanEnv } from "../env.mjs";
import { root } from "../spawn.mjs";

const script = fileURLToPath(new URL("../run.mjs", import.meta.url));

describe("on a machine without pnpm", () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "laila-machine-"));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  it("runs the pnpm that packageManager pins, with an empty HOME", () => {
    const [bin, home] = [join(folder, "bin"), join(folder, "home")];
    mkdirSync(bin);
    mkdirSync(home);
    const onPath = (process.env.PATH ?? "").split(delimiter);
    for (const tool of ["npm", "sh"]) {
      const found = onPath.map((path) => join(path, tool)).find(exists);
      if (found) symlinkSync(realpathSync(found), join(bin, tool));
    }
    symlinkSync(process.execPath, join(bin, "node"));
    const { LAILA_PNPM: _, ...env } = cleanEnv();
    const version = execFileSync(process.execPath, [script, "pnpm", "--version"], {
      env: { ...env, PATH: bin, HOME: home },
      encoding: "utf8",
    });
    const { packageManager } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
    expect(`pnpm@${version.trim()}`).toBe(packageManager);
  });
});

function exists(path: string): boolean {
  try {
    return realpathSync(path) !== "";
  } catch {
    return false;
  }
}

describe("the environment for pnpm and turbo", () => {
  it("keeps how to reach the registry, and drops what npm says about itself", () => {
    const env = cleanEnv({
      PATH: "/bin",
      npm_config_registry: "http://localhost:4873/",
      npm_config_https_proxy: "http://localhost:3128",
      "npm_config_@mine:registry": "http://localhost:4874/",
      npm_config_prefix: "/somewhere",
      npm_config_user_agent: "npm/11",
      npm_package_name: "laila",
      npm_lifecycle_event: "test",
      npm_execpath: "/npm-cli.js",
      INIT_CWD: "/somewhere",
    });
    expect(env).toEqual({
      PATH: "/bin",
      npm_config_registry: "http://localhost:4873/",
      npm_config_https_proxy: "http://localhost:3128",
      "npm_config_@mine:registry": "http://localhost:4874/",
      npm_config_json: "false",
      DO_NOT_TRACK: "1",
      TURBO_TELEMETRY_DISABLED: "1",
      TURBO_NO_UPDATE_NOTIFIER: "1",
      NO_UPDATE_NOTIFIER: "1",
    });
  });
});
