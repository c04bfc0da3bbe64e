import { type PoolOptions, type Secret, secret } from "@laila/pool";
import * as z from "zod";
import { BucketPool } from "./bucket-pool.js";
import { bucketFields, originField, originOf } from "./config.js";

const defaultEndpoint = "https://s3.us-west-004.backblazeb2.com";

const configSchema = z.object({
  ...bucketFields,
  /** Of an application key, which may be that of one bucket alone. */
  applicationKeyId: secret(z.string().min(1), "B2_APP_KEY_ID"),
  applicationKey: secret(z.string().min(1), "B2_APP_KEY"),
  /** The bucket's endpoint, as its page shows it; unless given, that of us-west-004. */
  endpointUrl: originField.optional(),
});

type BackblazeConfig = z.output<typeof configSchema>;
type SecretField = "applicationKeyId" | "applicationKey";

/** What {@link BackblazePool} is made of. Secrets are strings, or `Secret` objects that know their name. */
export type BackblazePoolConfig = Omit<z.input<typeof configSchema>, SecretField> & {
  readonly [field in SecretField]: string | Secret;
} & { readonly nickname?: string | undefined };

/** B2 names the region in the host, and wants it in the signature. */
function regionOf(endpoint: string): string {
  return /^https:\/\/s3\.([a-z0-9-]+)\.backblazeb2\.com$/.exec(endpoint)?.[1] ?? "us-east-1";
}

/**
 * A pool in one bucket of Backblaze B2: an {@link S3Pool} as B2 wants it, which refuses the checksums of current
 * SDKs: values get a Content-MD5, and a CRC-32 in their metadata, by which they are verified. The class token
 * and the names of the fields are those of Python LAILA. Promises and codes are those of S3Pool; where B2
 * ignores conditions, conditional writes are UNSUPPORTED. A bucket of B2 keeps old versions unless a lifecycle
 * rule says otherwise: a delete hides.
 */
export class BackblazePool extends BucketPool<BackblazeConfig> {
  static readonly configSchema = configSchema;
  static readonly classToken: string = "BackblazePool";
  static readonly packageName: string = "@laila/pool-s3";

  /** Does no I/O. INVALID_CONFIG. */
  constructor(config: BackblazePoolConfig, options: PoolOptions = {}) {
    super(config, options, ({ applicationKeyId, applicationKey, endpointUrl, ...parsed }) => {
      const endpoint = originOf(endpointUrl) ?? defaultEndpoint;
      return {
        ...parsed,
        accessKeyId: applicationKeyId,
        secretAccessKey: applicationKey,
        endpoint,
        regionName: regionOf(endpoint),
        requestChecksumCalculation: "WHEN_REQUIRED",
        wholeChecksums: false,
        uniformParts: false,
      };
    });
  }

  /**
   * The origin that a pool of this configuration sends its credentials to; undefined for the class's own.
   * INVALID_CONFIG.
   */
  static destination(config: Readonly<Record<string, unknown>>): string | undefined {
    return originOf(config.endpointUrl);
  }
}
