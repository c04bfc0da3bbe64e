/** Every code a {@link LailaError} can carry. Codes are stable; messages are not. */
export const errorCodes = [
  "INVALID_ARGUMENT",
  "INVALID_ID",
  "INVALID_CONFIG",
  "INVALID_DOCUMENT",
  "UNSUPPORTED_VERSION",
  "UNSUPPORTED_TYPE",
  "UNSUPPORTED",
  "NOT_FOUND",
  "NO_SUCH_STORE",
  "CONFLICT",
  "CORRUPT",
  "ACCESS_DENIED",
  "CREDENTIALS_EXPIRED",
  "CLOCK_SKEW",
  "WRONG_REGION",
  "UNAVAILABLE",
  "TIMEOUT",
  "ABORTED",
  "CLOSED",
  "LOCKED",
  "TOO_LARGE",
  "NO_SPACE",
  "MISSING_ARG",
  "MISSING_SECRET",
  "MISSING_PACKAGE",
  "UNTRUSTED",
  "UNTRUSTED_CODE",
  "MULTIPLE",
] as const;

export type ErrorCode = (typeof errorCodes)[number];

/** What an error knows beyond its message: the key, the path, the limit. Plain data, never a secret. */
export type ErrorDetails = Readonly<Record<string, unknown>>;

export interface LailaErrorOptions {
  readonly cause?: unknown;
  readonly details?: ErrorDetails;
  /** For MULTIPLE: the errors that happened together. */
  readonly errors?: readonly unknown[];
}

/** The plain form of an error, as it crosses a worker or a wire. */
export interface LailaErrorJson {
  readonly laila_error: 1;
  readonly code: ErrorCode;
  readonly message: string;
  readonly details?: ErrorDetails;
  readonly errors?: readonly LailaErrorJson[];
}

const tag = Symbol.for("laila.error");

/**
 * The one error of LAILA. Its `message` says what happened, to what, and what to do next; its `code`
 * is what programs go by. Recognise it with {@link isLailaError}: two copies of this class may be
 * loaded, so `instanceof` is no test.
 */
export class LailaError extends Error {
  readonly code: ErrorCode;
  readonly details: ErrorDetails;
  readonly errors: readonly unknown[] | undefined;

  constructor(code: ErrorCode, message: string, options: LailaErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = "LailaError";
    this.code = code;
    this.details = options.details ?? {};
    this.errors = options.errors;
    Object.defineProperty(this, tag, { value: true });
  }

  /** Code, message, details and (for MULTIPLE) the errors inside; neither stack nor cause. */
  toJSON(): LailaErrorJson {
    return {
      laila_error: 1,
      code: this.code,
      message: this.message,
      ...(Object.keys(this.details).length > 0 ? { details: this.details } : {}),
      ...(this.errors ? { errors: this.errors.map((error) => toLailaError(error).toJSON()) } : {}),
    };
  }

  /** Rebuilds an error from {@link LailaError.toJSON}. INVALID_ARGUMENT when it is not such a form. */
  static fromJSON(json: LailaErrorJson): LailaError {
    return fromJson(json, 0);
  }
}

/** How deep MULTIPLE errors may lie in one another when they come from a wire. */
const maxErrorDepth = 16;

function fromJson(json: LailaErrorJson, depth: number): LailaError {
  const { code, message, details, errors } = { ...json };
  const wellFormed =
    json?.laila_error === 1 &&
    errorCodes.includes(code) &&
    typeof message === "string" &&
    (details === undefined || (typeof details === "object" && details !== null)) &&
    (errors === undefined || Array.isArray(errors));
  if (!wellFormed || depth > maxErrorDepth) {
    throw new LailaError("INVALID_ARGUMENT", "This is not the JSON form of a LailaError.");
  }
  return new LailaError(code, message, {
    ...(details ? { details } : {}),
    ...(errors ? { errors: errors.map((inner) => fromJson(inner, depth + 1)) } : {}),
  });
}

/** True for a {@link LailaError} of any copy of this package; with codes, only for those. */
export function isLailaError(error: unknown, ...codes: readonly ErrorCode[]): error is LailaError {
  if (typeof error !== "object" || error === null || !(tag in error) || !("code" in error))
    return false;
  return codes.length === 0 || codes.includes(error.code as ErrorCode);
}

/** The error itself when it is a LailaError, else an UNAVAILABLE that has it as its cause. */
function toLailaError(error: unknown): LailaError {
  if (isLailaError(error)) return error;
  const message = error instanceof Error ? error.message : String(error);
  return new LailaError("UNAVAILABLE", message, { cause: error });
}

/**
 * The error for a call whose signal was aborted: ABORTED with the signal's reason as cause, or
 * TIMEOUT when the reason is a TimeoutError (as `AbortSignal.timeout` gives).
 */
export function abortError(signal: AbortSignal, what = "The operation"): LailaError {
  const reason: unknown = signal.reason;
  const timedOut =
    typeof reason === "object" &&
    reason !== null &&
    "name" in reason &&
    reason.name === "TimeoutError";
  return timedOut
    ? new LailaError(
        "TIMEOUT",
        `${what} took longer than its signal allows. Try again or allow more time.`,
        { cause: reason },
      )
    : new LailaError("ABORTED", `${what} was aborted by its signal.`, { cause: reason });
}
