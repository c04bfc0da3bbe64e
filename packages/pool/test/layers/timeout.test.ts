import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { getEventListeners } from "node:events";
import { LailaError, type PoolLike } from "@laila/pool";
import { type LateOutcome, lateOutcomeChannel, withRetry, withTimeout } from "@laila/pool/layers";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { collect } from "../support/pair.js";
import { bytesOf, ScriptedPool, settled, textOf } from "../support/scripted-pool.js";

/** A pool whose `operation` hangs, and never heeds a signal. */
function hanging(operation: string): { pool: PoolLike; inner: ScriptedPool; go: () => void } {
  const inner = new ScriptedPool();
  const gate = inner.gate(operation);
  const deaf = new Proxy(inner, {
    get(target, name) {
      const member: unknown = Reflect.get(target, name, target);
      if (typeof member !== "function") return member;
      return (...given: readonly unknown[]) =>
        member.apply(
          target,
          given.map((one) =>
            one && typeof one === "object" && "signal" in one ? { ...one, signal: undefined } : one,
          ),
        ) as unknown;
    },
  });
  return { pool: withTimeout(deaf, { timeoutMs: 20 }), inner, go: () => gate.open() };
}

describe("withTimeout", () => {
  const late: LateOutcome[] = [];
  const listen = (told: unknown): void => {
    late.push(told as LateOutcome);
  };
  beforeEach(() => {
    late.length = 0;
    subscribe(lateOutcomeChannel, listen);
  });
  afterEach(() => {
    unsubscribe(lateOutcomeChannel, listen);
  });

  const calls: readonly (readonly [string, (pool: PoolLike) => Promise<unknown>])[] = [
    ["read", (pool) => pool.read("a")],
    ["write", (pool) => pool.write("a", bytesOf("x"))],
    ["delete", (pool) => pool.delete("a")],
    ["exists", (pool) => pool.exists("a")],
    ["write", (pool) => pool.writeMany([{ key: "a", bytes: bytesOf("x") }])],
    ["delete", (pool) => pool.deleteMany(["a"])],
    ["read", (pool) => collect(pool.readMany(["a"]))],
    ["open", (pool) => pool.open()],
  ];

  it.each(calls)(
    "gives up a %s that hangs, although the pool heeds no signal",
    async (hook, call) => {
      const { pool, go } = hanging(hook);
      await expect(call(pool)).rejects.toMatchObject({ code: "TIMEOUT" });
      go();
      await pool.close();
    },
  );

  it("gives up a listing whose next item does not come, and not one that takes long in all", async () => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    try {
      const inner = new ScriptedPool();
      for (const key of ["a", "b", "c"]) await inner.write(key, bytesOf(key));
      const pool = withTimeout(inner, { timeoutMs: 1000 });
      const listed: string[] = [];
      // Whoever listens may take his time between two items.
      for await (const key of pool.keys()) {
        listed.push(key);
        vi.advanceTimersByTime(60_000);
      }
      expect(listed).toEqual(["a", "b", "c"]);
      const gate = inner.gate("keys");
      const listing = collect(pool.keys()).catch((reason: unknown) => reason);
      while (gate.entered === 0) await settled();
      vi.advanceTimersByTime(1000);
      expect(await listing).toMatchObject({ code: "TIMEOUT" });
      gate.open();
      expect(await collect(pool.keys())).toEqual(["a", "b", "c"]);
    } finally {
      vi.useRealTimers();
    }
  });

  it("says that a write may have happened, and tells how it ended", async () => {
    const { pool, inner, go } = hanging("write");
    const error = await pool.write("a", bytesOf("late")).catch((reason: unknown) => reason);
    expect(error).toMatchObject({
      code: "TIMEOUT",
      message: expect.stringContaining("may still have happened"),
      details: { key: "a", operation: "write", outcome: "unknown", timeoutMs: 20 },
    });
    expect(late).toEqual([]);
    go();
    await settled();
    expect(textOf(await inner.read("a"))).toBe("late");
    expect(late).toEqual([
      { poolId: inner.globalId, operation: "write", key: "a", error: undefined },
    ]);
  });

  it("tells the late failure of a call that was given up", async () => {
    const { pool, inner, go } = hanging("delete");
    const failure = new LailaError("ACCESS_DENIED", "Not you.");
    inner.failures.set("delete", failure);
    await expect(pool.delete("a")).rejects.toMatchObject({ code: "TIMEOUT" });
    go();
    await settled();
    expect(late).toMatchObject([{ operation: "delete", key: "a", error: failure }]);
  });

  it("aborts the signal of the call, so that the pool can end it", async () => {
    const inner = new ScriptedPool();
    const gate = inner.gate("read");
    const pool = withTimeout(inner, { timeoutMs: 20 });
    await expect(pool.read("a")).rejects.toMatchObject({ code: "TIMEOUT" });
    const [, signal] = inner.signals;
    expect(signal?.aborted).toBe(true);
    expect(signal?.reason).toMatchObject({ name: "TimeoutError" });
    gate.open();
    await settled();
    expect(late).toEqual([]);
  });

  it("passes the caller's signal on, and leaves no listener on it", async () => {
    const inner = new ScriptedPool();
    const pool = withTimeout(inner, { timeoutMs: 60_000 });
    const controller = new AbortController();
    const { signal } = controller;
    await pool.write("a", bytesOf("x"), { signal });
    await collect(pool.keys({ signal }));
    for await (const _ of pool.keys({ signal })) break;
    expect(getEventListeners(signal, "abort")).toHaveLength(0);
    const gate = inner.gate("read");
    const reading = pool.read("a", { signal });
    await settled();
    controller.abort(new Error("never mind"));
    await expect(reading).rejects.toMatchObject({ code: "ABORTED" });
    expect(inner.signals.at(-1)?.aborted).toBe(true);
    gate.open();
    await pool.close();
  });

  it("leaves no timer behind: a process ends as soon as its calls have", async () => {
    vi.useFakeTimers();
    try {
      const pool = withTimeout(new ScriptedPool(), { timeoutMs: 60_000 });
      await pool.write("a", bytesOf("x"));
      await collect(pool.keys());
      await collect(pool.readMany(["a", "b"]));
      expect(vi.getTimerCount()).toBe(0);
    } finally {
      vi.useRealTimers();
    }
  });

  it("is a failure that withRetry repeats", async () => {
    const { pool, inner, go } = hanging("read");
    const retried = withRetry(pool, { attempts: 50, minDelayMs: 1, maxDelayMs: 1 });
    const reading = retried.read("a");
    while (inner.log.length < 3) await settled();
    go();
    expect(await reading).toBeUndefined();
    expect(inner.log.filter((call) => call === "read a").length).toBeGreaterThan(1);
  });
});
