import { defineCommand } from "citty";
import { bucketFlags, withBucket } from "./bucket.js";
import type { Output } from "./run.js";

/** `laila pool ls`: the keys in a bucket. */
export const poolLs = ({ out }: Output) =>
  defineCommand({
    meta: { name: "ls", description: "Lists the keys in a bucket, one a line" },
    args: bucketFlags,
    run: ({ args }) =>
      withBucket(args, async (pool) => {
        const keys: string[] = [];
        for await (const key of pool.keys()) {
          if (args.json) keys.push(key);
          else out(key);
        }
        if (args.json) out(JSON.stringify(keys));
      }),
  });
