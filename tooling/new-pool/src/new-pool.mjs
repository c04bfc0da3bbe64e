import { spawnSync } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { namesOf } from "./names.mjs";

const template = fileURLToPath(new URL("../template", import.meta.url));

/**
 * Adds the package of a new pool to a workspace, made of the files in `template`.
 *
 * @param {object} options
 * @param {string} options.root the workspace
 * @param {string | undefined} options.name what comes after `pool-`
 * @param {string} [options.poolClass] unless it is the name in capitals, with `Pool` behind
 * @returns {{ directory: string, poolClass: string, written: string[] }} paths in the workspace
 */
export const newPool = ({ root, name, poolClass: given }) => {
  const names = namesOf(root, name, given);
  const { folder, file, poolClass } = names;
  const renamed = (/** @type {string} */ text) =>
    text
      .replaceAll("ExamplePool", poolClass)
      .replaceAll("example-pool", file)
      .replaceAll("pool-example", folder);

  const directory = join("packages", folder);
  const written = filesIn(template).map((path) => {
    const isChangeset = path === "changeset.md";
    const target = isChangeset
      ? join(".changeset", `${folder}.md`)
      : join(directory, renamed(path));
    mkdirSync(dirname(join(root, target)), { recursive: true });
    writeFileSync(join(root, target), renamed(readFileSync(join(template, path), "utf8")));
    return target;
  });
  addToTable(join(root, "README.md"), folder);
  format(root, directory);
  return { directory, poolClass, written: [...written, "README.md"] };
};

/**
 * A long name breaks lines where the template's does not, and sorts elsewhere.
 *
 * @param {string} root
 * @param {string} directory
 */
const format = (root, directory) => {
  const biome = join(root, "node_modules/@biomejs/biome/bin/biome");
  const args = [biome, "check", "--write", directory];
  const { status, stdout, stderr } = spawnSync(process.execPath, args, {
    cwd: root,
    encoding: "utf8",
  });
  if (status !== 0) throw new Error(`biome could not format ${directory}.\n${stdout}${stderr}`);
};

/**
 * Every file below a folder, relative to it. What an install or a build leaves is no part of it.
 *
 * @param {string} folder
 * @param {string} [below]
 * @returns {string[]}
 */
const filesIn = (folder, below = "") =>
  readdirSync(join(folder, below)).flatMap((name) => {
    const path = join(below, name);
    if (["node_modules", "dist", ".turbo"].includes(name)) return [];
    return statSync(join(folder, path)).isDirectory() ? filesIn(folder, path) : [path];
  });

/**
 * A row in the README's table of packages, below those of the other backends.
 *
 * @param {string} readme
 * @param {string} folder
 */
const addToTable = (readme, folder) => {
  const lines = readFileSync(readme, "utf8").split("\n");
  const last = lines.findLastIndex((line) => line.startsWith("| [`@laila/pool-"));
  if (last < 0) return;
  const row = `| [\`@laila/${folder}\`](packages/${folder}) | this process's memory |`;
  writeFileSync(readme, lines.toSpliced(last + 1, 0, row).join("\n"));
};
