import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { MemoryPool, type ReadResult } from "@laila/pool";
import { encodeRecord, entryAt, formatGlobalId, type GlobalId, isGlobalId } from "@laila/schema";
import { expect, it } from "vitest";
import { gc, Manifest, Policy, repairManifest, verifyManifest } from "../../src/index.js";

setFlagsFromString("--expose-gc");
const collect = runInNewContext("gc") as () => void;

const count = 100_000;

const idOf = (i: number): GlobalId =>
  formatGlobalId({
    scopes: ["ENTRY"],
    uuid: `00000000-0000-4000-8000-${i.toString(16).padStart(12, "0")}`,
  });

/** A pool that holds 100,000 records without having them: each is made when it is read. */
class EndlessPool extends MemoryPool {
  static override readonly configSchema = MemoryPool.configSchema;
  static override readonly classToken: string = "EndlessPool";
  static override readonly packageName: string = "@laila/policy";
  /** The most values that were read and are still in memory. */
  most = 0;
  looks = 0;
  readonly missing = new Set<string>();
  readonly deleted = new Set<string>();
  #given: WeakRef<ArrayBufferLike>[] = [];
  #reads = 0;

  protected override async _read(key: string): Promise<ReadResult | undefined> {
    if (!isGlobalId(key, "ENTRY")) return super._read(key);
    if (this.missing.has(key)) return undefined;
    if (++this.#reads % 50_001 === 0) await this.#look();
    const bytes = encodeRecord(entryAt(key, "data"), { timestamp: new Date(0) });
    this.#given.push(new WeakRef(bytes.buffer));
    return { bytes, version: "1" };
  }

  protected override async _write(
    ...[key, bytes, options]: Parameters<MemoryPool["_write"]>
  ): Promise<string> {
    if (!isGlobalId(key, "ENTRY")) return super._write(key, bytes, options);
    this.missing.delete(key);
    return "1";
  }

  protected override async *_keys(
    options: Parameters<MemoryPool["_keys"]>[0],
  ): AsyncGenerator<string> {
    yield* super._keys(options);
    if (options.prefix?.startsWith("LAILA:MANIFEST")) return;
    for (let i = 0; i < count; i++) yield idOf(i);
  }

  protected override async _delete(key: string): Promise<void> {
    this.deleted.add(key);
  }

  async #look(): Promise<void> {
    // What a WeakRef was asked for lives on until the event loop has turned.
    await new Promise((resolve) => setImmediate(resolve));
    collect();
    this.looks++;
    this.#given = this.#given.filter((given) => given.deref() !== undefined);
    this.most = Math.max(this.most, this.#given.length);
  }
}

it("verify, repair, realizeEach and gc of 100,000 leaves hold a few of them in memory", async () => {
  const policy = new Policy();
  const leaves = Array.from({ length: count }, (_, i) => idOf(i));
  const manifest = new Manifest(policy, { leaves }, { nickname: "large" });
  const [pool, backup] = [new EndlessPool(), new EndlessPool()];
  for (const one of [pool, backup]) await manifest.memorize({ pool: one, verify: false });

  let events = 0;
  let inOrder = 0;
  const verified = verifyManifest(manifest.globalId, { pool });
  for await (const { done, total } of verified) {
    events++;
    if (done === events && total === count + 1) inOrder++;
  }
  expect([events, inOrder]).toEqual([count + 1, count + 1]);
  expect(await verified).toMatchObject({ ok: true, counts: { whole: count + 1 } });

  for (let i = 0; i < count; i += 100) pool.missing.add(idOf(i));
  const repaired = await repairManifest(manifest, { pool, from: [backup] });
  expect(repaired).toMatchObject({ ok: true, counts: { repaired: 1000, whole: count - 999 } });

  let right = 0;
  for await (const { entry, done, total } of manifest.realizeEach({ pool, ahead: 16 }))
    if (entry.globalId === leaves[done - 1] && total === count) right++;
  expect(right).toBe(count);

  const half = new Manifest(policy, { leaves: leaves.slice(count / 2) }, { nickname: "large" });
  await half.memorize({ pool, verify: false });
  const collected = await gc(pool, { dryRun: false });
  expect(collected).toMatchObject({ reached: count / 2, counts: { deleted: count / 2 } });
  expect(pool.deleted).toEqual(new Set(leaves.slice(0, count / 2)));
  expect(pool.looks).toBeGreaterThan(5);
  // Sixteen at a time, and what the runtime itself still holds.
  expect(pool.most).toBeLessThanOrEqual(32);
  await Promise.all([pool.close(), backup.close(), policy.close()]);
});
