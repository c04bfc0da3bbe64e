import { isLailaError, LailaError } from "@laila/pool";

type Code = LailaError["code"];

/** What the operating system's error codes mean for a pool. Everything else is UNAVAILABLE. */
const systemCodes: Readonly<Record<string, Code>> = {
  ENOSPC: "NO_SPACE",
  EDQUOT: "NO_SPACE",
  EFBIG: "TOO_LARGE",
  EACCES: "ACCESS_DENIED",
  EPERM: "ACCESS_DENIED",
  EROFS: "ACCESS_DENIED",
  ENOENT: "NO_SUCH_STORE",
  ENOTDIR: "NO_SUCH_STORE",
  ENODEV: "NO_SUCH_STORE",
  // What lies where a value should is a directory or a symbolic link.
  EISDIR: "CORRUPT",
  ELOOP: "CORRUPT",
};

const advice: Partial<Record<Code, string>> = {
  NO_SPACE: "Free some space and try again; what was there before is unharmed.",
  TOO_LARGE:
    "The system's limit for one file is below that (see ulimit -f, and the file system); what was there before is unharmed.",
  ACCESS_DENIED: "Check the permissions of the directory, and whether it is mounted read-only.",
  NO_SUCH_STORE: "Bring the directory back (is its disk mounted?), or make a new pool.",
  CORRUPT: "That is no file of this pool; move it elsewhere.",
};

/** The `code` of a Node system error, such as `ENOSPC`. */
function systemCode(error: unknown): string | undefined {
  if (typeof error !== "object" || error === null || !("code" in error)) return undefined;
  return typeof error.code === "string" ? error.code : undefined;
}

/** True for a failed system call with one of these codes. */
export function failedWith(error: unknown, ...codes: readonly string[]): boolean {
  return !isLailaError(error) && codes.includes(systemCode(error) ?? "");
}

/** A failed file operation as a LailaError: what was being done, where, and what to do. */
export function fileError(error: unknown, doing: string, path: string): LailaError {
  if (isLailaError(error)) return error;
  const system = systemCode(error);
  const code = systemCodes[system ?? ""] ?? "UNAVAILABLE";
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
