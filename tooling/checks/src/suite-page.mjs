import { execFile } from "node:child_process";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { cleanEnv } from "@laila-tooling/bootstrap/env";
import { packagesIn, root } from "./packages.mjs";

const exec = promisify(execFile);

export const page = join(root, "packages/pool/SUITE.md");

/**
 * What vitest registers when it loads the pools' conformance tests and the tests that break pools, which is what it
 * runs: nothing here is counted by hand.
 *
 * @returns {Promise<string[][]>} each test as the names of its describes and its own
 */
async function registered() {
  const folder = await mkdtemp(join(tmpdir(), "laila-suite-"));
  try {
    const file = join(folder, "tests.json");
    await exec(
      "pnpm",
      [
        ...["exec", "vitest", "list", `--json=${file}`, "conformance", "broken"],
        ...["--project", "@laila/pool", "--project", "@laila/pool-*"],
      ],
      // Without what a test run that this is called in has put into the environment.
      { cwd: root, env: cleanEnv(), maxBuffer: 2 ** 26 },
    );
    const tests = JSON.parse(await readFile(file, "utf8"));
    return tests.map((/** @type {{ name: string }} */ { name }) => name.split(" > "));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/**
 * @param {readonly string[]} header
 * @param {readonly (readonly (string | number)[])[]} rows
 */
const table = (header, rows) =>
  [header, header.map(() => "---"), ...rows].map((row) => `| ${row.join(" | ")} |`).join("\n");

/**
 * So many tests of each floor run on each pool.
 *
 * @param {readonly string[][]} tests
 * @param {readonly string[]} pools
 */
function floors(tests, pools) {
  const mine = tests.filter(([pool = "", , name]) => name !== undefined && pools.includes(pool));
  const names = [...new Set(mine.map(([, floor = ""]) => floor))];
  const order = (/** @type {string} */ name) =>
    Math.max(...pools.map((pool) => indexOf(pool, name)));
  const indexOf = (/** @type {string} */ pool, /** @type {string} */ name) =>
    [...new Set(mine.filter(([one]) => one === pool).map(([, floor]) => floor))].indexOf(name);
  const count = (/** @type {string} */ pool, /** @type {string} */ name) =>
    mine.filter(([one, floor]) => one === pool && floor === name).length;
  const all = (/** @type {string} */ pool) => mine.filter(([one]) => one === pool).length;
  return table(
    ["floor", ...pools.map((pool) => pool.replace(/^OpenDALPool on (.*)$/, "`$1`"))],
    [
      ...names
        .sort((a, b) => order(a) - order(b))
        .map((name) => [name, ...pools.map((pool) => count(pool, name) || "–")]),
      ["in all", ...pools.map(all)],
    ],
  );
}

/** @param {readonly string[][]} tests */
function broken(tests) {
  const found = tests.flatMap((names) => {
    const match = /finds a (durable )?pool that,?\s+(.*), by "(.*)"$/.exec(names.join(" "));
    if (!match) return [];
    const [, durable, what = "", by = ""] = match;
    const shown = by.replace(/^\^|\$$/g, "").replace(/\\(.)/g, "$1");
    return [[durable ? `${what} (and says that it is durable)` : what, shown]];
  });
  return table(["a pool that", "is found by, among others"], found);
}

/** @param {string} text */
const codeOf = (text) =>
  text
    .replace(/^\s*\/\*[\s\S]*?\*\/\s*$/gm, "")
    .split("\n")
    .filter((line) => !/^\s*(\/\/.*)?$/.test(line)).length;

/** Without comments and empty lines, of what is published. */
async function lines() {
  const rows = packagesIn("packages")
    .filter(({ manifest }) => manifest.peerDependencies?.["@laila/pool"])
    .map(async ({ directory, manifest }) => {
      const files = await readdir(join(directory, "src"), { recursive: true });
      const texts = await Promise.all(
        files
          .filter((file) => file.endsWith(".ts"))
          .map((file) => readFile(join(directory, "src", file), "utf8")),
      );
      return [`\`${manifest.name}\``, texts.length, codeOf(texts.join("\n"))];
    });
  const memory = codeOf(await readFile(join(root, "packages/pool/src/memory-pool.ts"), "utf8"));
  return table(
    ["backend", "files", "lines of code"],
    [["`MemoryPool` of `@laila/pool`", 1, memory], ...(await Promise.all(rows))],
  );
}

/** What can be checked: the page up to the lines of code, which every change changes. */
export async function proven() {
  const tests = await registered();
  const opendal = [...new Set(tests.map(([pool = ""]) => pool))].filter((pool) =>
    pool.startsWith("OpenDALPool on "),
  );
  const own = ["MemoryPool", "FilesystemPool", "SQLitePool", "HDF5Pool", "S3Pool"];
  return `<!-- Made by \`npm run suite-page\`; a test compares. -->
# The conformance suite, pool by pool

So many tests of each floor run on each pool, all of them in \`npm test\`. What a pool does not claim in \`supports\` has no
tests, or others (that a second opener is refused, instead of what two of them see).

${floors(tests, own)}

\`OpenDALPool\`, on the services that run here:

${floors(tests, opendal)}

## Pools that are broken on purpose

Each breaks one promise in \`test/broken-*.test.ts\`, and the suite names it:

${broken(tests)}
`;
}

export async function whole() {
  return `${await proven()}
## Lines of code

${await lines()}
`;
}
