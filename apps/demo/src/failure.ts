import { type ErrorCode, isLailaError } from "@laila/schema";
import type { Failure } from "./api.js";

/** Carries a failure that another process told of. */
export class ToldFailure extends Error {
  readonly failure: Failure;

  constructor(failure: Failure) {
    super(failure.message);
    this.failure = failure;
  }
}

/** What went wrong, as one sentence for a person and a code for a program: never a stack. */
export function failureOf(error: unknown): Failure {
  if (error instanceof ToldFailure) return error.failure;
  if (isLailaError(error)) return { code: error.code, message: error.message };
  return { code: "FAILED", message: error instanceof Error ? error.message : String(error) };
}

const statuses = {
  INVALID_ARGUMENT: 400,
  INVALID_ID: 400,
  INVALID_CONFIG: 400,
  INVALID_DOCUMENT: 422,
  UNSUPPORTED_VERSION: 422,
  UNSUPPORTED_TYPE: 422,
  UNSUPPORTED: 422,
  NOT_FOUND: 404,
  NO_SUCH_STORE: 404,
  CONFLICT: 409,
  CORRUPT: 422,
  ACCESS_DENIED: 403,
  CREDENTIALS_EXPIRED: 403,
  CLOCK_SKEW: 502,
  WRONG_REGION: 502,
  UNAVAILABLE: 502,
  TIMEOUT: 504,
  ABORTED: 503,
  CLOSED: 503,
  LOCKED: 423,
  TOO_LARGE: 413,
  NO_SPACE: 507,
  MISSING_ARG: 422,
  MISSING_SECRET: 422,
  MISSING_PACKAGE: 422,
  UNTRUSTED: 422,
  UNTRUSTED_CODE: 422,
  MULTIPLE: 500,
  DOWN: 503,
  FAILED: 500,
} as const satisfies Record<ErrorCode | "DOWN" | "FAILED", number>;

/** The HTTP status that fits a failure. */
export function statusOf({ code }: Failure): (typeof statuses)[Failure["code"]] {
  return statuses[code];
}
