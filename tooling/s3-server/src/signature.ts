import { createHash, createHmac, timingSafeEqual } from "node:crypto";
import { S3Error } from "./errors.js";
import { encodeUri, queryValue, type S3Request } from "./request.js";

/** What the signature says about the body that follows. */
export type Payload =
  | { readonly kind: "hash"; readonly sha256: string }
  | { readonly kind: "unsigned" }
  | { readonly kind: "chunked"; readonly trailer: boolean; readonly signer?: ChunkSigner };

export interface Credentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly region: string;
}

interface Claim {
  readonly accessKeyId: string;
  readonly date: string;
  readonly region: string;
  readonly timestamp: string;
  readonly signedHeaders: readonly string[];
  readonly signature: string;
  /** Seconds a presigned URL lives; undefined for a signature in the headers. */
  readonly expires: number | undefined;
}

const algorithm = "AWS4-HMAC-SHA256";
const maxSkewMs = 15 * 60_000;
const maxExpiresSeconds = 7 * 24 * 3600;
const emptySha256 = createHash("sha256").digest("hex");

/**
 * Verifies Signature Version 4 (AWS General Reference, "Create a signed AWS API request"; for
 * presigned URLs and chunks: S3 API reference, "Authenticating requests") and says what the
 * signature promises about the body. Throws S3Error for everything that does not hold.
 */
export class SignatureVerifier {
  readonly #credentials: Credentials;
  readonly #keys = new Map<string, Buffer>();

  constructor(credentials: Credentials) {
    this.#credentials = credentials;
  }

  verify(request: S3Request, now = Date.now()): Payload {
    const presigned = queryValue(request, "X-Amz-Algorithm") !== undefined;
    const authorization = request.sentHeaders.authorization;
    if (presigned && authorization !== undefined) {
      throw new S3Error("InvalidArgument", "Only one auth mechanism allowed.");
    }
    if (!presigned && authorization === undefined) {
      throw new S3Error("AccessDenied", "Access Denied: the request is not signed.");
    }
    const claim = presigned ? claimOfQuery(request) : claimOfHeader(request, authorization ?? "");
    this.#checkScope(claim);
    checkTime(claim, now);
    const declared = declaredPayload(request, presigned);
    const scope = `${claim.date}/${claim.region}/s3/aws4_request`;
    const key = this.#signingKey(claim.date);
    const canonical = canonicalRequest(request, claim, declared);
    const toSign = [algorithm, claim.timestamp, scope, sha256(canonical)].join("\n");
    if (!equal(hmac(key, toSign).toString("hex"), claim.signature)) {
      throw new S3Error(
        "SignatureDoesNotMatch",
        "The request signature we calculated does not match the signature you provided. Check your key and signing method.",
      );
    }
    checkAllSigned(request, claim);
    return payloadOf(declared, () => new ChunkSigner(key, claim.timestamp, scope, claim.signature));
  }

  #checkScope(claim: Claim): void {
    // Constant time here, too: an access key id is not public.
    if (!equal(claim.accessKeyId, this.#credentials.accessKeyId)) {
      throw new S3Error(
        "InvalidAccessKeyId",
        "The AWS Access Key Id you provided does not exist in our records.",
      );
    }
    if (claim.region !== this.#credentials.region) {
      throw new S3Error(
        "AuthorizationHeaderMalformed",
        `The region '${claim.region}' is wrong; expecting '${this.#credentials.region}'.`,
        { details: { Region: this.#credentials.region } },
      );
    }
  }

  #signingKey(date: string): Buffer {
    let key = this.#keys.get(date);
    if (key === undefined) {
      key = signingKey(this.#credentials, date);
      if (this.#keys.size > 8) this.#keys.clear();
      this.#keys.set(date, key);
    }
    return key;
  }
}

/** @param date as in the credential scope: YYYYMMDD */
export const signingKey = (
  { secretAccessKey, region }: Pick<Credentials, "secretAccessKey" | "region">,
  date: string,
): Buffer => hmac(hmac(hmac(hmac(`AWS4${secretAccessKey}`, date), region), "s3"), "aws4_request");

/** Verifies the chain of chunk signatures that starts from the request's own signature. */
export class ChunkSigner {
  readonly #key: Buffer;
  readonly #prefix: string;
  #previous: string;

  constructor(key: Buffer, timestamp: string, scope: string, seed: string) {
    this.#key = key;
    this.#prefix = `${timestamp}\n${scope}`;
    this.#previous = seed;
  }

  /** @param dataSha256 hex digest of the chunk's bytes */
  verifyChunk(dataSha256: string, signature: string): void {
    this.#verify("AWS4-HMAC-SHA256-PAYLOAD", `${emptySha256}\n${dataSha256}`, signature);
  }

  /** @param trailers each as `name:value\n`, in the order sent */
  verifyTrailer(trailers: string, signature: string): void {
    this.#verify("AWS4-HMAC-SHA256-TRAILER", sha256(trailers), signature);
  }

  #verify(kind: string, rest: string, signature: string): void {
    const toSign = `${kind}\n${this.#prefix}\n${this.#previous}\n${rest}`;
    if (!equal(hmac(this.#key, toSign).toString("hex"), signature)) {
      throw new S3Error("SignatureDoesNotMatch", "The signature of a chunk does not match.");
    }
    this.#previous = signature;
  }
}

function claimOfHeader(request: S3Request, authorization: string): Claim {
  const malformed = (why: string) =>
    new S3Error("AuthorizationHeaderMalformed", `The authorization header is malformed; ${why}.`);
  const [mechanism = "", rest = ""] = authorization.split(/\s+(.*)/s);
  if (mechanism !== algorithm) {
    throw new S3Error(
      "InvalidRequest",
      `The authorization mechanism you have provided is not supported. Please use ${algorithm}.`,
    );
  }
  const fields = new Map(
    rest.split(",").map((part) => {
      const [name = "", value = ""] = part.trim().split(/=(.*)/s);
      return [name, value] as const;
    }),
  );
  const timestamp = request.sentHeaders["x-amz-date"] ?? basicDate(request.sentHeaders.date);
  if (timestamp === undefined || !/^\d{8}T\d{6}Z$/.test(timestamp)) {
    throw new S3Error("AccessDenied", "AWS authentication requires a valid Date or x-amz-date.");
  }
  return {
    ...credentialScope(fields.get("Credential") ?? "", timestamp, malformed),
    timestamp,
    signedHeaders: headerList(fields.get("SignedHeaders") ?? "", malformed),
    signature: fields.get("Signature") ?? "",
    expires: undefined,
  };
}

function claimOfQuery(request: S3Request): Claim {
  const malformed = (why: string) =>
    new S3Error("AuthorizationQueryParametersError", `Error parsing the query string; ${why}.`);
  const need = (name: string): string => {
    const value = queryValue(request, name);
    if (value === undefined || value === "") throw malformed(`it has no ${name}`);
    return value;
  };
  if (need("X-Amz-Algorithm") !== algorithm) {
    throw malformed(`X-Amz-Algorithm only supports ${algorithm}`);
  }
  const timestamp = need("X-Amz-Date");
  const expires = need("X-Amz-Expires");
  if (!/^\d{1,7}$/.test(expires) || Number(expires) > maxExpiresSeconds || Number(expires) < 1) {
    throw malformed("X-Amz-Expires must be 1 to 604800 seconds");
  }
  return {
    ...credentialScope(need("X-Amz-Credential"), timestamp, malformed),
    timestamp,
    signedHeaders: headerList(need("X-Amz-SignedHeaders"), malformed),
    signature: need("X-Amz-Signature"),
    expires: Number(expires),
  };
}

function credentialScope(
  credential: string,
  timestamp: string,
  malformed: (why: string) => S3Error,
): { accessKeyId: string; date: string; region: string } {
  const parts = credential.split("/");
  const [terminator, service, region = "", date = ""] = parts.slice(-4).reverse();
  const accessKeyId = parts.slice(0, -4).join("/");
  if (parts.length < 5 || accessKeyId === "") {
    throw malformed("the credential is not ACCESS_KEY/DATE/REGION/s3/aws4_request");
  }
  if (terminator !== "aws4_request" || service !== "s3") {
    throw malformed('the credential\'s scope must end with "s3/aws4_request"');
  }
  if (date !== timestamp.slice(0, 8)) {
    throw malformed("the credential's date is not the date of the request");
  }
  return { accessKeyId, date, region };
}

function headerList(list: string, malformed: (why: string) => S3Error): readonly string[] {
  const names = list.split(";").filter(Boolean);
  if (!names.includes("host")) throw malformed("the host header must be signed");
  return names;
}

function checkTime(claim: Claim, now: number): void {
  const [, year, month, day, hour, minute, second] =
    /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(claim.timestamp) ?? [];
  const signedAt = Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`);
  if (Number.isNaN(signedAt)) {
    throw new S3Error("AccessDenied", "The date of the signature is not a date.");
  }
  if (claim.expires === undefined) {
    if (Math.abs(now - signedAt) > maxSkewMs) {
      throw new S3Error(
        "RequestTimeTooSkewed",
        "The difference between the request time and the current time is too large.",
        {
          details: {
            RequestTime: new Date(signedAt).toISOString(),
            ServerTime: new Date(now).toISOString(),
            MaxAllowedSkewMilliseconds: String(maxSkewMs),
          },
        },
      );
    }
  } else if (signedAt - now > maxSkewMs) {
    throw new S3Error("AccessDenied", "Request is not valid yet.");
  } else if (now > signedAt + claim.expires * 1000) {
    throw new S3Error("AccessDenied", "Request has expired.");
  }
}

function canonicalRequest(request: S3Request, claim: Claim, payloadHash: string): string {
  const query = request.query
    .filter(([name]) => name !== "X-Amz-Signature")
    .map(([name, value]) => `${encodeUri(name)}=${encodeUri(value)}`)
    .sort(byQueryName)
    .join("&");
  const headers = claim.signedHeaders.map((name) => {
    const value = request.sentHeaders[name] ?? "";
    return `${name}:${value.trim().replace(/ +/g, " ")}\n`;
  });
  return [
    request.method,
    encodeUri(request.path).replaceAll("%2F", "/"),
    query,
    headers.join(""),
    claim.signedHeaders.join(";"),
    payloadHash,
  ].join("\n");
}

/** Names first, then values: "a=" sorts before "a-b=" although "=" is above "-". */
function byQueryName(left: string, right: string): number {
  const [a, b] = [left.split("="), right.split("=")];
  const order = (x = "", y = "") => (x < y ? -1 : x > y ? 1 : 0);
  return order(a[0], b[0]) || order(a[1], b[1]);
}

/** An unsigned x-amz- header could be added on the way and change what the request does. */
function checkAllSigned(request: S3Request, claim: Claim): void {
  const unsigned = Object.keys(request.sentHeaders).filter(
    (name) =>
      name.startsWith("x-amz-") &&
      name !== "x-amz-content-sha256" &&
      !claim.signedHeaders.includes(name),
  );
  if (unsigned.length > 0) {
    throw new S3Error(
      "AccessDenied",
      "There were headers present in the request which were not signed.",
      { details: { HeadersNotSigned: unsigned.join(", ") } },
    );
  }
}

function declaredPayload(request: S3Request, presigned: boolean): string {
  const declared =
    request.sentHeaders["x-amz-content-sha256"] ??
    (presigned ? (queryValue(request, "X-Amz-Content-Sha256") ?? "UNSIGNED-PAYLOAD") : undefined);
  if (declared === undefined) {
    throw new S3Error(
      "InvalidRequest",
      "Missing required header for this request: x-amz-content-sha256.",
    );
  }
  return declared;
}

function payloadOf(declared: string, signer: () => ChunkSigner): Payload {
  switch (declared) {
    case "UNSIGNED-PAYLOAD":
      return { kind: "unsigned" };
    case "STREAMING-UNSIGNED-PAYLOAD-TRAILER":
      return { kind: "chunked", trailer: true };
    case "STREAMING-AWS4-HMAC-SHA256-PAYLOAD":
      return { kind: "chunked", trailer: false, signer: signer() };
    case "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER":
      return { kind: "chunked", trailer: true, signer: signer() };
  }
  if (!/^[0-9a-f]{64}$/.test(declared)) {
    throw new S3Error(
      "InvalidArgument",
      "x-amz-content-sha256 must be UNSIGNED-PAYLOAD, a STREAMING- form that is supported, or a valid sha256 value.",
    );
  }
  return { kind: "hash", sha256: declared };
}

const hmac = (key: Buffer | string, text: string): Buffer =>
  createHmac("sha256", key).update(text, "utf8").digest();

const sha256 = (text: string): string => createHash("sha256").update(text, "utf8").digest("hex");

function equal(left: string, right: string): boolean {
  // Digests first: equal lengths, and nothing of the lengths shows in the time taken.
  const digest = (text: string) => createHash("sha256").update(text, "utf8").digest();
  return timingSafeEqual(digest(left), digest(right));
}

function basicDate(httpDate: string | undefined): string | undefined {
  const time = httpDate === undefined ? Number.NaN : Date.parse(httpDate);
  if (Number.isNaN(time)) return undefined;
  return new Date(time).toISOString().replace(/[-:]|\.\d{3}/g, "");
}
