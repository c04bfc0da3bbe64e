import { constant, isLailaError, namespaceFor, variable } from "@laila/schema";
import { beforeEach, describe, expect, it } from "vitest";
import { type Future, Manifest, MemoryPool, Policy } from "../src/index.js";
import { TestPool } from "./pools.js";

let policy: Policy;
let alpha: TestPool;
let shelf: TestPool;

beforeEach(() => {
  alpha = new TestPool();
  shelf = new TestPool({ nickname: "s3" });
  policy = new Policy({ alphaPool: alpha });
  policy.central.memory.extend(shelf);
});

/** A call as JavaScript may make it. */
type Loose = (...args: unknown[]) => Future<unknown>;
const loose = (call: unknown): Loose => call as Loose;
const thrown = (act: () => unknown): unknown => {
  try {
    act();
  } catch (error) {
    return error;
  }
  throw new Error("It threw nothing.");
};

describe("options that are none", () => {
  const entry = constant(1, { nickname: "x" });

  const wrong: [string, unknown, string][] = [
    ["a mistyped name", { poolNicname: "s3" }, "poolNickname"],
    ["a name by itself", "s3", '{ poolNickname: "s3" }'],
    ["null", null, "null"],
    ["a pool by itself", new MemoryPool(), "{ pool }"],
    ["a list", [], "a list"],
    ["a signal by itself", new AbortController().signal, "{ signal }"],
    ["a signal that is none", { signal: "x" }, "AbortSignal"],
  ];
  it.each(wrong)(
    "are refused by every verb, as the future's failure: %s",
    async (_, given, says) => {
      const { memory } = policy.central;
      const manifest = new Manifest(policy, { entry });
      const calls: (() => Future<unknown>)[] = [
        () => loose(memory.memorize.bind(memory))(entry, given),
        () => loose(memory.memorize.bind(memory))([entry], given),
        () => loose(memory.remember.bind(memory))(entry, given),
        () => loose(memory.remember.bind(memory))([entry], given),
        () => loose(memory.forget.bind(memory))(entry, given),
        () => loose(memory.forget.bind(memory))([entry], given),
        () => loose(manifest.memorize.bind(manifest))(given),
        () => loose(manifest.remember.bind(manifest))(given),
        () => loose(manifest.realize.bind(manifest))(given),
        () => loose(manifest.realizeData.bind(manifest))(given),
        () => loose(manifest.forget.bind(manifest))(given),
        () => loose(Manifest.recall)(policy, "x", given),
      ];
      for (const call of calls) {
        await expect(call()).rejects.toMatchObject({
          code: "INVALID_ARGUMENT",
          message: expect.stringContaining(says),
        });
      }
      expect(alpha.log).toEqual([]);
    },
  );

  it("are refused by each member of a group", async () => {
    const { memory } = policy.central;
    const future = memory.memorize([entry, constant(2)], { poolNicname: "s3" } as object);
    const outcomes = await future.settled();
    expect(outcomes.map(({ status }) => status)).toEqual(["rejected", "rejected"]);
  });

  it("are refused by what takes pools in and out, and by constructors", () => {
    const { memory } = policy.central;
    const pool = new MemoryPool();
    const calls = [
      () => memory.extend(pool, "mem" as never),
      () => memory.extend(pool, { nickname: "mem" } as never),
      () => memory.detach("s3" as never),
      () => memory.detach(null as never),
      () => memory.poolRouter.route("s3" as never),
      () => new Policy({ alphaPol: pool } as never),
      () => new Manifest(policy, { entry }, "m1" as never),
      () => new Manifest(policy, { entry }, { nicname: "m1" } as never),
    ];
    for (const call of calls) {
      const error = thrown(call);
      expect(isLailaError(error, "INVALID_ARGUMENT"), String(error)).toBe(true);
    }
    expect(memory.poolRouter.pools.has(pool.globalId)).toBe(false);
    expect(String(thrown(() => memory.extend(pool, { poolNicname: "m" } as never)))).toMatch(
      /"poolNicname".*poolNickname, affinity, replace, alpha/,
    );
  });
});

describe("guarantee", () => {
  it("takes a function, and says so", async () => {
    const future = policy.central.memory.memorize(constant(1));
    for (const given of [future, null, "x", {}]) {
      await expect(policy.guarantee(given as never)).rejects.toMatchObject({
        code: "INVALID_ARGUMENT",
        message: expect.stringContaining("takes a function"),
      });
    }
    await expect(policy.guarantee(() => 1, { signal: "x" } as never)).rejects.toMatchObject({
      code: "INVALID_ARGUMENT",
    });
  });
});

describe("what is memorized", () => {
  it("is awaited first when it is a promise", async () => {
    const { memory } = policy.central;
    for (const given of [Promise.resolve(1), memory.memorize(constant(1)), [Promise.resolve(1)]]) {
      await expect(memory.memorize(given as never)).rejects.toMatchObject({
        code: "INVALID_ARGUMENT",
        message: expect.stringContaining("Await it first"),
      });
    }
  });

  it("is told by what it is, in a sentence", async () => {
    const { memory } = policy.central;
    await expect(memory.memorize([constant(1), 2] as never)).rejects.toThrow(
      "Number 1 of what is memorized is no entry but a number. Wrap",
    );
    expect(String(thrown(() => new Manifest(policy, { a: 1 } as never)))).toContain(
      "a is a number. A manifest",
    );
    expect(
      String(thrown(() => policy.central.memory.extend(shelf, { affinity: Number.NaN }))),
    ).toContain('The pool "s3": the affinity must');
  });

  it("is no manifest when it is a list", () => {
    for (const given of [[constant(1)], new Map(), "x"]) {
      expect(thrown(() => new Manifest(policy, given as never))).toMatchObject({
        code: "INVALID_ARGUMENT",
        message: expect.stringContaining("must be an object with names"),
      });
    }
  });
});

describe("selectors", () => {
  it("are plain objects: nothing else that has a nickname deletes the entry of that name", async () => {
    const { memory } = policy.central;
    await memory.memorize(constant("precious", { nickname: "s3" }));
    for (const given of [shelf, [shelf], { ...shelf, nickname: "s3" }]) {
      await expect(memory.forget(given as never)).rejects.toMatchObject({
        code: "INVALID_ARGUMENT",
      });
      await expect(memory.remember(given as never)).rejects.toMatchObject({
        code: "INVALID_ARGUMENT",
      });
    }
    expect((await memory.remember({ nickname: "s3" })).data).toBe("precious");
  });

  it("have no other names, and say which they have", async () => {
    const { memory } = policy.central;
    for (const given of [{ nickanme: "x" }, [{ nickanme: "x" }], { nickname: "x", evolve: 1 }]) {
      for (const call of [memory.remember.bind(memory), memory.forget.bind(memory)]) {
        await expect(loose(call)(given)).rejects.toMatchObject({
          code: "INVALID_ARGUMENT",
          message: expect.stringMatching(/A selector has no "(nickanme|evolve)".*\{ nickname, /),
        });
      }
    }
    for (const given of [{}, { nickname: 1 }, 5, null, Promise.resolve("x")]) {
      await expect(loose(memory.remember.bind(memory))(given)).rejects.toMatchObject({
        code: "INVALID_ARGUMENT",
        message: expect.stringContaining("{ nickname, evolution?, scope?, namespace? }"),
      });
    }
  });

  it("say what an evolution is", async () => {
    for (const evolution of ["newest", -1, 1.5, null]) {
      await expect(
        policy.central.memory.remember({ nickname: "x", evolution: evolution as never }),
      ).rejects.toMatchObject({
        code: "INVALID_ID",
        message: 'The evolution of "x" must be a whole number from 0 or "latest".',
      });
    }
  });

  it("may name a namespace other than the policy's", async () => {
    const { memory } = policy.central;
    const namespace = namespaceFor("mine");
    const first = variable("a", { nickname: "x", namespace });
    await memory.memorize([first, first.evolve("b"), constant("c", { nickname: "x", namespace })]);
    const found = await memory.remember([
      { nickname: "x", namespace },
      { nickname: "x", namespace, evolution: 0 },
      { nickname: "x", namespace, evolution: "latest" },
    ]);
    expect(found.map(({ data }) => data)).toEqual(["c", "a", "b"]);
    await expect(memory.remember({ nickname: "x" })).rejects.toMatchObject({ code: "NOT_FOUND" });
    await expect(memory.remember({ nickname: "x", namespace: "mine" })).rejects.toMatchObject({
      code: "INVALID_ARGUMENT",
    });
  });
});
