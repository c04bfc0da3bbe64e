import { basename } from "node:path";
import { soundsSecret } from "../capture/secret-names.js";
import type { ArgTree } from "./args.js";

const othersMayRead = 0o044;

/** Whether a file that holds secrets can be read by others than its owner. Nobody can tell on Windows. */
export function isExposed(mode: number): boolean {
  return process.platform !== "win32" && (mode & othersMayRead) !== 0;
}

/** What makes a file its owner's alone. */
export function restrict(path: string): string {
  return `chmod 600 ${quoted(path)}`;
}

const said = new Set<string>();

/** Warns, once for each file, where a file with secrets can be read by others. */
export function warnIfReadable(path: string, mode: number, tree: ArgTree): void {
  if (said.has(path) || !isExposed(mode)) return;
  if (!/secret/i.test(basename(path)) && !hasSecrets(tree)) return;
  said.add(path);
  process.emitWarning(
    `Others than its owner can read ${path}, and it holds secrets. Run: ${restrict(path)}`,
    { type: "LailaWarning", code: "LAILA_READABLE_SECRETS" },
  );
}

function hasSecrets(tree: ArgTree): boolean {
  return Object.entries(tree).some(([name, value]) => {
    if (typeof value === "object" && value !== null) return hasSecrets(value as ArgTree);
    return typeof value === "string" && value !== "" && soundsSecret(name);
  });
}

/** As one word of a POSIX shell. */
export function quoted(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}
