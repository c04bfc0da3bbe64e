import { constants } from "node:fs";
import { access, stat } from "node:fs/promises";
import { dirname } from "node:path";
import { LailaError } from "@laila/pool";
import { fileHelpers } from "@laila/pool/node";
import { fileError } from "./errors.js";

const { makeDirectory } = fileHelpers();

/**
 * Makes the directory, for its owner alone, and finds out what SQLite would only call "unable to open".
 * Never opens the file: closing any descriptor of it would drop the locks that other pools of this
 * process have on it (sqlite.org/howtocorrupt.html, 2.2).
 */
export async function preparePath(path: string): Promise<void> {
  try {
    await makeDirectory(dirname(path));
    const status = await stat(path).catch(absent);
    if (!status) return await access(dirname(path), constants.W_OK | constants.X_OK);
    if (!status.isFile()) {
      throw new LailaError(
        "INVALID_CONFIG",
        `${path} is not a file. Give the pool the path of its SQLite file, which need not exist yet.`,
        { details: { path } },
      );
    }
    await access(path, constants.R_OK | constants.W_OK);
  } catch (error) {
    throw fileError(error, "Preparing the pool file", path);
  }
}

function absent(error: NodeJS.ErrnoException): undefined {
  if (error.code !== "ENOENT") throw error;
}
