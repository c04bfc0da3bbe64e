import { constants } from "node:fs";
import { access, mkdir, open, stat } from "node:fs/promises";
import { homedir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { LailaError, type PoolOptions } from "@laila/pool";
import { fileError } from "./errors.js";

/** Where the configured file lies: relative to the project, or the pool's own place in LAILA's home. */
export function configuredPath(
  filePath: string | undefined,
  uuid: string,
  { home, directory }: PoolOptions,
): string {
  // Absolute in any case: libsql takes ":memory:", "file:…" and URLs for something else than a path.
  if (filePath !== undefined) return resolve(directory ?? process.cwd(), filePath);
  // biome-ignore lint/style/noProcessEnv: the pool contract has backends fall back to LAILA_HOME themselves.
  const lailaHome = home ?? (process.env.LAILA_HOME || join(homedir(), ".laila"));
  return resolve(lailaHome, "pools", uuid, "pool.sqlite");
}

/**
 * Makes the directory, for its owner alone, and finds out what SQLite would only call "unable to open".
 * Never opens the file: closing any descriptor of it would drop the locks that other pools of this
 * process have on it (sqlite.org/howtocorrupt.html, 2.2).
 */
export async function preparePath(path: string): Promise<void> {
  try {
    await createDirectory(dirname(path));
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

/** Creates what is missing, durably: a file in a directory that is lost is lost too. */
async function createDirectory(directory: string): Promise<void> {
  const first = await mkdir(directory, { recursive: true, mode: 0o700 });
  if (first === undefined || process.platform === "win32") return;
  for (let made = directory; made.length >= first.length; made = dirname(made)) {
    const parent = await open(dirname(made), "r");
    try {
      await parent.sync();
    } finally {
      await parent.close();
    }
  }
}
