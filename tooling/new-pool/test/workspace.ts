import { execFile } from "node:child_process";
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { cleanEnv } from "@laila-tooling/bootstrap/env";

const root = fileURLToPath(new URL("../../..", import.meta.url));

/** What a backend is built and tested with; of all others, the manifests are enough. */
const whole = ["packages/schema", "packages/pool", "tooling/tsconfig", "tooling/tsup"].concat(
  "tooling/vitest",
);
const manifests = ["package.json", "turbo.json"];
const ofRoot = [
  ".changeset",
  ".gitignore",
  ".npmrc",
  "README.md",
  "biome.json",
  "package.json",
  "pnpm-lock.yaml",
  "pnpm-workspace.yaml",
  "tsconfig.base.json",
  "turbo.json",
];

/** A copy of this workspace in a temporary folder, without what its packages are not needed for. */
export class Workspace {
  readonly root = mkdtempSync(join(tmpdir(), "laila-new-pool-"));

  constructor() {
    for (const name of ofRoot) cpSync(join(root, name), join(this.root, name), { recursive: true });
    const folders = ["packages", "apps", "tooling"]
      .flatMap((group) => readdirSync(join(root, group)).map((name) => `${group}/${name}`))
      .filter((folder) => existsSync(join(root, folder, "package.json")));
    for (const folder of folders) {
      if (whole.includes(folder)) this.#copy(folder);
      else for (const file of manifests) this.#copy(join(folder, file));
    }
    mkdirSync(join(this.root, ".git"));
  }

  async run(command: string, args: readonly string[], cwd = ""): Promise<string> {
    try {
      const { stdout } = await promisify(execFile)(command, args, {
        cwd: join(this.root, cwd),
        env: { ...cleanEnv(), NO_COLOR: "1", VITEST: undefined, NODE_ENV: undefined },
        shell: process.platform === "win32",
        maxBuffer: 2 ** 26,
      });
      return stdout;
    } catch (cause) {
      const { stdout = "", stderr = "" } = cause as { stdout?: string; stderr?: string };
      throw new Error(`${[command, ...args].join(" ")} failed.\n${stdout}\n${stderr}`, { cause });
    }
  }

  remove(): void {
    rmSync(this.root, { recursive: true, force: true, maxRetries: 3 });
  }

  #copy(path: string): void {
    const filter = (source: string): boolean =>
      !["node_modules", "dist", ".turbo"].includes(basename(source));
    cpSync(join(root, path), join(this.root, path), { recursive: true, filter });
  }
}
