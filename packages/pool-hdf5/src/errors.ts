import { LailaError } from "@laila/pool";
import { systemCode, systemErrorCode } from "@laila/pool/node";

export { systemCode };

type Code = LailaError["code"];

const advice: Partial<Record<Code, string>> = {
  NO_SPACE: "Free some space and try again; everything acknowledged is safe.",
  ACCESS_DENIED: "Check the permissions of the file and its directory.",
  NO_SUCH_STORE: "Check the path.",
};

/** A failed file operation as a LailaError: what was being done, to which file, and what to do. */
export function fileError(error: unknown, doing: string, path: string): LailaError {
  const system = systemCode(error);
  // Values of every size go into one file: that it may not grow says nothing of this one.
  const code = system === "EFBIG" ? "NO_SPACE" : (systemErrorCode(error) ?? "UNAVAILABLE");
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
