import { describePool } from "@laila/pool/testing";
import { S3Pool } from "@laila/pool-s3";
import { afterAll, beforeAll, describe, it } from "vitest";
import { apart, type Target, target } from "./server.js";

let there: Target;
beforeAll(async () => {
  there = await target();
});
afterAll(() => there.close());

const secretAccessKey = process.env.LAILA_TEST_S3_SECRET_ACCESS_KEY;

describePool(
  "S3Pool",
  {
    supports: {
      conditionalWrites: true,
      durable: true,
      persistent: true,
      batch: true,
      streams: false,
      sharedBetweenProcesses: true,
      evicts: false,
      maxValueBytes: 5 * 1024 ** 3,
      // 1,024 bytes less a prefix of a uuid and a slash, in threes.
      maxKeyBytes: 329,
    },
    create: () => ({ pool: new S3Pool(apart(there)) }),
    secrets: secretAccessKey === undefined ? [] : [secretAccessKey],
  },
  { describe, it, afterAll },
);
