import { getEventListeners } from "node:events";
import { setTimeout } from "node:timers/promises";
import { S3Pool } from "@laila/pool-s3";
import { type FaultRule, faultPlan, startS3Server } from "@laila-tooling/s3-server";
import { expect, it } from "vitest";
import { keysOf } from "./server.js";
import { codeOf, isLost, type Tally, Writer } from "./soak-writer.js";

// `npm run soak:s3` sets it; tests have no other way to be told.
const full = process.env.LAILA_SOAK === "full";
const operations = full ? 10_000 : 800;
const seed = Number(process.env.LAILA_SOAK_SEED ?? 20_261_123);
const writers = 16;
const MiB = 2 ** 20;

/** One request in five meets one of these. */
const kinds: readonly Omit<FaultRule, "probability">[] = [
  { fault: { status: 500, code: "InternalError" } },
  { fault: { status: 503, code: "SlowDown" } },
  { fault: "reset" },
  { fault: "reset-in-request" },
  { fault: "reset-after-commit" },
  { fault: "reset-in-reply" },
  { fault: "truncate" },
  { fault: "flip-request" },
  { fault: { delayMs: 50 } },
  { fault: { bodyMs: 40 } },
  // Nothing guards the XML of the other answers but TLS.
  { fault: "shorten", operation: "GetObject" },
  { fault: "flip", operation: "GetObject" },
];
const rules = kinds.map((kind) => ({ ...kind, probability: 0.02 }));

/** Numbers below a bound that follow from the seed (mulberry32). */
function randomOf(start: number): (below: number) => number {
  let state = start | 0;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * below);
  };
}

/** Adds one, again and again until it is done or cannot be known. */
async function increment(pool: S3Pool, key: string, counts: { done: number; unknown: number }) {
  for (;;) {
    try {
      const found = await pool.read(key);
      const number = Number(new TextDecoder().decode(found?.bytes));
      const condition = found ? { ifVersion: found.version ?? "" } : ({ ifAbsent: true } as const);
      try {
        await pool.write(key, new TextEncoder().encode(String(number + 1)), { condition });
        counts.done += 1;
      } catch (error) {
        codeOf(error);
        if (isLost(error)) continue;
        counts.unknown += 1;
      }
      return;
    } catch (error) {
      codeOf(error);
    }
  }
}

const sockets = (): number =>
  process.getActiveResourcesInfo().filter((kind) => /^TCPSOCKETWRAP$/i.test(kind)).length;

it(`loses and corrupts nothing in ${operations} operations with a fault in every fifth request`, {
  timeout: full ? 1_800_000 : 120_000,
}, async () => {
  const socketsBefore = sockets();
  const warnings: Error[] = [];
  const warn = (warning: Error): unknown => warnings.push(warning);
  process.on("warning", warn);
  const server = await startS3Server({ buckets: ["bucket"] });
  const pool = new S3Pool({
    ...keysOf(server),
    bucketName: "bucket",
    maxConnections: 24,
    requestTimeoutMs: 10_000,
  });
  const { signal } = new AbortController();
  const tally: Tally = new Map();
  const counts = { done: 0, unknown: 0 };
  const random = randomOf(seed);
  try {
    await pool.write("counter", new TextEncoder().encode("0"), { condition: { ifAbsent: true } });
    let struck = 0;
    let requests = 0;
    const plan = faultPlan(seed, rules);
    server.fault((request) => {
      requests += 1;
      const fault = plan(request);
      if (fault !== undefined) struck += 1;
      return fault;
    });
    let left = operations;
    const all = Array.from({ length: writers }, (_, index) => {
      const largeBytes = 17 * MiB;
      const own = randomOf(seed + index + 1);
      return new Writer({ pool, signal, index, random: own, tally, largeBytes });
    });
    await Promise.all(
      all.map(async (writer) => {
        while (left-- > 0) {
          if (random(50) === 0) await increment(pool, "counter", counts);
          else await writer.step();
        }
      }),
    );
    server.fault(undefined);
    for (const writer of all) await writer.verify();
    const counted = Number(new TextDecoder().decode((await pool.read("counter"))?.bytes));
    expect(counted).toBeGreaterThanOrEqual(counts.done);
    expect(counted).toBeLessThanOrEqual(counts.done + counts.unknown);
    expect(struck / requests).toBeGreaterThan(0.15);
    // Most calls get through: three attempts, of which one in five fails.
    const done = [...tally].filter(([name]) => name.endsWith(": done"));
    const sum = (some: readonly (readonly [string, number])[]): number =>
      some.reduce((total, [, count]) => total + count, 0);
    expect(sum(done) / sum([...tally])).toBeGreaterThan(0.9);
    if (full) {
      console.log({ seed, operations, requests, struck, counted, ...counts });
      console.table(Object.fromEntries([...tally].sort()));
    }
    expect(getEventListeners(signal, "abort")).toEqual([]);
  } finally {
    await pool.close();
    await server.close();
    process.off("warning", warn);
  }
  for (let i = 0; i < 50 && sockets() > socketsBefore; i++) await setTimeout(20);
  expect(sockets()).toBe(socketsBefore);
  expect(warnings).toEqual([]);
});
