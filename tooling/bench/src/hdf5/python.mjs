import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const run = promisify(execFile);
const script = fileURLToPath(new URL("through_h5py.py", import.meta.url));
/** Debian's packages belong to the system's Python, which need not be the first one in the PATH. */
const pythons = ["/usr/bin/python3", "python3"];

/** The Python that has h5py, and its version; undefined where there is none. */
export const findH5py = async () => {
  for (const python of pythons) {
    try {
      const print = "import h5py; print(h5py.version.version, h5py.version.hdf5_version)";
      const { stdout } = await run(python, ["-c", print]);
      return { python, version: stdout.trim() };
    } catch {
      // Not here: the table says so.
    }
  }
  return undefined;
};

/**
 * @param {string} python
 * @param {{ count: number, bytes: number, singles: number }} load
 * @param {string} directory
 * @returns {Promise<Record<string, number>>}
 */
export const throughH5py = async (python, { count, bytes, singles }, directory) => {
  const { stdout } = await run(python, [script, ...[count, bytes, singles].map(String), directory]);
  return JSON.parse(stdout);
};
