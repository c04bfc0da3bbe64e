import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { clock, interleaved, measurement } from "./rounds.mjs";

const exec = promisify(execFile);
const here = fileURLToPath(new URL(".", import.meta.url));

const report = `
  process.on("exit", () => {
    const { user, system } = process.cpuUsage();
    console.log(JSON.stringify({ cpu: (user + system) / 1000, memory: process.memoryUsage.rss() }));
  });`;

/** A whole Node process that imports one thing: milliseconds it took, those it computed, and its bytes. */
const start = async (/** @type {string} */ imported) => {
  const code = `${imported === "" ? "" : `import ${JSON.stringify(imported)};`}${report}`;
  const args = ["--input-type=module", "--eval", code];
  const begin = performance.now();
  const { stdout } = await exec(process.execPath, args, { cwd: here });
  const wall = performance.now() - begin;
  /** @type {{ cpu: number, memory: number }} */
  const { cpu, memory } = JSON.parse(stdout);
  return { wall, cpu, memory: memory / 2 ** 20 };
};

/**
 * @param {import("./types.js").Size} size
 * @returns {Promise<import("./types.js").Section>}
 */
export const imports = async ({ quick, rounds }) => {
  const samples = await interleaved(
    {
      nothing: () => start(""),
      "@laila/core": () => start("@laila/core"),
      keyv: () => start("keyv"),
      unstorage: () => start("unstorage"),
    },
    { rounds: quick ? rounds : 3 * rounds },
  );
  const empty = samples.nothing;
  const over = (
    /** @type {readonly number[] | undefined} */ values = [],
    /** @type {readonly number[] | undefined} */ base = [],
  ) => measurement(values.map((value, i) => value - (base[i] ?? Number.NaN)));
  const rows = Object.entries(samples).map(([name, found]) => ({
    import: name,
    "whole process, ms": measurement(found.wall),
    "over an empty one, ms": over(found.wall, empty.wall),
    "computing, ms": measurement(found.cpu),
    "computing, over an empty one": over(found.cpu, empty.cpu),
    "memory over an empty one, MiB": over(found.memory, empty.memory),
  }));
  const value = over(samples["@laila/core"][clock()], empty[clock()]).median;
  return {
    title: "Importing, in processes of their own",
    rows,
    bars: [{ what: "ms to import @laila/core", value, limit: "≤ 60", met: value <= 60 }],
  };
};
