import { randomBytes } from "node:crypto";
import { innermost, MemoryPool, type PoolLike } from "@laila/pool";
import {
  withRetry,
  withThrottle,
  withTimeout,
  withTracing,
  withTransforms,
} from "@laila/pool/layers";
import { describePool } from "@laila/pool/testing";
import fc from "fast-check";
import { afterAll, describe, it } from "vitest";
import { FlakyPool } from "../support/flaky-pool.js";
import { SlowPool } from "../support/slow-pool.js";

const key = randomBytes(32).toString("base64");
const oldKey = randomBytes(32).toString("hex");

/** Every layer, with what it does to the longest value. */
const layers: Record<string, (pool: PoolLike) => PoolLike> = {
  gzip: (pool) => withTransforms(pool, [{ gzip: { level: 1 } }]),
  brotli: (pool) => withTransforms(pool, [{ brotli: { quality: 1 } }]),
  "gzip and encrypt": (pool) =>
    withTransforms(pool, [
      { gzip: { level: 1 } },
      { encrypt: { keyId: "now", key, oldKeys: { before: oldKey } } },
    ]),
  encrypt: (pool) => withTransforms(pool, [{ encrypt: { keyId: "k1", key } }]),
  retry: (pool) => withRetry(pool, { minDelayMs: 1 }),
  timeout: (pool) => withTimeout(pool, { timeoutMs: 60_000 }),
  throttle: (pool) => withThrottle(pool, { requestsPerSecond: 1_000_000, burst: 64 }),
  tracing: (pool) => withTracing(pool),
};

function conforms(name: string, wrap: (pool: PoolLike) => PoolLike, runs: number): void {
  describePool(
    name,
    {
      supports: wrap(new MemoryPool()).supports,
      create: () => ({ pool: wrap(new MemoryPool({ nickname: "inside" })) }),
      poolClass: MemoryPool,
      secrets: [key, oldKey],
      runs,
    },
    { describe, it, afterAll },
  );
}

describe("each layer alone", () => {
  for (const [name, wrap] of Object.entries(layers)) conforms(name, wrap, 25);
});

describe("four layers in random order", () => {
  const transforms = ["gzip", "brotli", "gzip and encrypt", "encrypt"];
  // Two transforms side by side are one layer, and so are not given as two.
  const stacks = fc
    .shuffledSubarray(Object.keys(layers), { minLength: 4, maxLength: 4 })
    .filter((names) =>
      names.every(
        (name, i) => !transforms.includes(name) || !transforms.includes(names[i + 1] ?? ""),
      ),
    );
  for (const names of fc.sample(stacks, { numRuns: 3, seed: 20260131 })) {
    const wrap = (pool: PoolLike): PoolLike =>
      names.reduce((inner, name) => layers[name]?.(inner) ?? inner, pool);
    conforms(names.join(", "), wrap, 10);
  }
});

describePool(
  "layers around a pool that persists and is shared, recovered from its configuration",
  {
    supports: around(SlowPool.onNewStorage({ conditional: true })).supports,
    create: () => ({ pool: around(SlowPool.onNewStorage({ conditional: true })) }),
    poolClass: SlowPool,
    secrets: [key, oldKey],
    runs: 5,
  },
  { describe, it, afterAll },
);

function around(pool: PoolLike): PoolLike {
  const names = ["gzip and encrypt", "throttle", "timeout", "retry"];
  return names.reduce((inner, name) => layers[name]?.(inner) ?? inner, pool);
}

describePool(
  "retry around a pool whose replies get lost",
  {
    supports: new FlakyPool().supports,
    create: () => ({ pool: withRetry(new FlakyPool(), { minDelayMs: 1 }) }),
    poolClass: FlakyPool,
    loseReply: (pool) => {
      const inner = innermost(pool) as FlakyPool;
      inner.replyLost = true;
      inner.failing("write", 1).failing("delete", 1);
    },
    runs: 10,
  },
  { describe, it, afterAll },
);
