import { npmExec, run } from "./spawn.mjs";

/**
 * The tests under several Node versions, each taken from its npm binary package. Vitest is started
 * directly: the cache key of turbo does not know the Node version.
 *
 * @param {string[]} args majors (default: 20, 22 and 24); what follows `--` goes to vitest
 */
export const matrix = async (args) => {
  const cut = args.includes("--") ? args.indexOf("--") : args.length;
  const majors = cut > 0 ? args.slice(0, cut) : ["20", "22", "24"];
  const platform = process.platform === "win32" ? "win" : process.platform;
  const outcomes = [];
  for (const major of majors) {
    const node = (/** @type {string[]} */ command) =>
      run(npmExec(`node-${platform}-${process.arch}@${major}`, ["node", ...command]));
    console.log(`\n── Node ${major}`);
    const found = await node([
      "-p",
      `if (!process.version.startsWith("v${major}.")) throw new Error("This is Node " + process.version); process.version`,
    ]);
    const code =
      found || (await node(["node_modules/vitest/vitest.mjs", "run", ...args.slice(cut + 1)]));
    outcomes.push({ major, code });
  }
  console.log();
  for (const { major, code } of outcomes) {
    console.log(code === 0 ? `✓ Node ${major}` : `✗ Node ${major} (exit code ${code})`);
  }
  return outcomes.every(({ code }) => code === 0) ? 0 : 1;
};
