import { MemoryPool, type PoolLike } from "@laila/pool";
import {
  constant,
  type Entry,
  encodeRecord,
  entryAt,
  type GlobalId,
  globalIdOf,
  isLailaError,
} from "@laila/schema";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type GcEvent, type GcOptions, gc, Manifest, Policy } from "../../src/index.js";
import { flipped, ProbedPool } from "../transfer/support.js";

const hour = 60 * 60 * 1000;
const policy = new Policy();
const manifestIdOf = (name: string): GlobalId => globalIdOf(name, { scope: "MANIFEST" });

/** Writes an entry as if that had been so many hours ago. */
async function put(pool: PoolLike, entry: Entry, hoursAgo = 48): Promise<GlobalId> {
  const timestamp = new Date(Date.now() - hoursAgo * hour);
  await pool.write(entry.globalId, encodeRecord(entry, { timestamp }));
  return entry.globalId;
}

async function keysOf(pool: PoolLike): Promise<string[]> {
  const keys: string[] = [];
  for await (const key of pool.keys()) keys.push(key);
  return keys.sort();
}

async function codeOf(promise: PromiseLike<unknown>): Promise<string> {
  try {
    await promise;
    return "none";
  } catch (error) {
    return isLailaError(error) ? error.code : String(error);
  }
}

const forReal: GcOptions = { dryRun: false };

describe("gc", () => {
  it("tells what would go, and takes it when told to: old entries that no manifest reaches", async () => {
    const pool = new MemoryPool();
    const kept = await put(pool, constant("reached"));
    const young = await put(pool, constant("young"), 23);
    const garbage = await put(pool, constant("old", { nickname: "by name" }), 25);
    const alike = "LAILA:ENTRY:GLOBAL_ID:not-an-id";
    await pool.write(alike, new Uint8Array(3));
    await pool.write("something else", new Uint8Array(3));
    const manifest = new Manifest(policy, { a: { b: [kept] } });
    await manifest.memorize({ pool });
    const before = await keysOf(pool);
    const events: GcEvent[] = [];
    const task = gc(pool);
    for await (const event of task) events.push(event);
    const planned = await task;
    expect(planned).toMatchObject({
      dryRun: true,
      manifests: 1,
      reached: 1,
      entries: 3,
      counts: { garbage: 1, deleted: 0, young: 1, kept: 0, undated: 0, failed: 0 },
      named: 1,
      failures: [],
    });
    expect(events).toEqual([
      { outcome: "manifest", id: manifest.globalId, leaves: 1 },
      expect.objectContaining({ outcome: "young", id: young, nickname: undefined }),
      expect.objectContaining({
        outcome: "garbage",
        id: garbage,
        nickname: "by name",
        written: expect.any(Date),
        bytes: planned.bytes,
      }),
    ]);
    expect(await keysOf(pool)).toEqual(before);
    expect(await gc(pool, forReal)).toEqual({
      ...planned,
      dryRun: false,
      counts: { ...planned.counts, garbage: 0, deleted: 1 },
    });
    expect(await keysOf(pool)).toEqual(before.filter((key) => key !== garbage));
  });

  it("reaches all that the head of a saved environment names: versions, trash, and its logs", async () => {
    const pool = new MemoryPool();
    const ids: GlobalId[] = [];
    for (let i = 0; i < 6; i++) ids.push(await put(pool, constant({ i })));
    const [current, older, trashed, logged, stray, nested] = ids as [string, ...string[]];
    const log = await put(
      pool,
      constant({ laila_environment_log: 1, versions: [{ n: 1, config: logged }] }),
    );
    const head = entryAt(manifestIdOf("prod"), { config: current });
    const environment = {
      head: 3,
      versions: [
        { n: 2, config: older },
        { n: 3, config: current },
      ],
      trash: [{ n: 1, config: trashed }],
      log: [{ entry: log, first: 1, last: 1 }],
    };
    const bytes = encodeRecord(head, { extra: { environment, more: { [nested as string]: 1 } } });
    await pool.write(head.globalId, bytes);
    expect(await gc(pool, forReal)).toMatchObject({ counts: { deleted: 1 }, reached: 6 });
    expect(await keysOf(pool)).toEqual(
      [current, older, trashed, logged, log, nested, head.globalId].sort(),
    );
    expect(await pool.exists(stray as string)).toBe(false);
    // Without the log nobody knows which documents it named.
    const lost = await put(pool, constant("stray again"));
    const logBytes = (await pool.read(log))?.bytes ?? new Uint8Array(1);
    for (const spoil of [() => pool.delete(log), () => pool.write(log, flipped(logBytes))]) {
      await spoil();
      expect(await codeOf(gc(pool, forReal))).toMatch(/^(NOT_FOUND|CORRUPT)$/);
    }
    expect(await pool.exists(logged as string)).toBe(true);
    expect(await pool.exists(lost)).toBe(true);
  });

  it("stops where a manifest cannot be read: nobody knows what it reaches", async () => {
    for (const spoil of [
      (bytes: Uint8Array) => flipped(bytes),
      () => encodeRecord(entryAt(manifestIdOf("m"), { a: "no id" })),
      () => encodeRecord(entryAt(manifestIdOf("m"), new Map())),
      () => new TextEncoder().encode("LAILX\u0001"),
    ]) {
      const pool = new MemoryPool();
      const stray = await put(pool, constant("stray"));
      const manifest = new Manifest(policy, {}, { nickname: "m" });
      await manifest.memorize({ pool });
      const { bytes } = (await pool.read(manifest.globalId)) ?? { bytes: new Uint8Array() };
      await pool.write(manifest.globalId, spoil(bytes));
      const error = await gc(pool, forReal).catch((caught: unknown) => caught);
      expect(error).toMatchObject({
        code: expect.stringMatching(/^(CORRUPT|INVALID_DOCUMENT|UNSUPPORTED)$/),
        message: expect.stringContaining("what LAILA:MANIFEST:"),
        details: { id: manifest.globalId },
      });
      expect(await pool.exists(stray)).toBe(true);
    }
  });

  it("sees manifests that are memorized while it runs, right up to the delete", async () => {
    const pool = new ProbedPool();
    const [rescued, stray] = [await put(pool, constant("r")), await put(pool, constant("s"))];
    let first = true;
    pool.before = async (operation, key) => {
      if (operation !== "read" || key !== stray || !first) return;
      first = false;
      await new Manifest(policy, { rescued }).memorize({ pool });
    };
    expect(await gc(pool, forReal)).toMatchObject({ counts: { deleted: 1 } });
    expect(await pool.exists(rescued)).toBe(true);
    expect(await pool.exists(stray)).toBe(false);
  });

  it("leaves an old entry that is written anew while it runs: its manifest may still come", async () => {
    const pool = new ProbedPool();
    const named = constant("by name", { nickname: "n" });
    const [again, stray] = [await put(pool, named), await put(pool, constant("s"))];
    let first = true;
    pool.after = async (operation, key) => {
      if (operation !== "read" || key !== again || !first) return;
      first = false;
      await put(pool, named, 0);
    };
    expect(await gc(pool, forReal)).toMatchObject({ counts: { deleted: 1, young: 1 } });
    expect(await pool.exists(again)).toBe(true);
    expect(await pool.exists(stray)).toBe(false);
  });

  it("keeps what it is told to, what is named if so told, and what other pools' manifests name", async () => {
    const [pool, other] = [new MemoryPool(), new MemoryPool()];
    const entries = [constant("a", { nickname: "a" }), constant("b"), constant("c"), constant("d")];
    const [named, mine, theirs] = await Promise.all(entries.map((entry) => put(pool, entry)));
    await new Manifest(policy, { theirs: theirs as string }).memorize({
      pool: other,
      verify: false,
    });
    const report = await gc(pool, {
      dryRun: false,
      keepNamed: true,
      keep: async ({ id }) => id === mine,
      alsoReachedFrom: [other],
    });
    expect(report).toMatchObject({ counts: { kept: 2, deleted: 1 }, manifests: 1 });
    expect(await keysOf(pool)).toEqual([named, mine, theirs].sort());
    const fails = gc(pool, {
      keep: () => {
        throw new Error("do not know");
      },
    });
    expect(await codeOf(fails)).toBe("Error: do not know");
  });

  it("leaves what has no time that can be read, and goes on when one cannot be read or deleted", async () => {
    const pool = new ProbedPool();
    const damaged = await put(pool, constant("damaged"));
    await pool.write(damaged, flipped((await pool.read(damaged))?.bytes ?? new Uint8Array(1)));
    const refused = await put(pool, constant("refused"));
    const stuck = await put(pool, constant("stuck"));
    const stray = await put(pool, constant("stray"));
    pool.before = (operation, key) => {
      if (operation === "read" && key === refused) throw new Error("unreadable");
      if (operation === "delete" && key === stuck) throw new Error("locked");
    };
    const report = await gc(pool, forReal);
    expect(report.counts).toMatchObject({ undated: 1, failed: 2, deleted: 1 });
    expect(report.failures.map(({ id }) => id).sort()).toEqual([refused, stuck].sort());
    expect(await pool.exists(stray)).toBe(false);
  });

  it("goes by the storage's clock where it has one", async () => {
    class ClockPool extends MemoryPool {
      static override readonly configSchema = MemoryPool.configSchema;
      static override readonly classToken: string = "ClockPool";
      static override readonly packageName: string = "@laila/policy";
      now = Date.now();
      async time(): Promise<Date> {
        return new Date(this.now);
      }
    }
    const pool = new ClockPool();
    await put(pool, constant("x"), 0);
    expect(await gc(pool)).toMatchObject({ counts: { young: 1 } });
    pool.now += 25 * hour;
    expect(await gc(pool)).toMatchObject({ counts: { garbage: 1 } });
  });

  it("refuses a grace that is too short, and what it cannot use", async () => {
    const pool = new MemoryPool();
    await put(pool, constant("x"), 1);
    for (const options of [{ graceMs: hour }, { graceMs: -1 }, { keep: 1 }, { dryrun: false }])
      expect(await codeOf(gc(pool, options as never))).toBe("INVALID_ARGUMENT");
    expect(await codeOf(gc("pool" as never))).toBe("INVALID_ARGUMENT");
    expect(await gc(pool, { graceMs: hour / 2, unsafe: true })).toMatchObject({
      counts: { garbage: 1 },
    });
    const controller = new AbortController();
    controller.abort();
    expect(await codeOf(gc(pool, { signal: controller.signal }))).toBe("ABORTED");
  });

  it("takes exactly what a model says, whatever is memorized and forgotten before", async () => {
    const step = fc.oneof(
      fc.record({
        do: fc.constant("entry"),
        of: fc.nat(7),
        hours: fc.integer({ min: 0, max: 60 }),
      }),
      fc.record({ do: fc.constant("manifest"), of: fc.nat(2), leaves: fc.array(fc.nat(7)) }),
      fc.record({ do: fc.constant("forget"), of: fc.nat(2), leaves: fc.boolean() }),
      fc.record({
        do: fc.constant("gc"),
        grace: fc.integer({ min: 2, max: 40 }),
        dry: fc.boolean(),
      }),
    );
    const entries = Array.from({ length: 8 }, (_, i) => constant(i, { nickname: `e${i}` }));
    await fc.assert(
      fc.asyncProperty(
        fc.array(step, { maxLength: 25 }),
        fc.integer({ min: 1, max: 4 }),
        async (steps, concurrency) => {
          const pool = new MemoryPool();
          const ages = new Map<GlobalId, number>();
          const manifests = new Map<GlobalId, ReadonlySet<GlobalId>>();
          for (const now of steps) {
            const name = "of" in now ? manifestIdOf(`m${now.of}`) : "";
            if ("hours" in now) {
              // Never at the limit itself: the clock goes on.
              const id = await put(pool, entries[now.of] as Entry, now.hours + 0.5);
              ages.set(id, now.hours + 0.5);
            } else if (now.do === "manifest" && "leaves" in now && Array.isArray(now.leaves)) {
              const ids = now.leaves.map((i) => (entries[i] as Entry).globalId);
              const manifest = new Manifest(policy, { ids }, { globalId: name });
              await manifest.memorize({ pool, verify: false });
              manifests.set(name, new Set(ids));
            } else if (now.do === "forget" && "leaves" in now) {
              const ids = [...(manifests.get(name) ?? [])];
              const manifest = new Manifest(policy, { ids }, { globalId: name });
              await manifest.forget({ pool, leaves: now.leaves as boolean });
              manifests.delete(name);
              if (now.leaves) for (const id of ids) ages.delete(id);
            } else if ("grace" in now) {
              const reached = new Set([...manifests.values()].flatMap((ids) => [...ids]));
              const unreached = [...ages].filter(([id]) => !reached.has(id));
              const going = unreached.filter(([, age]) => age > now.grace).map(([id]) => id);
              const report = await gc(pool, {
                dryRun: now.dry,
                graceMs: now.grace * hour,
                concurrency,
              });
              expect(report).toMatchObject({
                entries: ages.size,
                manifests: manifests.size,
                reached: reached.size,
                counts: {
                  garbage: now.dry ? going.length : 0,
                  deleted: now.dry ? 0 : going.length,
                  young: unreached.length - going.length,
                },
              });
              if (!now.dry) for (const id of going) ages.delete(id);
            }
            expect(await keysOf(pool)).toEqual([...ages.keys(), ...manifests.keys()].sort());
          }
          await pool.close();
        },
      ),
      { numRuns: 200 },
    );
  });
});
