import { MemoryPool, type PoolLike, tiers } from "@laila/pool";
import { describe, expect, it, vi } from "vitest";
import { collect, pair } from "./support/pair.js";
import { bytesOf, settled, textOf } from "./support/scripted-pool.js";

const code = (expected: string) => expect.objectContaining({ code: expected });

describe("links", () => {
  it("refuse cycles, also when the other side closes them later", () => {
    const [a, b, c] = [new MemoryPool(), new MemoryPool(), new MemoryPool()];
    expect(() => a.proxyTo(a)).toThrow(code("INVALID_ARGUMENT"));
    a.proxyTo(b);
    b.proxyTo(c);
    expect(() => c.proxyTo(a)).toThrow(code("INVALID_ARGUMENT"));
    expect(() => c.proxyTo(b)).toThrow(code("INVALID_ARGUMENT"));
    expect(c.proxy).toBeUndefined();
    b.proxyTo(undefined);
    c.proxyTo(a);
    expect(() => b.proxyTo(c)).toThrow(code("INVALID_ARGUMENT"));
    expect([a.proxy, b.proxy, c.proxy]).toEqual([b, undefined, a]);
  });

  it("refuse another object of the same identity, as a layer around the cache is", () => {
    const a = new MemoryPool();
    const layer = new MemoryPool({}, { globalId: a.globalId });
    expect(() => a.proxyTo(layer)).toThrow(code("INVALID_ARGUMENT"));
  });

  it("refuse what is no pool, and a closed cache", async () => {
    const a = new MemoryPool();
    for (const wrong of [{}, "pool", null, 7]) {
      expect(() => a.proxyTo(wrong as unknown as PoolLike)).toThrow(code("INVALID_ARGUMENT"));
    }
    await a.close();
    expect(() => a.proxyTo(new MemoryPool())).toThrow(code("CLOSED"));
    a.proxyTo(undefined);
  });

  it("tiers() changes nothing when one of its links is refused", () => {
    const [a, b, c] = [new MemoryPool(), new MemoryPool(), new MemoryPool()];
    b.proxyTo(c);
    expect(() => tiers(a, b, a)).toThrow(code("INVALID_ARGUMENT"));
    expect([a.proxy, b.proxy, c.proxy]).toEqual([undefined, c, undefined]);
  });

  it("tiers() reverses a chain that stood the other way", () => {
    const [a, b, c] = [new MemoryPool(), new MemoryPool(), new MemoryPool()];
    tiers(a, c, b);
    c.proxyTo(undefined);
    tiers(a, b, c);
    expect([a.proxy, b.proxy, c.proxy]).toEqual([b, c, undefined]);
  });

  it("can be taken off and changed while reads are under way, whose values are then not kept", async () => {
    const { cache, origin } = await pair();
    const gate = origin.gate("read");
    const reading = cache.read("a");
    await settled();
    const other = new MemoryPool();
    await other.write("a", bytesOf("other"));
    cache.proxyTo(other);
    const second = cache.read("a");
    await settled();
    gate.open();
    expect(textOf(await second)).toBe("other");
    await reading;
    expect(textOf(await cache.read("a"))).toBe("other");
    cache.proxyTo(undefined);
    expect(cache.proxy).toBeUndefined();
    await cache.delete("a");
    expect(await cache.read("a")).toBeUndefined();
    expect(await collect(cache.readMany(["a"]))).toEqual([{ key: "a", result: undefined }]);
  });

  it("keep nothing of an origin that was taken off while it was read", async () => {
    const { cache, origin } = await pair();
    const gate = origin.gate("read");
    const reading = cache.read("a");
    await settled();
    cache.proxyTo(undefined);
    gate.open();
    expect(textOf(await reading)).toBe("far");
    expect(await cache.exists("a")).toBe(false);
  });

  it("hold between pools of two copies of the package", async () => {
    vi.resetModules();
    const { MemoryPool: Other } = await import("@laila/pool");
    expect(Other).not.toBe(MemoryPool);
    const [cache, origin] = [new MemoryPool(), new Other()];
    cache.proxyTo(origin);
    await origin.write("a", bytesOf("far"));
    expect(textOf(await cache.read("a"))).toBe("far");
    expect(() => origin.proxyTo(cache)).toThrow(code("INVALID_ARGUMENT"));
  });
});
