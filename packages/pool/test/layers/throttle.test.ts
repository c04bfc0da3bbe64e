import { getEventListeners } from "node:events";
import type { PoolLike } from "@laila/pool";
import { withThrottle } from "@laila/pool/layers";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { collect } from "../support/pair.js";
import { bytesOf, ScriptedPool } from "../support/scripted-pool.js";

describe("withThrottle", () => {
  beforeEach(() => {
    vi.useFakeTimers();
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  /** How many of these calls are through, as time goes on. */
  function counted(calls: readonly Promise<unknown>[]): { readonly through: number } {
    const count = { through: 0 };
    for (const call of calls)
      void call.then(() => {
        count.through++;
      });
    return count;
  }

  it("lets a burst through, and then so many a second", async () => {
    const pool = withThrottle(new ScriptedPool(), { requestsPerSecond: 10, burst: 3 });
    const done = counted(Array.from({ length: 10 }, (_, i) => pool.exists(`key ${i}`)));
    await vi.advanceTimersByTimeAsync(0);
    expect(done.through).toBe(3);
    await vi.advanceTimersByTimeAsync(99);
    expect(done.through).toBe(3);
    await vi.advanceTimersByTimeAsync(1);
    expect(done.through).toBe(4);
    await vi.advanceTimersByTimeAsync(500);
    expect(done.through).toBe(9);
    await vi.advanceTimersByTimeAsync(100);
    expect(done.through).toBe(10);
  });

  it("saves up no more than a burst", async () => {
    const pool = withThrottle(new ScriptedPool(), { requestsPerSecond: 2 });
    await pool.open();
    await vi.advanceTimersByTimeAsync(3_600_000);
    const done = counted(Array.from({ length: 6 }, () => pool.exists("a")));
    await vi.advanceTimersByTimeAsync(0);
    expect(done.through).toBe(2);
    await vi.advanceTimersByTimeAsync(2000);
    expect(done.through).toBe(6);
  });

  it("serves first who came first: small calls do not overtake a large one", async () => {
    const inner = new ScriptedPool();
    const pool = withThrottle(inner, { requestsPerSecond: 10, burst: 5 });
    await Promise.all(Array.from({ length: 5 }, () => pool.exists("before")));
    inner.log.length = 0;
    const large = pool.deleteMany(["1", "2", "3", "4"]);
    const small = pool.exists("small");
    await vi.advanceTimersByTimeAsync(399);
    expect(inner.log).toEqual([]);
    await vi.advanceTimersByTimeAsync(1);
    await large;
    expect(inner.log).toEqual(["1", "2", "3", "4"].map((key) => `delete ${key}`));
    await vi.advanceTimersByTimeAsync(100);
    await small;
    expect(inner.log.at(-1)).toBe("exists small");
  });

  it("counts each key of many, also where there are more than a burst", async () => {
    const inner = new ScriptedPool();
    const pool = withThrottle(inner, { requestsPerSecond: 10, burst: 5 });
    const items = Array.from({ length: 12 }, (_, i) => ({ key: `key ${i}`, bytes: bytesOf("x") }));
    const writing = pool.writeMany(items);
    const written = () => inner.log.filter((call) => call.startsWith("write")).length;
    await vi.advanceTimersByTimeAsync(0);
    expect(written()).toBe(5);
    await vi.advanceTimersByTimeAsync(500);
    expect(written()).toBe(10);
    await vi.advanceTimersByTimeAsync(200);
    expect((await writing).map(({ key }) => key)).toEqual(items.map(({ key }) => key));
    const reading = collect(pool.readMany(items.map(({ key }) => key)));
    await vi.advanceTimersByTimeAsync(1200);
    expect(await reading).toHaveLength(12);
  });

  it("counts a listing as one request for every thousand keys", async () => {
    const inner = new ScriptedPool();
    for (let i = 0; i < 2500; i++) inner.values.set(`${i}`, { bytes: bytesOf("x"), version: "1" });
    const pool = withThrottle(inner, { requestsPerSecond: 1, burst: 1 });
    let listed = 0;
    const listing = (async () => {
      for await (const _ of pool.keys()) listed++;
    })();
    await vi.advanceTimersByTimeAsync(0);
    expect(listed).toBe(1000);
    await vi.advanceTimersByTimeAsync(1000);
    expect(listed).toBe(2000);
    await vi.advanceTimersByTimeAsync(1000);
    await listing;
    expect(listed).toBe(2500);
  });

  it("lets go of its place at once when it is aborted, and the next one moves up", async () => {
    const { pool, inner } = await exhausted();
    const controller = new AbortController();
    const { signal } = controller;
    const large = pool.deleteMany(["a", "b", "c", "d"], { signal }).catch((e: unknown) => e);
    const small = pool.exists("small");
    await vi.advanceTimersByTimeAsync(100);
    expect(inner.log).toEqual([]);
    controller.abort(new Error("never mind"));
    expect(await large).toMatchObject({ code: "ABORTED", cause: { message: "never mind" } });
    await small;
    expect(inner.log).toEqual(["exists small"]);
    expect(getEventListeners(signal, "abort")).toHaveLength(0);
  });

  it("says CLOSED to all who wait when it is closed, and leaves no timer", async () => {
    const { pool } = await exhausted();
    const waiting = [pool.exists("a"), pool.read("b")].map((call) => call.catch((e: unknown) => e));
    await pool.close();
    for (const outcome of await Promise.all(waiting))
      expect(outcome).toMatchObject({ code: "CLOSED" });
    expect(vi.getTimerCount()).toBe(0);
  });

  async function exhausted(): Promise<{ pool: PoolLike; inner: ScriptedPool }> {
    const inner = new ScriptedPool();
    const pool = withThrottle(inner, { requestsPerSecond: 10, burst: 5 });
    await Promise.all(Array.from({ length: 5 }, () => pool.exists("before")));
    inner.log.length = 0;
    return { pool, inner };
  }
});
