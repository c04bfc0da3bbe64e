import { execFile } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

export const root = fileURLToPath(new URL("../../..", import.meta.url));

/**
 * @typedef {object} Manifest
 * @property {string} name
 * @property {string} version
 * @property {boolean} [private]
 * @property {string} [type]
 * @property {string} [license]
 * @property {string[]} [files]
 * @property {boolean} [sideEffects]
 * @property {Record<string, string>} [engines]
 * @property {Record<string, string | Record<string, string>>} [exports]
 * @property {{ access?: string, exports?: Record<string, string | Record<string, string>> }} [publishConfig]
 * @property {Record<string, string>} [dependencies]
 * @property {Record<string, string>} [peerDependencies]
 * @property {Record<string, { optional?: boolean }>} [peerDependenciesMeta]
 * @property {Record<string, string>} [devDependencies]
 *
 * @typedef {{ directory: string, manifest: Manifest }} Package
 */

/**
 * The packages in one folder of the workspace.
 *
 * @param {"packages" | "apps" | "tooling"} folder
 * @returns {Package[]}
 */
export const packagesIn = (folder) =>
  readdirSync(join(root, folder))
    .map((name) => join(root, folder, name))
    .filter((directory) => existsSync(join(directory, "package.json")))
    .map((directory) => ({
      directory,
      manifest: JSON.parse(readFileSync(join(directory, "package.json"), "utf8")),
    }));

/** The packages that go to the registry. */
export const publishable = () =>
  [...packagesIn("packages"), ...packagesIn("apps")].filter(({ manifest }) => !manifest.private);

const exec = promisify(execFile);

/**
 * Packs a package as it will be published. pnpm does it, not npm: only pnpm turns `workspace:` and
 * `catalog:` ranges into real ones and puts `publishConfig.exports` (without our source condition)
 * in the place of `exports`.
 *
 * @param {Package} pkg
 * @param {string} destination a folder
 * @returns {Promise<string>} the tarball
 */
export const pack = async ({ directory }, destination) => {
  const { stdout } = await exec("pnpm", ["pack", "--json", "--pack-destination", destination], {
    cwd: directory,
    shell: process.platform === "win32",
  });
  return JSON.parse(stdout).filename;
};
