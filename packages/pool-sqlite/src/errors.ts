import { isLailaError, LailaError } from "@laila/pool";
import { systemCode, systemErrorCode } from "@laila/pool/node";

type Code = LailaError["code"];

/** By the primary code, the lowest byte of SQLite's result code (sqlite.org/rescode.html). */
const sqliteCodes: Readonly<Record<number, Code>> = {
  3: "ACCESS_DENIED", // PERM
  8: "ACCESS_DENIED", // READONLY
  11: "CORRUPT", // CORRUPT
  13: "NO_SPACE", // FULL
  18: "TOO_LARGE", // TOOBIG
  23: "ACCESS_DENIED", // AUTH
  26: "CORRUPT", // NOTADB
};
const busy: readonly (number | undefined)[] = [5, 6];

const advice: Partial<Record<Code, string>> = {
  NO_SPACE: "Free some space, or raise maxBytes; everything acknowledged is safe.",
  ACCESS_DENIED: "Check the permissions of the file and its directory.",
  NO_SUCH_STORE: "Check the path.",
  CORRUPT: "It is damaged, or no SQLite database: restore it from a copy, or give another path.",
};

/** Another connection holds the lock that is needed; trying again may help. */
export function isBusy(error: unknown): boolean {
  return busy.includes(primaryCode(error));
}

/** A failed operation as a LailaError: what was being done, to which file, and what to do. */
export function fileError(error: unknown, doing: string, path: string): LailaError {
  if (isLailaError(error)) return error;
  // `ENOSPC` of Node, `SQLITE_FULL` of SQLite.
  const system = systemCode(error);
  const primary = primaryCode(error);
  const code =
    (primary === undefined ? systemErrorCode(error) : sqliteCodes[primary]) ?? "UNAVAILABLE";
  const next = advice[code] ?? "Try again, or close the pool and open it anew.";
  return new LailaError(code, `${doing} ${path} failed${system ? ` (${system})` : ""}. ${next}`, {
    cause: error,
    details: { path, ...(system ? { system } : {}) },
  });
}

function primaryCode(error: unknown): number | undefined {
  if (typeof error !== "object" || error === null || !("rawCode" in error)) return undefined;
  return typeof error.rawCode === "number" ? error.rawCode & 0xff : undefined;
}
