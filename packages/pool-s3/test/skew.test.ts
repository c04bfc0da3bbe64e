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

// Signatures hold for 15 minutes: nothing is refused for these five.
it.each([5 * 60_000, hour])(
  "takes no answer for a fault of the clock: %d ms",
  async (clockSkewMs) => {
    await using server = await startS3Server({ buckets: ["bucket"] });
    server.fault(() => ({ clockSkewMs }));
    await using pool = new S3Pool({ ...keysOf(server), bucketName: "bucket" });
    const write = () => pool.write("key", new Uint8Array(9), { condition: { ifAbsent: true } });
    await write();
    const asked = server.counts.get("GetObject") ?? 0;
    expect(await pool.read("nothing")).toBeUndefined();
    expect(server.counts.get("GetObject")).toBe(asked + 1);
    await expect(write()).rejects.toMatchObject({ code: "CONFLICT", details: { outcome: "lost" } });
  },
);
