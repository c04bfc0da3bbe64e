import { randomUUID } from "node:crypto";
import type { OpenDALPoolConfig } from "@laila/pool-opendal";
import type { S3Server } from "@laila-tooling/s3-server";

export const bucket = "laila-test";

/** A configuration on a part of the bucket that nobody else uses. */
export function apart(
  server: S3Server,
  options: Readonly<Record<string, string>> = {},
): OpenDALPoolConfig {
  const { endpoint, region, accessKeyId, secretAccessKey } = server;
  return {
    scheme: "s3",
    options: { bucket, region, endpoint, root: `/${randomUUID()}/`, ...options },
    secretOptions: JSON.stringify({
      access_key_id: accessKeyId,
      secret_access_key: secretAccessKey,
    }),
  };
}
