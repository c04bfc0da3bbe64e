import { MemoryPool } from "@laila/pool";
import { LailaError } from "@laila/schema";
import { describe, expect, it } from "vitest";
import { movePool } from "../../src/index.js";
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

const records = (count: number): Stored[] =>
  Array.from({ length: count }, (_, i) => record({ i }, `m${i}`));

async function start(count: number): Promise<[ProbedPool, ProbedPool, Stored[]]> {
  const values = records(count);
  const from = new ProbedPool();
  await fill(from, values);
  return [from, new ProbedPool(), values];
}

describe("a move", () => {
  it("leaves nothing at the source and everything at the destination, and no trace of its own", async () => {
    const [from, to] = await start(20);
    const before = await contents(from);
    const report = await movePool(from, to);
    expect(report).toMatchObject({ copied: 20, deleted: 20, skipped: 0, failures: 0 });
    expect(await contents(from)).toEqual({});
    expect(await contents(to)).toEqual(before);
  });

  it("deletes what was at the destination already, after a look at both", async () => {
    const [from, to, values] = await start(6);
    await fill(to, values.slice(0, 4));
    expect(await movePool(from, to)).toMatchObject({ copied: 2, skipped: 4, deleted: 6 });
    expect(await contents(from)).toEqual({});
  });

  it("in a dry run tells the same and changes nothing", async () => {
    const [from, to, values] = await start(6);
    await fill(to, values.slice(0, 4));
    const [a, b] = [await contents(from), await contents(to)];
    const report = await movePool(from, to, { dryRun: true });
    expect(report).toMatchObject({ copied: 2, skipped: 4, deleted: 6, dryRun: true });
    expect([await contents(from), await contents(to)]).toEqual([a, b]);
  });

  it("deletes nothing that did not arrive as it was", async () => {
    const [from, to, values] = await start(5);
    const [damaged, lost] = [values[1]?.key ?? "", values[2]?.key ?? ""];
    to.arriving = (key, bytes) => {
      if (key === damaged) return flipped(bytes);
      return key === lost ? undefined : bytes;
    };
    const { report } = await outcomeOf(movePool(from, to));
    expect(report).toMatchObject({ copied: 3, deleted: 3, failures: 2 });
    expect(Object.keys(await contents(from)).sort()).toEqual([damaged, lost].sort());
  });

  it("deletes nothing that is damaged at the source, or in conflict at the destination", async () => {
    const [from, to, values] = await start(4);
    const [damaged, contested] = [values[0], values[1]];
    if (!damaged || !contested) throw new Error("four records");
    await fill(from, [{ ...damaged, bytes: flipped(damaged.bytes) }]);
    await fill(to, [{ ...contested, bytes: record("else", "m1").bytes }]);
    const { report } = await outcomeOf(movePool(from, to));
    expect(failuresOf(report)).toEqual({ [damaged.key]: "CORRUPT", [contested.key]: "CONFLICT" });
    expect(report.deleted).toBe(2);
    const again = await outcomeOf(movePool(from, to, { onConflict: "skip" }));
    expect(again.report).toMatchObject({ conflicts: 1, deleted: 0, failures: 1 });
    expect(Object.keys(await contents(from)).sort()).toEqual([damaged.key, contested.key].sort());
  });

  it.each([
    ["versions", () => new ProbedPool()],
    ["none", () => new PlainPool()],
  ])("keeps a value that changed at the source since it was read (%s)", async (_, make) => {
    const from = make();
    const to = new ProbedPool();
    const values = records(3);
    await fill(from, values);
    const { key } = values[1] ?? record(0);
    const newer = record("newer", "m1");
    to.after = (operation, written) =>
      operation === "write" && written === key ? from.write(key, newer.bytes) : undefined;
    const { report } = await outcomeOf(movePool(from, to));
    expect(failuresOf(report)).toEqual({ [key]: "CONFLICT" });
    expect(report).toMatchObject({ copied: 3, deleted: 2 });
    expect(Object.keys(await contents(from))).toEqual([key]);
    expect((await from.read(key))?.bytes).toEqual(newer.bytes);
    to.after = () => undefined;
    expect(await movePool(from, to, { onConflict: "overwrite" })).toMatchObject({ deleted: 1 });
    expect((await to.read(key))?.bytes).toEqual(newer.bytes);
  });

  it("has nothing to delete where somebody else did", async () => {
    const [from, to, values] = await start(3);
    const { key } = values[1] ?? record(0);
    to.after = (operation, written) =>
      operation === "write" && written === key ? from.delete(key) : undefined;
    expect(await movePool(from, to)).toMatchObject({ copied: 3, deleted: 2 });
  });

  it("a delete that fails is a failure; the value is in both pools", async () => {
    const [from, to, values] = await start(3);
    const { key } = values[1] ?? record(0);
    from.before = (operation, deleted) => {
      if (operation === "delete" && deleted === key) throw new LailaError("ACCESS_DENIED", "no");
    };
    const { report } = await outcomeOf(movePool(from, to));
    expect(report).toMatchObject({ copied: 3, deleted: 2, failures: 1 });
    expect(await from.exists(key)).toBe(true);
    expect(await to.exists(key)).toBe(true);
  });

  it("goes on where it was interrupted", async () => {
    const [from, to] = await start(100);
    const before = await contents(from);
    const controller = new AbortController();
    const { signal } = controller;
    const onProgress = ({ done }: { done: number }): unknown => done === 30 && controller.abort();
    const { code } = await outcomeOf(movePool(from, to, { signal, onProgress, concurrency: 5 }));
    expect(code).toBe("ABORTED");
    expect({ ...(await contents(from)), ...(await contents(to)) }).toEqual(before);
    await movePool(from, to);
    expect([await contents(from), await contents(to)]).toEqual([{}, before]);
  });

  it("out of a cache leaves the origin alone", async () => {
    const [from, to] = await start(3);
    const origin = new ProbedPool();
    await fill(origin, records(5));
    from.proxyTo(origin);
    origin.log.length = 0;
    expect(await movePool(from, to)).toMatchObject({ copied: 3, deleted: 3 });
    expect(origin.log).toEqual([]);
  });
});

describe("a move is refused", () => {
  it("onto the same storage by another way, before anything is changed", async () => {
    const [from, , values] = await start(3);
    const other = new ProbedPool();
    for (const call of ["read", "write", "delete", "exists"] as const)
      Object.assign(other, { [call]: from[call].bind(from) });
    await expect(movePool(from, other)).rejects.toMatchObject({ code: "INVALID_ARGUMENT" });
    expect(Object.keys(await contents(from)).sort()).toEqual(values.map(({ key }) => key).sort());
  });

  it("into a pool that may evict, onto itself, or without reading back", async () => {
    const [from, to] = await start(1);
    const cache = new MemoryPool({ maxBytes: 10, evict: "lru" });
    for (const transfer of [
      movePool(from, cache),
      movePool(from, from),
      movePool(from, to, { verify: false as unknown as "bytes" }),
    ])
      await expect(transfer).rejects.toMatchObject({ code: "INVALID_ARGUMENT" });
    expect(Object.keys(await contents(from))).toHaveLength(1);
  });

  it("where the destination takes no writes", async () => {
    const [from, to] = await start(1);
    to.before = (operation) => {
      if (operation !== "read") throw new LailaError("ACCESS_DENIED", "no");
    };
    await expect(movePool(from, to)).rejects.toMatchObject({ code: "ACCESS_DENIED" });
    expect(Object.keys(await contents(from))).toHaveLength(1);
  });
});
