import { MemoryPool } from "@laila/pool";
import { LailaError } from "@laila/schema";
import { describe, expect, it } from "vitest";
import { mirror } from "../../src/index.js";
import {
  contents,
  failuresOf,
  fill,
  flipped,
  outcomeOf,
  ProbedPool,
  record,
  type Stored,
} from "./support.js";

const records = (count: number, data: string): Stored[] =>
  Array.from({ length: count }, (_, i) => record({ i, data }, `${data}${i}`));

/** 3 keys only in the source, 2 only at the destination, 2 the same in both, 1 different. */
async function start(): Promise<[ProbedPool, ProbedPool]> {
  const [from, to] = [new ProbedPool(), new ProbedPool()];
  const both = records(2, "both");
  await fill(from, [...records(3, "from"), ...both, record("new", "different")]);
  await fill(to, [...records(2, "to"), ...both, record("old", "different")]);
  return [from, to];
}

describe("a mirror", () => {
  it("makes the destination equal to the source, which stays as it is", async () => {
    const [from, to] = await start();
    const before = await contents(from);
    const report = await mirror(from, to);
    expect(report).toMatchObject({ copied: 4, overwritten: 1, skipped: 2, deleted: 2 });
    expect(await contents(to)).toEqual(before);
    expect(await contents(from)).toEqual(before);
    expect(await mirror(from, to)).toMatchObject({ copied: 0, skipped: 6, deleted: 0 });
  });

  it("in a dry run tells the same and changes nothing", async () => {
    const [from, to] = await start();
    const before = await contents(to);
    const planned = await mirror(from, to, { dryRun: true });
    expect(await contents(to)).toEqual(before);
    expect({ ...planned, dryRun: false }).toEqual(await mirror(from, to));
  });

  it("leaves alone what the filter does not let through", async () => {
    const [from, to] = await start();
    await fill(to, [{ key: "mine", bytes: new Uint8Array(3) }]);
    await mirror(from, to, { filter: (key) => key !== "mine" });
    expect(Object.keys(await contents(to))).toEqual(
      [...Object.keys(await contents(from)), "mine"].sort(),
    );
  });

  it("keeps the last good copy of what is damaged at the source", async () => {
    const [from, to] = [new ProbedPool(), new ProbedPool()];
    const good = record("precious", "p");
    await fill(from, [{ ...good, bytes: flipped(good.bytes) }]);
    await fill(to, [good, ...records(1, "extra")]);
    const { report } = await outcomeOf(mirror(from, to));
    expect(failuresOf(report)).toEqual({ [good.key]: "CORRUPT" });
    expect(report.deleted).toBe(1);
    expect((await to.read(good.key))?.bytes).toEqual(good.bytes);
  });

  it("deletes nothing when the listing of the source breaks off", async () => {
    const [from, to] = await start();
    const before = Object.keys(await contents(to));
    from.before = (operation) => {
      if (operation === "keys") throw new LailaError("UNAVAILABLE", "away");
    };
    const { code } = await outcomeOf(mirror(from, to));
    expect(code).toBe("UNAVAILABLE");
    expect(to.count("delete")).toBe(0);
    expect(Object.keys(await contents(to))).toEqual(before);
  });

  it("deletes nothing of which the source cannot say whether it is there", async () => {
    const [from, to] = await start();
    from.before = (operation) => {
      if (operation === "exists") throw new LailaError("ACCESS_DENIED", "no");
    };
    const { report } = await outcomeOf(mirror(from, to));
    expect(report).toMatchObject({ deleted: 0, failures: 2, copied: 4 });
  });

  it("asks the source only for keys it has not told", async () => {
    const [from, to] = await start();
    await mirror(from, to);
    expect(from.count("exists")).toBe(2);
  });

  it("also deletes what vanished from the source while it ran", async () => {
    const [from, to] = await start();
    const both = records(2, "both")[0]?.key ?? "";
    from.before = async (operation, key) => {
      if (operation === "read" && key === both) await from.delete(key);
    };
    expect(await mirror(from, to)).toMatchObject({ gone: 1, deleted: 3 });
    expect(await contents(to)).toEqual(await contents(from));
  });

  it("writes manifests last and deletes them first", async () => {
    const [from, to] = await start();
    const manifest = (n: number): Stored => ({
      key: `LAILA:MANIFEST:GLOBAL_ID:00000000-0000-4000-8000-00000000000${n}`,
      bytes: Uint8Array.of(n),
    });
    await fill(from, [manifest(1)]);
    await fill(to, [manifest(2)]);
    to.log.length = 0;
    await mirror(from, to, { verify: "bytes", concurrency: 1 });
    const changes = to.log.filter((line) => /^(write|delete)/.test(line));
    expect(changes.slice(4, 6)).toEqual([`write ${manifest(1).key}`, `delete ${manifest(2).key}`]);
    expect(changes).toHaveLength(8);
  });

  it("is refused from a pool that may evict, and onto itself", async () => {
    const cache = new MemoryPool({ maxBytes: 10, evict: "lru" });
    const to = new MemoryPool();
    for (const transfer of [mirror(cache, to), mirror(to, to)])
      await expect(transfer).rejects.toMatchObject({ code: "INVALID_ARGUMENT" });
  });
});
