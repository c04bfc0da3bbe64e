import { spawn } from "node:child_process";
import { basename } from "node:path";
import { fileURLToPath } from "node:url";
import { cleanEnv } from "./env.mjs";

export const root = fileURLToPath(new URL("../..", import.meta.url));

const windows = process.platform === "win32";

/**
 * Runs a command at the root of the repository and waits for it.
 *
 * @param {string[]} command
 * @param {{ env?: Record<string, string>, quiet?: boolean }} [options] `quiet`: its standard output
 *   goes to standard error, so that ours carries only what the user asked for
 * @returns {Promise<number>} the exit code
 */
export const run = ([file = "", ...args], { env = {}, quiet = false } = {}) =>
  new Promise((resolve, reject) => {
    /** @type {import("node:child_process").SpawnOptions} */
    const options = {
      cwd: root,
      env: { ...cleanEnv(), ...env },
      stdio: ["inherit", quiet ? 2 : "inherit", "inherit"],
      // npm and pnpm are .cmd files there, which Node starts only through a shell.
      shell: windows && file !== process.execPath,
    };
    const child = spawn(file, args, options);
    const wait = () => {
      // Ctrl-C reaches the whole group by itself; we stay until the child has tidied up.
    };
    const pass = () => child.kill("SIGTERM");
    process.on("SIGINT", wait).on("SIGTERM", pass);
    const done = () => process.off("SIGINT", wait).off("SIGTERM", pass);
    child.on("error", (error) => {
      done();
      reject(error);
    });
    child.on("exit", (code, signal) => {
      done();
      resolve(code ?? (signal === "SIGINT" ? 130 : 143));
    });
  });

/** The npm that started us, or else the one on PATH. */
const npm = () => {
  const { npm_execpath: path } = process.env;
  return path && basename(path) === "npm-cli.js" ? [process.execPath, path] : ["npm"];
};

/**
 * `npm exec` with one package from the registry, which nobody has to install.
 *
 * @param {string} spec for instance `pnpm@10.0.0`
 * @param {string[]} command
 */
export const npmExec = (spec, command) => [
  ...npm(),
  "exec",
  "--yes",
  "--prefer-offline",
  "--no-audit",
  "--no-fund",
  "--no-update-notifier",
  `--package=${spec}`,
  "--",
  ...command,
];
