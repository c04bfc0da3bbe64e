import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

/**
 * @typedef {object} Names
 * @property {string} folder `pool-redis`
 * @property {string} file the class's own file: `redis-pool`
 * @property {string} poolClass `RedisPool`
 */

export class Refusal extends Error {}

const longest = 40;

/**
 * The names of a new pool, or a {@link Refusal} that says what is wrong with them.
 *
 * @param {string} root the workspace
 * @param {string | undefined} name
 * @param {string} [poolClass]
 * @returns {Names}
 */
export const namesOf = (root, name, poolClass) => {
  if (!name) throw new Refusal("Which pool? For @laila/pool-redis say: pnpm new:pool redis");
  const bare = name.replace(/^(@laila\/)?pool-/, "");
  if (bare !== name && bare) throw new Refusal(`Leave the prefix out: pnpm new:pool ${bare}`);
  if (!/^[a-z][a-z0-9]*(-[a-z0-9]+)*$/.test(name) || name.length > longest) {
    throw new Refusal(
      `${JSON.stringify(name)} cannot name a pool: a letter, then letters and digits, all small, with single hyphens between words; at most ${longest}.`,
    );
  }
  const names = {
    folder: `pool-${name}`,
    file: `${name}-pool`,
    poolClass: poolClass ?? `${name.split("-").map(capital).join("")}Pool`,
  };
  if (!/^[A-Z][A-Za-z0-9]*Pool$/.test(names.poolClass)) {
    throw new Refusal(
      `${JSON.stringify(poolClass)} cannot name the class: it looks like RedisPool, and ends in Pool.`,
    );
  }
  for (const path of [join("packages", names.folder), join(".changeset", `${names.folder}.md`)]) {
    if (existsSync(join(root, path))) throw new Refusal(`${path} is there already.`);
  }
  const owner = ownerOf(root, names.poolClass);
  if (owner) {
    throw new Refusal(
      `@laila/${owner} has a class ${names.poolClass} already, and documents name pools by their class. Give another: pnpm new:pool ${name} --class=…Pool`,
    );
  }
  return names;
};

/** @param {string} word */
const capital = (word) => word.charAt(0).toUpperCase() + word.slice(1);

/**
 * The package that declares a pool class of this name.
 *
 * @param {string} root
 * @param {string} poolClass
 */
const ownerOf = (root, poolClass) =>
  readdirSync(join(root, "packages"))
    .filter((folder) => folder.startsWith("pool"))
    .find((folder) =>
      sourcesIn(join(root, "packages", folder, "src")).some((file) =>
        readFileSync(file, "utf8").includes(`classToken: string = "${poolClass}"`),
      ),
    );

/** @param {string} folder */
const sourcesIn = (folder) =>
  existsSync(folder)
    ? readdirSync(folder)
        .filter((file) => file.endsWith(".ts"))
        .map((file) => join(folder, file))
    : [];
