import { startS3Server } from "@laila-tooling/s3-server";

/** Where the demo runs, as the names that `secrets.toml` will hold. */
export type Secrets = Readonly<Record<string, string>>;

/** The caller's S3 when the environment or the flag names one, else a server started for the occasion. */
export async function findS3(
  endpoint: string | undefined,
): Promise<{ readonly secrets: Secrets; readonly close: () => Promise<void> }> {
  const { AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN } = process.env;
  const { AWS_BUCKET_NAME, AWS_REGION = "us-east-1" } = process.env;
  if (endpoint === undefined && AWS_BUCKET_NAME === undefined) {
    const server = await startS3Server({ buckets: ["laila-demo"] });
    const secrets = {
      AWS_BUCKET_NAME: "laila-demo",
      AWS_ACCESS_KEY_ID: server.accessKeyId,
      AWS_SECRET_ACCESS_KEY: server.secretAccessKey,
      AWS_REGION: server.region,
      AWS_ENDPOINT: server.endpoint,
    };
    return { secrets, close: () => server.close() };
  }
  if (!AWS_ACCESS_KEY_ID || !AWS_SECRET_ACCESS_KEY || !AWS_BUCKET_NAME) {
    throw new Error(
      "To run on an S3 of yours, set AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_BUCKET_NAME (the bucket must exist); without AWS_BUCKET_NAME and an endpoint the demo starts a server of its own.",
    );
  }
  const secrets = {
    AWS_BUCKET_NAME,
    AWS_ACCESS_KEY_ID,
    AWS_SECRET_ACCESS_KEY,
    AWS_REGION,
    AWS_PREFIX: `laila-demo-${Date.now()}/`,
    ...(AWS_SESSION_TOKEN ? { AWS_SESSION_TOKEN } : {}),
    ...(endpoint ? { AWS_ENDPOINT: endpoint } : {}),
  };
  return { secrets, close: async () => undefined };
}

/** The lines of a `secrets.toml`. */
export function secretsToml(secrets: Secrets): string {
  return Object.entries(secrets)
    .map(([name, value]) => `${name} = ${JSON.stringify(value)}\n`)
    .join("");
}
