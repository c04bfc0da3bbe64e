import { parseArgs } from "node:util";
import { run } from "./spawn.mjs";

const usage = `usage: test:s3 [--endpoint=URL] [--bucket=NAME] [--region=NAME]
Without an endpoint, on this repository's own server. The keys of another come by the environment:
LAILA_TEST_S3_ACCESS_KEY_ID and LAILA_TEST_S3_SECRET_ACCESS_KEY. The bucket is made if it is missing.`;

const keys = ["LAILA_TEST_S3_ACCESS_KEY_ID", "LAILA_TEST_S3_SECRET_ACCESS_KEY"];

/**
 * The whole conformance suite of @laila/pool-s3, every floor of it, on any S3 server.
 *
 * @param {string[]} args
 */
export const testS3 = async (args) => {
  try {
    return await testServer(args);
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    console.error(`${error.message}\n${usage}`);
    return 2;
  }
};

const testServer = async (/** @type {string[]} */ args) => {
  const { values } = parseArgs({
    args: args.filter((arg) => arg !== "--"),
    options: {
      endpoint: { type: "string" },
      bucket: { type: "string" },
      region: { type: "string" },
      help: { type: "boolean", default: false },
    },
  });
  const missing = values.endpoint === undefined ? [] : keys.filter((name) => !process.env[name]);
  if (values.help || missing.length > 0) {
    if (missing.length > 0) console.error(`Set ${missing.join(" and ")}.`);
    console.error(usage);
    return 2;
  }
  const named = {
    LAILA_TEST_S3_ENDPOINT: values.endpoint,
    LAILA_TEST_S3_BUCKET: values.bucket,
    LAILA_TEST_S3_REGION: values.region,
  };
  /** @type {Record<string, string>} */
  const env = {};
  for (const [name, value] of Object.entries(named)) if (value !== undefined) env[name] = value;
  const suite = "packages/pool-s3/test/conformance.test.ts";
  return run(["pnpm", "exec", "vitest", "run", suite], { env });
};

/**
 * The long forms of what `npm test` does shortly: every fault, ten thousand operations, fifty kills. About ten
 * minutes.
 *
 * @param {string[]} args
 */
export const soakS3 = (args) =>
  run(
    [
      "pnpm",
      "exec",
      "vitest",
      "run",
      ...["faults", "soak", "killed"].map((name) => `packages/pool-s3/test/${name}`),
      ...args,
    ],
    { env: { LAILA_SOAK: "full" } },
  );
