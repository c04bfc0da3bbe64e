import { writeFileSync } from "node:fs";
import { run } from "./spawn.mjs";

const turbo = ["pnpm", "exec", "turbo"];

/** Everything that is checked without running the code. A new check is one more line. */
const tasks = [
  { name: "biome", commands: [["pnpm", "exec", "biome", "check"]] },
  { name: "knip", commands: [["pnpm", "exec", "knip"]] },
  { name: "typecheck", commands: [[...turbo, "run", "typecheck"]] },
  { name: "boundaries", commands: [[...turbo, "boundaries"]] },
  {
    name: "packages",
    commands: [
      [...turbo, "run", "build", "--filter=./packages/*"],
      ["node", "tooling/checks/bin/lint-packages.mjs"],
    ],
  },
];

const runAll = async (/** @type {string[][]} */ commands) => {
  for (const command of commands) if ((await run(command)) !== 0) return false;
  return true;
};

/**
 * Runs every task, also after one has failed, and sums up.
 *
 * @param {string[]} args names of tasks (default: all), `--report=FILE` for the outcome as JSON
 */
export const lint = async (args) => {
  const file = args.find((arg) => arg.startsWith("--report="))?.slice("--report=".length);
  const names = args.filter((arg) => !arg.startsWith("--"));
  const chosen = tasks.filter(({ name }) => names.length === 0 || names.includes(name));
  const unknown = names.filter((name) => !tasks.some((task) => task.name === name));
  if (unknown.length > 0) {
    console.error(`No lint task ${unknown.join(", ")}; there are ${tasks.map((t) => t.name)}.`);
    return 2;
  }
  const outcomes = [];
  for (const { name, commands } of chosen) {
    console.log(`\n── ${name}`);
    outcomes.push({ name, ok: await runAll(commands) });
  }
  console.log(`\n${outcomes.map(({ name, ok }) => `${ok ? "✓" : "✗"} ${name}`).join("\n")}`);
  if (file) writeFileSync(file, JSON.stringify(outcomes));
  return outcomes.every(({ ok }) => ok) ? 0 : 1;
};
