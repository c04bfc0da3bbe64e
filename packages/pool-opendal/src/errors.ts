import { isLailaError, LailaError } from "@laila/pool";
import { systemErrorCode } from "@laila/pool/node";

type Code = LailaError["code"];

/** What OpenDAL says in its messages, which is the only place where it says it. */
export interface Failure {
  /** OpenDAL's kind of error, such as NotFound. */
  readonly kind: string;
  /** The service's own code, such as NoSuchBucket or "os error 28". */
  readonly reason: string | undefined;
  readonly timedOut: boolean;
}

const byReason: Readonly<Record<string, Code>> = {
  NoSuchBucket: "NO_SUCH_STORE",
  AccessDenied: "ACCESS_DENIED",
  ExpiredToken: "CREDENTIALS_EXPIRED",
  RequestTimeTooSkewed: "CLOCK_SKEW",
  EntityTooLarge: "TOO_LARGE",
  PermanentRedirect: "WRONG_REGION",
  AuthorizationHeaderMalformed: "WRONG_REGION",
  QuotaExceeded: "NO_SPACE",
  "os error 1": "ACCESS_DENIED",
  "os error 2": "NO_SUCH_STORE",
  "os error 13": "ACCESS_DENIED",
  "os error 20": "NO_SUCH_STORE",
  "os error 27": "TOO_LARGE",
  "os error 28": "NO_SPACE",
  "os error 30": "ACCESS_DENIED",
  "os error 122": "NO_SPACE",
};

const byKind: Readonly<Record<string, Code>> = {
  NotFound: "NO_SUCH_STORE",
  PermissionDenied: "ACCESS_DENIED",
  ConditionNotMatch: "CONFLICT",
  ConfigInvalid: "INVALID_CONFIG",
  Unsupported: "UNSUPPORTED",
  IsADirectory: "CORRUPT",
  NotADirectory: "NO_SUCH_STORE",
};

const advice: Partial<Record<Code, string>> = {
  NO_SUCH_STORE: "Check that the bucket or directory is there, and its name in the configuration.",
  ACCESS_DENIED: "Check the credentials in secretOptions and what they are allowed to do.",
  CREDENTIALS_EXPIRED: "Get new credentials and make the pool again.",
  CLOCK_SKEW: "Set this machine's clock.",
  TOO_LARGE: "Split the value.",
  NO_SPACE: "Free some space; what was there before is unharmed.",
  WRONG_REGION: "Correct options.region.",
  CONFLICT: "Read it again and decide.",
  INVALID_CONFIG: "Correct options; OpenDAL's documentation of the service names them.",
  UNSUPPORTED: "Use another service.",
  TIMEOUT: "Check the network, or raise requestTimeoutMs; a write may have happened.",
};

/** Undefined for what is no error of OpenDAL's. */
export function failureOf(error: unknown): Failure | undefined {
  if (isLailaError(error) || !(error instanceof Error)) return undefined;
  const kind = /^([A-Z][A-Za-z]+) \((?:permanent|temporary|persistent)\)/.exec(error.message)?.[1];
  if (kind === undefined) return undefined;
  // What the service answered comes last; what comes before (names, headers) is not its answer.
  const answer = error.message.slice(error.message.lastIndexOf(" => "));
  const reason = /^ => S3Error \{ code: "([A-Za-z]+)"/.exec(answer)?.[1];
  const system = / \((os error \d+)\)$/.exec(answer)?.[1];
  return { kind, reason: reason ?? system, timedOut: / timeout reached$/.test(answer) };
}

/**
 * A failed call as a LailaError. OpenDAL's message is neither in it nor its cause: it has the address, the
 * headers and, from some services, the access key id.
 */
export function callError(error: unknown, doing: string, scheme: string): LailaError {
  if (isLailaError(error)) return error;
  const failure = failureOf(error);
  const code = failure ? codeOf(failure) : (systemErrorCode(error) ?? "UNAVAILABLE");
  const kind = failure?.kind ?? (error instanceof Error ? error.name : typeof error);
  const told = [kind, failure?.reason].filter(Boolean).join(", ");
  const next = advice[code] ?? "Check that the service can be reached, and try again.";
  return new LailaError(code, `${doing} failed on ${scheme}: ${told}. ${next}`, {
    details: { scheme, kind, ...(failure?.reason && { reason: failure.reason }) },
  });
}

export function conflict(key: string): LailaError {
  return new LailaError(
    "CONFLICT",
    `Somebody else wrote ${JSON.stringify(key)} first. Read it again and decide.`,
    { details: { key, outcome: "lost" } },
  );
}

function codeOf({ kind, reason, timedOut }: Failure): Code {
  if (timedOut) return "TIMEOUT";
  const known =
    reason !== undefined && Object.hasOwn(byReason, reason) ? byReason[reason] : undefined;
  return known ?? byKind[kind] ?? "UNAVAILABLE";
}
