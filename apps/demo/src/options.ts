import { parseArgs } from "node:util";
import { startS3Server } from "@laila-tooling/s3-server";

const help = `npm run demo                          on an S3 server of our own, started for the occasion
npm run demo -- --json                one JSON object with the facts
npm run demo -- --endpoint URL        on any S3 server (AWS_ENDPOINT says it too); with AWS_BUCKET_NAME
                                      and no endpoint, on AWS itself

On an S3 of yours, AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_BUCKET_NAME, AWS_REGION (and
AWS_SESSION_TOKEN) say the rest; what the demo writes lies below a prefix of its own.`;

/** The flags; `--help` is answered here. */
export function readFlags(): { readonly json: boolean; readonly endpoint: string | undefined } {
  const { values } = parseArgs({
    args: process.argv.slice(2).filter((arg) => arg !== "--"),
    options: {
      json: { type: "boolean", default: false },
      endpoint: { type: "string" },
      help: { type: "boolean", short: "h" },
    },
  });
  if (values.help) {
    console.log(help);
    process.exit(0);
  }
  return { json: values.json, endpoint: values.endpoint ?? process.env.AWS_ENDPOINT };
}

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
