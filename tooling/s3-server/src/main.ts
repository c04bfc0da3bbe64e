import { parseArgs } from "node:util";
import { startS3Server } from "./start.js";

const usage = `usage: s3-server [--port N] [--directory PATH] [--bucket NAME]… [--region NAME] [--fsync] [--json]
Credentials come from AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY if both are set, else they are random.`;

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      port: { type: "string" },
      directory: { type: "string" },
      bucket: { type: "string", multiple: true },
      region: { type: "string" },
      fsync: { type: "boolean", default: false },
      json: { type: "boolean", default: false },
      help: { type: "boolean", default: false },
    },
  });
  if (values.help) {
    console.log(usage);
    return;
  }
  const { AWS_ACCESS_KEY_ID: id, AWS_SECRET_ACCESS_KEY: secret } = process.env;
  const server = await startS3Server({
    port: portOf(values.port),
    ...(values.directory === undefined ? {} : { directory: values.directory }),
    ...(values.region === undefined ? {} : { region: values.region }),
    ...(id && secret ? { accessKeyId: id, secretAccessKey: secret } : {}),
    buckets: values.bucket ?? [],
    fsync: values.fsync,
  });
  const { endpoint, accessKeyId, secretAccessKey, region, directory } = server;
  const facts = { endpoint, accessKeyId, secretAccessKey, region, directory };
  if (values.json) console.log(JSON.stringify(facts));
  else for (const [name, value] of Object.entries(facts)) console.log(`${name}: ${value}`);
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    process.once(signal, () => {
      // Nothing is left that keeps the process alive: it ends by itself, with exit code 0.
      server.close().catch((error: unknown) => {
        console.error(error);
        process.exitCode = 1;
      });
    });
  }
}

function portOf(value: string | undefined): number {
  const port = Number(value ?? "0");
  if (!Number.isInteger(port) || port < 0 || port > 65535) {
    throw new TypeError(`--port must be a number from 0 to 65535, not "${value}".`);
  }
  return port;
}

main().catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : error);
  console.error(usage);
  process.exitCode = 1;
});
