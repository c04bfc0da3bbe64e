import { existsSync } from "node:fs";
import { access, constants, stat, statfs } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, join, resolve } from "node:path";
import { installable } from "../recover/missing.js";

export type PackageManager = "npm" | "pnpm" | "yarn" | "bun";

/** What the doctor takes for granted about this machine; all is found out unless given. */
export interface Machine {
  /** Of this process unless given. */
  readonly nodeVersion?: string | undefined;
  /** By the lockfile next to the project unless given. */
  readonly packageManager?: PackageManager | undefined;
}

/** The oldest Node that LAILA runs on. */
const oldestNode = [20, 19] as const;

export function isOldNode(version: string): boolean {
  const [major = 0, minor = 0] = version.replace(/^v/, "").split(".").map(Number);
  return major < oldestNode[0] || (major === oldestNode[0] && minor < oldestNode[1]);
}

const lockfiles: readonly (readonly [string, PackageManager])[] = [
  ["pnpm-lock.yaml", "pnpm"],
  ["yarn.lock", "yarn"],
  ["bun.lock", "bun"],
  ["bun.lockb", "bun"],
  ["package-lock.json", "npm"],
];

/** The package manager of a project, told by the nearest lockfile at or above its directory; npm without one. */
export function packageManagerOf(directory: string): PackageManager {
  for (let at = resolve(directory); ; at = dirname(at)) {
    const found = lockfiles.find(([file]) => existsSync(join(at, file)));
    if (found) return found[1];
    if (dirname(at) === at) return "npm";
  }
}

const installs: Readonly<Record<PackageManager, string>> = {
  npm: "npm install",
  pnpm: "pnpm add",
  yarn: "yarn add",
  bun: "bun add",
};

/** The line that installs a package of ours; null for any other name, whatever a document says. */
export function installLine(
  name: string | undefined,
  manager: PackageManager,
  version = "",
): string | null {
  if (name === undefined || !installable.test(name)) return null;
  return installCommand(manager, `${name}${version}`);
}

export function installCommand(manager: PackageManager, what: string): string {
  return `${installs[manager]} "${what}"`;
}

/** Whether a package of ours can be loaded from a project. Nothing is loaded. */
export function isInstalled(name: string | undefined, directory: string): boolean {
  if (name === undefined || !installable.test(name)) return false;
  try {
    createRequire(join(resolve(directory), "x.js")).resolve(`${name}/package.json`);
    return true;
  } catch {
    return false;
  }
}

/** The nearest directory that is there, of a path that may not be. */
export async function nearestDirectory(path: string): Promise<string> {
  for (let at = resolve(path); ; at = dirname(at)) {
    const found = await stat(at).catch(() => undefined);
    if (found?.isDirectory() || dirname(at) === at) return at;
  }
}

export async function isWritable(directory: string): Promise<boolean> {
  return access(directory, constants.W_OK | constants.X_OK).then(
    () => true,
    () => false,
  );
}

/** In bytes, for this user; undefined where the system does not tell. */
export async function freeBytes(directory: string): Promise<number | undefined> {
  const found = await statfs(directory).catch(() => undefined);
  return found && found.bavail * found.bsize;
}

const clockTimeoutMs = 5_000;

/**
 * How far this clock is before (+) or behind (-) that of a server, in milliseconds, by the date of its
 * answer to a request without any credentials; undefined when it gives none.
 */
export async function clockSkew(
  origin: string,
  signal: AbortSignal | undefined,
): Promise<number | undefined> {
  const limit = AbortSignal.timeout(clockTimeoutMs);
  const began = Date.now();
  try {
    const answer = await fetch(origin, {
      method: "HEAD",
      redirect: "manual",
      credentials: "omit",
      signal: signal ? AbortSignal.any([signal, limit]) : limit,
    });
    const date = Date.parse(answer.headers.get("date") ?? "");
    return Number.isNaN(date) ? undefined : (began + Date.now()) / 2 - date;
  } catch {
    // Whether it answers at all, the pool itself says, and why not.
    return undefined;
  }
}
