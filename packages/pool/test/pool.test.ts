import { isLailaError, LailaError, type WriteOptions } from "@laila/pool";
import { describe, expect, it } from "vitest";
import { bytesOf, ScriptedPool, settled, textOf } from "./support/scripted-pool.js";

const code = (expected: string) => expect.objectContaining({ code: expected });

async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}

describe("opening", () => {
  it("opens once for all who ask, by the first call", async () => {
    const pool = new ScriptedPool();
    await Promise.all([pool.read("a"), pool.open(), pool.exists("b"), collect(pool.keys())]);
    await pool.write("c", bytesOf("c"));
    expect(pool.log.filter((line) => line === "open")).toHaveLength(1);
  });

  it("tries a failed open again, and tells everyone who waited for it", async () => {
    const pool = new ScriptedPool();
    pool.failures.set("open", new LailaError("UNAVAILABLE", "The storage is away. Try later."));
    const outcomes = await Promise.allSettled([
      pool.read("a"),
      pool.open(),
      pool.write("b", bytesOf("b")),
    ]);
    expect(
      outcomes.map((one) => one.status === "rejected" && isLailaError(one.reason, "UNAVAILABLE")),
    ).toEqual([true, true, true]);
    await expect(collect(pool.keys())).rejects.toEqual(code("UNAVAILABLE"));
    pool.failures.clear();
    await pool.write("a", bytesOf("a"));
    expect(textOf(await pool.read("a"))).toBe("a");
    expect(pool.log.filter((line) => line === "open")).toHaveLength(3);
  });

  it("tries again after an _open that throws instead of rejecting", async () => {
    let tries = 0;
    class Throwing extends ScriptedPool {
      static override readonly configSchema = ScriptedPool.configSchema;
      static override readonly classToken = "Throwing";
      static override readonly packageName = "test";
      protected override _open(): Promise<void> {
        if (++tries === 1) throw new LailaError("UNAVAILABLE", "The storage is away. Try later.");
        return Promise.resolve();
      }
    }
    const pool = new Throwing();
    await expect(pool.open()).rejects.toEqual(code("UNAVAILABLE"));
    await pool.open();
    expect(tries).toBe(2);
  });

  it("goes on for the others when one who waits is aborted", async () => {
    const pool = new ScriptedPool();
    const gate = pool.gate("open");
    const controller = new AbortController();
    const impatient = pool.read("a", { signal: controller.signal });
    const patient = pool.read("a");
    controller.abort();
    await expect(impatient).rejects.toEqual(code("ABORTED"));
    gate.open();
    await expect(patient).resolves.toBeUndefined();
  });
});

describe("buffers", () => {
  it("copies what it is given, whether it is open or not, and a Buffer too", async () => {
    for (const opened of [true, false]) {
      for (const bytes of [
        bytesOf("value"),
        Buffer.from("value"),
        Buffer.from("xvaluex").subarray(1, 6),
      ]) {
        const pool = new ScriptedPool();
        if (opened) await pool.open();
        const one = pool.write("one", bytes);
        const many = pool.writeMany([{ key: "two", bytes }]);
        bytes.fill(0);
        await Promise.all([one, many]);
        expect(textOf(await pool.read("one"))).toBe("value");
        expect(textOf(await pool.read("two"))).toBe("value");
      }
    }
  });

  it("takes bytes that are handed over without a copy", async () => {
    const pool = new ScriptedPool();
    const bytes = bytesOf("mine no more");
    await pool.write("a", bytes, { handOver: true });
    await pool.writeMany([
      { key: "b", bytes, handOver: true },
      { key: "c", bytes },
    ]);
    expect(pool.values.get("a")?.bytes).toBe(bytes);
    expect(pool.values.get("b")?.bytes).toBe(bytes);
    expect(pool.values.get("c")?.bytes).not.toBe(bytes);
  });

  it("gives hooks and callers plain Uint8Arrays", async () => {
    const pool = new ScriptedPool();
    await pool.write("a", Buffer.from("x"), { handOver: true });
    expect(Object.getPrototypeOf(pool.values.get("a")?.bytes)).toBe(Uint8Array.prototype);
    pool.values.set("b", { bytes: Buffer.from("from a backend"), version: "1" });
    const found = await pool.read("b");
    expect(Object.getPrototypeOf(found?.bytes)).toBe(Uint8Array.prototype);
    expect(textOf(found)).toBe("from a backend");
    for await (const { result } of pool.readMany(["b"])) {
      expect(Object.getPrototypeOf(result?.bytes)).toBe(Uint8Array.prototype);
    }
  });

  it("calls the hook of an open pool before the call returns", async () => {
    const pool = new ScriptedPool();
    await pool.open();
    const written = pool.write("a", bytesOf("a"));
    expect(pool.log).toContain("write a");
    await written;
  });
});

describe("signals", () => {
  const calls: Record<string, (pool: ScriptedPool, signal: AbortSignal) => Promise<unknown>> = {
    read: (pool, signal) => pool.read("a", { signal }),
    write: (pool, signal) => pool.write("a", bytesOf("new"), { signal }),
    delete: (pool, signal) => pool.delete("a", { signal }),
    exists: (pool, signal) => pool.exists("a", { signal }),
    keys: (pool, signal) => collect(pool.keys({ signal })),
  };

  for (const [hook, call] of Object.entries(calls)) {
    it(`${hook}: answers at once although the hook goes on, which close waits for`, async () => {
      const pool = new ScriptedPool();
      await pool.write("a", bytesOf("old"));
      const gate = pool.gate(hook);
      const controller = new AbortController();
      const running = call(pool, controller.signal);
      await settled();
      expect(gate.entered).toBe(1);
      const reason = new Error("enough");
      controller.abort(reason);
      await expect(running).rejects.toMatchObject({ code: "ABORTED", cause: reason });

      let closed = false;
      const closing = pool.close().then(() => {
        closed = true;
      });
      await settled();
      expect(closed).toBe(false);
      gate.open();
      await closing;
      expect(pool.log.at(-1)).toBe("close");
    });
  }

  it("says TIMEOUT for a TimeoutError, before and during a call", async () => {
    const pool = new ScriptedPool();
    const reason = new DOMException("late", "TimeoutError");
    await expect(pool.read("a", { signal: AbortSignal.abort(reason) })).rejects.toEqual(
      code("TIMEOUT"),
    );
    pool.gate("read");
    await expect(pool.read("a", { signal: AbortSignal.timeout(5) })).rejects.toEqual(
      code("TIMEOUT"),
    );
    pool.gates.get("read")?.open();
    await pool.close();
  });

  it("prefers its own words to those of a hook that saw the signal first", async () => {
    class Telling extends ScriptedPool {
      static override readonly configSchema = ScriptedPool.configSchema;
      static override readonly classToken = "Telling";
      static override readonly packageName = "test";
      protected override _read(_key: string, options: WriteOptions): Promise<undefined> {
        return new Promise((_, reject) => {
          options.signal?.addEventListener("abort", () => reject(new Error("socket hang up")));
        });
      }
    }
    const pool = new Telling();
    await pool.open();
    const controller = new AbortController();
    const running = pool.read("a", { signal: controller.signal });
    controller.abort();
    await expect(running).rejects.toEqual(code("ABORTED"));
  });

  it("never calls the hook when the signal was aborted before", async () => {
    const pool = new ScriptedPool();
    await pool.open();
    pool.log.length = 0;
    for (const call of Object.values(calls)) {
      await expect(call(pool, AbortSignal.abort())).rejects.toEqual(code("ABORTED"));
    }
    expect(pool.log).toEqual([]);
  });
});

describe("closing", () => {
  it("waits for the calls under way and refuses new ones", async () => {
    const pool = new ScriptedPool();
    await pool.open();
    const gate = pool.gate("write");
    const writing = pool.write("a", bytesOf("a"));
    const closing = pool.close();
    await expect(pool.read("a")).rejects.toEqual(code("CLOSED"));
    await settled();
    expect(pool.log).not.toContain("close");
    gate.open();
    await Promise.all([writing, closing]);
    expect(pool.values.has("a")).toBe(true);
    expect(pool.log.filter((line) => line === "close")).toHaveLength(1);
    await pool.close();
    await pool[Symbol.asyncDispose]();
    expect(pool.log.filter((line) => line === "close")).toHaveLength(1);
  });

  it("during the opening ends it by its signal; who waited gets CLOSED", async () => {
    const pool = new ScriptedPool();
    const gate = pool.gate("open");
    const waiting = [pool.read("a"), pool.open(), pool.write("a", bytesOf("a"))];
    await settled();
    const closing = pool.close();
    expect(pool.signals[0]?.aborted).toBe(true);
    pool.failures.set("open", new Error("given up"));
    gate.open();
    for (const one of waiting) await expect(one).rejects.toEqual(code("CLOSED"));
    await closing;
    expect(pool.log).toEqual(["open"]);
  });

  it("during an opening that succeeds after all releases what it took", async () => {
    const pool = new ScriptedPool();
    const gate = pool.gate("open");
    const waiting = pool.read("a");
    const closing = pool.close();
    gate.open();
    await expect(waiting).rejects.toEqual(code("CLOSED"));
    await closing;
    expect(pool.log).toEqual(["open", "close"]);
  });

  it("never calls _close on a pool that was never opened, or whose open failed", async () => {
    const unopened = new ScriptedPool();
    await unopened.close();
    const failed = new ScriptedPool();
    failed.failures.set("open", new LailaError("UNAVAILABLE", "The storage is away. Try later."));
    await expect(failed.open()).rejects.toEqual(code("UNAVAILABLE"));
    await failed.close();
    expect([unopened.log, failed.log]).toEqual([[], ["open"]]);
  });

  it("ends listings that were left half way, before the backend is closed", async () => {
    const pool = new ScriptedPool();
    for (const key of ["a", "b", "c"]) await pool.write(key, bytesOf(key));
    const listing = pool.keys()[Symbol.asyncIterator]();
    const reading = pool.readMany(["a", "b", "c"])[Symbol.asyncIterator]();
    await listing.next();
    await reading.next();
    await pool.close();
    expect(pool.log.slice(-2)).toEqual(["keys ended", "close"]);
    await expect(listing.next()).rejects.toEqual(code("CLOSED"));
    await expect(reading.next()).rejects.toEqual(code("CLOSED"));
  });

  it("gives _close's own failure to whoever closes, each time", async () => {
    const pool = new ScriptedPool();
    await pool.open();
    pool.failures.set(
      "close",
      new LailaError("NO_SPACE", "The last flush failed. Free some space."),
    );
    await expect(pool.close()).rejects.toEqual(code("NO_SPACE"));
    await expect(pool.close()).rejects.toEqual(code("NO_SPACE"));
  });

  it("can be closed within a listing's loop", async () => {
    const pool = new ScriptedPool();
    for (const key of ["a", "b"]) await pool.write(key, bytesOf(key));
    const loop = async (): Promise<void> => {
      for await (const _ of pool.keys()) await pool.close();
    };
    await expect(loop()).rejects.toEqual(code("CLOSED"));
  });
});

describe("many at once", () => {
  it("writes items of one key one after the other", async () => {
    const pool = new ScriptedPool();
    const items = ["1", "2", "3"].map((text) => ({ key: "a", bytes: bytesOf(text) }));
    const results = await pool.writeMany([...items, { key: "b", bytes: bytesOf("b") }]);
    expect(results.map(({ key }) => key)).toEqual(["a", "a", "a", "b"]);
    expect(new Set(results.map(({ version }) => version)).size).toBe(4);
    expect(textOf(await pool.read("a"))).toBe("3");
  });

  it("asks a key of readMany once, however often it is named", async () => {
    const pool = new ScriptedPool();
    await pool.write("a", bytesOf("a"));
    expect(await collect(pool.readMany(["a", "a", "b", "a"]))).toHaveLength(2);
    expect(pool.log.filter((line) => line === "read a")).toHaveLength(1);
  });

  it("turns an item's failure into its outcome", async () => {
    const pool = new ScriptedPool();
    pool.failures.set("write", new LailaError("NO_SPACE", "The disk is full. Free some space."));
    const [one] = await pool.writeMany([{ key: "a", bytes: bytesOf("a") }]);
    expect(one?.error).toEqual(code("NO_SPACE"));
    pool.failures.set("read", new LailaError("CORRUPT", "The value of a cannot be trusted."));
    expect(await collect(pool.readMany(["a"]))).toEqual([{ key: "a", error: code("CORRUPT") }]);
  });

  it("takes an outcome that a backend forgot for a failure, not for success", async () => {
    class Forgetful extends ScriptedPool {
      static override readonly configSchema = ScriptedPool.configSchema;
      static override readonly classToken = "Forgetful";
      static override readonly packageName = "test";
      protected override async _writeMany(): Promise<[]> {
        return [];
      }
    }
    const [one] = await new Forgetful().writeMany([{ key: "a", bytes: bytesOf("a") }]);
    expect(one?.error).toEqual(code("UNAVAILABLE"));
  });

  it("has at most 32 composed calls under way", async () => {
    const pool = new ScriptedPool();
    const gate = pool.gate("write");
    const writing = pool.writeMany(
      Array.from({ length: 100 }, (_, i) => ({ key: `${i}`, bytes: bytesOf("x") })),
    );
    await settled();
    expect(gate.entered).toBe(32);
    gate.open();
    expect(await writing).toHaveLength(100);
  });

  it("reads nothing more once its reader has left", async () => {
    const pool = new ScriptedPool();
    for await (const _ of pool.readMany(Array.from({ length: 100 }, (_, i) => `${i}`))) break;
    expect(pool.log.filter((line) => line.startsWith("read")).length).toBeLessThan(40);
  });
});
