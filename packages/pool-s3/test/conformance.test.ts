import { fileURLToPath } from "node:url";
import { describePool } from "@laila/pool/testing";
import { S3Pool } from "@laila/pool-s3";
import { afterAll, beforeAll, describe, it } from "vitest";
import { apart, type Target, target } from "./server.js";

let there: Target;
beforeAll(async () => {
  there = await target();
});
afterAll(() => there.close());

const ours = process.env.LAILA_TEST_S3_ENDPOINT === undefined;
const program = new URL("../node_modules/.laila-durability-child.mjs", import.meta.url);
const secretAccessKey = process.env.LAILA_TEST_S3_SECRET_ACCESS_KEY;

describePool(
  "S3Pool",
  {
    supports: {
      conditionalWrites: true,
      durable: true,
      persistent: true,
      batch: true,
      streams: true,
      sharedBetweenProcesses: true,
      evicts: false,
      maxValueBytes: 5 * 1024 ** 4,
      // 1,024 bytes less a prefix of a uuid and a slash, in threes.
      maxKeyBytes: 329,
    },
    create: () => ({ pool: new S3Pool(apart(there)) }),
    // A round takes about half a second: most of it is the SDK's, which is loaded and closed each time.
    rounds: 20,
    child: { command: process.execPath, args: [fileURLToPath(program)] },
    // Nobody listens on port 1.
    unreachable: () => ({
      pool: new S3Pool({ ...apart(there), endpoint: "http://127.0.0.1:1" }),
    }),
    ...(ours ? { loseReply: () => there.loseReply?.() } : {}),
    secrets: secretAccessKey === undefined ? [] : [secretAccessKey],
  },
  { describe, it, afterAll },
);
