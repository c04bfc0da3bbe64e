import { randomUUID } from "node:crypto";
import { CreateBucketCommand, S3Client } from "@aws-sdk/client-s3";
import type { S3PoolConfig } from "@laila/pool-s3";
import { type S3Server, startS3Server } from "@laila-tooling/s3-server";

/** Where the conformance suite runs: the server of this repository, or another that the environment names. */
export interface Target {
  readonly bucketName: string;
  readonly regionName: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly endpoint: string;
  /** The next change is made, and the connection reset instead of an answer. Only our own server can. */
  loseReply?(): void;
  close(): Promise<void>;
}

/**
 * LAILA_TEST_S3_ENDPOINT, _ACCESS_KEY_ID, _SECRET_ACCESS_KEY and, if they are not "laila-test" and
 * us-east-1, _BUCKET and _REGION name another server; the bucket is made if it is missing.
 */
export async function target(): Promise<Target> {
  const env = process.env;
  const endpoint = env.LAILA_TEST_S3_ENDPOINT;
  if (endpoint === undefined) {
    const server = await startS3Server({ buckets: ["laila-test"] });
    return {
      ...keysOf(server),
      bucketName: "laila-test",
      loseReply: () => loseReplyOf(server),
      close: () => server.close(),
    };
  }
  const there = {
    bucketName: env.LAILA_TEST_S3_BUCKET ?? "laila-test",
    regionName: env.LAILA_TEST_S3_REGION ?? "us-east-1",
    accessKeyId: env.LAILA_TEST_S3_ACCESS_KEY_ID ?? "",
    secretAccessKey: env.LAILA_TEST_S3_SECRET_ACCESS_KEY ?? "",
    endpoint,
  };
  await createBucket(there);
  return { ...there, close: () => Promise.resolve() };
}

const changes = new Set(["PutObject", "DeleteObject", "DeleteObjects", "CompleteMultipartUpload"]);

function loseReplyOf(server: S3Server): void {
  server.fault(({ operation }) => {
    if (!changes.has(operation)) return undefined;
    server.fault(undefined);
    return "reset-after-commit";
  });
}

/** The configuration that reaches a server of ours. */
export function keysOf(server: S3Server) {
  const { endpoint, accessKeyId, secretAccessKey, region } = server;
  return { endpoint, accessKeyId, secretAccessKey, regionName: region };
}

/** A configuration on a part of the bucket that nobody else uses. */
export function apart(there: Target): S3PoolConfig & { readonly prefix: string } {
  const { close, loseReply, ...config } = there;
  return { ...config, prefix: `${randomUUID()}/` };
}

async function createBucket(there: Omit<Target, "close">): Promise<void> {
  const { accessKeyId, secretAccessKey } = there;
  const client = new S3Client({
    endpoint: there.endpoint,
    forcePathStyle: true,
    region: there.regionName,
    credentials: { accessKeyId, secretAccessKey },
  });
  try {
    await client.send(new CreateBucketCommand({ Bucket: there.bucketName }));
  } catch (error) {
    const ours = error instanceof Error && error.name === "BucketAlreadyOwnedByYou";
    if (!ours) throw error;
  } finally {
    client.destroy();
  }
}
