import { exempt, LailaError, path, type Secret, secret } from "@laila/pool";
import type { Operator } from "opendal";
import * as z from "zod";
import { type Service, serviceOf, whyNot } from "./services.js";

const plainOptions = z.record(
  z.string().regex(/^[a-z][a-z0-9_]*$/, "is no name of an option, such as access_key_id"),
  z.string(),
);

/** The fields of an {@link OpenDALPool}, with their marks. */
export const configSchema = z.object({
  /** The service, as OpenDAL calls it: memory, fs, s3, …; of a ready operator too. */
  scheme: z.string().regex(/^[a-z][a-z0-9_-]*$/, "is no name of a service, such as s3"),
  /** What OpenDAL documents for the service, without what is secret. */
  options: plainOptions.optional(),
  /** What of it is secret, as the text of a JSON object of strings. */
  secretOptions: secret(z.string().min(1), "OPENDAL_SECRET_OPTIONS").optional(),
  /** Where `fs` and `sled` keep their values. Relative paths are relative to the project. */
  directory: path(z.string().min(1)).optional(),
  /** How long one request may take, in milliseconds; for services beyond a network. */
  requestTimeoutMs: z.int().min(1).max(3_600_000).default(60_000),
  /** A ready operator, used instead of one made of the fields above. */
  operator: exempt(z.custom<Operator>(isOperator, "must be an Operator of opendal")).optional(),
  /** Only ever written by capturing a pool that was made with an `operator`. */
  readyOperator: z.literal(true).optional(),
  /** False: the machine's own credentials are never looked for. */
  ambientCredentials: exempt(z.boolean()).optional(),
});

export type ParsedConfig = z.output<typeof configSchema>;

/** What an {@link OpenDALPool} is made of. */
export type OpenDALPoolConfig = Omit<
  z.input<typeof configSchema>,
  "secretOptions" | "readyOperator"
> & {
  readonly secretOptions?: string | Secret | undefined;
  readonly nickname?: string | undefined;
};

/** `key` in any place: what is not secret may stand among the secrets, but not the other way round. */
const soundsSecret = /secret|token|pass|credential|key|(^|_)sas|auth|private|connection_string/;
/** Other addresses than `endpoint`, which alone is compared with what a recovery trusts. */
const otherAddress = /_(?:endpoint|host|url|uri)$/;
/** No user, query or fragment, and nothing that two URL parsers take differently. */
const plainUrl = /^[a-z][a-z0-9+]*:\/\/[A-Za-z0-9._:[\]-]+(?:\/[^\s?#@\\]*)?$/;
const s3Origin = /^https?:\/\/[A-Za-z0-9._:[\]-]+\/?$/;

const maxObjectKeyBytes = 1024;
const guaranteedKeyBytes = 256;

/** What the fields cannot say one by one. INVALID_CONFIG, UNSUPPORTED, UNTRUSTED. */
export function checkConfig(config: ParsedConfig): Service {
  const { scheme } = config;
  const service = serviceOf(scheme);
  if (!service) {
    throw new LailaError("UNSUPPORTED", `${scheme} cannot be a pool: ${whyNot(scheme)}`, {
      details: { scheme },
    });
  }
  if (config.operator) {
    checkReady(config, service);
    return service;
  }
  if (config.readyOperator) {
    throw invalid(
      "it is the document of a pool that was made with a ready operator, which no document holds. Give the operator again, in the overrides of the recovery.",
      "operator",
    );
  }
  if ((service.kept === "directory") !== (config.directory !== undefined)) {
    throw invalid(
      "directory is where fs and sled keep their values; other services have none.",
      "directory",
    );
  }
  checkOptions(config, service);
  if (config.ambientCredentials === false && !service.obedient) {
    throw new LailaError(
      "UNTRUSTED",
      `OpenDAL cannot be kept from using this machine's own credentials for ${scheme}, and they may not be used here. Trust the pool's destination, or give an operator.`,
      { details: { scheme } },
    );
  }
  return service;
}

function checkReady(
  { scheme, options, secretOptions, directory }: ParsedConfig,
  { kept }: Service,
): void {
  if (options ?? secretOptions ?? directory) {
    throw invalid(
      "an operator has its options already. Give it with its scheme alone.",
      "operator",
    );
  }
  if (kept === "directory") {
    throw new LailaError(
      "UNSUPPORTED",
      `An operator on ${scheme} does not tell where it writes, nor whether readers see half-written values there. Give the pool a directory instead.`,
      { details: { scheme } },
    );
  }
}

function checkOptions(
  { scheme, options = {}, secretOptions }: ParsedConfig,
  { kept }: Service,
): void {
  const secrets = Object.entries(parseSecretOptions(secretOptions));
  for (const [name, value] of Object.entries(options)) {
    if (soundsSecret.test(name)) {
      throw invalid(`options.${name} may be a secret. Give it in secretOptions.`, "options");
    }
    if (otherAddress.test(name)) {
      throw invalid(
        `options.${name} is an address besides endpoint, where credentials could go too. Give it in secretOptions, so that no document can say it.`,
        "options",
      );
    }
    if (
      secrets.some(([other, one]) => other === name || (one.length >= 8 && value.includes(one)))
    ) {
      throw invalid(`options.${name} is, or has in it, one of the secretOptions.`, "options");
    }
    if (value.includes("://") && !plainUrl.test(value)) {
      throw invalid(
        `options.${name} must be a URL without user and query; what is secret goes into secretOptions.`,
        "options",
      );
    }
  }
  if (kept === "directory" && Object.keys(options).length + secrets.length > 0) {
    throw invalid(`${scheme} takes no options: the pool sets them, from directory.`, "options");
  }
  if (scheme === "s3")
    checkS3(
      options,
      secrets.map(([name]) => name),
    );
}

/** A bucket or a region with a slash would make another host of the address. */
function checkS3(options: Readonly<Record<string, string>>, secretNames: readonly string[]): void {
  const { bucket, region, endpoint, root = "/" } = options;
  if (!/^[A-Za-z0-9][A-Za-z0-9._-]{1,253}[A-Za-z0-9]$/.test(bucket ?? "")) {
    throw invalid("options.bucket must be the name of a bucket.", "options");
  }
  if (!/^[a-z0-9][a-z0-9-]{0,62}$/i.test(region ?? "")) {
    throw invalid("options.region must be a region such as us-east-1.", "options");
  }
  if (endpoint !== undefined && !s3Origin.test(endpoint)) {
    throw invalid("options.endpoint must be a URL of a host, with nothing behind it.", "options");
  }
  if (!/^\/?(?:[^/\s\\]+\/?)*$/.test(root) || /(^|\/)\.{1,2}(\/|$)/.test(root)) {
    throw invalid(
      "options.root must be a path without empty names, spaces, '.' and '..'.",
      "options",
    );
  }
  if (s3KeyBytes(root) < guaranteedKeyBytes) {
    throw invalid(
      "options.root is too long: keys of 256 bytes would not fit behind it.",
      "options",
    );
  }
  const where = ["bucket", "region", "endpoint", "root", "disable_write_with_if_match"];
  if (options.disable_write_with_if_match !== undefined) {
    throw invalid("without If-Match there are no conditional writes. Leave it out.", "options");
  }
  const misplaced = secretNames.find((name) => where.includes(name));
  if (misplaced) throw invalid(`${misplaced} is no secret. Give it in options.`, "secretOptions");
}

/** In UTF-8 bytes, for keys of the worst characters, of which percent-encoding makes three bytes each. */
export function s3KeyBytes(root: string): number {
  const prefix = root.replace(/^\/|\/$/g, "");
  const taken = prefix === "" ? 0 : Buffer.byteLength(prefix) + 1;
  return Math.floor((maxObjectKeyBytes - taken) / 3);
}

/** INVALID_CONFIG without the text, which is secret. */
export function parseSecretOptions(text: string | undefined): Readonly<Record<string, string>> {
  if (text === undefined) return {};
  try {
    const parsed = plainOptions.safeParse(JSON.parse(text));
    if (parsed.success) return parsed.data;
  } catch {
    // JSON.parse quotes what it could not read.
  }
  throw invalid(
    'secretOptions must be the text of a JSON object of strings, such as {"access_key_id":"…","secret_access_key":"…"}.',
    "secretOptions",
  );
}

/** Scheme, host and port of the endpoint; null where no credentials are sent. */
export function destinationOf(
  config: Readonly<Record<string, unknown>>,
): string | null | undefined {
  const { scheme, operator, readyOperator, options } = config;
  if (operator !== undefined || readyOperator === true) return null;
  const kept = serviceOf(String(scheme))?.kept;
  if (kept === "memory" || kept === "directory") return null;
  const parsed = plainOptions.safeParse(options ?? {});
  const endpoint = parsed.data?.endpoint;
  if (endpoint === undefined) return undefined;
  if (!plainUrl.test(endpoint) || !URL.canParse(endpoint)) {
    throw invalid("options.endpoint must be a URL without user and query.", "options");
  }
  const url = new URL(endpoint);
  return url.origin === "null" ? `${url.protocol}//${url.host}` : url.origin;
}

function isOperator(value: unknown): boolean {
  const methods = ["capability", "read", "write", "stat", "delete", "lister"];
  return (
    typeof value === "object" &&
    value !== null &&
    methods.every((name) => typeof Reflect.get(value, name) === "function")
  );
}

export function invalid(message: string, field: string): LailaError {
  return new LailaError("INVALID_CONFIG", `OpenDALPool cannot be made: ${message}`, {
    details: { fields: [field] },
  });
}
