import { GetObjectCommand } from "@aws-sdk/client-s3";
import { S3Pool } from "@laila/pool-s3";
import { startS3Server } from "@laila-tooling/s3-server";
import { expect, it } from "vitest";
import { createClient } from "../src/client.js";
import type { Retries } from "../src/retries.js";
import { keysOf } from "./server.js";

const keys = Array.from({ length: 64 }, (_, i) => `key ${i}`);

it("tries each request again, however many meet the same fault", async () => {
  await using server = await startS3Server({ buckets: ["bucket"] });
  await using pool = new S3Pool({ ...keysOf(server), bucketName: "bucket" });
  for (const operation of ["PutObject", "GetObject"] as const) {
    const met = new Set<string>();
    server.fault((request) => {
      if (request.operation !== operation || met.has(request.path)) return undefined;
      met.add(request.path);
      return "reset";
    });
    const act = (key: string) =>
      operation === "PutObject" ? pool.write(key, new Uint8Array(9)) : pool.read(key);
    const outcomes = await Promise.allSettled(keys.map(act));
    expect(met.size).toBe(keys.length);
    expect(outcomes.filter(({ status }) => status === "rejected")).toEqual([]);
  }
});

it("ends a pause with the request's signal, so that nobody waits for its place", async () => {
  await using server = await startS3Server({ buckets: ["bucket"] });
  const { endpoint, accessKeyId, secretAccessKey } = keysOf(server);
  const client = createClient({
    endpoint,
    accessKeyId,
    secretAccessKey,
    maxConnections: 1,
    connectTimeoutMs: 60_000,
    requestTimeoutMs: 60_000,
    requestChecksumCalculation: "WHEN_SUPPORTED",
  });
  const strategy = (await client.config.retryStrategy()) as Retries;
  const pauses: Promise<unknown>[] = [];
  const ending = new AbortController();
  const pause = strategy.refreshRetryTokenForRetry.bind(strategy);
  strategy.refreshRetryTokenForRetry = (last, failed) => {
    const pausing = pause(last, { ...failed, retryAfterHint: new Date(Date.now() + 3_600_000) });
    pauses.push(pausing);
    ending.abort();
    return pausing;
  };
  server.fault(() => ({ status: 503, code: "SlowDown" }));
  const command = new GetObjectCommand({ Bucket: "bucket", Key: "key" });
  await expect(client.send(command, { abortSignal: ending.signal })).rejects.toThrow();
  expect(await Promise.allSettled(pauses)).toMatchObject([{ reason: { code: "ABORT_ERR" } }]);
  client.destroy();
});
