import { LailaError } from "@laila/schema";
import type { Given } from "../spec.js";

/** Taken from the process's environment where no file gives arguments. */
export const awsVariables = [
  "AWS_ACCESS_KEY_ID",
  "AWS_SECRET_ACCESS_KEY",
  "AWS_SESSION_TOKEN",
  "AWS_REGION",
  "AWS_BUCKET_NAME",
  "AWS_ENDPOINT",
];

/**
 * The configuration of the pool that flags alone describe; what they leave out, the arguments say.
 * INVALID_ARGUMENT without a bucket.
 */
export function bucketConfig(args: Readonly<Record<string, unknown>>, given: Given): object {
  const arg = (name: string): unknown => (name in args ? args[name] : undefined);
  const bucketName = given.text("bucket") ?? arg("AWS_BUCKET_NAME");
  if (bucketName === undefined) {
    throw new LailaError(
      "INVALID_ARGUMENT",
      "There is no project here, and no bucket is named. Make a project with laila init, or give --bucket NAME.",
    );
  }
  const config = {
    bucketName,
    regionName: given.text("region") ?? arg("AWS_REGION"),
    endpoint: given.text("endpoint") ?? arg("AWS_ENDPOINT"),
    prefix: given.text("prefix"),
    accessKeyId: arg("AWS_ACCESS_KEY_ID"),
    secretAccessKey: arg("AWS_SECRET_ACCESS_KEY"),
    sessionToken: arg("AWS_SESSION_TOKEN"),
  };
  return Object.fromEntries(Object.entries(config).filter(([, value]) => value !== undefined));
}
