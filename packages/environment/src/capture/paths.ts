import { homedir } from "node:os";
import { isAbsolute, join, posix, relative, resolve, sep, win32 } from "node:path";
import { LailaError } from "@laila/schema";

/** The directories that captured paths are relative to. */
export interface Places {
  /** LAILA's home directory: `$LAILA_HOME/…` in documents. */
  readonly home?: string | undefined;
  /** The project's directory: plain relative paths in documents. */
  readonly directory?: string | undefined;
}

const homeMark = "$LAILA_HOME";

/**
 * The form of a path in a document: `$LAILA_HOME/rest` below the home directory, `rest` below the
 * project's, both with `/`; elsewhere the absolute path, which a recovery takes only when it is allowed.
 */
export function capturePath(path: string, { home, directory }: Places): string {
  if (!isAbsolute(path) && directory === undefined)
    return unmarked(slashes(posix.normalize(slashes(path))));
  const absolute = resolve(directory ?? ".", path);
  const inHome = home === undefined ? undefined : below(resolve(home), absolute);
  if (inHome !== undefined) return inHome === "" ? homeMark : `${homeMark}/${inHome}`;
  const inProject = directory === undefined ? undefined : below(resolve(directory), absolute);
  if (inProject !== undefined) return inProject === "" ? "." : unmarked(inProject);
  return absolute;
}

/**
 * The same for a path that a pool was given. A relative one may have been meant for another directory than
 * the capture's: where the pool says what it made of it, that counts.
 */
export function captureGivenPath(path: string, actual: string | undefined, places: Places): string {
  const meant = resolve(places.directory ?? ".", path);
  return capturePath(actual === undefined || resolve(actual) === meant ? path : actual, places);
}

/**
 * True for a place in the directory that a pool of this uuid has in LAILA's home: what a pool that was
 * given no path takes, here and on recovery.
 */
export function isOwnPlace(path: string, uuid: string, { home }: Places): boolean {
  // biome-ignore lint/style/noProcessEnv: the place that pools without a home fall back to themselves.
  const here = home ?? (process.env.LAILA_HOME || join(homedir(), ".laila"));
  return below(resolve(here, "pools", uuid), resolve(path)) !== undefined;
}

/**
 * The path of this machine that a document's path means. UNTRUSTED when it is absolute outside of
 * `allowPaths` or leads upwards; INVALID_ARGUMENT when it needs a home directory and none is given.
 */
export function recoverPath(
  stored: string,
  { home, directory }: Places,
  allowPaths: readonly string[],
  /** Where it stands, for messages: `the pool "x", field file_path`. */
  where: string,
): string {
  if (isAbsolute(stored) || win32.isAbsolute(stored) || /^[A-Za-z]:/.test(stored)) {
    // Where a prefix is compared, nothing may climb out of it again.
    if (
      !climbs(stored) &&
      isAbsolute(stored) &&
      allowPaths.some((allowed) => below(resolve(allowed), resolve(stored)) !== undefined)
    ) {
      return stored;
    }
    throw outside(stored, where);
  }
  if (climbs(stored) || stored.includes("\0")) throw outside(stored, where);
  if (stored === homeMark || stored.startsWith(`${homeMark}/`)) {
    if (home === undefined) {
      throw new LailaError(
        "INVALID_ARGUMENT",
        `${where} lies below LAILA's home directory. Say where that is: recoverPolicy({ home, … }).`,
      );
    }
    return join(home, stored.slice(homeMark.length));
  }
  return directory === undefined ? stored : join(directory, stored);
}

function climbs(path: string): boolean {
  return path.split(/[\\/]/).includes("..");
}

function outside(stored: string, where: string): LailaError {
  const shown = JSON.stringify(stored.replace(/\p{C}/gu, "").slice(0, 200));
  return new LailaError(
    "UNTRUSTED",
    `${where} leads out of the project and of LAILA's home directory: ${shown}. If that is meant, allow its directory with allowPaths: ["…"], or give the path yourself with overrides: { <nickname or id>: { … } }.`,
    { details: { path: stored.slice(0, 200) } },
  );
}

/** The rest of `path` below `base`, with `/`; undefined when it is not below. */
function below(base: string, path: string): string | undefined {
  const rest = relative(base, path);
  if (rest === ".." || rest.startsWith(`..${sep}`) || isAbsolute(rest)) return undefined;
  return slashes(rest);
}

function slashes(path: string): string {
  return sep === "/" ? path : path.split(sep).join("/");
}

/** A directory that happens to be called `$LAILA_HOME` must not be read as the mark. */
function unmarked(path: string): string {
  return path === homeMark || path.startsWith(`${homeMark}/`) ? `./${path}` : path;
}
