import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { expect, it } from "vitest";
import { constant, Policy } from "../src/index.js";
import { TestPool } from "./pools.js";

setFlagsFromString("--expose-gc");
const collect = runInNewContext("gc") as () => void;
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** How many of the things are still in memory after some turns of the event loop. */
async function left(things: readonly WeakRef<object>[]): Promise<number> {
  let alive = things.length;
  for (let i = 0; i < 20 && alive > 1; i++) {
    await turn();
    collect();
    alive = things.filter((thing) => thing.deref() !== undefined).length;
  }
  return alive;
}

it("keeps nothing of futures that have settled, not even of those that failed unobserved", async () => {
  const policy = new Policy({ alphaPool: new TestPool() });
  const { memory } = policy.central;
  const { signal } = new AbortController();
  const started = async (): Promise<WeakRef<object>[]> => {
    const done = Array.from({ length: 100 }, (_, i) => memory.memorize(constant(i), { signal }));
    const observed = memory.remember({ nickname: "missing" });
    await Promise.allSettled([...done, observed, memory.memorize(done.map((_, i) => constant(i)))]);
    const unobserved = Array.from({ length: 200 }, (_, i) =>
      memory.remember({ nickname: `missing ${i}` }),
    );
    expect(unobserved[0]?.globalId).toBeDefined();
    // A group that fails beyond the first hundred counts as one.
    const group = memory.remember(unobserved.map((_, i) => ({ nickname: `also missing ${i}` })));
    while (memory.bank.size > 0) await turn();
    return [...done, observed, ...unobserved, group].map((future) => new WeakRef(future));
  };
  const futures = await started();
  expect(futures).toHaveLength(302);
  // The last one may live on in a register or a stack slot.
  expect(await left(futures)).toBeLessThanOrEqual(1);
  await expect(policy.close()).rejects.toMatchObject({
    code: "MULTIPLE",
    details: { failures: 201 },
  });
});

it("keeps nothing of a record but what is kept of its entry", async () => {
  const policy = new Policy({ alphaPool: new TestPool() });
  const { memory } = policy.central;
  const large = await memory.memorize(constant("x".repeat(10 * 2 ** 20)));
  const used = (): number => {
    collect();
    return process.memoryUsage().heapUsed;
  };
  await memory.remember(large.globalId);
  const before = used();
  const uuids: string[] = [];
  for (let i = 0; i < 5; i++) uuids.push((await memory.remember(large.globalId)).uuid);
  await turn();
  // What is cut out of a text keeps all of it.
  expect(used() - before).toBeLessThan(8 * 2 ** 20);
  expect(uuids).toEqual(Array(5).fill(large.uuid));
  await policy.close();
});
