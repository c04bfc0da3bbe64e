import { loadEnvironment } from "@laila/environment";
import { defineCommand } from "citty";
import { bucketFlags, withBucket } from "./bucket.js";
import type { Output } from "./run.js";

/** `laila env show NAME`: the current version of a saved environment. */
export const envShow = ({ out, err }: Output) =>
  defineCommand({
    meta: { name: "show", description: "Prints the current version of a saved environment" },
    args: {
      name: { type: "positional", description: "The name it was saved under", required: true },
      ...bucketFlags,
    },
    run: ({ args }) =>
      withBucket(args, async (pool) => {
        const { environment, version } = await loadEnvironment({ name: args.name, pool });
        if (args.json) return out(JSON.stringify({ name: args.name, version, environment }));
        err(version === undefined ? args.name : `${args.name}, version ${version}`);
        out(JSON.stringify(environment, null, 2));
      }),
  });
