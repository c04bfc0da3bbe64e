import { ListObjectsV2Command } from "@aws-sdk/client-s3";
import type { Bucket } from "./bucket.js";
import type { Deed } from "./errors.js";

/** The server's clock, in whole seconds: the `Date` of an answer, or this machine's where it has none. */
export async function serverTime(bucket: Bucket, prefix: string, deed: Deed): Promise<Date> {
  let date: string | undefined;
  const command = new ListObjectsV2Command({
    Bucket: bucket.place.bucket,
    Prefix: prefix,
    MaxKeys: 1,
  });
  command.middlewareStack.add(
    (next) => async (args) => {
      const answer = await next(args);
      const { headers } = answer.response as { headers?: Readonly<Record<string, string>> };
      date = headers?.date;
      return answer;
    },
    { step: "deserialize", name: "lailaServerTime" },
  );
  await bucket.call(deed, (client, http) => client.send(command, http));
  const time = Date.parse(date ?? "");
  return Number.isNaN(time) ? new Date() : new Date(time);
}
