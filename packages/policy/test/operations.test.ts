import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { encodeRecord } from "@laila/schema";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import {
  constant,
  Manifest,
  MemoryPool,
  operationChannel,
  Policy,
  type PoolOperation,
  variable,
} from "../src/index.js";
import { BatchPool, TestPool, unavailable } from "./pools.js";

let told: PoolOperation[];
const onTold = (message: unknown): void => {
  told.push(message as PoolOperation);
};

beforeEach(() => {
  told = [];
  subscribe(operationChannel, onTold);
});

afterEach(() => {
  unsubscribe(operationChannel, onTold);
});

describe("the channel of operations", () => {
  it("tells of each that has ended: what, where, which, how large, how long", async () => {
    const pool = new MemoryPool();
    const { memory } = new Policy({ alphaPool: pool }).central;
    const entry = constant("a value nobody else may see", { nickname: "x" });
    await memory.memorize(entry);
    await memory.remember({ nickname: "x" });
    await memory.forget(entry);
    const bytes = encodeRecord(entry, { recorder: new Policy().globalId }).byteLength;
    const at = { poolId: pool.globalId, key: entry.globalId, ms: expect.any(Number) };
    expect(told).toEqual([
      { verb: "memorize", ...at, bytes },
      { verb: "remember", ...at, bytes },
      { verb: "forget", ...at, bytes: undefined },
    ]);
    expect(told.every((one) => one.ms >= 0 && !("error" in one))).toBe(true);
    expect(JSON.stringify(told)).not.toContain("nobody else");
  });

  it("measures until the operation has ended", async () => {
    const pool = new TestPool();
    const release = pool.hold();
    const future = new Policy({ alphaPool: pool }).central.memory.memorize(constant(1));
    await new Promise((resolve) => setTimeout(resolve, 30));
    expect(told).toEqual([]);
    release();
    await future;
    expect(told).toHaveLength(1);
    expect(told[0]?.ms).toBeGreaterThan(20);
  });

  it("says why one failed, and how large what was damaged is", async () => {
    const pool = new TestPool();
    const { memory } = new Policy({ alphaPool: pool }).central;
    const [away, missing, damaged] = [constant(1), constant(2), constant(3)];
    const failure = unavailable();
    pool.failing.set(away.globalId, failure);
    pool.values.set(damaged.globalId, new Uint8Array(5));
    await Promise.allSettled([
      memory.memorize(away),
      memory.remember(away),
      memory.forget(away),
      memory.remember(missing),
      memory.remember(damaged),
    ]);
    const of = (key: string): PoolOperation[] => told.filter((one) => one.key === key);
    expect(of(away.globalId)).toMatchObject([
      { verb: "memorize", bytes: expect.any(Number), error: failure },
      { verb: "remember", bytes: undefined, error: failure },
      { verb: "forget", error: failure },
    ]);
    expect(of(missing.globalId)).toMatchObject([
      { verb: "remember", error: { code: "NOT_FOUND" } },
    ]);
    expect(of(damaged.globalId)).toMatchObject([{ bytes: 5, error: { code: "CORRUPT" } }]);
    expect(told).toHaveLength(5);
  });

  it.each([
    ["one by one", () => new TestPool()],
    ["in batches", () => new BatchPool()],
  ])("tells of many once per key, %s", async (_, make) => {
    const pool = make();
    const { memory } = new Policy({ alphaPool: pool }).central;
    const entries = Array.from({ length: 100 }, (_, i) => constant(i));
    const failure = unavailable();
    const key = entries[7]?.globalId as string;
    pool.failing.set(key, failure);
    await memory.memorize(entries).settled();
    await memory.remember([...entries, ...entries.slice(10, 20)]).settled();
    await memory.forget(entries).settled();
    for (const verb of ["memorize", "remember", "forget"]) {
      const ended = told.filter((one) => one.verb === verb);
      expect(ended.map((one) => one.key).sort()).toEqual(entries.map((e) => e.globalId).sort());
      expect(ended.filter((one) => "error" in one)).toMatchObject([{ key, error: failure }]);
      const known = ended.filter((one) => (one.bytes ?? 0) > 0).length;
      expect(known).toBe({ memorize: 100, remember: 99, forget: 0 }[verb]);
    }
    expect(told).toHaveLength(300);
  });

  it("tells of each key of a batch that fails as a whole", async () => {
    const pool = new BatchPool();
    await pool.close();
    const { memory } = new Policy({ alphaPool: pool }).central;
    const entries = [constant(1), constant(2)];
    await memory.memorize(entries).settled();
    await memory.remember(entries).settled();
    await memory.forget(entries).settled();
    expect(told).toHaveLength(6);
    for (const one of told) expect(one.error).toMatchObject({ code: "CLOSED" });
  });

  it("tells of a manifest and its leaves, and of a kept copy only that it was remembered", async () => {
    const far = new TestPool();
    const policy = new Policy({ alphaPool: new TestPool() });
    const manifest = new Manifest(policy, { a: constant(1), b: constant(2) });
    await manifest.memorize({ pool: far });
    expect(told.at(-1)).toMatchObject({ verb: "memorize", key: manifest.globalId });
    await manifest.remember({ pool: far, keepCopy: true });
    const counted = told.map(({ verb, poolId }) => `${verb} ${poolId === far.globalId}`);
    expect(counted).toEqual([
      ...Array<string>(3).fill("memorize true"),
      ...Array<string>(2).fill("remember true"),
    ]);
  });

  it("breaks nothing when a listener throws: the process is told, as of any listener's error", async () => {
    const thrown = new Error("a listener's own");
    const angry = (): void => {
      throw thrown;
    };
    const uncaught = process.listeners("uncaughtException");
    process.removeAllListeners("uncaughtException");
    const seen = vi.fn();
    process.on("uncaughtException", seen);
    subscribe(operationChannel, angry);
    try {
      const { memory } = new Policy({ alphaPool: new BatchPool() }).central;
      const entries = [variable(1), variable(2)];
      await memory.memorize(entries);
      expect(await memory.remember(entries)).toHaveLength(2);
      await new Promise((resolve) => setImmediate(resolve));
    } finally {
      unsubscribe(operationChannel, angry);
      process.off("uncaughtException", seen);
      for (const listener of uncaught) process.on("uncaughtException", listener);
    }
    expect(told).toHaveLength(4);
    expect(seen).toHaveBeenCalledTimes(4);
    expect(seen.mock.calls[0]?.[0]).toBe(thrown);
  });
});
