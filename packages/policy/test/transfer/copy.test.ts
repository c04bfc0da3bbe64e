import { MemoryPool } from "@laila/pool";
import { decodeRecord, LailaError } from "@laila/schema";
import { describe, expect, it } from "vitest";
import { copyPool } from "../../src/index.js";
import {
  contents,
  failuresOf,
  fill,
  flipped,
  outcomeOf,
  PlainPool,
  ProbedPool,
  record,
  type Stored,
} from "./support.js";

const text = (value: string): Uint8Array => new TextEncoder().encode(value);
const records = (count: number): Stored[] =>
  Array.from({ length: count }, (_, i) => record({ i }, `r${i}`));

describe("a copy", () => {
  it("brings everything over, checks it, and tells what it did", async () => {
    const [from, to] = [new ProbedPool(), new ProbedPool()];
    const other = { key: "not a global id", bytes: text("{}") };
    const all = [...records(20), record(new Float32Array(5000)), other];
    await fill(from, all);
    const report = await copyPool(from, to);
    expect(report).toEqual({
      copied: 22,
      overwritten: 0,
      skipped: 0,
      conflicts: 0,
      deleted: 0,
      gone: 0,
      unverified: 1,
      bytes: all.reduce((sum, { bytes }) => sum + bytes.length, 0),
      failures: 0,
      failed: [],
      dryRun: false,
    });
    expect(await contents(to)).toEqual(await contents(from));
  });

  it("costs a read, a look, a write and a read back for each new key, and a read on each side again", async () => {
    const [from, to] = [new ProbedPool(), new ProbedPool()];
    await fill(from, records(10));
    from.log.length = 0;
    const looks = (): number => to.count("read") + to.count("exists");
    await copyPool(from, to);
    expect([from.count("read"), looks(), to.count("write")]).toEqual([10, 20, 10]);
    expect(await copyPool(from, to)).toMatchObject({ copied: 0, skipped: 10, bytes: 0 });
    expect([from.count("read"), to.count("write")]).toEqual([20, 10]);
    // The first look, before sizes are known, asks whether there is anything.
    expect(looks()).toBeLessThanOrEqual(20 + 2 * 10);
  });

  it("reads nothing back when told so", async () => {
    const [from, to] = [new ProbedPool(), new ProbedPool()];
    await fill(from, records(10));
    await copyPool(from, to, { verify: false });
    expect(to.count("read") + to.count("exists")).toBe(10);
  });

  it("goes on where it was interrupted", async () => {
    const [from, to] = [new ProbedPool(), new ProbedPool()];
    await fill(from, records(200));
    const controller = new AbortController();
    const first = await outcomeOf(
      copyPool(from, to, {
        concurrency: 4,
        signal: controller.signal,
        onProgress: ({ done }) => done === 50 && controller.abort(),
      }),
    );
    expect(first.code).toBe("ABORTED");
    const there = Object.keys(await contents(to)).length;
    expect(there).toBeGreaterThanOrEqual(first.report.copied);
    expect(there).toBeLessThan(60);
    const writes = to.count("write");
    expect(await copyPool(from, to)).toMatchObject({ copied: 200 - there, skipped: there });
    expect(to.count("write") - writes).toBe(200 - there);
  });

  it("takes only the keys that the filter lets through", async () => {
    const [from, to] = [new ProbedPool(), new ProbedPool()];
    await fill(from, [...records(5), { key: "a", bytes: text("1") }]);
    from.log.length = 0;
    expect(await copyPool(from, to, { filter: (key) => key === "a" })).toMatchObject({ copied: 1 });
    expect(await contents(to)).toEqual({ a: "1" });
    expect(from.count("read")).toBe(1);
  });

  it("in a dry run tells the same and changes nothing", async () => {
    const [from, to] = [new ProbedPool(), new ProbedPool()];
    const all = records(6);
    await fill(from, all);
    await fill(to, all.slice(0, 2));
    to.log.length = 0;
    const planned = await copyPool(from, to, { dryRun: true });
    expect(planned).toMatchObject({ copied: 4, skipped: 2, dryRun: true });
    expect(to.count("write")).toBe(0);
    expect({ ...planned, dryRun: false }).toEqual(await copyPool(from, to));
  });

  it("writes the records of manifests after all others", async () => {
    const [from, to] = [new ProbedPool(), new ProbedPool()];
    const manifest = "LAILA:MANIFEST:GLOBAL_ID:00000000-0000-4000-8000-000000000000";
    await fill(from, [{ key: manifest, bytes: text("x") }, ...records(40)]);
    await copyPool(from, to, { verify: "bytes", concurrency: 8 });
    const writes = to.log.filter((line) => line.startsWith("write"));
    expect(writes).toHaveLength(41);
    expect(writes.at(-1)).toBe(`write ${manifest}`);
  });

  it("asks a cache for what is in itself only", async () => {
    const [from, origin, to] = [new ProbedPool(), new ProbedPool(), new ProbedPool()];
    const all = records(6);
    await fill(from, all);
    await fill(origin, all);
    await fill(to, all.slice(0, 2));
    to.proxyTo(origin);
    origin.log.length = 0;
    expect(await copyPool(from, to, { concurrency: 1 })).toMatchObject({ copied: 4, skipped: 2 });
    expect(origin.log).toEqual([]);
    to.proxyTo(undefined);
    expect(await contents(to)).toEqual(await contents(from));
  });

  it("refuses what makes no sense, through the promise", async () => {
    const [from, to] = [new MemoryPool(), new MemoryPool()];
    const all = [
      copyPool(from, from),
      copyPool(from, to, { concurrency: 0 }),
      copyPool(from, to, { maxBytes: Number.NaN }),
      copyPool(from, to, { onConflict: "ask" as "skip" }),
      copyPool(from, to, { verify: "digest" as "bytes" }),
      copyPool(from, to, { filter: "a" as unknown as () => boolean }),
      copyPool(from, to, { manifest: record(1).key }),
    ];
    for (const transfer of all)
      await expect(transfer).rejects.toMatchObject({ code: "INVALID_ARGUMENT" });
  });
});

describe("what is wrong at the source", () => {
  it("is told, key by key, and not copied; the rest is", async () => {
    const [from, to] = [new ProbedPool(), new ProbedPool()];
    const [good, damaged, misfiled, array] = [
      record("good"),
      record("damaged"),
      record("misfiled"),
      record(new Float64Array(1000)),
    ];
    const noRecord = record("none");
    await fill(from, [
      good,
      { ...damaged, bytes: flipped(damaged.bytes) },
      { ...misfiled, bytes: good.bytes },
      { ...array, bytes: flipped(array.bytes) },
      { ...noRecord, bytes: text("plain text") },
    ]);
    const { report, code, error } = await outcomeOf(copyPool(from, to));
    expect(code).toBe("MULTIPLE");
    expect(report).toMatchObject({ copied: 1, failures: 4 });
    const corrupt = [damaged, misfiled, array, noRecord].map(({ key }) => [key, "CORRUPT"]);
    expect(failuresOf(report)).toEqual(Object.fromEntries(corrupt));
    expect(Object.keys(await contents(to))).toEqual([good.key]);
    expect(error).toMatchObject({
      details: { failures: 4, copied: 1, keys: expect.arrayContaining([damaged.key]) },
    });
    expect((error as LailaError).errors).toHaveLength(4);
  });

  it("is copied as it is when only bytes are compared", async () => {
    const [from, to] = [new ProbedPool(), new ProbedPool()];
    const damaged = record("damaged");
    await fill(from, [{ ...damaged, bytes: flipped(damaged.bytes) }]);
    expect(await copyPool(from, to, { verify: "bytes" })).toMatchObject({ copied: 1 });
    expect(await contents(to)).toEqual(await contents(from));
  });

  it("a value that cannot be read fails alone; one that vanished is no failure", async () => {
    const [from, to] = [new ProbedPool(), new ProbedPool()];
    const all = records(10);
    await fill(from, all);
    const [broken, vanished] = [all[3]?.key ?? "", all[5]?.key ?? ""];
    from.before = (operation, key) => {
      if (operation === "read" && key === broken) throw new LailaError("UNAVAILABLE", "away");
    };
    from.leaving = (key, bytes) => (key === vanished ? undefined : bytes);
    const { report } = await outcomeOf(copyPool(from, to));
    expect(report).toMatchObject({ copied: 8, gone: 1, failures: 1 });
    expect(failuresOf(report)).toEqual({ [broken]: "UNAVAILABLE" });
  });

  it("a listing that breaks off ends the copy with its error; what was begun is done", async () => {
    const [from, to] = [new ProbedPool(), new ProbedPool()];
    await fill(from, records(30));
    const broken = new LailaError("UNAVAILABLE", "the listing broke off");
    const list = from.keys.bind(from);
    from.keys = async function* (options) {
      let listed = 0;
      for await (const key of list(options)) {
        if (++listed > 10) throw broken;
        yield key;
      }
    };
    const { report, error } = await outcomeOf(copyPool(from, to));
    expect(error).toBe(broken);
    expect(report.copied).toBe(10);
  });

  it("tells of no more than a hundred failures one by one", async () => {
    const [from, to] = [new ProbedPool(), new ProbedPool()];
    const all = records(150).map(({ key, bytes }) => ({ key, bytes: flipped(bytes) }));
    await fill(from, all);
    const { report, error } = await outcomeOf(copyPool(from, to));
    expect(report.failures).toBe(150);
    expect(report.failed).toHaveLength(100);
    expect(error).toMatchObject({ code: "MULTIPLE", details: { failures: 150 } });
  });
});

describe("what is wrong at the destination", () => {
  const value = record("value");

  it.each([
    ["is damaged on the way", "CORRUPT", (_: string, bytes: Uint8Array) => flipped(bytes)],
    ["is cut off", "CORRUPT", (_: string, bytes: Uint8Array) => bytes.subarray(0, 10)],
    ["is not there afterwards", "NOT_FOUND", () => undefined],
  ])("a value that %s is a failure", async (_what, code, arriving) => {
    const [from, to] = [new ProbedPool(), new ProbedPool()];
    await fill(from, [value]);
    to.arriving = arriving;
    const { report } = await outcomeOf(copyPool(from, to));
    expect(failuresOf(report)).toEqual({ [value.key]: code });
    expect(report).toMatchObject({ copied: 0, bytes: 0 });
  });

  it("a value that cannot be read is mended by who may overwrite only", async () => {
    const [from, to] = [new ProbedPool(), new ProbedPool()];
    await fill(from, [value]);
    await fill(to, [{ ...value, bytes: text("rest of something") }]);
    let damaged = true;
    to.before = (operation) => {
      if (operation === "read" && damaged) throw new LailaError("CORRUPT", "unreadable");
      if (operation === "write") damaged = false;
    };
    for (const onConflict of ["fail", "skip"] as const) {
      const { report } = await outcomeOf(copyPool(from, to, { onConflict }));
      expect(failuresOf(report)).toEqual({ [value.key]: "CORRUPT" });
    }
    const report = await copyPool(from, to, { onConflict: "overwrite" });
    expect(report).toMatchObject({ copied: 1, overwritten: 1 });
  });

  it.each(["CLOSED", "NO_SPACE"] as const)(
    "%s ends it: no further key would fare better",
    async (code) => {
      const [from, to] = [new ProbedPool(), new ProbedPool()];
      await fill(from, records(100));
      let writes = 0;
      to.before = (operation) => {
        if (operation === "write" && ++writes > 5) throw new LailaError(code, "no more");
      };
      const ended = await outcomeOf(copyPool(from, to, { concurrency: 3 }));
      expect(ended.code).toBe(code);
      expect(ended.report.copied).toBe(5);
      expect(to.count("write")).toBeLessThan(12);
    },
  );
});

describe("another value at the destination", () => {
  const [mine, theirs, later] = ["mine", "theirs", "later"].map((data) =>
    record(data, "contested"),
  );
  if (!mine || !theirs || !later) throw new Error("three records");

  const start = async (pool = new ProbedPool()): Promise<[ProbedPool, ProbedPool]> => {
    const from = new ProbedPool();
    await fill(from, [mine, ...records(3)]);
    return [from, pool];
  };
  const at = async (pool: MemoryPool): Promise<Uint8Array | undefined> =>
    (await pool.read(mine.key))?.bytes;

  it("stays, and the key fails, unless told otherwise", async () => {
    const [from, to] = await start();
    await fill(to, [theirs]);
    const { report, code } = await outcomeOf(copyPool(from, to));
    expect(code).toBe("MULTIPLE");
    expect(report).toMatchObject({ copied: 3, conflicts: 0 });
    expect(failuresOf(report)).toEqual({ [mine.key]: "CONFLICT" });
    expect(await at(to)).toEqual(theirs.bytes);
  });

  it("stays without an error, or is replaced, when told so", async () => {
    const [from, to] = await start();
    await fill(to, [theirs]);
    const skipped = await copyPool(from, to, { onConflict: "skip" });
    expect(skipped).toMatchObject({ copied: 3, conflicts: 1 });
    expect(await at(to)).toEqual(theirs.bytes);
    const replaced = await copyPool(from, to, { onConflict: "overwrite" });
    expect(replaced).toMatchObject({ copied: 1, overwritten: 1, skipped: 3 });
    expect(await at(to)).toEqual(mine.bytes);
  });

  it.each([
    ["fail", theirs, { failures: 1, copied: 3 }],
    ["skip", theirs, { conflicts: 1, copied: 3 }],
    ["overwrite", mine, { overwritten: 1, copied: 4 }],
  ] as const)(
    "written between look and write is a conflict, too (%s)",
    async (onConflict, left, told) => {
      const [from, to] = await start();
      let written = false;
      to.before = async (operation, key) => {
        if (operation !== "write" || key !== mine.key || written) return;
        written = true;
        await to.write(theirs.key, theirs.bytes);
      };
      const { report } = await outcomeOf(copyPool(from, to, { onConflict }));
      expect(report).toMatchObject(told);
      expect(await at(to)).toEqual(left.bytes);
    },
  );

  it("is not fought for without end", async () => {
    const [from, to] = await start();
    await fill(to, [theirs]);
    let own = false;
    let n = 0;
    to.before = async (operation, key) => {
      if (operation !== "write" || key !== mine.key || own) return;
      own = true;
      await to.write(key, record(n++, "contested").bytes);
      own = false;
    };
    const { report } = await outcomeOf(copyPool(from, to, { onConflict: "overwrite" }));
    expect(failuresOf(report)).toEqual({ [mine.key]: "CONFLICT" });
    expect(n).toBe(8);
    expect(decodeRecord((await at(to)) ?? new Uint8Array()).entry.data).toBe(7);
  });

  it("written over ours before it was read back is told and stays", async () => {
    const [from, to] = await start();
    let written = false;
    to.after = async (operation, key) => {
      if (operation !== "write" || key !== mine.key || written) return;
      written = true;
      await to.write(later.key, later.bytes);
    };
    const { report } = await outcomeOf(copyPool(from, to, { onConflict: "overwrite" }));
    expect(failuresOf(report)).toEqual({ [mine.key]: "CONFLICT" });
    expect(await at(to)).toEqual(later.bytes);
  });

  it("that is our own, written in a try whose reply was lost, counts as copied", async () => {
    const [from, to] = await start();
    let lost = false;
    to.after = (operation, key) => {
      if (operation !== "write" || key !== mine.key || lost) return;
      lost = true;
      throw new LailaError("CONFLICT", "refused, perhaps", { details: { outcome: "unknown" } });
    };
    const report = await copyPool(from, to);
    expect(report).toMatchObject({ copied: 4, skipped: 0 });
    expect(to.count("write", mine.key)).toBe(1);
  });

  it("is respected by pools without conditions as far as a look goes", async () => {
    const [from, to] = await start(new PlainPool());
    await fill(to, [theirs]);
    const { report } = await outcomeOf(copyPool(from, to));
    expect(failuresOf(report)).toEqual({ [mine.key]: "CONFLICT" });
    expect(await copyPool(from, to, { onConflict: "overwrite" })).toMatchObject({ copied: 1 });
    expect(await contents(to)).toEqual(await contents(from));
  });

  it("on a pool that turns out to have no conditions is written without", async () => {
    const [from, to] = await start();
    const honest = { ...to.supports };
    to.before = (operation) => {
      if (operation !== "write" || !to.supports.conditionalWrites) return;
      Object.assign(to, { supports: { ...honest, conditionalWrites: false } });
      throw new LailaError("UNSUPPORTED", "conditions are ignored here");
    };
    expect(await copyPool(from, to, { concurrency: 1 })).toMatchObject({ copied: 4 });
  });
});
