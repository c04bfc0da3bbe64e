#!/usr/bin/env node
/**
 * Does the set-up and then one command, with only Node, npm and git on the machine:
 *
 *     node tooling/bootstrap/run.mjs test|crash|demo|lint|matrix|size|bench|test:s3|soak:s3|new:pool|turbo|exec|pnpm [args…]
 *
 * `packageManager` in the root package.json pins pnpm; npm fetches that very version. Corepack is
 * not asked: older Nodes ship one that cannot verify its downloads any more.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { lint } from "./lint.mjs";
import { matrix } from "./matrix.mjs";
import { soakS3, testS3 } from "./s3.mjs";
import { npmExec, root, run } from "./spawn.mjs";

const usage =
  "usage: node tooling/bootstrap/run.mjs test|crash|demo|lint|matrix|size|bench|test:s3|soak:s3|new:pool|turbo|exec|pnpm [args…]";

const must = async (/** @type {string[]} */ command, options = {}) => {
  const code = await run(command, options);
  if (code !== 0) process.exit(code);
};

const install = async ({ quiet = true } = {}) => {
  const command = ["pnpm", "install", "--frozen-lockfile", "--prefer-offline"];
  const code = await run(command, { quiet });
  if (code === 0) return;
  console.error("\nThe install failed. If you changed a package.json, run: npm run pnpm install");
  process.exit(code);
};

const turbo = ["pnpm", "exec", "turbo"];
const vitest = ["pnpm", "exec", "vitest", "run"];

const commands = {
  test: async (/** @type {string[]} */ args) => {
    await install();
    await must([...turbo, "run", "build"], { quiet: true });
    return run([...vitest, ...args]);
  },
  crash: async (/** @type {string[]} */ args) => {
    await install();
    await must([...turbo, "run", "build", "--filter=@laila/pool-hdf5..."], { quiet: true });
    return run(["pnpm", "--silent", "--dir", "packages/pool-hdf5", "run", "test:crash", ...args]);
  },
  demo: async (/** @type {string[]} */ args) => {
    await install();
    // With the command, which works in the demo's folder.
    const filters = ["--filter=@laila-apps/demo...", "--filter=@laila/cli..."];
    await must([...turbo, "run", "build", ...filters], { quiet: true });
    return run(["pnpm", "--silent", "--dir", "apps/demo", "run", "start", ...args]);
  },
  lint: async (/** @type {string[]} */ args) => {
    await install();
    return lint(args);
  },
  matrix: async (/** @type {string[]} */ args) => {
    await install();
    await must([...turbo, "run", "build"], { quiet: true });
    return matrix(args);
  },
  size: async (/** @type {string[]} */ args) => {
    await install();
    await must([...turbo, "run", "build", "--filter=./packages/*"], { quiet: true });
    return run(["node", "tooling/checks/bin/size.mjs", ...args]);
  },
  "new:pool": async (/** @type {string[]} */ args) => {
    await install();
    await must(["node", "tooling/new-pool/bin/new-pool.mjs", ...args]);
    await must(["pnpm", "install", "--no-frozen-lockfile", "--prefer-offline"], { quiet: true });
    console.log('Go on with "Write a pool" in CONTRIBUTING.md.');
    return 0;
  },
  bench: async (/** @type {string[]} */ args) => {
    await install();
    await must([...turbo, "run", "build", "--filter=@laila-tooling/bench^..."], { quiet: true });
    return run(["node", "tooling/bench/bin/bench.mjs", ...args]);
  },
  "test:s3": async (/** @type {string[]} */ args) => {
    await install();
    return testS3(args);
  },
  "soak:s3": async (/** @type {string[]} */ args) => {
    await install();
    return soakS3(args);
  },
  turbo: async (/** @type {string[]} */ args) => {
    await install();
    return run([...turbo, ...args]);
  },
  exec: async (/** @type {string[]} */ args) => {
    await install();
    return run(["pnpm", "exec", ...args]);
  },
  pnpm: (/** @type {string[]} */ args) => run(["pnpm", ...args]),
};

const main = async () => {
  const [name = "", ...args] = process.argv.slice(2);
  if (!Object.hasOwn(commands, name)) {
    console.error(usage);
    return 2;
  }
  const { packageManager } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
  const [pin] = packageManager.split("+");
  // npm puts the pinned pnpm on PATH, where turbo looks for it, and starts this file again.
  if (process.env.LAILA_PNPM !== pin) {
    const again = [process.execPath, fileURLToPath(import.meta.url), name, ...args];
    return run(npmExec(pin, again), { env: { LAILA_PNPM: pin } });
  }
  return commands[/** @type {keyof typeof commands} */ (name)](args);
};

process.exitCode = await main();
