import { LailaError } from "@laila/schema";
import { describe, expect, it } from "vitest";
import { constant, copyPool, Manifest, movePool, Policy } from "../../src/index.js";
import { contents, failuresOf, fill, outcomeOf, ProbedPool, record } from "./support.js";

async function start(): Promise<{ from: ProbedPool; to: ProbedPool; manifest: Manifest }> {
  const [from, to] = [new ProbedPool(), new ProbedPool()];
  const policy = new Policy();
  const leaves = Array.from({ length: 12 }, (_, i) => constant({ i }));
  const manifest = new Manifest(policy, { first: leaves[0] as never, rest: leaves.slice(1) });
  await manifest.memorize({ pool: from });
  await fill(from, [record("not a leaf"), record("neither")]);
  from.log.length = 0;
  return { from, to, manifest };
}

const keysOf = async (pool: ProbedPool): Promise<string[]> => Object.keys(await contents(pool));

describe("a manifest", () => {
  it("is copied with exactly its leaves, its own record last", async () => {
    const { from, to, manifest } = await start();
    const totals = new Set<number | undefined>();
    const onProgress = ({ total }: { total: number | undefined }): unknown => totals.add(total);
    expect(await copyPool(from, to, { manifest, onProgress })).toMatchObject({ copied: 13 });
    expect(await keysOf(to)).toEqual([...manifest, manifest.globalId].sort());
    expect(to.log.filter((line) => line.startsWith("write")).at(-1)).toBe(
      `write ${manifest.globalId}`,
    );
    expect([...totals]).toEqual([13]);
    expect(from.count("keys")).toBe(0);
    const found = await Manifest.recall(new Policy(), manifest.globalId, { pool: to });
    expect((await found.realize({ pool: to })).first.data).toEqual({ i: 0 });
  });

  it("can be given by its id, and is not copied again", async () => {
    const { from, to, manifest } = await start();
    await copyPool(from, to, { manifest: manifest.globalId });
    expect(await copyPool(from, to, { manifest })).toMatchObject({ copied: 0, skipped: 13 });
  });

  it("is not copied without all its leaves", async () => {
    const { from, to, manifest } = await start();
    const [missing, unreadable] = [...manifest];
    await from.delete(missing ?? "");
    from.before = (operation, key) => {
      if (operation === "read" && key === unreadable) throw new LailaError("UNAVAILABLE", "away");
    };
    const { report } = await outcomeOf(copyPool(from, to, { manifest }));
    expect(report).toMatchObject({ copied: 10, failures: 3 });
    expect(failuresOf(report)).toEqual({
      [missing ?? ""]: "NOT_FOUND",
      [unreadable ?? ""]: "UNAVAILABLE",
      [manifest.globalId]: "CONFLICT",
    });
    expect(await to.exists(manifest.globalId)).toBe(false);
  });

  it("is whole with a leaf that is at the destination only", async () => {
    const { from, to, manifest } = await start();
    const [leaf = ""] = manifest;
    await fill(to, [{ key: leaf, bytes: (await from.read(leaf))?.bytes ?? new Uint8Array() }]);
    await from.delete(leaf);
    expect(await copyPool(from, to, { manifest })).toMatchObject({ copied: 12, skipped: 1 });
  });

  it("that changed while its leaves were copied is not copied", async () => {
    const { from, to, manifest } = await start();
    let changed = false;
    to.after = async (operation) => {
      if (operation !== "write" || changed) return;
      changed = true;
      const { globalId } = manifest;
      await new Manifest(new Policy(), { one: constant(1) }, { globalId }).memorize({ pool: from });
    };
    const { report } = await outcomeOf(copyPool(from, to, { manifest }));
    expect(failuresOf(report)).toEqual({ [manifest.globalId]: "CONFLICT" });
    expect(await to.exists(manifest.globalId)).toBe(false);
  });

  it("that is not there is NOT_FOUND; together with a filter it is INVALID_ARGUMENT", async () => {
    const { from, to, manifest } = await start();
    await expect(copyPool(to, from, { manifest })).rejects.toMatchObject({ code: "NOT_FOUND" });
    await expect(copyPool(from, to, { manifest, filter: () => true })).rejects.toMatchObject({
      code: "INVALID_ARGUMENT",
    });
  });

  it("is moved as a whole: nothing is deleted before everything has arrived, its record first", async () => {
    const { from, to, manifest } = await start();
    expect(await movePool(from, to, { manifest })).toMatchObject({ copied: 13, deleted: 13 });
    expect(await keysOf(to)).toEqual([...manifest, manifest.globalId].sort());
    expect(await keysOf(from)).toHaveLength(2);
    const deletes = from.log.flatMap((line, i) => (line.startsWith("delete") ? [{ line, i }] : []));
    expect(deletes[0]?.line).toBe(`delete ${manifest.globalId}`);
    expect(deletes).toHaveLength(13);
  });

  it("stays at the source with all its leaves when one of them did not arrive", async () => {
    const { from, to, manifest } = await start();
    const [lost] = manifest;
    to.arriving = (key, bytes) => (key === lost ? undefined : bytes);
    const before = await keysOf(from);
    const { report } = await outcomeOf(movePool(from, to, { manifest }));
    expect(report).toMatchObject({ copied: 11, deleted: 0, failures: 2 });
    expect(await keysOf(from)).toEqual(before);
  });

  it("stays with its leaves when its record changed meanwhile", async () => {
    const { from, to, manifest } = await start();
    const before = await keysOf(from);
    to.after = (operation, key) => {
      if (operation !== "write" || key !== manifest.globalId) return undefined;
      return from.write(key, record("another").bytes);
    };
    const { report } = await outcomeOf(movePool(from, to, { manifest }));
    expect(report).toMatchObject({ copied: 13, deleted: 0, failures: 1 });
    expect(await keysOf(from)).toEqual(before);
  });

  it("whose move was interrupted among the deletes goes on, though its record is at the destination only", async () => {
    const { from, to, manifest } = await start();
    const controller = new AbortController();
    let deletes = 0;
    from.after = (operation) => operation === "delete" && ++deletes === 5 && controller.abort();
    const { signal } = controller;
    const { code } = await outcomeOf(movePool(from, to, { manifest, signal, concurrency: 1 }));
    expect(code).toBe("ABORTED");
    expect(await from.exists(manifest.globalId)).toBe(false);
    from.after = () => undefined;
    const report = await movePool(from, to, { manifest });
    expect(report).toMatchObject({ copied: 0, deleted: 8 });
    expect(await keysOf(from)).toHaveLength(2);
    expect(await keysOf(to)).toEqual([...manifest, manifest.globalId].sort());
  });
});
