import { type ErrorCode, type GlobalId, isLailaError } from "@laila/schema";

/** What a finding is about: the code of an error that a recovery would meet, or one of the doctor's own. */
export type FindingCode =
  | ErrorCode
  /** This Node is older than LAILA needs. */
  | "NODE_VERSION"
  /** The package is installed; the class was not passed in `poolClasses`. */
  | "CLASS_NOT_GIVEN"
  /** Something differs from the version that was accepted last. */
  | "NOT_APPROVED"
  /** The directory of a pool's file cannot be written. */
  | "NOT_WRITABLE"
  /** Little space is left on a pool's disk. */
  | "DISK_SPACE"
  /** Others can read a file with secrets. */
  | "READABLE_SECRETS"
  /** The pool cannot decide between two who write at once, so that no environment should be saved in it. */
  | "NO_CONDITIONAL_WRITES"
  /** The probe could not be removed. */
  | "PROBE_LEFT";

/** One thing that is wrong, or may become so. */
export interface Finding {
  readonly code: FindingCode;
  /** An `error` keeps the environment from working here; a `warning` does not. */
  readonly severity: "error" | "warning";
  /** The pool it is about, with what it is called; null for what is about this machine or the document. */
  readonly pool: GlobalId | null;
  readonly poolName: string | null;
  /** What is wrong, and what to do. Without secrets and control characters. */
  readonly text: string;
  /** What mends it, or shows more, as a command for a POSIX shell; null where there is none. */
  readonly fix: string | null;
  /** What else is known: a path, a region, rules of trust. Plain data. */
  readonly details: Readonly<Record<string, unknown>>;
}

/** Which pool a finding is about. */
export interface About {
  readonly pool?: GlobalId | undefined;
  readonly poolName?: string | undefined;
}

export function finding(
  code: FindingCode,
  text: string,
  { pool, poolName }: About = {},
  more: Partial<Pick<Finding, "severity" | "fix" | "details">> = {},
): Finding {
  const { severity = "error", fix = null, details = {} } = more;
  const plain = text.replace(/\p{C}/gu, " ");
  return {
    code,
    severity,
    pool: pool ?? null,
    poolName: poolName ?? null,
    text: plain,
    fix,
    details,
  };
}

/** An error as findings: each of those that happened together. */
export function findingsOf(
  error: unknown,
  about: About,
  fixOf: (error: unknown) => string | null,
): Finding[] {
  if (isLailaError(error, "MULTIPLE") && error.errors)
    return error.errors.flatMap((one) => findingsOf(one, about, fixOf));
  const [code, details]: [ErrorCode, object] = isLailaError(error)
    ? [error.code, error.details]
    : ["UNAVAILABLE", {}];
  const text = error instanceof Error ? error.message : String(error);
  return [finding(code, text, about, { fix: fixOf(error), details: { ...details } })];
}
