import { createLaila } from "@laila/core";
import { S3Pool } from "@laila/pool-s3";

/** The flags that name a bucket, for every command that works on one. */
export const bucketFlags = {
  bucket: { type: "string", description: "The bucket's name (default: AWS_BUCKET_NAME)" },
  endpoint: { type: "string", description: "Another S3 server than AWS (default: AWS_ENDPOINT)" },
  region: { type: "string", description: "The region (default: AWS_REGION)" },
  prefix: { type: "string", description: "Only what lies below it" },
  secrets: {
    type: "string",
    description: "A .toml, .json or .env file with AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY",
    required: true,
  },
  json: { type: "boolean", description: "One JSON value on stdout" },
} as const;

export interface BucketArgs {
  readonly bucket?: string | undefined;
  readonly endpoint?: string | undefined;
  readonly region?: string | undefined;
  readonly prefix?: string | undefined;
  readonly secrets: string;
}

/** Opens the pool that the flags name, lets `work` use it, and closes it. */
export async function withBucket<T>(
  flags: BucketArgs,
  work: (pool: S3Pool) => Promise<T>,
): Promise<T> {
  const laila = createLaila();
  try {
    await laila.readArgs(flags.secrets);
    const { args } = laila;
    const given = (flag: string | undefined, name: string): string | undefined =>
      flag ?? (name in args ? args[name] : undefined);
    const pool = new S3Pool({
      bucketName: flags.bucket ?? args.AWS_BUCKET_NAME,
      regionName: given(flags.region, "AWS_REGION"),
      endpoint: given(flags.endpoint, "AWS_ENDPOINT"),
      prefix: flags.prefix,
      accessKeyId: args.AWS_ACCESS_KEY_ID,
      secretAccessKey: args.AWS_SECRET_ACCESS_KEY,
      sessionToken: given(undefined, "AWS_SESSION_TOKEN"),
    });
    try {
      return await work(pool);
    } finally {
      await pool.close();
    }
  } finally {
    await laila.close();
  }
}
