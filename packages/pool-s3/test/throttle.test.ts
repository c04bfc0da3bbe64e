import { setTimeout } from "node:timers/promises";
import { S3Pool } from "@laila/pool-s3";
import { type S3Server, startS3Server } from "@laila-tooling/s3-server";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { Throttle } from "../src/throttle.js";
import { collect } from "./reports.js";
import { keysOf } from "./server.js";

let server: S3Server;
beforeAll(async () => {
  server = await startS3Server({ buckets: ["bucket"] });
});
afterEach(() => server.fault(undefined));
afterAll(() => server.close());

describe("the throttle", () => {
  it("halves its places once for a burst, keeps one, and gains them back with successes", async () => {
    const throttle = new Throttle(16);
    for (let i = 0; i < 10; i++) throttle.slow();
    expect(throttle.limit).toBe(8);
    for (let i = 0; i < 6; i++) {
      await setTimeout(101);
      throttle.slow();
    }
    expect(throttle.limit).toBe(1);
    let successes = 0;
    for (let before = 1; throttle.limit < 16; successes++) {
      throttle.succeeded();
      expect(throttle.limit).toBeGreaterThanOrEqual(before);
      before = throttle.limit;
    }
    // Slowly enough to meet the server's limit gently, and soon enough to be there again.
    expect(successes).toBeGreaterThan(16);
    expect(successes).toBeLessThan(500);
    throttle.succeeded();
    expect(throttle.limit).toBe(16);
  });
});

describe("a pool that is answered 503 or 429", () => {
  const answers = [
    { status: 503, code: "SlowDown" },
    { status: 429, code: "TooManyRequests" },
    { status: 503, code: "ServiceUnavailable" },
  ];

  it("has fewer requests under way until the server has room again", async () => {
    const pool = new S3Pool({ ...keysOf(server), bucketName: "bucket", maxConnections: 16 });
    let most = 0;
    const slow = () => {
      most = Math.max(most, server.requests.filter(({ status: told }) => told === 0).length);
      return { delayMs: 5 };
    };
    const keys = (count: number) => Array.from({ length: count }, (_, i) => `k${i}`);
    const readAll = async (count: number) => {
      server.clearRequests();
      const found = await collect(pool.readMany(keys(count)));
      expect(found.filter(({ error }) => error !== undefined)).toEqual([]);
    };
    server.fault(slow);
    await readAll(60);
    expect(most).toBe(16);

    // One refusal in each of some bursts, to requests that then succeed by themselves.
    for (const answer of answers) {
      let refused = false;
      server.fault(() => {
        if (refused) return slow();
        refused = true;
        return answer;
      });
      await readAll(3);
      await setTimeout(110);
    }
    server.fault(slow);
    most = 0;
    await readAll(8);
    expect(most).toBeLessThanOrEqual(6);

    // With what succeeds, the places come back.
    await readAll(150);
    most = 0;
    await readAll(60);
    expect(most).toBe(16);
    await pool.close();
  });
});

it("many at once have as many requests under way as there are connections, and no more", async () => {
  const pool = new S3Pool({ ...keysOf(server), bucketName: "bucket", maxConnections: 7 });
  const keys = Array.from({ length: 60 }, (_, i) => `many${i}`);
  const bytes = Uint8Array.of(1);
  let most = 0;
  server.fault(() => {
    most = Math.max(most, server.requests.filter(({ status }) => status === 0).length);
    return { delayMs: 5 };
  });
  const acts = [
    () => pool.writeMany(keys.map((key) => ({ key, bytes }))),
    () => collect(pool.readMany(keys)),
    () => Promise.all(keys.map((key) => pool.read(key))),
  ];
  for (const act of acts) {
    server.clearRequests();
    most = 0;
    await act();
    expect(most).toBe(7);
  }
  server.clearRequests();
  await pool.deleteMany(keys);
  expect(server.requests).toHaveLength(1);
  await pool.close();
});
