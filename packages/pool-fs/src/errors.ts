import { isLailaError, LailaError } from "@laila/pool";
import { systemCode, systemErrorCode } from "@laila/pool/node";

type Code = LailaError["code"];

/** What lies where a value should is a directory or a symbolic link. */
const noFile: readonly (string | undefined)[] = ["EISDIR", "ELOOP"];

const advice: Partial<Record<Code, string>> = {
  NO_SPACE: "Free some space and try again; what was there before is unharmed.",
  TOO_LARGE:
    "The system's limit for one file is below that (see ulimit -f, and the file system); what was there before is unharmed.",
  ACCESS_DENIED: "Check the permissions of the directory, and whether it is mounted read-only.",
  NO_SUCH_STORE: "Bring the directory back (is its disk mounted?), or make a new pool.",
  CORRUPT: "That is no file of this pool; move it elsewhere.",
};

/** True for a failed system call with one of these codes. */
export function failedWith(error: unknown, ...codes: readonly string[]): boolean {
  return !isLailaError(error) && codes.includes(systemCode(error) ?? "");
}

/** A failed file operation as a LailaError: what was being done, where, and what to do. */
export function fileError(error: unknown, doing: string, path: string): LailaError {
  if (isLailaError(error)) return error;
  const system = systemCode(error);
  const found = noFile.includes(system) ? "CORRUPT" : systemErrorCode(error);
  const code = found ?? "UNAVAILABLE";
  const next = advice[code] ?? "Try again.";
  return new LailaError(code, `${doing} (${path}) failed${system ? `: ${system}` : ""}. ${next}`, {
    cause: error,
    details: { path, ...(system ? { system } : {}) },
  });
}

/** A file of ours that does not hold what it must. */
export function corrupt(path: string, what: string): LailaError {
  return new LailaError(
    "CORRUPT",
    `${path} ${what}. Write the key anew, or delete it; if a backup is at hand, take the file from there.`,
    { details: { path } },
  );
}
