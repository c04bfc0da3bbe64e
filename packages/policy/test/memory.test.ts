import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { constant, type Entry, globalIdOf, namespaceFor, variable } from "@laila/schema";
import * as fc from "fast-check";
import { beforeEach, describe, expect, expectTypeOf, it } from "vitest";
import {
  type Future,
  failedCopyChannel,
  type GroupFuture,
  MemoryPool,
  Policy,
} from "../src/index.js";
import { BatchPool, TestPool, unavailable } from "./pools.js";

let policy: Policy;
let alpha: TestPool;

beforeEach(() => {
  alpha = new TestPool();
  policy = new Policy({ alphaPool: alpha });
});

describe("memorize and remember", () => {
  it("keeps one entry and gives it back by entry, by id and by nickname", async () => {
    const { memory } = policy.central;
    const entry = constant(new Map([["when", new Date(0)]]), { nickname: "x" });
    expect(await memory.memorize(entry)).toBe(entry);
    for (const which of [entry, entry.globalId, { nickname: "x" }]) {
      const found = await memory.remember(which);
      expect(found.data).toEqual(entry.data);
      expect(found.globalId).toBe(entry.globalId);
      expect(found.nickname).toBe("x");
    }
  });

  it("gives data that may be changed without changing what is kept", async () => {
    const { memory } = new Policy({ alphaPool: new MemoryPool() }).central;
    const kept = [new Uint8Array(10_000).fill(1), new Float32Array(10_000).fill(2), { a: [3] }];
    for (const data of kept) {
      const { globalId } = await memory.memorize(constant(data));
      const found = (await memory.remember(globalId)).data;
      if (ArrayBuffer.isView(found)) (found as Uint8Array).fill(0);
      else (found as { a: number[] }).a.push(4);
      expect((await memory.remember(globalId)).data).toEqual(data);
    }
  });

  it("types what is remembered by the entry, and leaves the rest unknown", async () => {
    const { memory } = policy.central;
    const entry = constant({ a: 1 });
    await memory.memorize(entry);
    const future = memory.remember(entry);
    expectTypeOf(future).toEqualTypeOf<Future<Entry<{ a: number }>>>();
    expectTypeOf(memory.remember(entry.globalId)).toEqualTypeOf<Future<Entry>>();
    const [typed, untyped] = await memory.remember([entry, entry.globalId]);
    expectTypeOf(typed).toEqualTypeOf<Entry<{ a: number }>>();
    expectTypeOf(untyped).toEqualTypeOf<Entry>();
    expectTypeOf(memory.remember(new Set([entry]))).toEqualTypeOf<
      GroupFuture<Entry<{ a: number }>[]>
    >();
    expect(typed.data.a).toBe(1);
    await future;
    expectTypeOf(future.data).toEqualTypeOf<{ a: number } | undefined>();
    expect(future.data).toEqual({ a: 1 });
  });

  it("encodes before it returns: what the caller changes later is not stored", async () => {
    const { memory } = policy.central;
    const data = { list: [1, 2, 3] };
    const buffer = new Uint8Array([1, 2, 3]);
    const [a, b] = [constant(data), constant(buffer)];
    const release = alpha.hold();
    const both = [memory.memorize(a), memory.memorize([b])];
    data.list.push(4);
    buffer.fill(9);
    release();
    await Promise.all(both);
    expect((await memory.remember(a.globalId)).data).toEqual({ list: [1, 2, 3] });
    expect((await memory.remember(b.globalId)).data).toEqual(new Uint8Array([1, 2, 3]));
  });

  it.each([
    ["text", "hello"],
    ["a number", 42],
    ["null", null],
    ["an object", { a: 1 }],
    ["a buffer", new Uint8Array(0)],
    ["a map", new Map()],
    ["a list of values", [1, 2]],
    ["an entry among values", [constant(1), { a: 1 }]],
  ])("refuses %s that nobody wrapped, and writes nothing", async (_, raw) => {
    const refused = policy.central.memory.memorize(raw as never);
    await expect(refused).rejects.toMatchObject({
      code: "INVALID_ARGUMENT",
      message: expect.stringContaining("constant("),
    });
    expect(alpha.log).toEqual([]);
  });

  it("writes nothing at all when one of the values cannot be stored", async () => {
    const entries = [constant(1), constant({ f: () => 1 }), constant(2)];
    await expect(policy.central.memory.memorize(entries)).rejects.toMatchObject({
      code: "UNSUPPORTED_TYPE",
    });
    expect(alpha.log).toEqual([]);
  });

  it("accepts the same entry twice, and refuses two entries of one id", async () => {
    const { memory } = policy.central;
    const one = constant({ a: 1 }, { nickname: "n" });
    expect(await memory.memorize([one, one])).toEqual([one, one]);
    const other = constant({ a: 2 }, { nickname: "n" });
    await expect(memory.memorize([one, other])).rejects.toMatchObject({
      code: "INVALID_ARGUMENT",
      details: { id: one.globalId },
    });
  });

  it("accepts none", async () => {
    const { memory } = policy.central;
    expect(await memory.memorize([])).toEqual([]);
    expect(await memory.remember([])).toEqual([]);
    expect(await memory.forget([])).toEqual([]);
  });
});

describe("what is not there, or not right", () => {
  it("tells the id, the pool and the nickname of what is missing", async () => {
    const { memory } = policy.central;
    memory.extend(new TestPool({ nickname: "shelf" }));
    const id = globalIdOf("gone");
    await expect(memory.remember(id, { poolNickname: "shelf" })).rejects.toMatchObject({
      code: "NOT_FOUND",
      message: expect.stringMatching(/LAILA:ENTRY:.*"shelf"/),
      details: { id, poolNickname: "shelf" },
    });
    await expect(memory.remember({ nickname: "gone" })).rejects.toMatchObject({
      code: "NOT_FOUND",
      message: expect.stringMatching(/"gone".*latest/),
      details: { id, nickname: "gone" },
    });
  });

  it("finds every flipped byte, and a record under another's key", async () => {
    const { memory } = policy.central;
    const [a, b] = [constant("a"), constant("b")];
    await memory.memorize([a, b]);
    const bytes = (await alpha.read(a.globalId))?.bytes as Uint8Array;
    const flipped = bytes.slice();
    flipped[flipped.length >> 1] = (flipped[flipped.length >> 1] as number) ^ 1;
    await alpha.write(a.globalId, flipped);
    await expect(memory.remember(a)).rejects.toMatchObject({
      code: "CORRUPT",
      details: { id: a.globalId, pool: alpha.globalId },
    });
    await alpha.write(b.globalId, bytes);
    await expect(memory.remember(b)).rejects.toMatchObject({ code: "CORRUPT" });
  });

  it.each(["config", "LAILA:ENTRY:GLOBAL_ID:nope", ""])(
    "refuses the text %j as an id",
    async (text) => {
      await expect(policy.central.memory.remember(text)).rejects.toMatchObject({
        code: "INVALID_ID",
        message: expect.stringContaining("nickname"),
      });
    },
  );

  it("refuses what names nothing", async () => {
    for (const wrong of [7, null, undefined, {}, new Map()]) {
      await expect(policy.central.memory.remember(wrong as never)).rejects.toMatchObject({
        code: "INVALID_ARGUMENT",
      });
    }
  });

  it("hands on the pool's own failure", async () => {
    const entry = constant(1);
    const failure = unavailable();
    alpha.failing.set(entry.globalId, failure);
    await expect(policy.central.memory.memorize(entry)).rejects.toBe(failure);
  });
});

describe("variables", () => {
  it("finds an evolution by number and the latest by listing", async () => {
    const { memory } = policy.central;
    const v0 = variable("zero", { nickname: "v" });
    let v = v0;
    const all = [v0];
    for (let i = 1; i <= 11; i++) {
      v = v.evolve(`n${i}`);
      all.push(v);
    }
    const stranger = variable("other", { nickname: "w", evolution: 99 });
    await memory.memorize([...all, stranger, constant("c", { nickname: "v" })]);
    expect((await memory.remember({ nickname: "v", evolution: 2 })).data).toBe("n2");
    expect((await memory.remember({ nickname: "v", evolution: "latest" })).data).toBe("n11");
    expect((await memory.remember({ nickname: "v" })).data).toBe("c");
    const [a, b] = await memory.remember([{ nickname: "v", evolution: "latest" }, v0]);
    expect([a.data, b.data]).toEqual(["n11", "zero"]);
    expect(await memory.forget({ nickname: "v", evolution: "latest" })).toBe(v.globalId);
    expect((await memory.remember({ nickname: "v", evolution: "latest" })).data).toBe("n10");
  });

  it("looks for the latest behind a cache, too", async () => {
    const { memory } = policy.central;
    const [cache, origin] = [
      new TestPool({ nickname: "cache" }),
      new TestPool({ nickname: "origin" }),
    ];
    memory.extend(cache);
    memory.extend(origin);
    cache.proxyTo(origin);
    const v = variable(0, { nickname: "v" });
    await memory.memorize(v, { pool: cache });
    await memory.memorize(v.evolve(1), { pool: origin });
    const found = await memory.remember(
      { nickname: "v", evolution: "latest" },
      { poolNickname: "cache" },
    );
    expect(found.data).toBe(1);
  });

  it("says so when there is none", async () => {
    const latest = { nickname: "none", evolution: "latest" } as const;
    await expect(policy.central.memory.remember(latest)).rejects.toMatchObject({
      code: "NOT_FOUND",
    });
    await expect(policy.central.memory.forget(latest)).rejects.toMatchObject({ code: "NOT_FOUND" });
    const settled = await policy.central.memory.remember([latest, constant(1)]).settled();
    expect(settled.map(({ status }) => status)).toEqual(["rejected", "rejected"]);
  });

  it("goes by the policy's namespace", async () => {
    const namespace = namespaceFor("mine");
    const own = new Policy({ namespace });
    const entry = constant(5, { nickname: "n", namespace });
    await own.central.memory.memorize(entry);
    expect((await own.central.memory.remember({ nickname: "n" })).globalId).toBe(entry.globalId);
    await expect(own.central.memory.remember(constant(5, { nickname: "n" }))).rejects.toMatchObject(
      {
        code: "NOT_FOUND",
      },
    );
  });
});

describe("forget", () => {
  it("deletes one or many, and does not mind what is gone", async () => {
    const { memory } = policy.central;
    const entries = [1, 2, 3].map((n) => constant(n));
    const [a, b, c] = entries as [Entry<number>, Entry<number>, Entry<number>];
    await memory.memorize(entries);
    expect(await memory.forget(a)).toBe(a.globalId);
    expect(await memory.forget(a.globalId)).toBe(a.globalId);
    expect(await memory.forget([b.globalId, a])).toEqual([b.globalId, a.globalId]);
    await expect(memory.remember(b)).rejects.toMatchObject({ code: "NOT_FOUND" });
    expect((await memory.remember(c)).data).toBe(3);
  });
});

describe("keepCopy", () => {
  it("keeps the same record in the alpha pool, only when asked", async () => {
    const { memory } = policy.central;
    const far = new TestPool({ nickname: "far" });
    memory.extend(far);
    const [a, b] = [constant("a"), constant(new Float32Array([1, 2]))];
    await memory.memorize([a, b], { pool: far });
    await memory.remember([a, b], { poolNickname: "far" });
    expect(await alpha.exists(a.globalId)).toBe(false);
    await memory.remember(a, { poolNickname: "far", keepCopy: true });
    await memory.remember([b], { poolNickname: "far", keepCopy: true });
    expect((await alpha.read(a.globalId))?.bytes).toEqual((await far.read(a.globalId))?.bytes);
    expect((await memory.remember(b)).data).toEqual(b.data);
  });

  it.each([
    ["without conditional writes", () => new TestPool()],
    ["with conditional writes", () => new MemoryPool()],
  ])("never replaces what the alpha pool has, %s", async (_, make) => {
    const own = new Policy({ alphaPool: make() });
    const { memory } = own.central;
    const far = new TestPool();
    const identity = { nickname: "x" };
    await memory.memorize(constant("old", identity), { pool: far });
    await memory.memorize(constant("new", identity));
    const options = { pool: far, keepCopy: true };
    expect((await memory.remember({ nickname: "x" }, options)).data).toBe("old");
    expect((await memory.remember([{ nickname: "x" }], options))[0].data).toBe("old");
    expect((await memory.remember({ nickname: "x" })).data).toBe("new");
    await own.close();
  });

  it("tells of a copy that cannot be kept, and does not fail the read", async () => {
    const { memory } = policy.central;
    const far = new TestPool();
    const entry = constant("a");
    await memory.memorize(entry, { pool: far });
    const failure = unavailable();
    alpha.failing.set(entry.globalId, failure);
    const told: unknown[] = [];
    const onTold = (message: unknown): void => {
      told.push(message);
    };
    subscribe(failedCopyChannel, onTold);
    expect((await memory.remember(entry, { pool: far, keepCopy: true })).data).toBe("a");
    unsubscribe(failedCopyChannel, onTold);
    expect(told).toEqual([{ poolId: alpha.globalId, key: entry.globalId, error: failure }]);
  });
});

describe("many at once", () => {
  it.each([
    ["one by one", () => new TestPool()],
    ["in batches", () => new BatchPool()],
  ])("gives entries in the order asked, %s", async (_, make) => {
    const pool = make();
    const { memory } = policy.central;
    const entries = Array.from({ length: 700 }, (_, i) => constant(i));
    const written = memory.memorize(entries, { pool });
    expect(await written).toEqual(entries);
    expect(written.progress).toEqual({ done: 700, total: 700 });
    const asked = [...entries].reverse().concat(entries.slice(0, 5));
    const found = memory.remember(asked, { pool });
    expect((await found).map(({ data }) => data)).toEqual(asked.map(({ data }) => data));
    expect(found.data).toEqual(asked.map(({ data }) => data));
    expect(found.progress).toEqual({ done: 705, total: 705 });
    const gone = memory.forget(entries, { pool });
    expect(await gone).toHaveLength(700);
    expect(gone.progress).toEqual({ done: 700, total: 700 });
    expect(
      (await memory.remember(entries.slice(0, 2), { pool }).settled()).map(({ status }) => status),
    ).toEqual(["rejected", "rejected"]);
  });

  it("uses the pool's batches where it has them", async () => {
    const pool = new BatchPool();
    const { memory } = policy.central;
    const entries = Array.from({ length: 300 }, (_, i) => constant(i));
    await memory.memorize(entries, { pool });
    await memory.remember(entries, { pool });
    await memory.forget(entries, { pool });
    const batches = pool.log.filter((line) => line.includes("Many"));
    for (const call of ["writeMany", "readMany", "deleteMany"]) {
      const sizes = batches
        .filter((line) => line.startsWith(call))
        .map((line) => line.split(" ")[1]);
      // Half of the taskforce's places each.
      expect(sizes.map(Number).sort((x, y) => y - x)).toEqual([...Array(9).fill(32), 12]);
    }
    await memory.memorize(entries.slice(0, 1), { pool });
    expect(pool.log.at(-1)).toMatch(/^write /);
  });

  it.each([
    ["one by one", () => new TestPool()],
    ["in batches", () => new BatchPool()],
  ])("tries every one, then fails with all that failed, %s", async (_, make) => {
    const pool = make();
    const { memory } = policy.central;
    const entries = Array.from({ length: 10 }, (_, i) => constant(i));
    const [one, two] = [unavailable("one"), unavailable("two")];
    pool.failing.set(entries[3]?.globalId as string, one);
    pool.failing.set(entries[7]?.globalId as string, two);
    const group = memory.memorize(entries, { pool });
    await expect(group).rejects.toMatchObject({ code: "MULTIPLE", errors: [one, two] });
    expect(group.status).toBe("failed");
    expect(group.progress).toEqual({ done: 8, total: 10 });
    const outcomes = await group.settled();
    expect(outcomes.map(({ status }) => status === "fulfilled")).toEqual(
      entries.map((_, i) => i !== 3 && i !== 7),
    );
    expect(await pool.exists(entries[9]?.globalId as string)).toBe(true);
  });

  it("does with any sequence what a Map would do", async () => {
    const ids = Array.from({ length: 6 }, (_, i) => `n${i}`);
    const command = fc.oneof(
      fc.record({
        do: fc.constant("memorize" as const),
        at: fc.subarray(ids),
        value: fc.integer(),
      }),
      fc.record({
        do: fc.constant("forget" as const),
        at: fc.subarray(ids),
        value: fc.constant(0),
      }),
      fc.record({
        do: fc.constant("remember" as const),
        at: fc.subarray(ids),
        value: fc.constant(0),
      }),
    );
    await fc.assert(
      fc.asyncProperty(
        fc.array(command, { maxLength: 12 }),
        fc.boolean(),
        async (commands, batch) => {
          const own = new Policy({ alphaPool: batch ? new BatchPool() : new TestPool() });
          const { memory } = own.central;
          const model = new Map<string, number>();
          for (const { do: verb, at, value } of commands) {
            if (verb === "memorize") {
              await memory.memorize(at.map((nickname) => constant(value, { nickname })));
              for (const nickname of at) model.set(nickname, value);
            } else if (verb === "forget") {
              await memory.forget(at.map((nickname) => ({ nickname })));
              for (const nickname of at) model.delete(nickname);
            } else {
              const outcomes = await memory
                .remember(at.map((nickname) => ({ nickname })))
                .settled();
              expect(
                outcomes.map((one) => (one.status === "fulfilled" ? one.value.data : undefined)),
              ).toEqual(at.map((nickname) => model.get(nickname)));
            }
          }
          await own.close();
        },
      ),
      { numRuns: 60 },
    );
  });
});
