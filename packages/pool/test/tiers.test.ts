import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { failedFillChannel, LailaError, MemoryPool, tiers } from "@laila/pool";
import { describe, expect, it } from "vitest";
import { collect, pair } from "./support/pair.js";
import { bytesOf, ScriptedPool, settled, textOf } from "./support/scripted-pool.js";

const code = (expected: string) => expect.objectContaining({ code: expected });

describe("a read that misses", () => {
  it("reads the origin, keeps a copy, and gives the cache's version", async () => {
    const { cache, origin } = await pair();
    const found = await cache.read("a");
    expect(textOf(found)).toBe("far");
    expect(found?.version).toBe(cache.values.get("a")?.version);
    await cache.write("a", bytesOf("near"), { condition: { ifVersion: found?.version ?? "" } });
    expect(textOf(await cache.read("a"))).toBe("near");
    expect(origin.log).toEqual(["read a"]);
  });

  it("is undefined when nobody has it, and asks again the next time", async () => {
    const { cache, origin } = await pair();
    expect(await cache.read("b")).toBeUndefined();
    expect(await cache.read("b")).toBeUndefined();
    expect(origin.log).toEqual(["read b", "read b"]);
    expect(cache.values.size).toBe(0);
  });

  it("fails as the origin fails, for all who wait, and is tried again", async () => {
    const { cache, origin } = await pair();
    origin.failures.set("read", new LailaError("UNAVAILABLE", "The origin is away. Try later."));
    const outcomes = await Promise.allSettled([cache.read("a"), cache.read("a")]);
    expect(outcomes.map((one) => one.status)).toEqual(["rejected", "rejected"]);
    expect(origin.log).toEqual(["read a"]);
    origin.failures.clear();
    expect(textOf(await cache.read("a"))).toBe("far");
  });

  it("is one read of the origin for a hundred who wait, each with a buffer of its own", async () => {
    const { cache, origin } = await pair();
    const found = await Promise.all(Array.from({ length: 100 }, () => cache.read("a")));
    expect(origin.log).toEqual(["read a"]);
    expect(cache.log.filter((line) => line === "write a")).toHaveLength(1);
    for (const one of found) {
      expect(textOf(one)).toBe("far");
      one?.bytes.fill(0);
    }
    expect(textOf(await cache.read("a"))).toBe("far");
  });

  it("passes a whole chain and fills every tier", async () => {
    const [a, b, c] = [new MemoryPool(), new MemoryPool(), new MemoryPool()];
    expect(tiers(a, b, c)).toBe(a);
    await c.write("k", bytesOf("deep"));
    expect(textOf(await a.read("k"))).toBe("deep");
    expect([await a.exists("k"), await b.exists("k")]).toEqual([true, true]);
  });
});

describe("what stays local", () => {
  it("writes, deletes, exists and keys", async () => {
    const { cache, origin } = await pair();
    expect(await cache.exists("a")).toBe(false);
    expect(await collect(cache.keys())).toEqual([]);
    await cache.write("b", bytesOf("near"));
    await cache.delete("a");
    expect(origin.log).toEqual([]);
    expect([...origin.values.keys()]).toEqual(["a"]);
    await cache.read("a");
    await cache.delete("a");
    expect(await cache.exists("a")).toBe(false);
    expect(textOf(await cache.read("a"))).toBe("far");
  });
});

describe("a fill that fails", () => {
  it("never fails the read, and is published", async () => {
    const cache = new MemoryPool({ maxBytes: 5 });
    const origin = new MemoryPool();
    await cache.write("full", bytesOf("1234"));
    await origin.write("a", bytesOf("far"));
    await origin.write("larger than the cache", bytesOf("far too large"));
    cache.proxyTo(origin);
    const told: unknown[] = [];
    const listen = (message: unknown): void => {
      told.push(message);
    };
    subscribe(failedFillChannel, listen);
    try {
      const found = await cache.read("a");
      expect([textOf(found), found?.version]).toEqual(["far", undefined]);
      expect(textOf(await cache.read("larger than the cache"))).toBe("far too large");
    } finally {
      unsubscribe(failedFillChannel, listen);
    }
    expect(told).toEqual([
      { cacheId: cache.globalId, key: "a", error: code("NO_SPACE") },
      { cacheId: cache.globalId, key: "larger than the cache", error: code("TOO_LARGE") },
    ]);
    expect(await collect(cache.keys())).toEqual(["full"]);
  });
});

for (const conditionalWrites of [true, false]) {
  describe(`a change while the origin is read (conditions: ${conditionalWrites})`, () => {
    it("a local write wins", async () => {
      const { cache, origin } = await pair({ conditionalWrites });
      const gate = origin.gate("read");
      const reading = cache.read("a");
      await settled();
      const version = await cache.write("a", bytesOf("near"));
      gate.open();
      const found = await reading;
      expect([textOf(found), found?.version]).toEqual(["near", version]);
      expect(textOf(await cache.read("a"))).toBe("near");
    });

    it("a local write that lasts longer than the origin's read wins", async () => {
      const { cache, origin } = await pair({ conditionalWrites });
      const origins = origin.gate("read");
      const reading = cache.read("a");
      await settled();
      const writes = cache.gate("write");
      const writing = cache.writeMany([{ key: "a", bytes: bytesOf("near") }]);
      origins.open();
      await settled();
      expect(textOf(await reading)).toBe("far");
      writes.open();
      await writing;
      expect(textOf(await cache.read("a"))).toBe("near");
      expect(cache.log.filter((line) => line === "write a")).toHaveLength(1);
    });

    it("a local write that began before the read wins", async () => {
      const { cache } = await pair({ conditionalWrites });
      const writes = cache.gate("write");
      const writing = cache.write("a", bytesOf("near"));
      expect(textOf(await cache.read("a"))).toBe("far");
      writes.open();
      await writing;
      expect(textOf(await cache.read("a"))).toBe("near");
      expect(writes.entered).toBe(1);
    });

    it("a local write waits for the fill that is being written, and wins", async () => {
      const { cache } = await pair({ conditionalWrites });
      const writes = cache.gate("write");
      const reading = cache.read("a");
      await settled();
      expect(writes.entered).toBe(1);
      const writing = cache.write("a", bytesOf("near"));
      await settled();
      expect(writes.entered).toBe(1);
      writes.open();
      expect(textOf(await reading)).toBe("far");
      await writing;
      expect(textOf(await cache.read("a"))).toBe("near");
    });

    it("a local delete is not undone by the fill", async () => {
      const { cache, origin } = await pair({ conditionalWrites });
      const gate = origin.gate("read");
      const reading = cache.read("a");
      await settled();
      await cache.delete("a");
      gate.open();
      expect(textOf(await reading)).toBe("far");
      expect(await cache.exists("a")).toBe(false);

      const writes = cache.gate("write");
      const again = cache.read("a");
      await settled();
      const deleting = cache.deleteMany(["a"]);
      writes.open();
      await Promise.all([again, deleting]);
      expect(await cache.exists("a")).toBe(false);
    });

    it("a value that another process has written meanwhile stays", async () => {
      const { cache, origin } = await pair({ conditionalWrites });
      const gate = origin.gate("read");
      const reading = cache.read("a");
      await settled();
      cache.values.set("a", { bytes: bytesOf("of another process"), version: "other" });
      gate.open();
      expect(await reading).toMatchObject({ version: "other" });
      expect(textOf(await cache.read("a"))).toBe("of another process");
    });
  });
}

describe("a shared read and its signals", () => {
  it("goes on while one still waits", async () => {
    const { cache, origin } = await pair();
    const gate = origin.gate("read");
    const controller = new AbortController();
    const impatient = cache.read("a", { signal: controller.signal });
    const patient = cache.read("a");
    await settled();
    controller.abort();
    await expect(impatient).rejects.toEqual(code("ABORTED"));
    expect(origin.signals.at(-1)?.aborted).toBe(false);
    gate.open();
    expect(textOf(await patient)).toBe("far");
    expect(origin.log).toEqual(["read a"]);
  });

  it("is aborted when all who waited have gone, and read anew for the next", async () => {
    const { cache, origin } = await pair();
    const gate = origin.gate("read");
    const controllers = [new AbortController(), new AbortController()];
    const reading = controllers.map(({ signal }) => cache.read("a", { signal }));
    await settled();
    for (const controller of controllers) controller.abort();
    for (const one of reading) await expect(one).rejects.toEqual(code("ABORTED"));
    expect(origin.signals.at(-1)?.aborted).toBe(true);
    const next = cache.read("a");
    await settled();
    gate.open();
    expect(textOf(await next)).toBe("far");
    expect(origin.log).toEqual(["read a", "read a"]);
  });
});

describe("reads that were given up", () => {
  it("leave their fill to finish; the next read's fill waits for it", async () => {
    const { cache, origin } = await pair();
    const writes = cache.gate("write");
    const controller = new AbortController();
    const given = cache.read("a", { signal: controller.signal });
    await settled();
    controller.abort();
    await expect(given).rejects.toEqual(code("ABORTED"));
    const next = cache.read("a");
    await settled();
    expect(origin.log).toEqual(["read a", "read a"]);
    expect(writes.entered).toBe(1);
    writes.open();
    expect(textOf(await next)).toBe("far");
  });

  it("don't hold up a cache that is closed meanwhile, nor are they lost", async () => {
    const { cache, origin } = await pair();
    const gate = origin.gate("read");
    const reading = cache.read("a");
    await settled();
    await cache.close();
    gate.open();
    expect(textOf(await reading)).toBe("far");
    await expect(cache.read("a")).rejects.toEqual(code("CLOSED"));
  });

  it("keep nothing that was deleted since", async () => {
    const { cache, origin } = await pair();
    await origin.write("b", bytesOf("far b"));
    const gate = origin.gate("read");
    const controller = new AbortController();
    const given = collect(cache.readMany(["a", "b"], { signal: controller.signal }));
    await settled();
    const waiting = cache.read("b");
    await settled();
    controller.abort();
    await expect(given).rejects.toEqual(code("ABORTED"));
    await cache.delete("a");
    gate.open();
    expect(textOf(await waiting)).toBe("far b");
    await settled();
    expect([...cache.values.keys()]).toEqual(["b"]);
  });
});

describe("readMany", () => {
  it("asks the origin for what is missing, through its readMany, and fills", async () => {
    const { cache, origin } = await pair();
    const keys = Array.from({ length: 100 }, (_, i) => `k${i}`);
    await origin.writeMany(keys.slice(0, 80).map((key) => ({ key, bytes: bytesOf(`far ${key}`) })));
    await cache.writeMany(keys.slice(0, 10).map((key) => ({ key, bytes: bytesOf(`near ${key}`) })));
    const asked: number[] = [];
    const readMany = origin.readMany.bind(origin);
    origin.readMany = (some, options) => {
      const list = [...some];
      asked.push(list.length);
      return readMany(list, options);
    };
    const found = await collect(cache.readMany([...keys, "k0"]));
    expect(found.map(({ key }) => key).sort()).toEqual([...keys].sort());
    for (const { key, result, error } of found) {
      const i = Number(key.slice(1));
      expect([textOf(result), error]).toEqual([
        i < 10 ? `near ${key}` : i < 80 ? `far ${key}` : undefined,
        undefined,
      ]);
      expect(result?.version).toBe(cache.values.get(key)?.version);
    }
    expect(asked).toEqual([32, 32, 26]);
    expect(cache.values.size).toBe(80);
  });

  it("shares reads with those who ask for one key", async () => {
    const { cache, origin } = await pair();
    const gate = origin.gate("read");
    const [many, one] = [collect(cache.readMany(["a", "b"])), cache.read("a")];
    await settled();
    gate.open();
    expect(textOf(await one)).toBe("far");
    expect((await many).length).toBe(2);
    expect(origin.log.filter((line) => line === "read a")).toHaveLength(1);
  });

  it("tells a key's failure as that key's", async () => {
    const { cache, origin } = await pair();
    origin.failures.set("read", new LailaError("CORRUPT", "The value of a cannot be trusted."));
    expect(await collect(cache.readMany(["a"]))).toEqual([{ key: "a", error: code("CORRUPT") }]);
  });

  it("tells every key when the origin cannot be asked at all, or forgets one", async () => {
    const { cache, origin } = await pair();
    origin.readMany = async function* (keys) {
      for (const key of keys) if (key === "a") yield { key, result: await origin.read(key) };
    };
    const found = await collect(cache.readMany(["a", "b"]));
    expect(textOf(found[0]?.result)).toBe("far");
    expect(found[1]).toEqual({ key: "b", error: code("UNAVAILABLE") });
    await origin.close();
    origin.readMany = ScriptedPool.prototype.readMany;
    expect(await collect(cache.readMany(["c", "d"]))).toEqual([
      { key: "c", error: code("CLOSED") },
      { key: "d", error: code("CLOSED") },
    ]);
  });

  it("is aborted as a whole, and the origin's reads with it", async () => {
    const { cache, origin } = await pair();
    const gate = origin.gate("read");
    const controller = new AbortController();
    const reading = collect(cache.readMany(["a", "b", "c"], { signal: controller.signal }));
    await settled();
    controller.abort();
    await expect(reading).rejects.toEqual(code("ABORTED"));
    expect(origin.signals.at(-1)?.aborted).toBe(true);
    gate.open();
    await Promise.all([cache.close(), origin.close()]);
  });
});
