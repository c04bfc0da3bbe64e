import { MemoryPool } from "@laila/pool";
import { describe, expect, it } from "vitest";
import { constant, Policy } from "../src/index.js";
import { TestPool } from "./pools.js";

const fresh = (): { policy: Policy; memory: Policy["central"]["memory"] } => {
  const policy = new Policy();
  return { policy, memory: policy.central.memory };
};

describe("routing", () => {
  it("goes by the pool or its id, else by name, else to the alpha pool", async () => {
    const { memory } = fresh();
    const [a, b] = [new TestPool({ nickname: "a" }), new TestPool({ nickname: "b" })];
    memory.extend(a);
    memory.extend(b, { poolNickname: "other" });
    const { poolRouter } = memory;
    expect(poolRouter.route()).toBe(memory.alphaPool);
    expect(poolRouter.route({ poolNickname: "a" })).toBe(a);
    expect(poolRouter.route({ poolId: b.globalId, poolNickname: "a" })).toBe(b);
    expect(poolRouter.route({ pool: a, poolNickname: "other" })).toBe(a);
    expect([...poolRouter.nicknames]).toEqual([
      ["a", a.globalId],
      ["other", b.globalId],
    ]);
    expect([...poolRouter.pools.keys()]).toEqual([
      memory.alphaPool.globalId,
      a.globalId,
      b.globalId,
    ]);
  });

  it("takes a pool that is not registered", async () => {
    const { memory } = fresh();
    const pool = new TestPool();
    const entry = constant(1);
    await memory.memorize(entry, { pool });
    expect((await memory.remember(entry, { pool })).data).toBe(1);
    await expect(memory.remember(entry)).rejects.toMatchObject({ code: "NOT_FOUND" });
  });

  it("lists the names there are when it finds none", async () => {
    const { memory } = fresh();
    memory.extend(new TestPool({ nickname: "s3" }));
    memory.extend(new TestPool({ nickname: "disk" }));
    for (const wrong of [{ poolNickname: "S3" }, { poolId: "LAILA:POOL:GLOBAL_ID:x" }]) {
      await expect(memory.memorize(constant(1), wrong)).rejects.toMatchObject({
        code: "NOT_FOUND",
        message: expect.stringMatching(/"s3", "disk"/),
        details: { names: ["s3", "disk"] },
      });
    }
    await expect(memory.remember([constant(1)], { poolNickname: "x" })).rejects.toMatchObject({
      code: "NOT_FOUND",
    });
    await expect(memory.forget(constant(1), { poolNickname: "x" })).rejects.toMatchObject({
      code: "NOT_FOUND",
    });
  });

  it.each(["__proto__", "constructor"])(
    "refuses the name %s, which no document can have",
    (name) => {
      const { policy, memory } = fresh();
      for (const extend of [
        () => memory.extend(new TestPool({ nickname: name })),
        () => memory.extend(new TestPool(), { poolNickname: name }),
      ])
        expect(extend).toThrow(expect.objectContaining({ code: "INVALID_ARGUMENT" }));
      expect(policy.central.memory.poolRouter.nicknames.size).toBe(0);
    },
  );

  it("refuses what is no pool, and two different pools at once", async () => {
    const { memory } = fresh();
    const [a, b] = [new TestPool(), new TestPool()];
    await expect(memory.remember(constant(1), { pool: "s3" as never })).rejects.toMatchObject({
      code: "INVALID_ARGUMENT",
      message: expect.stringContaining("poolNickname"),
    });
    await expect(
      memory.remember(constant(1), { pool: a, poolId: b.globalId }),
    ).rejects.toMatchObject({ code: "INVALID_ARGUMENT" });
    expect(() => memory.extend({} as never)).toThrow(
      expect.objectContaining({ code: "INVALID_ARGUMENT" }),
    );
  });

  it("wants a cache's origin registered where the cache is", async () => {
    const { memory } = fresh();
    const [cache, origin] = [
      new TestPool({ nickname: "cache" }),
      new TestPool({ nickname: "origin" }),
    ];
    memory.extend(cache);
    cache.proxyTo(origin);
    const entry = constant(1);
    await expect(memory.memorize(entry, { poolNickname: "cache" })).rejects.toMatchObject({
      code: "INVALID_ARGUMENT",
      details: { cache: cache.globalId, origin: origin.globalId },
    });
    expect(() => memory.poolRouter.proxies).toThrow(
      expect.objectContaining({ code: "INVALID_ARGUMENT" }),
    );
    memory.extend(origin);
    expect([...memory.poolRouter.proxies]).toEqual([[cache.globalId, origin.globalId]]);
    await memory.memorize(entry, { poolNickname: "origin" });
    expect((await memory.remember(entry, { poolNickname: "cache" })).data).toBe(1);
    expect(cache.values.has(entry.globalId)).toBe(true);
  });
});

describe("extend", () => {
  it("takes the same pool again, with other names and another affinity", () => {
    const { memory } = fresh();
    const pool = new TestPool({ nickname: "a" });
    memory.extend(pool, { affinity: 3 });
    memory.extend(pool, { poolNickname: "b" });
    expect(memory.poolRouter.affinities.get(pool.globalId)).toBe(3);
    memory.extend(pool, { affinity: 0.5 });
    expect(memory.poolRouter.affinities.get(pool.globalId)).toBe(0.5);
    expect([...memory.poolRouter.nicknames.keys()]).toEqual(["a", "b"]);
    expect(memory.poolRouter.pools.size).toBe(2);
  });

  it("refuses another pool under a name that is taken, unless told to replace it", async () => {
    const { policy, memory } = fresh();
    const [first, second] = [new TestPool(), new TestPool()];
    memory.extend(first, { poolNickname: "s3" });
    expect(() => memory.extend(second, { poolNickname: "s3" })).toThrow(
      expect.objectContaining({
        code: "CONFLICT",
        details: { nickname: "s3", poolId: first.globalId },
      }),
    );
    expect(memory.poolRouter.pools.has(second.globalId)).toBe(false);
    memory.extend(second, { poolNickname: "s3", replace: true });
    expect(memory.poolRouter.route({ poolNickname: "s3" })).toBe(second);
    expect(memory.poolRouter.pools.has(first.globalId)).toBe(false);
    // The replaced pool is out of reach, and yet closed with the policy that was given it.
    await policy.close();
    await expect(first.open()).rejects.toMatchObject({ code: "CLOSED" });
    await expect(second.open()).rejects.toMatchObject({ code: "CLOSED" });
  });

  it("refuses another pool object of the same id, unless told to replace it", () => {
    const { memory } = fresh();
    const [first, second] = [new TestPool({ nickname: "s3" }), new TestPool({ nickname: "s3" })];
    expect(first.globalId).toBe(second.globalId);
    memory.extend(first, { affinity: 2 });
    expect(() => memory.extend(second, { poolNickname: "another" })).toThrow(
      expect.objectContaining({ code: "CONFLICT" }),
    );
    memory.extend(second, { replace: true });
    expect(memory.poolRouter.route({ poolNickname: "s3" })).toBe(second);
    expect(memory.poolRouter.affinities.get(second.globalId)).toBe(2);
  });

  it("keeps a replaced pool that has another name", () => {
    const { memory } = fresh();
    const [first, second] = [new TestPool(), new TestPool()];
    memory.extend(first, { poolNickname: "a" });
    memory.extend(first, { poolNickname: "b" });
    memory.extend(second, { poolNickname: "a", replace: true });
    expect(memory.poolRouter.route({ poolNickname: "b" })).toBe(first);
  });

  it.each([
    ["an empty name", { poolNickname: "" }],
    ["a lone surrogate", { poolNickname: "\ud800" }],
    ["an affinity that is no number", { affinity: Number.NaN }],
  ])("refuses %s", (_, options) => {
    expect(() => fresh().memory.extend(new TestPool(), options)).toThrow(
      expect.objectContaining({ code: "INVALID_ARGUMENT" }),
    );
  });

  it("refuses an evicting pool as the alpha pool, and takes it as a cache", () => {
    const evicting = new MemoryPool({ maxBytes: 1000, evict: "lru" });
    const refused = expect.objectContaining({
      code: "INVALID_ARGUMENT",
      message: expect.stringContaining("evicts"),
    });
    expect(() => new Policy({ alphaPool: evicting })).toThrow(refused);
    const { memory } = fresh();
    expect(() => memory.extend(evicting, { alpha: true })).toThrow(refused);
    memory.extend(evicting);
    expect(memory.poolRouter.pools.has(evicting.globalId)).toBe(true);
  });

  it("makes another pool the alpha pool when told so", async () => {
    const { memory } = fresh();
    const pool = new TestPool({ nickname: "main" });
    memory.extend(pool, { alpha: true });
    expect(memory.alphaPool).toBe(pool);
    const entry = constant(1);
    await memory.memorize(entry);
    expect(pool.values.has(entry.globalId)).toBe(true);
  });
});

describe("detach", () => {
  it("takes a pool out without closing it", async () => {
    const { policy, memory } = fresh();
    const pool = new TestPool({ nickname: "a" });
    await pool.open();
    memory.extend(pool, { poolNickname: "b", affinity: 2 });
    expect(memory.detach({ poolNickname: "b" })).toBe(pool);
    expect([...memory.poolRouter.nicknames]).toEqual([]);
    expect(memory.poolRouter.affinities.has(pool.globalId)).toBe(false);
    expect(() => memory.detach(pool)).toThrow(expect.objectContaining({ code: "NOT_FOUND" }));
    await policy.close();
    expect(pool.closings).toBe(0);
  });

  it("refuses the alpha pool", () => {
    const { memory } = fresh();
    expect(() => memory.detach(memory.alphaPool)).toThrow(
      expect.objectContaining({ code: "INVALID_ARGUMENT" }),
    );
  });
});
