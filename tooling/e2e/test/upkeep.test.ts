import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  constant,
  createLaila,
  environmentHistory,
  gc,
  labelEnvironment,
  loadEnvironment,
  MemoryPool,
  NdArray,
  type PoolLike,
  pruneEnvironment,
  repairManifest,
  verifyManifest,
} from "@laila/core";
import { withRetry } from "@laila/pool/layers";
import { HDF5Pool } from "@laila/pool-hdf5";
import { S3Pool } from "@laila/pool-s3";
import { decodeRecord, encodeRecord } from "@laila/schema";
import { faultPlan, type S3Server, startS3Server } from "@laila-tooling/s3-server";
import { afterAll, beforeAll, expect, test } from "vitest";

const bucket = "upkeep";
const day = 24 * 60 * 60 * 1000;
let server: S3Server;
let folder: string;
beforeAll(async () => {
  server = await startS3Server({ buckets: [bucket] });
  folder = await mkdtemp(join(tmpdir(), "laila-upkeep-"));
});
afterAll(async () => {
  await server.close();
  await rm(folder, { recursive: true, force: true });
});

function s3Pool(): S3Pool {
  return new S3Pool({
    bucketName: bucket,
    regionName: server.region,
    accessKeyId: server.accessKeyId,
    secretAccessKey: server.secretAccessKey,
    endpoint: server.endpoint,
  });
}

/** As if everything had been written so long ago. */
async function age(pool: PoolLike, milliseconds: number): Promise<void> {
  for await (const key of pool.keys({ prefix: "LAILA:ENTRY:" })) {
    const found = await pool.read(key);
    if (!found) continue;
    const { entry, recorder } = decodeRecord(found.bytes, { key });
    const timestamp = new Date(Date.now() - milliseconds);
    await pool.write(key, encodeRecord(entry, { recorder, timestamp }));
  }
}

test("a manifest on S3 is damaged, found so, repaired from an HDF5 file over a bad line, and whole", async () => {
  const l = createLaila({ directory: folder });
  const [s3, file] = [s3Pool(), new HDF5Pool({ filePath: join(folder, "backup.h5") })];
  const layers = Array.from({ length: 60 }, (_, i) =>
    constant(new NdArray({ dtype: "float32", shape: [8], data: new Float32Array(8).fill(i) })),
  );
  const manifest = l.manifest({ layers, name: constant("model") }, { nickname: "model" });
  await manifest.memorize({ pool: file });
  await manifest.memorize({ pool: s3 });
  const names = await server.listObjects(bucket);
  const nameOf = (i: number): string =>
    names.find((name) => name.endsWith(layers[i]?.uuid ?? "none")) ?? "";
  for (const i of [3, 4]) await s3.delete(layers[i]?.globalId ?? "");
  // A bit on the way from the disk, and another value under the key.
  for (const i of [10, 11]) {
    const bytes = (await server.readObject(bucket, nameOf(i)))?.slice() ?? new Uint8Array(1);
    bytes[bytes.length - 2] = (bytes.at(-2) ?? 0) ^ 1;
    await server.writeObject(bucket, nameOf(i), bytes);
  }
  await s3.write(layers[12]?.globalId ?? "", encodeRecord(constant("another")));
  server.fault(
    faultPlan(5, [
      { fault: "reset", probability: 0.04 },
      { fault: "reset-after-commit", probability: 0.04 },
      { fault: { status: 503, code: "SlowDown" }, probability: 0.04 },
    ]),
  );
  // What is struck at depends on the ids, which are new each time: no three attempts are enough for all.
  const pool = withRetry(s3, { attempts: 6, minDelayMs: 1 });
  const before = await verifyManifest(manifest, { pool });
  expect(before).toMatchObject({ ok: false, counts: { whole: 57, missing: 2, damaged: 3 } });
  expect(before.problems.map(({ path }) => path).sort()).toEqual(
    [3, 4, 10, 11, 12].map((i) => `layers[${i}]`).sort(),
  );
  const repaired = await repairManifest(manifest.globalId, { pool, from: [file] });
  server.fault(undefined);
  expect(repaired).toMatchObject({ ok: true, counts: { repaired: 5, whole: 57 } });
  expect(await verifyManifest(manifest, { pool: s3 })).toMatchObject({ ok: true });
  let done = 0;
  for await (const { entry, path } of manifest.realizeEach({ pool: s3 }))
    if (path === `layers[${done}]`) expect((entry.data as NdArray).data[0]).toBe(done++);
  expect(done).toBe(60);
  await Promise.all([s3.close(), file.close(), l.close()]);
});

test("what no manifest reaches is collected; every version of a saved environment stays", async () => {
  const s3 = s3Pool();
  const l = createLaila();
  const saved = { name: "prod", pool: s3 };
  for (let i = 0; i < 6; i++) {
    l.memory.extend(new MemoryPool());
    await l.saveEnvironment(l.environment, saved);
  }
  await labelEnvironment({ ...saved, labels: { live: 2 } });
  await pruneEnvironment({ ...saved, keep: 2 });
  const stray = constant("nobody names me");
  await l.memorize(stray, { pool: s3 });
  await age(s3, 2 * day);
  const young = constant("just written");
  await l.memorize(young, { pool: s3 });
  // The manifest of the test before, 61 leaves, and all six documents.
  expect(await gc(s3)).toMatchObject({
    manifests: 2,
    reached: 67,
    entries: 69,
    counts: { garbage: 1, young: 1 },
    dryRun: true,
  });
  expect(await gc(s3, { dryRun: false })).toMatchObject({ counts: { deleted: 1, young: 1 } });
  expect(await s3.exists(stray.globalId)).toBe(false);
  expect(await s3.exists(young.globalId)).toBe(true);
  const { versions, trash } = await environmentHistory(saved);
  expect([versions, trash].map((list) => list.map(({ version }) => version))).toEqual([
    [6, 5, 2],
    [4, 3, 1],
  ]);
  for (const { version } of [...versions, ...trash])
    expect(await loadEnvironment({ ...saved, version })).toMatchObject({ version });
  await Promise.all([s3.close(), l.close()]);
});
