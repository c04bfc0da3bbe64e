import { MemoryPool, type PoolLike, tiers } from "@laila/pool";
import { constant, decodeRecord, encodeRecord, type GlobalId, isLailaError } from "@laila/schema";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  copyPool,
  Manifest,
  Policy,
  type RepairEvent,
  repairManifest,
  type VerifyEvent,
  verifyManifest,
} from "../../src/index.js";
import { contents, flipped, ProbedPool } from "../transfer/support.js";

const policy = new Policy();

/** A manifest of so many leaves, in a list and by names, memorized in the pools. */
async function manifestIn(size: number, ...pools: PoolLike[]): Promise<Manifest> {
  const leaves = Array.from({ length: size }, (_, i) => constant(`leaf ${i}`));
  const manifest = new Manifest(policy, { leaves, first: leaves[0] as never });
  const [first, ...others] = pools;
  await manifest.memorize({ pool: first });
  for (const other of others) await copyPool(first as PoolLike, other);
  return manifest as never;
}

function idAt(manifest: Manifest, i: number): GlobalId {
  return (manifest.get(["leaves", i]) ?? "") as GlobalId;
}

async function damage(pool: PoolLike, id: GlobalId): Promise<void> {
  await pool.write(id, flipped((await pool.read(id))?.bytes ?? new Uint8Array(1)));
}

async function codeOf(promise: PromiseLike<unknown>): Promise<string> {
  try {
    await promise;
    return "none";
  } catch (error) {
    return isLailaError(error) ? error.code : String(error);
  }
}

describe("verifyManifest", () => {
  it("says of every leaf, each once, whether it is there and whole", async () => {
    const pool = new MemoryPool();
    const manifest = await manifestIn(10, pool);
    const task = verifyManifest(manifest.globalId, { pool });
    const events: VerifyEvent[] = [];
    for await (const event of task) events.push(event);
    expect(await task).toMatchObject({
      manifest: manifest.globalId,
      ok: true,
      done: 11,
      total: 11,
      counts: { whole: 11, unverified: 0, missing: 0, damaged: 0, failed: 0 },
      problems: [],
    });
    expect(events.map(({ path }) => path).sort()).toEqual(
      ["", ...Array.from({ length: 10 }, (_, i) => `leaves[${i}]`)].sort(),
    );
    expect(events.map(({ done, total }) => [done, total])).toEqual(
      Array.from({ length: 11 }, (_, i) => [i + 1, 11]),
    );
  });

  it("finds what is missing, damaged, misfiled, and what cannot be checked or read", async () => {
    const pool = new ProbedPool();
    const manifest = await manifestIn(6, pool);
    const [gone, flippedOne, misfiled, sealed, refused] = [0, 1, 2, 3, 4].map((i) =>
      idAt(manifest, i),
    ) as [string, string, string, string, string];
    await pool.delete(gone);
    await damage(pool, flippedOne);
    await pool.write(misfiled, encodeRecord(constant("another")));
    await pool.write(sealed, new TextEncoder().encode("LAILX\u0001secret"));
    pool.before = (operation, key) => {
      if (operation === "read" && key === refused) throw new Error("no way");
    };
    const report = await verifyManifest(manifest, { pool });
    expect(report).toMatchObject({
      ok: false,
      counts: { whole: 2, unverified: 1, missing: 1, damaged: 2, failed: 1 },
    });
    const found = report.problems.map(({ id, path, outcome, error }) => [
      id,
      path,
      outcome,
      isLailaError(error) ? error.code : (error as Error).message,
    ]);
    expect(found.sort((a, b) => String(a[1]).localeCompare(String(b[1])))).toEqual([
      [gone, "leaves[0]", "missing", "NOT_FOUND"],
      [flippedOne, "leaves[1]", "damaged", "CORRUPT"],
      [misfiled, "leaves[2]", "damaged", "CORRUPT"],
      [refused, "leaves[4]", "failed", "no way"],
    ]);
  });

  it("checks the manifest's own record; without it the leaves of an id are not known", async () => {
    const pool = new MemoryPool();
    const manifest = await manifestIn(2, pool);
    const other = new Manifest(policy, {}, { globalId: manifest.globalId });
    expect(await verifyManifest(other, { pool })).toMatchObject({
      ok: false,
      problems: [{ path: "", outcome: "damaged", error: { code: "CONFLICT" } }],
    });
    await damage(pool, manifest.globalId);
    expect(await codeOf(verifyManifest(manifest.globalId, { pool }))).toBe("CORRUPT");
    expect(await verifyManifest(manifest, { pool })).toMatchObject({
      problems: [{ id: manifest.globalId, path: "", outcome: "damaged" }],
    });
    await pool.delete(manifest.globalId);
    expect(await codeOf(verifyManifest(manifest.globalId, { pool }))).toBe("NOT_FOUND");
    expect(await verifyManifest(manifest, { pool })).toMatchObject({ counts: { missing: 1 } });
  });

  it("finds leaves behind a cache, and leaves no copies in it", async () => {
    const [cache, origin] = [new MemoryPool(), new MemoryPool()];
    const manifest = await manifestIn(5, origin);
    tiers(cache, origin);
    expect(await verifyManifest(manifest.globalId, { pool: origin })).toMatchObject({ ok: true });
    expect(await verifyManifest(manifest, { pool: cache })).toMatchObject({ ok: true });
    cache.proxyTo(undefined);
    expect(await contents(cache)).toEqual({});
  });

  it("ends by its signal, its progress function and a closed pool; refuses what it cannot use", async () => {
    const pool = new ProbedPool();
    const manifest = await manifestIn(50, pool);
    const controller = new AbortController();
    const { signal } = controller;
    const onProgress = ({ done }: VerifyEvent): void => {
      if (done === 5) controller.abort();
    };
    const aborted = verifyManifest(manifest, { pool, signal, onProgress, concurrency: 2 });
    expect(await codeOf(aborted)).toBe("ABORTED");
    expect(aborted.report.done).toBeLessThan(10);
    const thrown = verifyManifest(manifest, {
      pool,
      onProgress: () => {
        throw new Error("stop");
      },
    });
    expect(await codeOf(thrown)).toBe("Error: stop");
    const cancelled = verifyManifest(manifest, { pool });
    expect(cancelled.cancel()).toBe(true);
    expect(await codeOf(cancelled)).toBe("ABORTED");
    for (const wrong of [
      verifyManifest("prod", { pool }),
      verifyManifest(manifest, { pool: "s3" as never }),
      verifyManifest(manifest, undefined as never),
      verifyManifest(manifest, { pool, concurrency: 0 }),
      verifyManifest(manifest, { pool, poool: 1 } as never),
    ])
      expect(await codeOf(wrong)).toBe("INVALID_ARGUMENT");
    await pool.close();
    expect(await codeOf(verifyManifest(manifest, { pool }))).toBe("CLOSED");
  });

  it("waits for who reads its events slowly, and tells all of them", async () => {
    const pool = new MemoryPool();
    const manifest = await manifestIn(5000, pool);
    const task = verifyManifest(manifest, { pool });
    const seen = new Set<string>();
    for await (const { id } of task) {
      if (seen.size === 0) {
        for (let i = 0; i < 200; i++) await new Promise((resolve) => setImmediate(resolve));
        expect(task.report.done).toBeLessThan(2000);
      }
      seen.add(id);
    }
    expect(seen.size).toBe(5001);
    // Who leaves holds up nothing.
    const left = verifyManifest(manifest, { pool });
    for await (const _ of left) break;
    expect((await left).done).toBe(5001);
  });

  it("ends when it is cancelled although it waits for a reader", async () => {
    const pool = new MemoryPool();
    const task = verifyManifest(await manifestIn(5000, pool), { pool });
    for await (const _ of task) {
      for (let i = 0; i < 200; i++) await new Promise((resolve) => setImmediate(resolve));
      expect(task.cancel()).toBe(true);
      expect(await codeOf(task)).toBe("ABORTED");
      break;
    }
    expect(task.report.done).toBeLessThan(2000);
  });
});

describe("repairManifest", () => {
  it("brings what is missing or damaged from the first pool that has it sound, and nothing else", async () => {
    const [pool, first, second] = [new ProbedPool(), new MemoryPool(), new MemoryPool()];
    const manifest = await manifestIn(8, pool, first, second);
    const before = await contents(pool);
    for (const i of [0, 1, 2]) await pool.delete(idAt(manifest, i));
    for (const i of [3, 4]) await damage(pool, idAt(manifest, i));
    await first.delete(idAt(manifest, 1));
    await damage(first, idAt(manifest, 2));
    await damage(first, idAt(manifest, 4));
    await pool.delete(manifest.globalId);
    const from = [first, second];
    const planned = await repairManifest(manifest.globalId, { pool, from, dryRun: true });
    expect(planned).toMatchObject({ ok: true, dryRun: true, counts: { repaired: 6, whole: 3 } });
    expect(await verifyManifest(manifest, { pool })).toMatchObject({
      counts: { missing: 4, damaged: 2 },
    });
    pool.log.length = 0;
    const events: RepairEvent[] = [];
    const task = repairManifest(manifest.globalId, { pool, from });
    for await (const event of task) events.push(event);
    expect(await task).toEqual({ ...planned, dryRun: false });
    expect(events.at(-1)).toMatchObject({ path: "", outcome: "repaired" });
    expect(pool.count("write")).toBe(6);
    expect(await contents(pool)).toEqual(before);
    expect(await repairManifest(manifest, { pool, from })).toMatchObject({ counts: { whole: 9 } });
  });

  it("says what is lost and what could not be asked, and then leaves the manifest's record out", async () => {
    const [pool, backup] = [new MemoryPool(), new ProbedPool()];
    const manifest = await manifestIn(4, pool, backup);
    for (const i of [0, 1, 2]) await pool.delete(idAt(manifest, i));
    await pool.delete(manifest.globalId);
    await backup.delete(idAt(manifest, 0));
    const refused = idAt(manifest, 1);
    backup.before = (operation, key) => {
      if (operation === "read" && key === refused) throw new Error("no answer");
    };
    const report = await repairManifest(manifest, { pool, from: [backup] });
    expect(report).toMatchObject({
      ok: false,
      counts: { repaired: 1, lost: 1, failed: 2, whole: 1 },
    });
    expect(report.problems.map(({ path, outcome }) => [path, outcome]).sort()).toEqual([
      ["", "failed"],
      ["leaves[0]", "lost"],
      ["leaves[1]", "failed"],
    ]);
    expect(await pool.exists(manifest.globalId)).toBe(false);
    await pool.write(idAt(manifest, 0), encodeRecord(manifest.entries.get(idAt(manifest, 0))!));
    backup.before = () => undefined;
    expect(await repairManifest(manifest, { pool, from: [backup] })).toMatchObject({ ok: true });
    expect(await verifyManifest(manifest, { pool })).toMatchObject({ ok: true });
  });

  it("writes the manifest's record of the object itself when no pool has it", async () => {
    const [pool, other] = [new MemoryPool(), new MemoryPool()];
    const manifest = await manifestIn(2, pool);
    for (const lose of [
      () => pool.delete(manifest.globalId),
      () => damage(pool, manifest.globalId),
    ]) {
      await lose();
      expect(await repairManifest(manifest, { pool, from: [other] })).toMatchObject({ ok: true });
      const bytes = (await pool.read(manifest.globalId))?.bytes ?? new Uint8Array();
      expect(decodeRecord(bytes).entry.data).toEqual(manifest.blueprint);
    }
  });

  it("never writes over what somebody brought meanwhile, or over another manifest", async () => {
    const [pool, backup] = [new ProbedPool(), new MemoryPool()];
    const manifest = await manifestIn(1, pool, backup);
    const id = idAt(manifest, 0);
    await pool.delete(id);
    const theirs = encodeRecord(manifest.entries.get(id)!, { timestamp: new Date(0) });
    let first = true;
    pool.before = async (operation, key) => {
      if (operation !== "write" || key !== id || !first) return;
      first = false;
      await pool.write(id, theirs);
    };
    expect(await repairManifest(manifest, { pool, from: [backup] })).toMatchObject({
      ok: true,
      counts: { whole: 2 },
    });
    expect((await pool.read(id))?.bytes).toEqual(theirs);
    const other = new Manifest(policy, {}, { globalId: manifest.globalId });
    expect(await repairManifest(other, { pool, from: [backup] })).toMatchObject({
      ok: false,
      problems: [{ path: "", outcome: "failed", error: { code: "CONFLICT" } }],
    });
  });

  it("refuses to go without other pools", async () => {
    const pool = new MemoryPool();
    const manifest = await manifestIn(1, pool);
    for (const from of [undefined, [], [pool], ["s3"]])
      expect(await codeOf(repairManifest(manifest, { pool, from: from as never }))).toBe(
        "INVALID_ARGUMENT",
      );
  });

  it("makes whole what can be made whole, as a model says, interrupted or not", async () => {
    const state = fc.constantFrom("sound", "missing", "damaged");
    const leaf = fc.record({ pool: state, a: state, b: state });
    await fc.assert(
      fc.asyncProperty(
        fc.array(leaf, { minLength: 1, maxLength: 8 }),
        fc.record({ pool: state, a: state, b: state }),
        fc.record({
          concurrency: fc.integer({ min: 1, max: 4 }),
          maxBytes: fc.constantFrom(1, 10_000),
          interrupt: fc.option(fc.integer({ min: 1, max: 6 }), { nil: undefined }),
        }),
        async (leaves, own, { interrupt, ...settings }) => {
          const pools = { pool: new MemoryPool(), a: new MemoryPool(), b: new MemoryPool() };
          const all = Object.values(pools);
          const manifest = await manifestIn(leaves.length, ...all);
          const set = async (id: GlobalId, states: typeof own): Promise<void> => {
            for (const name of ["pool", "a", "b"] as const) {
              if (states[name] === "missing") await pools[name].delete(id);
              if (states[name] === "damaged") await damage(pools[name], id);
            }
          };
          for (const [i, states] of leaves.entries()) await set(idAt(manifest, i), states);
          await set(manifest.globalId, own);
          const options = { pool: pools.pool, from: [pools.a, pools.b], ...settings };
          if (interrupt !== undefined) {
            const controller = new AbortController();
            const onProgress = ({ done }: RepairEvent): void => {
              if (done === interrupt) controller.abort();
            };
            await codeOf(
              repairManifest(manifest, { ...options, signal: controller.signal, onProgress }),
            );
          }
          const report = await repairManifest(manifest, options);
          const savable = (states: typeof own): boolean => Object.values(states).includes("sound");
          const lost = leaves.filter((states) => !savable(states)).length;
          expect(report.counts.lost).toBe(lost);
          expect(report.ok).toBe(lost === 0);
          const after = await verifyManifest(manifest, { pool: pools.pool });
          const wrong = after.counts.missing + after.counts.damaged;
          // Its own record stays away as long as leaves are lost, unless it was there.
          expect(wrong).toBe(lost + (lost > 0 && own.pool !== "sound" ? 1 : 0));
          for (const pool of all) await pool.close();
        },
      ),
      { numRuns: 150 },
    );
  });
});

describe("realizeEach", () => {
  it("gives every place in order, few at a time, whatever the size", async () => {
    const pool = new ProbedPool();
    const own = new Policy();
    own.central.memory.extend(pool, { poolNickname: "p" });
    const leaves = Array.from({ length: 300 }, (_, i) => constant(i));
    const manifest = new Manifest(own, { leaves, again: { first: leaves[0]! } });
    await manifest.memorize({ poolNickname: "p" });
    let [underWay, most] = [0, 0];
    pool.before = async (operation) => {
      if (operation === "read") most = Math.max(most, ++underWay);
      await new Promise((resolve) => setImmediate(resolve));
    };
    pool.after = (operation) => {
      if (operation === "read") underWay--;
    };
    const seen: [string, unknown, number, number][] = [];
    for await (const { path, entry, done, total } of manifest.realizeEach({
      poolNickname: "p",
      ahead: 8,
    }))
      seen.push([path, entry.data, done, total]);
    expect(seen).toEqual([
      ...leaves.map(({ data }, i) => [`leaves[${i}]`, data, i + 1, 301]),
      ["again.first", 0, 301, 301],
    ]);
    expect(most).toBeGreaterThan(1);
    expect(most).toBeLessThanOrEqual(8);
    pool.log.length = 0;
    for await (const { done } of manifest.realizeEach({ poolNickname: "p", ahead: 4 }))
      if (done === 3) break;
    expect(pool.count("read")).toBeLessThanOrEqual(7);
    await pool.delete(leaves[7]!.globalId);
    const failed = (async () => {
      for await (const _ of manifest.realizeEach({ poolNickname: "p" }));
    })();
    await expect(failed).rejects.toMatchObject({
      code: "NOT_FOUND",
      details: { path: "leaves[7]" },
    });
    expect(() => manifest.realizeEach({ poool: 1 } as never)).toThrow(/no option "poool"/);
    await own.close();
  });
});
