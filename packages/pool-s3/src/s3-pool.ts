import type { PoolConfig, PoolOptions } from "@laila/pool";
import { BucketPool } from "./bucket-pool.js";
import { checkConfig, configSchema, originOf, type S3Config, type S3PoolConfig } from "./config.js";

/**
 * A pool in one S3 bucket, on AWS or any server that speaks its protocol. Every operation is one request,
 * except that the first conditional write to a server that is not AWS finds out whether conditions are
 * honoured there, and that values above 16 MiB and streams go in parallel parts and ranges.
 *
 * Object keys are the configured prefix and the percent-encoded key. Objects whose names no key encodes
 * to are others', and not listed. Versions are ETags: equal bytes may have equal ones. In a bucket with
 * versioning, a delete hides the value and does not erase it.
 *
 * Codes beyond those of every pool: NO_SUCH_STORE (no such bucket), ACCESS_DENIED, MISSING_SECRET,
 * CREDENTIALS_EXPIRED, CLOCK_SKEW, WRONG_REGION, UNAVAILABLE, TIMEOUT, TOO_LARGE, NO_SPACE, UNSUPPORTED
 * (the server lacks something), CORRUPT (a value arrived damaged three times).
 */
export class S3Pool extends BucketPool<S3Config> {
  static readonly configSchema = configSchema;
  static readonly classToken: string = "S3Pool";
  static readonly packageName: string = "@laila/pool-s3";

  /** Does no I/O. INVALID_CONFIG; MISSING_SECRET without keys where ambient credentials are off. */
  constructor(config: S3PoolConfig, options: PoolOptions = {}) {
    super(config, options, (parsed) => {
      checkConfig(parsed);
      return { ...parsed, wholeChecksums: true, uniformParts: false };
    });
  }

  /**
   * The origin that a pool of this configuration sends its credentials to; undefined for AWS, null where a
   * ready client decides. INVALID_CONFIG.
   */
  static destination(config: Readonly<Record<string, unknown>>): string | null | undefined {
    if (config.client !== undefined || config.readyClient === true) return null;
    return originOf(config.endpoint);
  }

  /** As of every pool; one with a ready `client` says so, and can be recovered only with one. */
  override toConfig(): PoolConfig {
    const ready = this.config.client === undefined ? {} : { ready_client: true };
    return { ...super.toConfig(), ...ready };
  }
}
