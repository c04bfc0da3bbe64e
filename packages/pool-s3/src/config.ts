import type { S3Client } from "@aws-sdk/client-s3";
import { exempt, LailaError, type Secret, secret } from "@laila/pool";
import * as z from "zod";

/** The longest object key S3 takes, in bytes. */
const maxObjectKeyBytes = 1024;
/** Every pool takes keys of this many bytes. */
const guaranteedKeyBytes = 256;
/** Percent-encoding makes three bytes of one at the worst. */
const encodedBytesPerByte = 3;
const maxPrefixBytes = maxObjectKeyBytes - encodedBytesPerByte * guaranteedKeyBytes;

const originRule =
  "must be an http or https URL of a host and nothing else (no user, path or query), such as https://s3.example.org or http://127.0.0.1:9000; a path belongs into prefix";

/** The fields that every pool in a bucket has. */
export const bucketFields = {
  /** The bucket. It must exist; the pool never makes one. */
  bucketName: z
    .string()
    .regex(
      /^[A-Za-z0-9][A-Za-z0-9._-]{1,253}[A-Za-z0-9]$/,
      "must be the name of a bucket (letters, digits, '.', '-', '_'), not an ARN or a URL",
    ),
  /** Put before every object's key; ends in "/", which is added if it is missing. */
  prefix: z
    .string()
    .refine(isPrefix, "must be a path of well-formed names, none of them empty, '.' or '..'")
    .overwrite((prefix) => (prefix === "" || prefix.endsWith("/") ? prefix : `${prefix}/`))
    .refine(
      (prefix) => byteLength(prefix) <= maxPrefixBytes,
      `must have at most ${maxPrefixBytes} bytes with its closing '/', or keys of ${guaranteedKeyBytes} bytes would not fit`,
    )
    .optional(),
  /** The most connections, and so requests under way at once. */
  maxConnections: z.int().min(1).max(10_000).default(64),
  /** How long one attempt to connect may take, in milliseconds. */
  connectTimeoutMs: z.int().min(1).max(600_000).default(5_000),
  /** How long a connection may be silent, in milliseconds. */
  requestTimeoutMs: z.int().min(1).max(3_600_000).default(30_000),
  /** In parts of this length streams and values of more than two of them are written and read: 5 MiB to 128 MiB. */
  partSizeBytes: z
    .int()
    .min(5 * 1024 ** 2)
    .max(128 * 1024 ** 2)
    .default(8 * 1024 ** 2),
};

/** An origin: scheme, host and port. */
export const originField = z.string().refine(isOrigin, originRule);

/** The fields of an {@link S3Pool}, with their marks. */
export const configSchema = z.object({
  ...bucketFields,
  /** The bucket's region. May be left out with an `endpoint` (then us-east-1) or a `client`. */
  regionName: z
    .string()
    .regex(/^[a-z0-9][a-z0-9-]{0,62}$/i, "must be a region name such as us-east-1")
    .optional(),
  /** Without keys, the SDK's own provider chain is asked. */
  accessKeyId: secret(z.string().min(1), "AWS_ACCESS_KEY_ID").optional(),
  secretAccessKey: secret(z.string().min(1), "AWS_SECRET_ACCESS_KEY").optional(),
  sessionToken: secret(z.string().min(1), "AWS_SESSION_TOKEN").optional(),
  /** An S3-compatible server, such as https://s3.example.org; unless given, AWS. */
  endpoint: originField.optional(),
  /** WHEN_REQUIRED for older servers that refuse the checksums of current SDKs; values get a Content-MD5 then. */
  requestChecksumCalculation: z.enum(["WHEN_SUPPORTED", "WHEN_REQUIRED"]).default("WHEN_SUPPORTED"),
  /** A ready client, used instead of one made of the fields above; `close()` does not destroy it. */
  client: exempt(
    z.custom<S3Client>(isClient, "must be an S3Client of @aws-sdk/client-s3"),
  ).optional(),
  /**
   * Only ever written by capturing a pool that was made with a `client`: a document cannot hold that, nor
   * say where it sends things, so that a recovery has to be given one.
   */
  readyClient: z.literal(true).optional(),
  /** False: the machine's own credentials are never looked for. */
  ambientCredentials: exempt(z.boolean()).optional(),
});

export type S3Config = z.output<typeof configSchema>;

type SecretField = "accessKeyId" | "secretAccessKey" | "sessionToken";

/** What {@link S3Pool} is made of. Secrets are strings, or `Secret` objects that know their name. */
export type S3PoolConfig = Omit<z.input<typeof configSchema>, SecretField | "readyClient"> & {
  readonly [field in SecretField]?: string | Secret | undefined;
} & { readonly nickname?: string | undefined };

/** What the fields cannot say one by one. INVALID_CONFIG, MISSING_SECRET. */
export function checkConfig(config: S3Config): void {
  const { accessKeyId, secretAccessKey, sessionToken, client } = config;
  if (config.readyClient && !client) {
    throw invalid(
      "it is the document of a pool that was made with a ready client, which no document holds. Give that client again: recoverPolicy({ …, overrides: { <pool>: { client } } }), where <pool> is its nickname or id. To do without, make the pool of regionName, endpoint and keys instead, and save its environment again.",
      ["client"],
    );
  }
  if ((accessKeyId === undefined) !== (secretAccessKey === undefined)) {
    const [given, missing] =
      accessKeyId === undefined
        ? ["secretAccessKey", "accessKeyId"]
        : ["accessKeyId", "secretAccessKey"];
    throw invalid(
      `${given} is given without ${missing}. Give both, or neither to use the machine's own credentials.`,
      [missing],
    );
  }
  if (sessionToken !== undefined && accessKeyId === undefined) {
    throw invalid(
      "sessionToken is given without accessKeyId and secretAccessKey. Give all three.",
      ["accessKeyId", "secretAccessKey"],
    );
  }
  if (client) return;
  if (config.regionName === undefined && config.endpoint === undefined) {
    throw invalid(
      "regionName is missing. Give the bucket's region, such as us-east-1, or the endpoint of another S3 server.",
      ["regionName"],
    );
  }
  if (config.ambientCredentials === false && accessKeyId === undefined) {
    throw new LailaError(
      "MISSING_SECRET",
      `S3Pool for bucket ${config.bucketName} has no accessKeyId and secretAccessKey, and may not use this machine's own credentials here. Give both keys, or allow ambient credentials for this pool.`,
      { details: { bucket: config.bucketName, fields: ["accessKeyId", "secretAccessKey"] } },
    );
  }
}

/** In UTF-8 bytes, for keys of the worst characters. */
export function maxKeyBytes(prefix: string): number {
  return Math.floor((maxObjectKeyBytes - byteLength(prefix)) / encodedBytesPerByte);
}

/** Scheme, host and port of an endpoint as a URL origin; undefined when there is none. INVALID_CONFIG. */
export function originOf(endpoint: unknown): string | undefined {
  if (endpoint === undefined) return undefined;
  if (typeof endpoint !== "string" || !isOrigin(endpoint)) {
    throw invalid(`endpoint ${originRule}.`, ["endpoint"]);
  }
  return new URL(endpoint).origin;
}

function isOrigin(endpoint: string): boolean {
  if (!URL.canParse(endpoint)) return false;
  const url = new URL(endpoint);
  // `href` of an origin is the origin and a slash: nothing else, not even an empty "?", is in it.
  return (url.protocol === "http:" || url.protocol === "https:") && url.href === `${url.origin}/`;
}

function isPrefix(prefix: string): boolean {
  if (prefix === "") return true;
  if (/[\p{Surrogate}\p{Cc}]/u.test(prefix)) return false;
  const names = prefix.replace(/\/$/, "").split("/");
  return names.every((name) => name !== "" && name !== "." && name !== "..");
}

function isClient(value: unknown): boolean {
  return (
    typeof value === "object" &&
    value !== null &&
    "send" in value &&
    typeof value.send === "function" &&
    "config" in value
  );
}

function byteLength(text: string): number {
  return Buffer.byteLength(text, "utf8");
}

function invalid(message: string, fields: readonly string[]): LailaError {
  return new LailaError("INVALID_CONFIG", `S3Pool cannot be made: ${message}`, {
    details: { fields },
  });
}
