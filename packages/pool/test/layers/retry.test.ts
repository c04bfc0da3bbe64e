import { isLailaError, LailaError, MemoryPool } from "@laila/pool";
import { withRetry } from "@laila/pool/layers";
import { describe, expect, it } from "vitest";
import { delayBefore } from "../../src/layers/retry.js";
import { FlakyPool, unavailable } from "../support/flaky-pool.js";
import { collect } from "../support/pair.js";
import { bytesOf, settled, textOf } from "../support/scripted-pool.js";

const quick = { attempts: 3, minDelayMs: 0.01, maxDelayMs: 1 };

describe("withRetry", () => {
  it("repeats reads, look-ups, deletes, opens and unconditional writes", async () => {
    const inner = new FlakyPool();
    const pool = withRetry(inner, quick);
    for (const call of ["open", "read", "write", "delete", "exists"]) inner.failing(call, 2);
    await pool.open();
    await pool.write("a", bytesOf("x"));
    expect(textOf(await pool.read("a"))).toBe("x");
    expect(await pool.exists("a")).toBe(true);
    await pool.delete("a");
    const calls = ["open ", "write a", "read a", "exists a", "delete a"];
    expect(inner.log).toEqual(calls.flatMap((call) => [call, call, call]));
  });

  it("gives up after its attempts, with the pool's own error", async () => {
    const error = unavailable();
    const inner = new FlakyPool().failing("read", 9, error);
    await expect(withRetry(inner, quick).read("a")).rejects.toBe(error);
    expect(inner.log).toHaveLength(3);
  });

  it("repeats after TIMEOUT too, and after nothing else", async () => {
    const inner = new FlakyPool().failing("read", 1, new LailaError("TIMEOUT", "Took too long."));
    expect(await withRetry(inner, quick).read("a")).toBeUndefined();
    expect(inner.log).toHaveLength(2);
    for (const code of ["ACCESS_DENIED", "CORRUPT", "NO_SPACE", "CONFLICT", "CLOSED"] as const) {
      const once = new FlakyPool().failing("write", 1, new LailaError(code, "No, for good."));
      await expect(withRetry(once, quick).write("a", bytesOf("x"))).rejects.toMatchObject({ code });
      expect(once.log).toEqual(["write a"]);
    }
  });

  it("never repeats a write with a condition: its first attempt may have happened", async () => {
    const inner = new FlakyPool().failing("write", 1);
    inner.replyLost = true;
    const pool = withRetry(inner, quick);
    const condition = { ifAbsent: true } as const;
    await expect(pool.write("a", bytesOf("mine"), { condition })).rejects.toMatchObject({
      code: "UNAVAILABLE",
    });
    expect(inner.log).toEqual(["write a"]);
    expect(textOf(await pool.read("a"))).toBe("mine");
  });

  it("repeats of many only what failed, and no condition", async () => {
    const inner = new FlakyPool();
    for (const key of ["b", "c"]) inner.failing(`write ${key}`, 1).failing(`delete ${key}`, 1);
    const pool = withRetry(inner, quick);
    const condition = { ifAbsent: true } as const;
    const results = await pool.writeMany([
      { key: "a", bytes: bytesOf("1") },
      { key: "b", bytes: bytesOf("2") },
      { key: "c", bytes: bytesOf("3"), condition },
    ]);
    expect(results.map(({ key, error }) => [key, isLailaError(error, "UNAVAILABLE")])).toEqual([
      ["a", false],
      ["b", false],
      ["c", true],
    ]);
    expect(inner.log).toEqual(["write a", "write b", "write c", "write b"]);
    inner.log.length = 0;
    const deleted = await pool.deleteMany(["a", "b", "c"]);
    expect(deleted.map(({ error }) => error)).toEqual([undefined, undefined, undefined]);
    expect(inner.log.toSorted()).toEqual(["a", "b", "b", "c", "c"].map((key) => `delete ${key}`));
  });

  it("gives the last failure of an item as its error", async () => {
    const inner = new FlakyPool().failing("write b", 9).failing("read b", 9);
    const pool = withRetry(inner, quick);
    const items = ["a", "b"].map((key) => ({ key, bytes: bytesOf(key) }));
    expect((await pool.writeMany(items)).map(({ error }) => error !== undefined)).toEqual([
      false,
      true,
    ]);
    const read = await collect(pool.readMany(["a", "b"]));
    expect(read.map(({ key, error }) => [key, error !== undefined]).toSorted()).toEqual([
      ["a", false],
      ["b", true],
    ]);
    expect(inner.log.filter((call) => call === "read b")).toHaveLength(3);
  });

  it("reads again only the keys that failed", async () => {
    const inner = new FlakyPool();
    await inner.write("a", bytesOf("1"));
    await inner.write("b", bytesOf("2"));
    inner.failing("read b", 2).log.length = 0;
    const read = await collect(withRetry(inner, quick).readMany(["a", "b", "c"]));
    expect(read.map(({ key, result }) => [key, textOf(result)]).toSorted()).toEqual([
      ["a", "1"],
      ["b", "2"],
      ["c", undefined],
    ]);
    expect(inner.log.filter((call) => call === "read a")).toHaveLength(1);
    expect(inner.log.filter((call) => call === "read b")).toHaveLength(3);
  });

  it("goes on with a listing where it broke off: every key once, also in another order", async () => {
    const inner = new FlakyPool();
    const keys = Array.from({ length: 20 }, (_, i) => `key ${i}`);
    for (const key of keys) await inner.write(key, bytesOf(key));
    inner.failing("keys", 2);
    const listed = await collect(withRetry(inner, quick).keys());
    expect(listed.toSorted()).toEqual(keys.toSorted());
  });

  it("ends a listing that goes on failing without a new key", async () => {
    const inner = new FlakyPool().failing("keys", 9);
    await expect(collect(withRetry(inner, quick).keys())).rejects.toMatchObject({
      code: "UNAVAILABLE",
    });
    expect(inner.log).toHaveLength(3);
  });

  it("stops waiting at once when it is aborted", async () => {
    const inner = new FlakyPool().failing("read", 9);
    const pool = withRetry(inner, { minDelayMs: 2 ** 30, maxDelayMs: 2 ** 30 });
    const controller = new AbortController();
    const reading = pool.read("a", { signal: controller.signal });
    while (inner.log.length === 0) await settled();
    await settled();
    controller.abort();
    await expect(reading).rejects.toMatchObject({ code: "ABORTED" });
    // Nothing of it is left under way: otherwise closing would wait for it.
    await pool.close();
    expect(inner.log).toEqual(["read a"]);
  });

  it("stops waiting at once when it is closed, and says CLOSED", async () => {
    const error = unavailable();
    const inner = new FlakyPool().failing("read", 9, error);
    const pool = withRetry(inner, { minDelayMs: 2 ** 30, maxDelayMs: 2 ** 30 });
    await pool.open();
    const reading = pool.read("a").catch((reason: unknown) => reason);
    await pool.close();
    expect(await reading).toMatchObject({ code: "CLOSED", cause: error });
  });

  it("writes the same bytes again when the pool has emptied the buffer it was given", async () => {
    class Taking extends FlakyPool {
      static override readonly configSchema = FlakyPool.configSchema;
      static override readonly classToken: string = "Taking";
      static override readonly packageName: string = "@laila/pool";
      protected override async _write(key: string, bytes: Uint8Array): Promise<string> {
        const own = structuredClone(bytes, { transfer: [bytes.buffer as ArrayBuffer] });
        return super._write(key, own, {});
      }
    }
    const inner = new Taking().failing("write", 2);
    const pool = withRetry(inner, quick);
    await pool.write("a", bytesOf("still here"));
    expect(textOf(await pool.read("a"))).toBe("still here");
    inner.failing("write", 2);
    await pool.writeMany([{ key: "b", bytes: bytesOf("here too") }]);
    expect(textOf(await pool.read("b"))).toBe("here too");
  });

  it("waits twice as long each time, up to a limit, with full jitter", () => {
    const options = { minDelayMs: 100, maxDelayMs: 1000 };
    const longest = [1, 2, 3, 4, 5, 60].map((attempt) => delayBefore(attempt, options, 1));
    expect(longest).toEqual([100, 200, 400, 800, 1000, 1000]);
    expect(delayBefore(3, options, 0.25)).toBe(100);
    expect(delayBefore(3, options, 0)).toBe(0);
  });

  it("refuses options that make no sense", () => {
    for (const wrong of [{ attempts: 0 }, { minDelayMs: 10, maxDelayMs: 1 }, { tries: 3 }]) {
      expect(() => withRetry(new MemoryPool(), wrong)).toThrow(
        expect.objectContaining({ code: "INVALID_CONFIG" }),
      );
    }
  });
});
