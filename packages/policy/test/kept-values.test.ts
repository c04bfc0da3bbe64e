import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { constant, decodeRecord, encodeRecord, snapshotRecord, variable } from "@laila/schema";
import { beforeEach, describe, expect, it } from "vitest";
import {
  type Future,
  MemoryPool,
  operationChannel,
  Policy,
  type PoolOperation,
} from "../src/index.js";

let alpha: MemoryPool;
let policy: Policy;
beforeEach(() => {
  alpha = new MemoryPool();
  policy = new Policy({ alphaPool: alpha });
});

describe("what a pool in memory keeps as it is", () => {
  it.each<[string, () => { list: number[] } | Float64Array, (data: never) => void]>([
    ["an object", () => ({ list: [1] }), (data: { list: number[] }) => data.list.push(2)],
    ["an array", () => Float64Array.of(1, 2), (data: Float64Array) => data.fill(0)],
  ])("is nobody else's: %s", async (_, make, change) => {
    const { memory } = policy.central;
    const data = make();
    const entry = constant(data);
    const memorizing = memory.memorize(entry);
    change(data as never);
    await memorizing;
    expect(alpha.keptLazy(entry.globalId)).toBeDefined();
    const found = await memory.remember(entry.globalId);
    expect(found).toMatchObject({ ...entry, data: make() });
    change(found.data as never);
    expect((await memory.remember(entry)).data).toEqual(make());
    const bytes = (await alpha.read(entry.globalId))?.bytes as Uint8Array;
    expect(decodeRecord(bytes, { key: entry.globalId }).entry.data).toEqual(make());
  });

  it("is there for every verb, one by one and all at once", async () => {
    const { memory } = policy.central;
    const entries = Array.from({ length: 200 }, (_, i) => constant({ i }));
    await memory.memorize(entries);
    await memory.memorize(variable("v", { nickname: "v", evolution: 3 }));
    const data = (await memory.remember(entries)).map((entry) => entry.data);
    expect(data).toEqual(entries.map((entry) => entry.data));
    const latest = await memory.remember({ nickname: "v", evolution: "latest" });
    expect(latest).toMatchObject({ data: "v", evolution: 3, nickname: "v" });
    await memory.forget(entries.slice(1));
    await expect(memory.remember(entries[1]?.globalId as string)).rejects.toMatchObject({
      code: "NOT_FOUND",
    });
    expect((await memory.remember(entries[0]?.globalId as string)).data).toEqual({ i: 0 });
  });

  it("is cancelled with a future that is cancelled in its turn", async () => {
    const { memory } = policy.central;
    const entry = constant(1);
    await memory.memorize(entry);
    for (const start of [
      () => memory.memorize(constant(2)),
      () => memory.remember(entry),
      () => memory.forget(entry),
    ]) {
      const future: Future<unknown> = start();
      expect(future.cancel()).toBe(true);
      await expect(future).rejects.toMatchObject({ code: "ABORTED" });
      expect(future.status).toBe("cancelled");
    }
  });

  it("is neither written nor read once a signal has fired", async () => {
    const { memory } = policy.central;
    const signal = AbortSignal.abort();
    const [kept, never] = [constant(1), constant(2)];
    await memory.memorize(kept);
    const aborted = expect.objectContaining({ code: "ABORTED" });
    await expect(memory.memorize(never, { signal })).rejects.toEqual(aborted);
    await expect(memory.remember(kept, { signal })).rejects.toEqual(aborted);
    await expect(memory.forget(kept, { signal })).rejects.toEqual(aborted);
    expect([alpha.keptLazy(never.globalId), (await memory.remember(kept)).data]).toEqual([
      undefined,
      1,
    ]);
  });

  it("is CORRUPT under another key, as a record in bytes is", async () => {
    const { memory } = policy.central;
    const [one, other] = [constant(1), constant(2)];
    const record = snapshotRecord(one);
    if (record instanceof Uint8Array) throw new Error("The bytes were made at once.");
    alpha.keepLazy(other.globalId, record);
    await expect(memory.remember(other)).rejects.toMatchObject({ code: "CORRUPT" });
  });

  it("is told of with its bytes, whether it was kept before or after somebody listens", async () => {
    const { memory } = policy.central;
    const entry = constant({ a: 1 });
    await memory.memorize(entry);
    const told: PoolOperation[] = [];
    const listen = (operation: unknown) => told.push(operation as PoolOperation);
    subscribe(operationChannel, listen);
    try {
      expect((await memory.remember(entry)).data).toEqual({ a: 1 });
      await memory.memorize(entry);
      await memory.forget(entry);
    } finally {
      unsubscribe(operationChannel, listen);
    }
    const bytes = encodeRecord(entry, { recorder: policy.globalId }).byteLength;
    expect(told.map((one) => [one.verb, one.key, one.bytes])).toEqual([
      ["remember", entry.globalId, bytes],
      ["memorize", entry.globalId, bytes],
      ["forget", entry.globalId, undefined],
    ]);
  });

  it("is kept by its copies and its readers of bytes", async () => {
    const { memory } = policy.central;
    const far = new MemoryPool({ nickname: "far" });
    memory.extend(far);
    const entry = constant({ far: true });
    await memory.memorize(entry, { poolNickname: "far" });
    await memory.remember(entry, { poolNickname: "far", keepCopy: true });
    expect((await alpha.read(entry.globalId))?.bytes).toEqual(
      (await far.read(entry.globalId))?.bytes,
    );
  });
});
