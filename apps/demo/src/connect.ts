import { laila } from "@laila/core";
import { S3Pool } from "@laila/pool-s3";

/** The pool that every process here begins with: nothing but credentials and a bucket, from `secrets.toml`. */
export function connect(nickname: string): S3Pool {
  return new S3Pool({
    bucketName: laila.args.AWS_BUCKET_NAME,
    accessKeyId: laila.args.AWS_ACCESS_KEY_ID,
    secretAccessKey: laila.args.AWS_SECRET_ACCESS_KEY,
    regionName: laila.args.AWS_REGION,
    ...("AWS_SESSION_TOKEN" in laila.args ? { sessionToken: laila.args.AWS_SESSION_TOKEN } : {}),
    ...("AWS_ENDPOINT" in laila.args ? { endpoint: laila.args.AWS_ENDPOINT } : {}),
    ...("AWS_PREFIX" in laila.args ? { prefix: laila.args.AWS_PREFIX } : {}),
    nickname,
  });
}
