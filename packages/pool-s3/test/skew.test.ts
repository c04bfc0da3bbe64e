import { S3Pool } from "@laila/pool-s3";
import { startS3Server } from "@laila-tooling/s3-server";
import { expect, it } from "vitest";
import { keysOf } from "./server.js";

const hour = 3_600_000;

it.each([hour, -hour])(
  "sets its clock by the server's for all who are refused at once: %d ms",
  async (clockSkewMs) => {
    await using server = await startS3Server({ buckets: ["bucket"] });
    server.fault(() => ({ clockSkewMs }));
    for (let round = 0; round < 3; round++) {
      await using writer = new S3Pool({ ...keysOf(server), bucketName: "bucket" });
      const keys = Array.from({ length: 300 }, (_, i) => `key ${i}`);
      const written = await writer.writeMany(
        keys.map((key) => ({ key, bytes: new Uint8Array(9) })),
      );
      expect(written.filter(({ error }) => error !== undefined)).toEqual([]);
      // HEAD, whose refusal does not say why.
      await using reader = new S3Pool({ ...keysOf(server), bucketName: "bucket" });
      const found = await Promise.all(keys.map((key) => reader.exists(key)));
      expect(found).not.toContain(false);
    }
  },
);
