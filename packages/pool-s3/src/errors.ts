import { abortError, isLailaError, LailaError } from "@laila/pool";
import { causeOf, type Failure, failureOf } from "./failure.js";

type Code = LailaError["code"];

/** What an error is about; it goes into every message and into the details. */
export interface Place {
  readonly bucket: string;
  /** Host and port of the endpoint; undefined for AWS. */
  readonly host: string | undefined;
  /** Never shown: what must not appear in any message. */
  readonly secrets: readonly string[];
}

/** What was being done: "Reading", and to which key where there is one. */
export interface Deed {
  readonly verb: string;
  readonly key?: string | undefined;
  readonly signal?: AbortSignal | undefined;
}

interface Verdict {
  readonly code: Code;
  /** What happened and what to do next, as whole sentences. */
  readonly advice: string;
}

const verdict = (code: Code, advice: string): Verdict => ({ code, advice });

const denied = verdict(
  "ACCESS_DENIED",
  "The credentials are not allowed to. Let them read, write, delete and list in this bucket (s3:GetObject, s3:PutObject, s3:DeleteObject, s3:ListBucket), or use others.",
);
const expired = verdict(
  "CREDENTIALS_EXPIRED",
  "The credentials have expired. Get new ones, with their session token, and make the pool again.",
);
const slow = verdict("UNAVAILABLE", "The server is overloaded or failing. Try again later.");
const broken = verdict(
  "UNAVAILABLE",
  "The connection broke. Try again; a write may have happened.",
);
const unreachable = verdict(
  "UNAVAILABLE",
  "The server cannot be reached. Check the endpoint, the network, and that the server runs.",
);
const unknownHost = verdict(
  "UNAVAILABLE",
  "The server's name is not known. Check the endpoint or the region, and the network's name service.",
);
const busy = verdict("UNAVAILABLE", "Another operation on it was under way. Try again.");
const silent = verdict(
  "TIMEOUT",
  "The server did not answer in time. Check the endpoint and the network, or raise connectTimeoutMs and requestTimeoutMs.",
);
const notS3 = verdict("UNAVAILABLE", "The answer is not that of an S3 server. Check the endpoint.");
const damaged = verdict(
  "UNAVAILABLE",
  "The bytes changed on their way to the server, which refused them. Try again.",
);
const unsupported = verdict(
  "UNSUPPORTED",
  'The server does not know this kind of request. An older S3-compatible server may need requestChecksumCalculation: "WHEN_REQUIRED".',
);

/** By S3's error code, or by the name of an error that the SDK made itself. */
const byName: Readonly<Record<string, Verdict>> = {
  AccessDenied: denied,
  AllAccessDisabled: denied,
  AccountProblem: denied,
  NotSignedUp: denied,
  InvalidAccessKeyId: verdict(
    "ACCESS_DENIED",
    "The server does not know the access key id. Check accessKeyId.",
  ),
  SignatureDoesNotMatch: verdict(
    "ACCESS_DENIED",
    "The secret does not fit the access key id. Check secretAccessKey.",
  ),
  InvalidToken: verdict(
    "ACCESS_DENIED",
    "The session token is not valid for these credentials. Check sessionToken.",
  ),
  CredentialsProviderError: verdict(
    "MISSING_SECRET",
    "This machine has no credentials for it. Give accessKeyId and secretAccessKey, or set up the AWS SDK's own provider chain.",
  ),
  ExpiredToken: expired,
  ExpiredTokenException: expired,
  TokenRefreshRequired: expired,
  RequestTimeTooSkewed: verdict(
    "CLOCK_SKEW",
    "This machine's clock is too far from the server's. Set the clock.",
  ),
  RequestExpired: verdict(
    "CLOCK_SKEW",
    "This machine's clock is too far from the server's. Set the clock.",
  ),
  NoSuchBucket: verdict(
    "NO_SUCH_STORE",
    "There is no such bucket. Create it, or correct bucketName, regionName or endpoint.",
  ),
  InvalidBucketName: verdict(
    "INVALID_CONFIG",
    "The server does not take this as the name of a bucket. Correct bucketName.",
  ),
  EntityTooLarge: verdict("TOO_LARGE", "The value is larger than the server takes. Split it."),
  MaxMessageLengthExceeded: verdict(
    "TOO_LARGE",
    "The value is larger than the server takes. Split it.",
  ),
  KeyTooLongError: verdict(
    "INVALID_ARGUMENT",
    "The key is longer than the server takes. Use a shorter key or prefix.",
  ),
  QuotaExceeded: verdict(
    "NO_SPACE",
    "The bucket's quota is used up. Delete something, or raise it.",
  ),
  XMinioStorageFull: verdict(
    "NO_SPACE",
    "The server has no space left. Delete something, or add some.",
  ),
  InsufficientCapacity: verdict(
    "NO_SPACE",
    "The server has no space left. Delete something, or add some.",
  ),
  InvalidObjectState: verdict(
    "UNSUPPORTED",
    "The object is archived. Restore it from the archive first.",
  ),
  ConnectTimeoutError: unreachable,
  NotAnS3Answer: notS3,
  BadDigest: damaged,
  XAmzContentSHA256Mismatch: damaged,
  OperationAborted: busy,
  ConditionalRequestConflict: busy,
  SlowDown: slow,
  SlowDownRead: slow,
  SlowDownWrite: slow,
  TooManyRequests: slow,
  InternalError: slow,
  ServiceUnavailable: slow,
  RequestTimeout: silent,
  NotImplemented: unsupported,
  MethodNotAllowed: unsupported,
};

const byNetworkCode: Readonly<Record<string, Verdict>> = {
  ECONNREFUSED: unreachable,
  EHOSTUNREACH: unreachable,
  ENETUNREACH: unreachable,
  EHOSTDOWN: unreachable,
  ENOTFOUND: unknownHost,
  EAI_AGAIN: unknownHost,
  ECONNRESET: broken,
  EPIPE: broken,
  ETIMEDOUT: silent,
};

/** A failed request as the one error of LAILA. Neither the error nor its cause holds a secret. */
export function requestError(
  error: unknown,
  deed: Deed,
  place: Place,
  details: Readonly<Record<string, unknown>> = {},
): LailaError {
  if (isLailaError(error)) return error;
  if (deed.signal?.aborted) return abortError(deed.signal, sentence(deed, place));
  const failure = failureOf(error, place.secrets);
  const { code, advice } = judge(failure);
  return placedError(code, `failed${reason(failure)}. ${advice}`, deed, place, {
    failure,
    details,
  });
}

/**
 * A failed conditional write. Of one that was sent more than once, the refusal is the last attempt's: an
 * earlier one may have been done and its reply lost, so that its `details.outcome` is "unknown".
 */
export function writeError(error: unknown, deed: Deed, place: Place): LailaError {
  if (failureOf(error).attempts <= 1) return requestError(error, deed, place);
  return requestError(error, deed, place, { outcome: "unknown" });
}

export interface PlacedOptions {
  readonly failure?: Failure;
  readonly details?: Readonly<Record<string, unknown>>;
}

/** An error that begins with what was done where, and has its details. */
export function placedError(
  code: Code,
  told: string,
  deed: Deed,
  place: Place,
  { failure, details }: PlacedOptions = {},
): LailaError {
  return new LailaError(code, `${sentence(deed, place)} ${told}`, {
    ...(failure ? { cause: causeOf(failure) } : {}),
    details: {
      bucket: place.bucket,
      ...(place.host === undefined ? {} : { host: place.host }),
      ...(deed.key === undefined ? {} : { key: deed.key }),
      ...(failure?.status === undefined ? {} : { status: failure.status }),
      ...(failure?.requestId === undefined ? {} : { requestId: failure.requestId }),
      ...details,
    },
  });
}

/** Somebody else's write came first, or (after a lost reply) it cannot be known whose did. */
export function conflict(
  outcome: "lost" | "unknown",
  deed: Deed,
  place: Place,
  failure?: Failure,
): LailaError {
  const told =
    outcome === "lost"
      ? "was not done: its condition does not hold, somebody else was first. Read it again and decide."
      : "may or may not have been done: the reply to the first attempt was lost, and the value has changed since. Read it again and decide.";
  return placedError("CONFLICT", told, deed, place, {
    ...(failure ? { failure } : {}),
    details: { outcome },
  });
}

/** The server was too busy, and another time may not be. `name` is S3's code. */
export function isThrottling({ name }: { readonly name: string }): boolean {
  return Object.hasOwn(byName, name) && byName[name] === slow;
}

function judge(failure: Failure): Verdict {
  const { name, status, network, region } = failure;
  const known = Object.hasOwn(byName, name) ? byName[name] : undefined;
  if (known) return known;
  if (isRedirect(failure)) {
    const where =
      region === undefined
        ? "Give the bucket's own region as regionName."
        : `The bucket is in ${region}: give that as regionName.`;
    return verdict("WRONG_REGION", `The bucket is in another region. ${where}`);
  }
  if (status !== undefined && status >= 300) return byStatus(status);
  if (network !== undefined && Object.hasOwn(byNetworkCode, network))
    return byNetworkCode[network] ?? unreachable;
  if (name === "TimeoutError") return silent;
  if (status !== undefined) return notS3;
  if (network !== undefined && /CERT|TLS|SSL|SELF_SIGNED/.test(network)) {
    return verdict(
      "UNAVAILABLE",
      "The server's certificate or encryption is not accepted. Check the endpoint's scheme, host and certificate.",
    );
  }
  return verdict(
    "UNAVAILABLE",
    "The request could not be made. Check the endpoint and the network.",
  );
}

/** The bucket is in another region than the one that was asked. */
export function isRedirect({ name, status, message }: Failure): boolean {
  if (name === "AuthorizationHeaderMalformed") return !/access key|AKID/i.test(message);
  return (
    name === "PermanentRedirect" ||
    name === "TemporaryRedirect" ||
    name === "IllegalLocationConstraintException" ||
    status === 301 ||
    status === 307
  );
}

function byStatus(status: number): Verdict {
  if (status === 401 || status === 403) return denied;
  // S3 says NoSuchKey or NoSuchBucket; not finding the server must not read as "no such value".
  if (status === 404) return notS3;
  if (status === 409 || status === 412) return busy;
  if (status === 413)
    return verdict("TOO_LARGE", "The value is larger than the server takes. Split it.");
  if (status === 507)
    return verdict("NO_SPACE", "The server has no space left. Delete something, or add some.");
  if (status === 501 || status === 405) return unsupported;
  if (status === 429 || status >= 500) return slow;
  return unsupported;
}

function reason({ name, message, network }: Failure): string {
  const told = network ?? name;
  return ` (${told}${message === "" || message === told ? "" : `: ${message.replace(/\.$/, "")}`})`;
}

function sentence({ verb, key }: Deed, { bucket, host }: Place): string {
  const what = key === undefined ? "" : ` ${JSON.stringify(key)}`;
  return `${verb}${what} in bucket ${bucket}${host === undefined ? "" : ` at ${host}`}`;
}
