import { execFile } from "node:child_process";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { promisify } from "node:util";
import { cleanEnv } from "@laila-tooling/bootstrap/env";
import { packagesIn, root } from "./packages.mjs";

const exec = promisify(execFile);

export const page = join(root, "packages/pool/SUITE.md");

/**
 * What vitest registers when it loads the pools' conformance tests and the tests that break pools, which is what it
 * runs: nothing here is counted by hand.
 *
 * @typedef {{ file: string, names: string[] }} Registered the names of its describes, and its own
 * @returns {Promise<Registered[]>}
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
    return tests
      .map((/** @type {{ file: string, name: string }} */ { file, name }) => ({
        file: relative(root, file).replaceAll("\\", "/"),
        names: name.split(" > "),
      }))
      .sort((/** @type {Registered} */ a, /** @type {Registered} */ b) =>
        a.file < b.file ? -1 : Number(a.file > b.file),
      );
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
 * @param {readonly (readonly string[])[]} tests
 * @param {readonly string[]} pools
 */
function floors(tests, pools) {
  /** @type {Map<string, Map<string, number>>} floor -> pool -> tests */
  const counts = new Map();
  // The pool with the most floors first: it has them in the suite's order.
  const floorsOf = (/** @type {string} */ pool) =>
    new Set(tests.filter(([one]) => one === pool).map(([, floor = ""]) => floor));
  const fullest = pools.toSorted((a, b) => floorsOf(b).size - floorsOf(a).size);
  for (const floor of fullest.flatMap((pool) => [...floorsOf(pool)])) counts.set(floor, new Map());
  for (const [pool = "", floor = ""] of tests) {
    const row = counts.get(floor);
    if (pools.includes(pool)) row?.set(pool, (row.get(pool) ?? 0) + 1);
  }
  return table(
    ["floor", ...pools.map((pool) => pool.replace(/^.* on (.*)$/, "`$1`"))],
    [
      ...[...counts].map(([floor, row]) => [floor, ...pools.map((pool) => row.get(pool) ?? "–")]),
      ["in all", ...pools.map((pool) => tests.filter(([one]) => one === pool).length)],
    ],
  );
}

/** @param {readonly (readonly string[])[]} tests */
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
  const all = await registered();
  const backends = all.filter(({ file }) => /^packages\/pool-[^/]+\/test\/conf/.test(file));
  // A test of the suite is in a describe of its pool and one of its floor.
  const suites = [...all.filter(({ names }) => names[0] === "MemoryPool"), ...backends]
    .map(({ names }) => names)
    .filter(({ length }) => length > 2);
  const pools = [...new Set(suites.map(([pool = ""]) => pool))];
  const classOf = (/** @type {string} */ pool) => pool.split(" on ")[0] ?? "";
  const onMany = [...new Set(pools.filter((pool) => pool.includes(" on ")).map(classOf))];
  const onOne = pools.filter((pool) => !onMany.includes(classOf(pool)));
  return `<!-- Made by \`npm run suite-page\`; a test compares. -->
# The conformance suite, pool by pool

So many tests of each floor run on each pool, all of them in \`npm test\`. What a pool does not claim in \`supports\` has no
tests, or others (that a second opener is refused, instead of what two of them see).

${floors(suites, onOne)}
${onMany
  .map(
    (one) => `
\`${one}\`, on the services that run here:

${floors(
  suites,
  pools.filter((pool) => pool.startsWith(`${one} on `)),
)}
`,
  )
  .join("")}
## Pools that are broken on purpose

Each breaks one promise in \`test/broken-*.test.ts\`, and the suite names it:

${broken(all.map(({ names }) => names))}
`;
}

export async function whole() {
  return `${await proven()}
## Lines of code

${await lines()}
`;
}
