import type { ErrorCode } from "@laila/schema";

/** What the operating system's error codes mean for a pool in files. */
const meanings: Readonly<Record<string, ErrorCode>> = {
  ENOSPC: "NO_SPACE",
  EDQUOT: "NO_SPACE",
  EFBIG: "TOO_LARGE",
  EACCES: "ACCESS_DENIED",
  EPERM: "ACCESS_DENIED",
  EROFS: "ACCESS_DENIED",
  ENOENT: "NO_SUCH_STORE",
  ENOTDIR: "NO_SUCH_STORE",
  ENODEV: "NO_SUCH_STORE",
};

/** The `code` of a failed system call, such as `ENOSPC`; of what is no such error, undefined. */
export function systemCode(error: unknown): string | undefined {
  if (typeof error !== "object" || error === null || !("code" in error)) return undefined;
  return typeof error.code === "string" ? error.code : undefined;
}

/** NO_SPACE, TOO_LARGE, ACCESS_DENIED or NO_SUCH_STORE for what a system call failed with; else undefined. */
export function systemErrorCode(error: unknown): ErrorCode | undefined {
  const code = systemCode(error) ?? "";
  return Object.hasOwn(meanings, code) ? meanings[code] : undefined;
}
