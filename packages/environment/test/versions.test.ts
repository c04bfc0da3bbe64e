import { Policy } from "@laila/policy";
import { MemoryPool, type PoolLike } from "@laila/pool";
import {
  constant,
  decodeRecord,
  type EnvironmentDocument,
  encodeRecord,
  entryAt,
  globalIdOf,
  LailaError,
} from "@laila/schema";
import { afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import {
  captureEnvironment,
  environmentHistory,
  labelEnvironment,
  latestVersion,
  listEnvironments,
  loadEnvironment,
  pruneEnvironment,
  rollbackEnvironment,
  type SavedEnvironment,
  saveEnvironment,
  versionAt,
} from "../src/index.js";
import { FaultyPool, keysOf } from "./support/faulty-pool.js";
import { failure } from "./support/policies.js";
import { VaultPool } from "./support/vault-pool.js";

afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

const name = "prod";
const headId = globalIdOf(name, { scope: "MANIFEST" });
const hour = 60 * 60 * 1000;

function environment(): EnvironmentDocument {
  return captureEnvironment(new Policy());
}

async function save(pool: PoolLike, times: number): Promise<EnvironmentDocument[]> {
  const documents = Array.from({ length: times }, environment);
  for (const document of documents) await saveEnvironment(document, { name, pool });
  return documents;
}

/** The clock alone is the test's: everything else runs as it does. */
function at(time: string | number): void {
  vi.useFakeTimers({ toFake: ["Date"], now: new Date(time) });
}

async function numbers(pool: PoolLike): Promise<number[]> {
  return (await environmentHistory({ name, pool })).versions.map(({ version }) => version);
}

describe("history", () => {
  it("gives versions newest first, with who, when, why, and what stands on them", async () => {
    const pool = new MemoryPool();
    const [first, second] = [environment(), environment()];
    at("2026-01-01T00:00:00Z");
    const one = await saveEnvironment(first, { name, pool, author: "ann", message: "first" });
    at("2026-01-02T00:00:00Z");
    const two = await saveEnvironment(second, { name, pool });
    await labelEnvironment({ name, pool, labels: { prod: 1, "to-test": "current", old: 1 } });
    expect(await environmentHistory({ name, pool })).toEqual({
      name,
      manifestId: headId,
      current: 2,
      more: false,
      labels: { prod: 1, old: 1, "to-test": 2 },
      trash: [],
      versions: [
        {
          version: 2,
          leafId: two.leafId,
          digest: two.digest,
          parent: 1,
          author: null,
          message: null,
          time: "2026-01-02T00:00:00.000Z",
          labels: ["to-test"],
          current: true,
          rollbackOf: null,
          trashed: null,
        },
        {
          version: 1,
          leafId: one.leafId,
          digest: one.digest,
          parent: null,
          author: "ann",
          message: "first",
          time: "2026-01-01T00:00:00.000Z",
          labels: ["old", "prod"],
          current: false,
          rollbackOf: null,
          trashed: null,
        },
      ],
    });
    const limited = await environmentHistory({ name, pool, limit: 1 });
    expect([limited.more, limited.versions.map(({ version }) => version)]).toEqual([true, [2]]);
  });

  it("finds versions by number, label and time, and the documents with them", async () => {
    const pool = new MemoryPool();
    const documents = [environment(), environment(), environment()];
    for (const [i, document] of documents.entries()) {
      at(`2026-01-0${i + 1}T00:00:00Z`);
      await saveEnvironment(document, { name, pool });
    }
    await labelEnvironment({ name, pool, labels: { prod: 2 } });
    const which = [{ version: 2 }, { label: "prod" }, { time: "2026-01-02T23:59:59Z" }];
    for (const selector of [...which, { time: new Date("2026-01-02T00:00:00Z") }]) {
      expect(await versionAt({ name, pool, ...selector })).toMatchObject({ version: 2 });
      expect(await loadEnvironment({ name, pool, ...selector })).toMatchObject({
        version: 2,
        environment: documents[1],
        info: { version: 2, labels: ["prod"], current: false },
      });
    }
    expect(await latestVersion({ name, pool })).toMatchObject({ version: 3, current: true });
    expect(await versionAt({ name, pool })).toMatchObject({ version: 3 });
    for (const selector of [{ version: 4 }, { label: "prd" }, { time: "2025-12-31T00:00:00Z" }])
      expect(await failure(versionAt({ name, pool, ...selector }))).toMatchObject({
        code: "NOT_FOUND",
      });
    for (const selector of [{ version: 0 }, { version: 1, label: "a" }, { time: "soon" }])
      expect(await failure(loadEnvironment({ name, pool, ...selector }))).toMatchObject({
        code: "INVALID_ARGUMENT",
      });
  });

  it("of a name that was never saved is NOT_FOUND, of a plain manifest INVALID_DOCUMENT", async () => {
    const pool = new MemoryPool();
    const calls = [
      () => environmentHistory({ name, pool }),
      () => latestVersion({ name, pool }),
      () => versionAt({ name, pool, version: 1 }),
      () => labelEnvironment({ name, pool, labels: { prod: 1 } }),
      () => pruneEnvironment({ name, pool, keep: 1 }),
      () => rollbackEnvironment({ name, pool, version: 1 }),
    ];
    for (const call of calls) expect(await failure(call())).toMatchObject({ code: "NOT_FOUND" });
    await pool.write(headId, encodeRecord(entryAt(headId, { config: constant(1).globalId })));
    for (const call of calls)
      expect(await failure(call())).toMatchObject({ code: "INVALID_DOCUMENT" });
  });

  it("takes a version back that was saved by a rollback, and forgets nothing", async () => {
    const pool = new MemoryPool();
    const [first] = await save(pool, 2);
    expect(await rollbackEnvironment({ name, pool, version: 1, author: "ann" })).toMatchObject({
      version: 3,
      rollbackOf: 1,
      created: true,
    });
    expect(await loadEnvironment({ name, pool })).toMatchObject({
      version: 3,
      environment: first,
      info: { message: "Rollback to version 1", author: "ann", rollbackOf: 1, parent: 2 },
    });
    expect(await rollbackEnvironment({ name, pool, version: 1 })).toMatchObject({
      version: 3,
      created: false,
    });
    expect(await rollbackEnvironment({ name, pool, version: 2 })).toMatchObject({ version: 4 });
    expect(await numbers(pool)).toEqual([4, 3, 2, 1]);
    expect(await failure(rollbackEnvironment({ name, pool }))).toMatchObject({
      code: "INVALID_ARGUMENT",
    });
  });

  it("lists what was saved in a pool, and says what cannot be read", async () => {
    const pool = new MemoryPool();
    await save(pool, 2);
    await saveEnvironment(environment(), { name: "test", pool });
    await labelEnvironment({ name, pool, labels: { live: 1 } });
    const other = globalIdOf("weights", { scope: "MANIFEST" });
    await pool.write(other, encodeRecord(entryAt(other, { a: constant(1).globalId })));
    const broken = globalIdOf("broken", { scope: "MANIFEST" });
    await pool.write(broken, new TextEncoder().encode("{"));
    const found: SavedEnvironment[] = [];
    for await (const one of listEnvironments({ pool })) found.push(one);
    found.sort((a, b) => String(a.name).localeCompare(String(b.name)));
    expect(found).toMatchObject([
      { name: "prod", latest: { version: 2 }, labels: { live: 1 }, error: undefined },
      { name: "test", latest: { version: 1 }, labels: {} },
      { manifestId: broken, latest: undefined, error: { code: "CORRUPT" } },
    ]);
    expect(found).toHaveLength(3);
  });
});

describe("labels", () => {
  it("are put, moved and taken away together or not at all", async () => {
    const pool = new MemoryPool();
    await save(pool, 3);
    const put = (labels: Record<string, number | "current" | null>, expected?: object) =>
      labelEnvironment({ name, pool, labels, ...(expected ? { expect: expected as never } : {}) });
    expect(await put({ prod: 1, staging: 2 })).toEqual({
      name,
      manifestId: headId,
      labels: { prod: 1, staging: 2 },
      before: { prod: null, staging: null },
    });
    expect(await put({ prod: 2, staging: "current" })).toMatchObject({
      labels: { prod: 2, staging: 3 },
      before: { prod: 1, staging: 2 },
    });
    expect(await failure(put({ prod: 3, staging: 9 }))).toMatchObject({ code: "NOT_FOUND" });
    expect(await failure(put({ prod: 3 }, { prod: 1 }))).toMatchObject({
      code: "CONFLICT",
      details: { label: "prod", expected: 1, found: 2 },
    });
    expect(await failure(put({ prod: 3 }, { canary: 1 }))).toMatchObject({ code: "CONFLICT" });
    expect((await environmentHistory({ name, pool })).labels).toEqual({ prod: 2, staging: 3 });
    expect(await put({ prod: 3, staging: null }, { prod: 2, canary: null })).toMatchObject({
      labels: { prod: 3 },
    });
    expect(await put({ toString: 1 })).toMatchObject({
      labels: { prod: 3, toString: 1 },
      before: { toString: null },
    });
    const before = await pool.read(headId);
    expect(await put({ prod: 3 })).toMatchObject({ before: { prod: 3 } });
    expect((await pool.read(headId))?.version).toBe(before?.version);
  });

  it.each([[{}], [{ "1": 1 }], [{ latest: 1 }], [{ "a b": 1 }], [{ a: 0 }], [{ a: "1" }], [null]])(
    "%j are refused",
    async (labels) => {
      const pool = new MemoryPool();
      await save(pool, 1);
      const call = labelEnvironment({ name, pool, labels: labels as never });
      expect(await failure(call)).toMatchObject({ code: "INVALID_ARGUMENT" });
    },
  );

  it("20 who count one label up with `expect` lose no count, with replies and requests lost", async () => {
    const pool = new FaultyPool();
    await save(pool, 21);
    await labelEnvironment({ name, pool, labels: { at: 1 } });
    let seed = 11;
    const random = (): number => {
      seed = (seed * 48271) % 2147483647;
      return seed / 2147483647;
    };
    pool.fault = (operation, key) => {
      if (operation !== "write" || key !== headId || random() > 0.2) return undefined;
      return random() < 0.5 ? "lost-request" : "lost-reply-as-conflict";
    };
    const moved = await Promise.all(
      Array.from({ length: 20 }, async () => {
        for (;;) {
          const { labels } = await environmentHistory({ name, pool });
          const now = labels.at as number;
          const call = { name, pool, labels: { at: now + 1 }, expect: { at: now } };
          const result = await failure(labelEnvironment(call));
          if (result.code === undefined) return now + 1;
          expect(result).toMatchObject({ code: "CONFLICT" });
        }
      }),
    );
    pool.fault = () => undefined;
    expect(moved.sort((a, b) => a - b)).toEqual(Array.from({ length: 20 }, (_, i) => i + 2));
    expect((await environmentHistory({ name, pool })).labels).toEqual({ at: 21 });
  });

  it("`expect` that fails after a lost request is a CONFLICT, also where somebody else set just that", async () => {
    const pool = new FaultyPool();
    await save(pool, 3);
    await labelEnvironment({ name, pool, labels: { at: 1 } });
    const options = { name, pool, labels: { at: 2 }, expect: { at: 1 } };
    let theirs: Promise<unknown> | undefined;
    pool.before = async (operation, key) => {
      if (operation !== "write" || key !== headId || theirs) return;
      theirs = labelEnvironment(options);
      await theirs;
      pool.fault = () => {
        pool.fault = () => undefined;
        return "lost-request";
      };
    };
    expect(await failure(labelEnvironment(options))).toMatchObject({
      code: "CONFLICT",
      details: { label: "at", found: 2, outcome: "lost" },
    });
    expect(await theirs).toMatchObject({ labels: { at: 2 } });
  });

  it("a pool without conditional writes is refused, unless told otherwise", async () => {
    const pool = new VaultPool();
    await saveEnvironment(environment(), { name, pool, unsafe: true });
    for (const call of [
      () => labelEnvironment({ name, pool, labels: { prod: 1 } }),
      () => pruneEnvironment({ name, pool, keep: 1 }),
      () => rollbackEnvironment({ name, pool, version: 1 }),
    ])
      expect(await failure(call())).toMatchObject({ code: "UNSUPPORTED" });
    expect(await labelEnvironment({ name, pool, labels: { prod: 1 }, unsafe: true })).toMatchObject(
      { labels: { prod: 1 } },
    );
  });
});

describe("pruning", () => {
  it("takes two runs, a day apart, and never the current version or a labelled one", async () => {
    const pool = new MemoryPool();
    at("2026-01-01T00:00:00Z");
    const documents = await save(pool, 6);
    await labelEnvironment({ name, pool, labels: { prod: 2 } });
    const planned = await pruneEnvironment({ name, pool, keep: 2, dryRun: true });
    expect(planned).toMatchObject({ dryRun: true, left: 3 });
    expect(await numbers(pool)).toEqual([6, 5, 4, 3, 2, 1]);
    const first = await pruneEnvironment({ name, pool, keep: 2 });
    expect(first).toMatchObject({
      trashed: [{ version: 1 }, { version: 3 }, { version: 4 }],
      deleted: [],
      waiting: [],
      labelled: [{ version: 2, labels: ["prod"] }],
      left: 3,
      clock: "local",
    });
    expect({ ...first, dryRun: true }).toEqual(planned);
    expect(await numbers(pool)).toEqual([6, 5, 2]);
    expect(await keysOf(pool)).toHaveLength(7);

    at(Date.parse("2026-01-02T00:00:00Z") - 1);
    const early = await pruneEnvironment({ name, pool });
    expect(early.deleted).toEqual([]);
    expect(early.waiting).toMatchObject([
      { version: 1, trashed: "2026-01-01T00:00:00.000Z", due: "2026-01-02T00:00:00.000Z" },
      { version: 3 },
      { version: 4 },
    ]);
    expect(await loadEnvironment({ name, pool, version: 3 })).toMatchObject({
      environment: documents[2],
      info: { trashed: "2026-01-01T00:00:00.000Z" },
    });
    expect(await rollbackEnvironment({ name, pool, version: 1 })).toMatchObject({ version: 7 });

    at("2026-01-02T00:00:00Z");
    const second = await pruneEnvironment({ name, pool, keep: 2 });
    expect(second).toMatchObject({
      trashed: [{ version: 5 }],
      deleted: [{ version: 1 }, { version: 3 }, { version: 4 }],
      left: 3,
    });
    expect(await keysOf(pool)).toHaveLength(1 + 4);
    expect(await failure(loadEnvironment({ name, pool, version: 3 }))).toMatchObject({
      code: "NOT_FOUND",
      message: expect.stringContaining("pruned"),
    });
    expect(await failure(labelEnvironment({ name, pool, labels: { a: 5 } }))).toMatchObject({
      code: "NOT_FOUND",
      message: expect.stringContaining("Roll back to it first"),
    });
    // A rollback left its document where the pruned version's was.
    expect(await loadEnvironment({ name, pool })).toMatchObject({ environment: documents[0] });
    expect(await saveEnvironment(environment(), { name, pool })).toMatchObject({ version: 8 });
  });

  it("goes by age, by age and number, or by exact numbers", async () => {
    const pool = new MemoryPool();
    for (let day = 1; day <= 5; day++) {
      at(`2026-01-0${day}T00:00:00Z`);
      await save(pool, 1);
    }
    const plan = async (options: object): Promise<number[]> => {
      const { trashed } = await pruneEnvironment({ name, pool, dryRun: true, ...options });
      return trashed.map(({ version }) => version);
    };
    expect(await plan({ before: "2026-01-03T00:00:00Z" })).toEqual([1, 2]);
    expect(await plan({ before: new Date("2026-02-01") })).toEqual([1, 2, 3, 4]);
    expect(await plan({ before: "2026-01-03T00:00:00Z", keep: 4 })).toEqual([1]);
    expect(await plan({ versions: [2, 4] })).toEqual([2, 4]);
    expect(await plan({ keep: 1 })).toEqual([1, 2, 3, 4]);
    expect(await plan({ keep: 9 })).toEqual([]);
    await labelEnvironment({ name, pool, labels: { prod: 2 } });
    for (const [versions, code] of [
      [[5], "INVALID_ARGUMENT"],
      [[2], "INVALID_ARGUMENT"],
      [[7], "NOT_FOUND"],
    ] as const)
      expect(await failure(plan({ versions }))).toMatchObject({ code });
    for (const options of [
      { keep: 0 },
      { before: "x" },
      { versions: "1" },
      { versions: [1], keep: 1 },
      { graceMs: hour },
    ])
      expect(await failure(plan(options))).toMatchObject({ code: "INVALID_ARGUMENT" });
  });

  it("writes nothing when there is nothing to do", async () => {
    const pool = new FaultyPool();
    await save(pool, 2);
    pool.log.length = 0;
    expect(await pruneEnvironment({ name, pool, keep: 5 })).toMatchObject({ left: 2, trashed: [] });
    expect(pool.log).toEqual(["read MANIFEST"]);
  });

  it("is timed by the storage's clock where it has one", async () => {
    class ClockPool extends MemoryPool {
      static override readonly configSchema = MemoryPool.configSchema;
      static override readonly classToken: string = "ClockPool";
      static override readonly packageName: string = "@laila/pool-clock";
      now = Date.parse("2030-01-01T00:00:00Z");
      denied = false;
      async time(): Promise<Date> {
        if (this.denied) throw new LailaError("ACCESS_DENIED", "You may not list.");
        return new Date(this.now);
      }
    }
    const pool = new ClockPool();
    await save(pool, 2);
    pool.denied = true;
    expect(await pruneEnvironment({ name, pool, keep: 1, dryRun: true })).toMatchObject({
      clock: "local",
    });
    pool.denied = false;
    const { trashed, clock } = await pruneEnvironment({ name, pool, keep: 1 });
    expect([clock, trashed[0]?.trashed]).toEqual(["storage", "2030-01-01T00:00:00.000Z"]);
    pool.now += 24 * hour - 1;
    expect(await pruneEnvironment({ name, pool })).toMatchObject({ deleted: [] });
    pool.now += 1;
    expect(await pruneEnvironment({ name, pool })).toMatchObject({ deleted: [{ version: 1 }] });
  });

  it("with savers, labellers and lost replies at the same time keeps what must be kept", async () => {
    const pool = new FaultyPool();
    await save(pool, 10);
    let seed = 5;
    const random = (): number => {
      seed = (seed * 48271) % 2147483647;
      return seed / 2147483647;
    };
    pool.fault = (operation, key) => {
      if (operation !== "write" || key !== headId || random() > 0.2) return undefined;
      return random() < 0.5 ? "lost-reply" : "lost-reply-as-conflict";
    };
    const saved = Promise.all(
      Array.from({ length: 5 }, () => saveEnvironment(environment(), { name, pool })),
    );
    const labelled = failure(labelEnvironment({ name, pool, labels: { prod: 3, old: 1 } }));
    const pruned = await Promise.all(
      Array.from({ length: 3 }, () => pruneEnvironment({ name, pool, keep: 3 })),
    );
    await saved;
    const labels = await labelled;
    pool.fault = () => undefined;
    at(Date.now() + 25 * hour);
    await pruneEnvironment({ name, pool });
    const history = await environmentHistory({ name, pool });
    expect(history.current).toBe(15);
    const gone = new Set(pruned.flatMap(({ trashed }) => trashed.map(({ version }) => version)));
    expect(gone.size).toBe(15 - history.versions.length);
    // Either the labels came first and held their versions, or they were refused.
    if (labels.code === undefined) {
      expect(history.versions.map(({ version }) => version)).toEqual(
        expect.arrayContaining([1, 3]),
      );
    } else expect(labels).toMatchObject({ code: "NOT_FOUND" });
    for (const { version } of history.versions)
      expect(await loadEnvironment({ name, pool, version })).toMatchObject({ version });
    expect(await keysOf(pool)).toHaveLength(1 + history.versions.length);
  });
});

describe("more than 500 versions", () => {
  const documents = [environment(), environment()] as const;
  /** What a pool holds after so many saves: they take a while, so all tests start from the same ones. */
  const held = new Map<number, ReadonlyMap<string, Uint8Array>>();

  async function saveNth(pool: PoolLike, n: number): Promise<void> {
    const document = documents[n % 2] as EnvironmentDocument;
    await saveEnvironment(document, { name, pool, message: `${n}` });
  }

  beforeAll(async () => {
    const pool = new MemoryPool();
    for (let n = 1; n <= 1010; n++) {
      await saveNth(pool, n);
      if (![490, 500, 501, 760, 1010].includes(n)) continue;
      const values = new Map<string, Uint8Array>();
      for (const key of await keysOf(pool))
        values.set(key, (await pool.read(key))?.bytes ?? new Uint8Array());
      held.set(n, values);
    }
  });

  async function grown<P extends PoolLike>(pool: P, versions: number): Promise<P> {
    for (const [key, bytes] of held.get(versions) ?? []) await pool.write(key, bytes);
    return pool;
  }

  it("older ones move to logs, and are found, labelled, rolled back to and pruned there", async () => {
    const pool = await grown(new MemoryPool(), 1010);
    const head = decodeRecord((await pool.read(headId))?.bytes ?? new Uint8Array()).extra;
    const state = head.environment as {
      versions: unknown[];
      log: { first: number; last: number }[];
    };
    expect(state.versions).toHaveLength(260);
    expect(state.log.map(({ first, last }) => [first, last])).toEqual([
      [1, 250],
      [251, 500],
      [501, 750],
    ]);
    expect(await numbers(pool)).toEqual(Array.from({ length: 1010 }, (_, i) => 1010 - i));
    expect(await keysOf(pool)).toHaveLength(1 + 1010 + 3);
    expect(await loadEnvironment({ name, pool, version: 7 })).toMatchObject({
      environment: documents[1],
      info: { message: "7" },
    });
    await labelEnvironment({ name, pool, labels: { first: 1, later: 600 } });
    const early = new Date(Date.parse((await versionAt({ name, pool, version: 1 })).time));
    expect((await versionAt({ name, pool, time: early })).version).toBeLessThan(100);
    expect(await rollbackEnvironment({ name, pool, version: 2 })).toMatchObject({
      version: 1010,
      created: false,
    });
    const pruned = await pruneEnvironment({ name, pool, keep: 300, graceMs: 2 * hour });
    expect(pruned.trashed).toHaveLength(708);
    expect(pruned.labelled.map(({ version }) => version)).toEqual([1, 600]);
    at(Date.now() + 2 * hour);
    expect(await pruneEnvironment({ name, pool, graceMs: 2 * hour })).toMatchObject({ left: 302 });
    expect(await keysOf(pool)).toHaveLength(1 + 302);
    expect(await versionAt({ name, pool, label: "later" })).toMatchObject({ message: "600" });
    expect(await saveEnvironment(environment(), { name, pool })).toMatchObject({ version: 1011 });
  });

  it("a log that is gone or was changed is told of, and nothing is lost by a save", async () => {
    const pool = await grown(new MemoryPool(), 501);
    const { extra } = decodeRecord((await pool.read(headId))?.bytes ?? new Uint8Array());
    const { log } = extra.environment as { log: [{ entry: string }] };
    const bytes = (await pool.read(log[0].entry))?.bytes ?? new Uint8Array();
    await pool.write(log[0].entry, encodeRecord(entryAt(log[0].entry, { versions: [] })));
    expect(await failure(environmentHistory({ name, pool }))).toMatchObject({ code: "CORRUPT" });
    await pool.delete(log[0].entry);
    expect(await failure(versionAt({ name, pool, version: 3 }))).toMatchObject({
      code: "NOT_FOUND",
      details: { log: log[0].entry },
    });
    expect(await saveEnvironment(environment(), { name, pool })).toMatchObject({ version: 502 });
    await pool.write(log[0].entry, bytes);
    expect(await numbers(pool)).toHaveLength(502);
  });

  it("a prune that a label beats to it leaves the logs that stay", async () => {
    const pool = await grown(new FaultyPool(), 501);
    let raced = false;
    pool.before = async (operation, key) => {
      if (operation !== "write" || key !== headId || raced) return;
      raced = true;
      await labelEnvironment({ name, pool, labels: { first: 1 } });
    };
    const pruned = await pruneEnvironment({ name, pool, keep: 500 });
    expect(pruned).toMatchObject({ trashed: [], labelled: [{ version: 1 }], left: 501 });
    expect(await numbers(pool)).toHaveLength(501);
    expect(await loadEnvironment({ name, pool, label: "first" })).toMatchObject({ version: 1 });
  });

  it("who reads while somebody prunes reads the new logs", async () => {
    const pool = await grown(new FaultyPool(), 760);
    const readers: [() => Promise<unknown>, object][] = [
      [() => environmentHistory({ name, pool }), { current: 760 }],
      [() => versionAt({ name, pool, version: 100 }), { version: 100 }],
      [() => loadEnvironment({ name, pool, version: 100 }), { version: 100 }],
    ];
    let keep = 750;
    for (const [read, expected] of readers) {
      let reads = 0;
      pool.before = async (operation, key) => {
        // Between the head and the log that it names.
        if (operation !== "read" || key === headId || reads++ > 0) return;
        await pruneEnvironment({ name, pool, keep: keep-- });
      };
      expect(await read()).toMatchObject(expected);
      expect(reads).toBeGreaterThan(0);
    }
  });

  it("a save whose reply was lost finds its version in a log when hundreds have saved since", async () => {
    const pool = await grown(new FaultyPool(), 490);
    const own = environment();
    let mine = true;
    pool.fault = (operation, key) =>
      operation === "write" && key === headId && mine ? "lost-reply" : undefined;
    let first = true;
    pool.before = async (operation, key) => {
      if (operation !== "read" || key !== headId || !first || !(await isSaved())) return;
      [first, mine] = [false, false];
      for (let n = 0; n < 520; n++) await saveNth(pool, n);
    };
    const isSaved = async (): Promise<boolean> => {
      first = false;
      const { current } = await environmentHistory({ name, pool, limit: 1 });
      first = true;
      return current === 491;
    };
    expect(await saveEnvironment(own, { name, pool })).toMatchObject({
      version: 491,
      created: true,
    });
    expect(await latestVersion({ name, pool })).toMatchObject({ version: 1011 });
    expect(await loadEnvironment({ name, pool, version: 491 })).toMatchObject({ environment: own });
  });

  it("a lost race leaves no log behind", async () => {
    const pool = await grown(new FaultyPool(), 500);
    let rivals = 1;
    pool.before = async (operation, key) => {
      if (operation === "write" && key === headId && rivals-- > 0)
        await saveEnvironment(environment(), { name, pool });
    };
    expect(await saveEnvironment(environment(), { name, pool })).toMatchObject({ version: 502 });
    expect(await numbers(pool)).toHaveLength(502);
    expect(await keysOf(pool)).toHaveLength(1 + 502 + 1);
  });
});

describe("a writer that sleeps", () => {
  it("commits nothing when its document may have been cleaned up meanwhile", async () => {
    const pool = new FaultyPool();
    await save(pool, 1);
    at("2026-01-01T00:00:00Z");
    let slept = false;
    pool.before = (operation, key) => {
      if (operation !== "read" || key !== headId || slept) return;
      slept = true;
      at("2026-01-01T01:00:01Z");
    };
    expect(await failure(saveEnvironment(environment(), { name, pool }))).toMatchObject({
      code: "TIMEOUT",
      message: expect.stringContaining("more than an hour"),
    });
    expect(await numbers(pool)).toEqual([1]);
    expect(await keysOf(pool)).toHaveLength(2);
  });
});
