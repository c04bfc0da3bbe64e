import { LailaError } from "@laila/pool";

type Code = LailaError["code"];

/** What the operating system's error codes mean for a pool. Everything else is UNAVAILABLE. */
const systemCodes: Readonly<Record<string, Code>> = {
  ENOSPC: "NO_SPACE",
  EDQUOT: "NO_SPACE",
  EFBIG: "NO_SPACE",
  EACCES: "ACCESS_DENIED",
  EPERM: "ACCESS_DENIED",
  EROFS: "ACCESS_DENIED",
  ENOENT: "NO_SUCH_STORE",
  ENOTDIR: "NO_SUCH_STORE",
};

const advice: Partial<Record<Code, string>> = {
  NO_SPACE: "Free some space and try again; everything acknowledged is safe.",
  ACCESS_DENIED: "Check the permissions of the file and its directory.",
  NO_SUCH_STORE: "Check the path.",
};

/** The `code` of a Node system error, such as `ENOSPC`. */
export function systemCode(error: unknown): string | undefined {
  if (typeof error !== "object" || error === null || !("code" in error)) return undefined;
  return typeof error.code === "string" ? error.code : undefined;
}

/** A failed file operation as a LailaError: what was being done, to which file, and what to do. */
export function fileError(error: unknown, doing: string, path: string): LailaError {
  const system = systemCode(error);
  const code = systemCodes[system ?? ""] ?? "UNAVAILABLE";
  const next = advice[code] ?? "Try again, or close the pool and open it anew.";
  return new LailaError(code, `${doing} ${path} failed${system ? ` (${system})` : ""}. ${next}`, {
    cause: error,
    details: { path, ...(system ? { system } : {}) },
  });
}

/** An error that says more than the one that caused it. */
export function because(
  cause: unknown,
  code: LailaError["code"],
  message: string,
  details: LailaError["details"],
): LailaError {
  return new LailaError(code, message, { cause, details });
}
