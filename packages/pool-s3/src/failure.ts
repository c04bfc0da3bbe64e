/**
 * What may be known of an SDK's error. The error itself carries the request with its Authorization
 * header, and S3's answers to a wrong signature repeat the access key id, so nothing else is kept.
 */
export interface Failure {
  /** S3's error code, or the name of a client-side error. */
  readonly name: string;
  /** The error's own words, without secrets; empty where they are about credentials. */
  readonly message: string;
  /** Node's code of a network failure. */
  readonly network: string | undefined;
  /** The answer's HTTP status; undefined when there was no answer. */
  readonly status: number | undefined;
  readonly requestId: string | undefined;
  /** How often the request was sent. */
  readonly attempts: number;
  /** The region that S3 says the bucket is in. */
  readonly region: string | undefined;
}

const maxMessageLength = 300;
/** What is shorter is in every sentence. */
const leastSecretLength = 4;

/** What is left of a short secret within other base64 is in other texts too. */
const leastFormLength = 8;

/** The secrets in each form in which a server could repeat them, the longest first. */
export function secretForms(secrets: readonly (string | undefined)[]): readonly string[] {
  const forms = new Set<string>();
  for (const secret of secrets) {
    if (secret === undefined || secret.length < leastSecretLength) continue;
    const bytes = Buffer.from(secret);
    const encoded = encodeURIComponent(secret);
    const hex = bytes.toString("hex");
    const all = [secret, encoded, encoded.toLowerCase(), encodeURIComponent(encoded), hex];
    for (const form of [...all, hex.toUpperCase(), bytes.toString("base64url")]) forms.add(form);
    for (const form of within64(bytes)) if (form.length >= leastFormLength) forms.add(form);
  }
  return [...forms].sort((a, b) => b.length - a.length);
}

/** What is always there of bytes in the base64 of a longer text: one of three, as they begin in a group. */
function within64(bytes: Uint8Array): readonly string[] {
  return [0, 1, 2].map((before) => {
    const text = Buffer.concat([Buffer.alloc(before), bytes]).toString("base64");
    return text.slice(Math.ceil((before * 4) / 3), -4);
  });
}

export function failureOf(error: unknown, secrets: readonly string[] = []): Failure {
  const top = recordOf(error);
  const metadata = recordOf(top.$metadata);
  const headers = recordOf(recordOf(top.$response).headers);
  const status = number(metadata.httpStatusCode);
  return {
    name: text(top.name) ?? "Error",
    message: status === 401 || status === 403 ? "" : scrub(text(top.message) ?? "", secrets),
    network: text(top.code),
    status,
    requestId: text(metadata.requestId),
    attempts: number(metadata.attempts) ?? 1,
    region: regionName(top.Region) ?? regionName(headers["x-amz-bucket-region"]),
  };
}

/** A cause that says what the SDK said, and holds nothing more. */
export function causeOf({ name, message, network }: Failure): Error {
  const cause = Object.assign(new Error(message), network === undefined ? {} : { code: network });
  Object.defineProperty(cause, "name", { value: name });
  // The SDK's own stack is all SDK; this one would point here.
  Object.defineProperty(cause, "stack", { value: message === "" ? name : `${name}: ${message}` });
  return cause;
}

function scrub(message: string, secrets: readonly string[]): string {
  let clean = message.replace(/^@smithy\/\S+ - (?:\[\w+\] )?/, "");
  for (const secret of secrets) clean = clean.replaceAll(secret, "[secret]");
  // Ids of AWS keys from the machine's own credentials are not among the configured ones.
  clean = clean
    .replace(/\b(?:AKIA|ASIA)[A-Z0-9]{12,}\b/g, "[access key]")
    .replace(/\p{Cc}+/gu, " ");
  return clean.length > maxMessageLength ? `${clean.slice(0, maxMessageLength)}…` : clean;
}

function recordOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};
}

function text(value: unknown): string | undefined {
  return typeof value === "string" ? value : undefined;
}

function number(value: unknown): number | undefined {
  return typeof value === "number" ? value : undefined;
}

/** Only what can be a region: it is shown to people as what to put into their configuration. */
function regionName(value: unknown): string | undefined {
  return typeof value === "string" && /^[a-z0-9-]{2,32}$/.test(value) ? value : undefined;
}
