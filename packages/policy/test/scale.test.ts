import { MemoryPool } from "@laila/pool";
import { describe, expect, it } from "vitest";
import { AsyncTaskForce, constant, type Entry, Manifest, Policy } from "../src/index.js";
import { BatchPool, TestPool } from "./pools.js";

describe("many at once", () => {
  it.each([1, 64])("10,000 manifests do not deadlock a taskforce of %d", async (maxConcurrency) => {
    const policy = new Policy({ alphaTaskforce: new AsyncTaskForce({ maxConcurrency }) });
    const { memory } = policy.central;
    const manifests = Array.from(
      { length: 10_000 },
      (_, i) => new Manifest(policy, { i: constant(i), list: [constant(`${i}`)] }),
    );
    await policy.guarantee(() => {
      for (const manifest of manifests) manifest.memorize();
      expect(memory.bank.size).toBe(10_000);
    });
    expect(memory.bank.size).toBe(0);
    const all = await Promise.all(manifests.map((manifest) => manifest.realizeData()));
    expect(all).toEqual(manifests.map((_, i) => ({ i, list: [`${i}`] })));
    expect(memory.bank.size).toBe(0);
    await policy.close();
  });

  it("a manifest of 10,000 leaves goes there and back", async () => {
    const policy = new Policy();
    const leaves = Array.from({ length: 10_000 }, (_, i) => constant(i));
    const manifest = new Manifest(policy, { leaves }, { nickname: "big" });
    await manifest.memorize();
    const found = await Manifest.recall(policy, "big");
    expect(found.size).toBe(10_000);
    const tree = await found.realize();
    expect(tree.leaves.map(({ data }: Entry) => data)).toEqual(leaves.map(({ data }) => data));
    // Ids only: each is looked for.
    await found.memorize();
    await found.forget();
    await expect(Manifest.recall(policy, "big")).rejects.toMatchObject({ code: "NOT_FOUND" });
    const keys = [];
    for await (const key of policy.central.memory.alphaPool.keys()) keys.push(key);
    expect(keys).toEqual([]);
  });

  it("a group takes no more places than there are, and leaves room for others", async () => {
    const pool = new TestPool();
    const policy = new Policy({
      alphaPool: pool,
      alphaTaskforce: new AsyncTaskForce({ maxConcurrency: 4 }),
    });
    const { memory } = policy.central;
    const group = memory.memorize(Array.from({ length: 5000 }, (_, i) => constant(i)));
    const single = memory.memorize(constant("single"));
    await single;
    // Not behind all five thousand: a group stands in line with a part of itself at a time.
    expect(group.progress.done).toBeLessThan(200);
    await group;
    expect(pool.mostAtOnce).toBe(4);
  });

  it.each([1, 2, 5, 64])(
    "batches count as what they hold: never more than %d at once",
    async (most) => {
      const pool = new BatchPool();
      const policy = new Policy({ alphaTaskforce: new AsyncTaskForce({ maxConcurrency: most }) });
      const { memory } = policy.central;
      const [a, b] = [0, 1].map((n) => Array.from({ length: 150 }, (_, i) => constant([n, i])));
      const both = [a, b] as Entry[][];
      const at = { pool };
      const single = (): Promise<unknown> => memory.memorize(constant("single"), at);
      await Promise.all([...both.map((group) => memory.memorize(group, at)), single()]);
      const found = await Promise.all(both.map((group) => memory.remember(group, at)));
      expect(found.map((group) => group.map(({ data }) => data))).toEqual(
        both.map((group) => group.map(({ data }) => data)),
      );
      await Promise.all([...both.map((group) => memory.forget(group, at)), single()]);
      expect(pool.values.size).toBe(2);
      expect(pool.mostAtOnce).toBeLessThanOrEqual(most);
      await policy.close();
    },
  );

  it("caches in chains go through a taskforce of one", async () => {
    const policy = new Policy({ alphaTaskforce: new AsyncTaskForce({ maxConcurrency: 1 }) });
    const { memory } = policy.central;
    const pools = ["a", "b", "c"].map((nickname) => new MemoryPool({ nickname }));
    for (const [i, pool] of pools.entries()) {
      memory.extend(pool);
      pool.proxyTo(pools[i + 1]);
    }
    const entries = Array.from({ length: 100 }, (_, i) => constant(i));
    const manifest = new Manifest(policy, { entries });
    await manifest.memorize({ poolNickname: "c" });
    const found = await Promise.all(
      entries.map((entry) => memory.remember(entry, { poolNickname: "a" })),
    );
    expect(found.map(({ data }) => data)).toEqual(entries.map(({ data }) => data));
    await new Manifest(policy, { ids: [...manifest] }).memorize({ poolNickname: "a" });
    await policy.close();
  });
});
