import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const exec = promisify(execFile);
const child = fileURLToPath(new URL("child.mjs", import.meta.url));

/**
 * A measurement of child-measurements.mjs in a process of its own.
 *
 * @param {string} name
 * @param {string} argument
 * @returns {Promise<Record<string, number>>}
 */
export const inChild = async (name, argument) => {
  const { stdout } = await exec(process.execPath, ["--expose-gc", child, name, argument]);
  return JSON.parse(stdout);
};
