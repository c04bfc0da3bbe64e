import { LailaError, type PoolOptions, type Secret, secret } from "@laila/pool";
import * as z from "zod";
import { BucketPool } from "./bucket-pool.js";
import { bucketFields, originField, originOf } from "./config.js";

const configSchema = z.object({
  ...bucketFields,
  /** The id of the Cloudflare account, 32 hexadecimal digits: the first part of its R2 address. */
  accountId: z.string().regex(/^[0-9a-f]{32}$/, "must be 32 digits of 0-9 and a-f"),
  /** Of an R2 API token. */
  accessKeyId: secret(z.string().min(1), "R2_ACCESS_KEY_ID"),
  secretAccessKey: secret(z.string().min(1), "R2_SECRET_ACCESS_KEY"),
  /** Instead of the account's own address: that of a jurisdiction, such as https://ID.eu.r2.cloudflarestorage.com. */
  endpoint: originField.optional(),
});

type CloudflareConfig = z.output<typeof configSchema>;
type SecretField = "accessKeyId" | "secretAccessKey";

/** What {@link CloudflarePool} is made of. Secrets are strings, or `Secret` objects that know their name. */
export type CloudflarePoolConfig = Omit<z.input<typeof configSchema>, SecretField> & {
  readonly [field in SecretField]: string | Secret;
} & { readonly nickname?: string | undefined };

function endpointOf({ accountId, endpoint }: Readonly<Record<string, unknown>>): string {
  if (endpoint !== undefined) return originOf(endpoint) ?? "";
  const valid = configSchema.shape.accountId.safeParse(accountId);
  if (valid.success) return `https://${valid.data}.r2.cloudflarestorage.com`;
  throw new LailaError(
    "INVALID_CONFIG",
    "CloudflarePool cannot be made: accountId must be 32 digits of 0-9 and a-f.",
    { details: { fields: ["accountId"] } },
  );
}

/**
 * A pool in one bucket of Cloudflare R2: an {@link S3Pool} at the address that follows from `accountId`, with
 * what R2 wants otherwise (all parts of an upload equally long, checksums of parts but not of the whole). The
 * class token and the names of the fields are those of Python LAILA. Promises and codes are those of S3Pool.
 */
export class CloudflarePool extends BucketPool<CloudflareConfig> {
  static readonly configSchema = configSchema;
  static readonly classToken: string = "CloudflarePool";
  static readonly packageName: string = "@laila/pool-s3";

  /** Does no I/O. INVALID_CONFIG. */
  constructor(config: CloudflarePoolConfig, options: PoolOptions = {}) {
    super(config, options, (parsed) => ({
      ...parsed,
      endpoint: endpointOf(parsed),
      regionName: "auto",
      requestChecksumCalculation: "WHEN_SUPPORTED",
      wholeChecksums: false,
      uniformParts: true,
    }));
  }

  /**
   * The origin that a pool of this configuration sends its credentials to; undefined when nothing in it says
   * where. INVALID_CONFIG.
   */
  static destination(config: Readonly<Record<string, unknown>>): string | undefined {
    const { accountId, endpoint } = config;
    return accountId === undefined && endpoint === undefined ? undefined : endpointOf(config);
  }
}
