import { getEventListeners } from "node:events";
import { isGlobalId } from "@laila/schema";
import { beforeEach, describe, expect, it } from "vitest";
import { AsyncTaskForce, constant, Policy } from "../src/index.js";
import { TestPool, unavailable } from "./pools.js";

let policy: Policy;
let alpha: TestPool;

beforeEach(() => {
  alpha = new TestPool();
  policy = new Policy({ alphaPool: alpha });
});

describe("a future", () => {
  it("tells how it stands", async () => {
    const { memory } = policy.central;
    const release = alpha.hold();
    const future = memory.memorize(constant({ a: 1 }));
    expect([future.status, future.progress, future.data, future.error]).toEqual([
      "pending",
      { done: 0, total: 1 },
      undefined,
      undefined,
    ]);
    release();
    await future;
    expect([future.status, future.progress, future.data, future.error]).toEqual([
      "done",
      { done: 1, total: 1 },
      { a: 1 },
      undefined,
    ]);
  });

  it("is awaited as any promise, as often as one likes", async () => {
    const { memory } = policy.central;
    const entry = constant(7);
    const future = memory.memorize(entry);
    expect(await Promise.all([future, future, future.then(({ data }) => data + 1)])).toEqual([
      entry,
      entry,
      8,
    ]);
    let finished = 0;
    await future.finally(() => finished++);
    expect(finished).toBe(1);
    expect(Object.prototype.toString.call(future)).toBe("[object Future]");
    const failure = unavailable();
    alpha.failing.set(entry.globalId, failure);
    const failed = memory.remember(entry);
    expect(await failed.catch((error: unknown) => error)).toBe(failure);
    expect([failed.status, failed.error, failed.data]).toEqual(["failed", failure, undefined]);
    await expect(failed.finally(() => undefined)).rejects.toBe(failure);
  });

  it("makes its id when asked, and is in the bank by it while it is pending", async () => {
    const { memory } = policy.central;
    const release = alpha.hold();
    const [asked, unasked] = [memory.memorize(constant(1)), memory.memorize(constant(2))];
    const { globalId } = asked;
    expect(isGlobalId(globalId)).toBe(true);
    expect(asked.globalId).toBe(globalId);
    expect(memory.bank.get(globalId)).toBe(asked);
    expect([...memory.bank]).toEqual([asked, unasked]);
    release();
    await Promise.all([asked, unasked]);
    expect(memory.bank.size).toBe(0);
    expect(memory.bank.get(globalId)).toBeUndefined();
    expect(unasked.globalId).not.toBe(globalId);
    expect(memory.bank.get(unasked.globalId)).toBeUndefined();
  });

  it("counts in a group", async () => {
    const { memory } = policy.central;
    const release = alpha.hold();
    const group = memory.memorize([1, 2, 3].map((n) => constant(n)));
    expect([group.size, group.progress, group.data]).toEqual([3, { done: 0, total: 3 }, undefined]);
    release();
    await group;
    expect(group.data).toEqual([1, 2, 3]);
  });

  it("settles a group that could not start as a whole", async () => {
    const group = policy.central.memory.remember([constant(1), constant(2)], {
      poolNickname: "none",
    });
    const outcomes = await group.settled();
    expect(outcomes).toHaveLength(2);
    for (const outcome of outcomes)
      expect(outcome).toMatchObject({ status: "rejected", reason: { code: "NOT_FOUND" } });
  });
});

describe("cancel", () => {
  it("stops what is under way and what waits, and says that it did", async () => {
    const one = new Policy({
      alphaPool: alpha,
      alphaTaskforce: new AsyncTaskForce({ maxConcurrency: 1 }),
    });
    const { memory } = one.central;
    const release = alpha.hold();
    const [running, waiting, last] = [1, 2, 3].map((n) => memory.memorize(constant(n)));
    expect(waiting?.cancel(new Error("enough"))).toBe(true);
    await expect(waiting).rejects.toMatchObject({ code: "ABORTED", cause: { message: "enough" } });
    expect(running?.cancel()).toBe(true);
    await expect(running).rejects.toMatchObject({ code: "ABORTED" });
    expect([running?.status, waiting?.status]).toEqual(["cancelled", "cancelled"]);
    release();
    await last;
    expect(last?.cancel()).toBe(false);
    expect(last?.status).toBe("done");
    expect(alpha.values.size).toBe(1);
    await one.close();
  });

  it("stops a group", async () => {
    const { memory } = policy.central;
    alpha.hold();
    const group = memory.memorize(Array.from({ length: 200 }, (_, i) => constant(i)));
    group.cancel();
    await expect(group).rejects.toMatchObject({ code: "ABORTED" });
    expect(group.status).toBe("cancelled");
    expect((await group.settled()).every(({ status }) => status === "rejected")).toBe(true);
    expect(memory.bank.size).toBe(0);
  });

  it("is no failure that close would tell of", async () => {
    const { memory } = policy.central;
    alpha.hold();
    memory.memorize(constant(1)).cancel();
    await policy.close();
  });
});

describe("a signal", () => {
  it("aborts before and while it works; a time limit is a failure", async () => {
    const { memory } = policy.central;
    const entry = constant(1);
    const aborted = memory.memorize(entry, { signal: AbortSignal.abort() });
    await expect(aborted).rejects.toMatchObject({ code: "ABORTED" });
    expect(aborted.status).toBe("cancelled");
    expect(alpha.values.size).toBe(0);
    alpha.hold();
    const controller = new AbortController();
    const reading = memory.remember(entry, { signal: controller.signal });
    const listing = memory.forget([entry, constant(2)], { signal: controller.signal });
    controller.abort(new Error("enough"));
    await expect(reading).rejects.toMatchObject({ code: "ABORTED" });
    await expect(listing).rejects.toMatchObject({ code: "ABORTED" });
    const late = [
      memory.remember(entry, { signal: AbortSignal.timeout(1) }),
      memory.remember([entry, constant(2)], { signal: AbortSignal.timeout(1) }),
    ];
    for (const future of late) {
      await expect(future).rejects.toMatchObject({ code: "TIMEOUT" });
      expect(future.status).toBe("failed");
    }
  });

  it("can be shared by thousands, and none is left listening", async () => {
    const { memory } = policy.central;
    const warnings: Error[] = [];
    const note = (warning: Error): void => {
      warnings.push(warning);
    };
    process.on("warning", note);
    const { signal } = new AbortController();
    const futures = Array.from({ length: 1000 }, (_, i) =>
      memory.memorize(constant(i), { signal }),
    );
    await Promise.all(futures);
    await memory.memorize(
      Array.from({ length: 1000 }, (_, i) => constant(i)),
      { signal },
    );
    // A group that stands in line before it has reached any pool.
    const [pool, alphaTaskforce] = [new TestPool(), new AsyncTaskForce({ maxConcurrency: 1 })];
    const narrow = new Policy({ alphaPool: pool, alphaTaskforce }).central.memory;
    const release = pool.hold();
    const first = narrow.memorize(constant("first"));
    const group = narrow.memorize(
      Array.from({ length: 1000 }, (_, i) => constant(i)),
      { signal },
    );
    await new Promise((resolve) => setImmediate(resolve));
    release();
    await Promise.all([first, group]);
    expect(getEventListeners(signal, "abort")).toEqual([]);
    await new Promise((resolve) => setImmediate(resolve));
    process.off("warning", note);
    expect(warnings).toEqual([]);
  });
});
