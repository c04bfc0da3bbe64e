import { constant, type Entry, globalIdOf, namespaceFor } from "@laila/schema";
import { beforeEach, describe, expect, expectTypeOf, it } from "vitest";
import { type AnyTree, Manifest, ManifestBase, Policy, recallManifest } from "../src/index.js";
import { BatchPool, TestPool, unavailable } from "./pools.js";

let policy: Policy;
let alpha: TestPool;

beforeEach(() => {
  alpha = new TestPool();
  policy = new Policy({ alphaPool: alpha });
});

const [a, b, c] = [constant("a"), constant(2), constant({ c: true })];

describe("a manifest", () => {
  it("has a blueprint, and its leaves in order", () => {
    const manifest = new Manifest(
      policy,
      { config: a, layers: [b, c.globalId, b], deep: { er: { c } } },
      { nickname: "m" },
    );
    expect(manifest.blueprint).toEqual({
      config: a.globalId,
      layers: [b.globalId, c.globalId, b.globalId],
      deep: { er: { c: c.globalId } },
    });
    expect([...manifest]).toEqual([a, b, c, b, c].map(({ globalId }) => globalId));
    expect(manifest.size).toBe(5);
    expect(manifest.keys()).toEqual(["config", "layers", "deep"]);
    expect(manifest.globalId).toBe(globalIdOf("m", { scope: "MANIFEST" }));
    expect([...manifest.entries.keys()]).toEqual([a, b, c].map(({ globalId }) => globalId));
    expect(manifest.toEntry()).toMatchObject({
      scopes: ["MANIFEST"],
      nickname: "m",
      evolution: undefined,
      globalId: manifest.globalId,
    });
  });

  it("finds places by name and by path", () => {
    const manifest = new Manifest(policy, { "a.b": a, a: { b }, list: [b, c] });
    expect(manifest.get("a.b")).toBe(a.globalId);
    expect(manifest.get(["a", "b"])).toBe(b.globalId);
    expect(manifest.get("a")).toEqual({ b: b.globalId });
    expect(manifest.get(["list", 1])).toBe(c.globalId);
    expect(manifest.get([])).toBe(manifest.blueprint);
    for (const path of [
      "nothing",
      "toString",
      "__proto__",
      ["a", "b", "c"],
      ["list", 2],
      ["list", "length"],
      ["a.b", 0],
    ]) {
      expect(manifest.get(path)).toBeUndefined();
      expect(manifest.has(path)).toBe(false);
    }
    expect(manifest.has(["a", "b"])).toBe(true);
  });

  it("never changes", () => {
    const contents = { list: [a], nested: { b } };
    const manifest = new Manifest(policy, contents);
    contents.list.push(a);
    expect(manifest.size).toBe(2);
    expect(Object.isFrozen(manifest.blueprint)).toBe(true);
    expect(Object.isFrozen(manifest.get("list"))).toBe(true);
    expect(Object.isFrozen(manifest.get("nested"))).toBe(true);
  });

  it("has an identity: the nickname's in its namespace, a given one, or a fresh one", () => {
    const namespace = namespaceFor("mine");
    expect(new Manifest(policy, {}).globalId).not.toBe(new Manifest(policy, {}).globalId);
    expect(new Manifest(policy, {}, { nickname: "m", namespace }).globalId).toBe(
      globalIdOf("m", { scope: "MANIFEST", namespace }),
    );
    const own = new Policy({ namespace });
    expect(new Manifest(own, {}, { nickname: "m" }).globalId).toBe(
      globalIdOf("m", { scope: "MANIFEST", namespace }),
    );
    const { globalId } = new Manifest(policy, {});
    expect(new Manifest(policy, {}, { globalId }).globalId).toBe(globalId);
    for (const wrong of [a.globalId, `${globalId}-1`, "x"]) {
      expect(() => new Manifest(policy, {}, { globalId: wrong })).toThrow(
        expect.objectContaining({ code: "INVALID_ID" }),
      );
    }
  });

  it.each<[string, unknown, string]>([
    ["a raw value", { config: { name: 1 } }, "config.name"],
    ["a text that is no id", { config: "text" }, "config"],
    ["a value in a list", { list: [a, 7] }, "list[1]"],
    ["a list in a list", { list: [[a]] }, "list[0]"],
    ["null", { x: { "y z": null } }, 'x["y z"]'],
    ["a map", { x: new Map() }, "x"],
    ["a date", { x: new Date() }, "x"],
    ["a forbidden name", JSON.parse('{ "x": { "__proto__": {} } }'), "x.__proto__"],
    [
      "two entries of one id",
      { x: constant(1, { nickname: "n" }), y: [constant(2, { nickname: "n" })] },
      "y[0]",
    ],
  ])("refuses %s, with the path", (_, contents, path) => {
    expect(() => new Manifest(policy, contents as never)).toThrow(
      expect.objectContaining({
        code: "INVALID_ARGUMENT",
        details: expect.objectContaining({ path }),
      }),
    );
  });

  it("refuses what nests for ever", () => {
    const loop: Record<string, unknown> = {};
    loop.self = loop;
    expect(() => new Manifest(policy, loop as never)).toThrow(
      expect.objectContaining({ code: "INVALID_ARGUMENT" }),
    );
  });
});

describe("parts and merges", () => {
  it("gives a nested part as a manifest of its own, with its entries", async () => {
    const whole = new Manifest(policy, { a, deep: { list: [b], c } });
    const part = whole.sub("deep", { nickname: "part" });
    expect(part.blueprint).toEqual({ list: [b.globalId], c: c.globalId });
    expect([...part.entries.values()]).toEqual([b, c]);
    expect(part.nickname).toBe("part");
    await part.memorize();
    expect(await part.realizeData()).toEqual({ list: [2], c: { c: true } });
    expect(() => whole.sub("a")).toThrow(expect.objectContaining({ code: "INVALID_ARGUMENT" }));
    expect(() => whole.sub(["deep", "none"])).toThrow(
      expect.objectContaining({
        code: "NOT_FOUND",
        details: expect.objectContaining({ path: "deep.none" }),
      }),
    );
  });

  it("merges level by level, and refuses what differs", async () => {
    const left = new Manifest(policy, { a, deep: { b, same: [c] } });
    const right = new Manifest(policy, { deep: { c, same: [c.globalId] }, more: c.globalId });
    const both = left.merge(right, { nickname: "both" });
    expect(both.blueprint).toEqual({
      a: a.globalId,
      deep: { b: b.globalId, same: [c.globalId], c: c.globalId },
      more: c.globalId,
    });
    expect([...both.entries.values()]).toEqual([a, b, c]);
    expect([left.size, right.size]).toEqual([3, 3]);
    await both.memorize();
    expect(await both.realizeData()).toEqual({
      a: "a",
      deep: { b: 2, same: [{ c: true }], c: { c: true } },
      more: { c: true },
    });
    for (const other of [
      { a: b },
      { deep: a },
      { deep: { b: [b] } },
      { a: { a } },
      { deep: { same: [c, c] } },
    ]) {
      expect(() => left.merge(new Manifest(policy, other))).toThrow(
        expect.objectContaining({
          code: "INVALID_ARGUMENT",
          details: { path: expect.any(String) },
        }),
      );
    }
    const [one, two] = [1, 2].map(
      (n) => new Manifest(policy, { [`x${n}`]: constant(n, { nickname: "n" }) }),
    );
    expect(() => one?.merge(two as Manifest)).toThrow(
      expect.objectContaining({ code: "INVALID_ARGUMENT" }),
    );
  });

  it("takes another manifest as a nested part", async () => {
    const inner = new Manifest(policy, { b, list: [c] }, { nickname: "inner" });
    const outer = new Manifest(policy, { a, inner });
    expect(outer.blueprint).toEqual({
      a: a.globalId,
      inner: { b: b.globalId, list: [c.globalId] },
    });
    await outer.memorize();
    const { inner: tree } = await outer.realize();
    expectTypeOf(tree).toEqualTypeOf<AnyTree>();
    expect(tree.list[0].data).toEqual({ c: true });
  });
});

describe("memorize", () => {
  it.each([
    ["one by one", () => new TestPool()],
    ["in batches", () => new BatchPool()],
  ])("writes every leaf before the manifest, %s", async (_, make) => {
    const pool = make();
    const leaves = Array.from({ length: 300 }, (_, i) => constant(i));
    const manifest = new Manifest(policy, { leaves }, { nickname: "m" });
    const future = manifest.memorize({ pool });
    expect(future.progress).toEqual({ done: 0, total: 301 });
    expect(await future).toEqual(manifest.toEntry());
    expect(future.progress).toEqual({ done: 301, total: 301 });
    const writes = pool.log.filter((line) => line.startsWith("write "));
    expect(writes).toHaveLength(301);
    expect(writes.at(-1)).toBe(`write ${manifest.globalId}`);
  });

  it("never writes the manifest when a leaf was not written", async () => {
    const failure = unavailable();
    alpha.failing.set(b.globalId, failure);
    const manifest = new Manifest(policy, { a, deep: { list: [b] } }, { nickname: "m" });
    await expect(manifest.memorize()).rejects.toMatchObject({
      code: "UNAVAILABLE",
      message: expect.stringMatching(/deep\.list\[0\].*"m"/),
      cause: failure,
      details: { id: b.globalId, path: "deep.list[0]", manifest: manifest.globalId },
    });
    expect(alpha.values.has(manifest.globalId)).toBe(false);
  });

  it("is the memory's to do as well", async () => {
    const { memory } = policy.central;
    const manifest = new Manifest(policy, { a });
    const written = memory.memorize(manifest);
    expect((await written).data).toEqual({ a: a.globalId });
    expect((await memory.remember(manifest)).map(({ data }) => data)).toEqual(["a"]);
    expect((await memory.remember(manifest.globalId)).data).toEqual({ a: a.globalId });
    expect(await memory.forget(manifest)).toBe(manifest.globalId);
    expect(alpha.values.size).toBe(0);
  });

  it("looks for leaves that were given as ids, and writes nothing when one is missing", async () => {
    const manifest = new Manifest(
      policy,
      { a, known: [b.globalId, c.globalId] },
      { nickname: "m" },
    );
    await policy.central.memory.memorize(b);
    await expect(manifest.memorize()).rejects.toMatchObject({
      code: "NOT_FOUND",
      message: expect.stringContaining("known[1]"),
      details: { id: c.globalId, manifest: manifest.globalId },
    });
    expect([...alpha.values.keys()]).toEqual([b.globalId]);
    await policy.central.memory.memorize(c);
    await manifest.memorize();
    expect(await manifest.realizeData()).toEqual({ a: "a", known: [2, { c: true }] });
    const elsewhere = new TestPool();
    await manifest.memorize({ pool: elsewhere, verify: false });
    expect([...elsewhere.values.keys()]).toEqual([a.globalId, manifest.globalId]);
  });

  it("finds leaves by id behind a cache", async () => {
    const [cache, origin] = [new TestPool(), new TestPool()];
    cache.proxyTo(origin);
    await policy.central.memory.memorize(b, { pool: origin });
    const manifest = new Manifest(policy, { b: b.globalId });
    await manifest.memorize({ pool: cache });
    expect(await manifest.realizeData({ pool: cache })).toEqual({ b: 2 });
  });

  it("tells the path of a leaf that cannot be stored, before anything is written", async () => {
    const manifest = new Manifest(policy, { a, fn: [constant(() => 1)] });
    await expect(manifest.memorize()).rejects.toMatchObject({
      code: "UNSUPPORTED_TYPE",
      details: { path: "fn[0]" },
    });
    expect(alpha.values.size).toBe(0);
  });

  it("takes an empty manifest", async () => {
    const manifest = new Manifest(policy, {}, { nickname: "empty" });
    await manifest.memorize();
    const found = await Manifest.recall(policy, "empty");
    expect([found.size, await found.realize(), await found.remember()]).toEqual([0, {}, []]);
    await found.forget();
    expect(alpha.values.size).toBe(0);
  });
});

describe("recall and realize", () => {
  const memorized = async (): Promise<Manifest> => {
    const manifest = new Manifest(
      policy,
      { config: c, list: [a, b, a], deep: { b } },
      { nickname: "m" },
    );
    await manifest.memorize();
    return manifest;
  };

  it("finds a manifest by its nickname, or its id", async () => {
    const manifest = await memorized();
    for (const name of ["m", manifest.globalId]) {
      const found = await Manifest.recall(policy, name);
      expect(found).toBeInstanceOf(Manifest);
      expect(found.blueprint).toEqual(manifest.blueprint);
      expect([found.globalId, found.nickname, found.entries.size]).toEqual([
        manifest.globalId,
        "m",
        0,
      ]);
      const { config, list, deep } = await found.realize();
      expect(config.data).toEqual({ c: true });
      expect(list.map(({ data }: Entry) => data)).toEqual(["a", 2, "a"]);
      expect(deep.b.globalId).toBe(b.globalId);
    }
    const base = await recallManifest(() => policy, "m");
    expect(base).not.toBeInstanceOf(Manifest);
    expect(base).toBeInstanceOf(ManifestBase);
    expect((await base.remember()).map(({ data }) => data)).toEqual([{ c: true }, "a", 2, "a", 2]);
  });

  it("reads a leaf that occurs twice once", async () => {
    const manifest = await memorized();
    alpha.log.length = 0;
    await manifest.realize();
    await manifest.remember();
    expect(alpha.log.filter((line) => line === `read ${a.globalId}`)).toHaveLength(2);
  });

  it("types what was made with entries", async () => {
    const manifest = new Manifest(policy, { a, list: [b, c], deep: { id: c.globalId } });
    await manifest.memorize({ verify: false });
    const tree = await manifest.realize();
    expectTypeOf(tree.a).toEqualTypeOf<Entry<string>>();
    expectTypeOf(tree.list).toEqualTypeOf<[Entry<number>, Entry<{ c: boolean }>]>();
    expectTypeOf(tree.deep.id).toEqualTypeOf<Entry>();
    const data = await manifest.realizeData();
    expectTypeOf(data.a).toEqualTypeOf<string>();
    expectTypeOf(data.deep.id).toEqualTypeOf<unknown>();
    expect(data).toEqual({ a: "a", list: [2, { c: true }], deep: { id: { c: true } } });
  });

  it("says which leaf of which manifest is missing or damaged", async () => {
    await memorized();
    alpha.values.delete(b.globalId);
    const found = await Manifest.recall(policy, "m");
    const gone = {
      code: "NOT_FOUND",
      message: expect.stringMatching(/list\[1\] of the manifest "m"/),
      details: { id: b.globalId, path: "list[1]", manifest: found.globalId },
    };
    await expect(found.realize()).rejects.toMatchObject(gone);
    const leaves = found.remember();
    await expect(leaves).rejects.toMatchObject({ code: "MULTIPLE", errors: [gone, gone] });
    expect((await leaves.settled()).map(({ status }) => status === "fulfilled")).toEqual([
      true,
      true,
      false,
      true,
      false,
    ]);
    alpha.values.set(b.globalId, alpha.values.get(a.globalId) as Uint8Array);
    await expect(found.realizeData()).rejects.toMatchObject({
      code: "CORRUPT",
      details: { path: "list[1]" },
    });
  });

  it("says what it does not find, and where", async () => {
    policy.central.memory.extend(new TestPool({ nickname: "shelf" }));
    await expect(Manifest.recall(policy, "never", { poolNickname: "shelf" })).rejects.toMatchObject(
      {
        code: "NOT_FOUND",
        message: expect.stringMatching(/"never" in the pool "shelf"/),
        details: { nickname: "never" },
      },
    );
    await expect(Manifest.recall(policy, "m", { poolNickname: "none" })).rejects.toMatchObject({
      code: "NOT_FOUND",
    });
    await expect(
      Manifest.recall(policy, "m", { signal: AbortSignal.abort() }),
    ).rejects.toMatchObject({ code: "ABORTED" });
  });

  it("refuses a record that is no manifest", async () => {
    const { globalId } = new Manifest(policy, {}, { nickname: "m" });
    const { Entry: EntryClass, parseGlobalId } = await import("@laila/schema");
    for (const data of [1, ["x"], { a: "text" }, { a: { b: [1] } }]) {
      await policy.central.memory.memorize(new EntryClass({ ...parseGlobalId(globalId), data }));
      await expect(Manifest.recall(policy, "m")).rejects.toMatchObject({
        code: "INVALID_DOCUMENT",
      });
    }
  });

  it("keeps copies in the alpha pool when asked", async () => {
    const far = new TestPool();
    const manifest = new Manifest(policy, { a, b });
    await manifest.memorize({ pool: far });
    await manifest.realize({ pool: far });
    expect(alpha.values.size).toBe(0);
    await manifest.realize({ pool: far, keepCopy: true });
    expect([...alpha.values.keys()].sort()).toEqual([a.globalId, b.globalId].sort());
    alpha.values.clear();
    await manifest.remember({ pool: far, keepCopy: true });
    expect(alpha.values.size).toBe(2);
  });
});

describe("forget", () => {
  it("deletes the manifest's record first, then its leaves", async () => {
    const manifest = new Manifest(policy, { list: [a, b, c], again: a }, { nickname: "m" });
    await manifest.memorize();
    alpha.log.length = 0;
    expect(await manifest.forget()).toBe(manifest.globalId);
    expect(alpha.log[0]).toBe(`delete ${manifest.globalId}`);
    expect(alpha.log).toHaveLength(4);
    expect(alpha.values.size).toBe(0);
  });

  it("leaves the leaves alone when its record could not be deleted, or when told to", async () => {
    const manifest = new Manifest(policy, { a, b }, { nickname: "m" });
    await manifest.memorize();
    alpha.failing.set(manifest.globalId, unavailable());
    await expect(manifest.forget()).rejects.toMatchObject({ code: "UNAVAILABLE" });
    expect(alpha.values.size).toBe(3);
    alpha.failing.clear();
    await manifest.forget({ leaves: false });
    expect([...alpha.values.keys()].sort()).toEqual([a.globalId, b.globalId].sort());
  });
});
