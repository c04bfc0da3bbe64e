import { join } from "node:path";
import { constant, createLaila } from "@laila/core";
import type { PoolLike } from "@laila/pool";
import { HDF5Pool } from "@laila/pool-hdf5";
import { S3Pool } from "@laila/pool-s3";
import { type S3Server, startS3Server } from "@laila-tooling/s3-server";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import { runKilled } from "./support/killing.js";
import { Project } from "./support/processes.js";

type Told =
  | { readonly key: string; readonly outcome: string }
  | {
      readonly report: {
        readonly copied: number;
        readonly skipped: number;
        readonly deleted: number;
      };
    };

const count = 80;
/** Three processes each, on a machine that may have other things to do. */
const patient = { timeout: 120_000 };
let server: S3Server;
let project: Project;
let bucket: string;
let buckets = 0;
let values: ReadonlyMap<string, Uint8Array>;

beforeAll(async () => {
  server = await startS3Server();
});
afterAll(() => server.close());
beforeEach(async () => {
  bucket = `copy-${++buckets}`;
  await server.createBucket(bucket);
  project = await Project.create(server, bucket);
});
afterEach(async () => {
  server.fault(undefined);
  await project[Symbol.asyncDispose]();
});

function s3(): S3Pool {
  return new S3Pool({
    bucketName: bucket,
    regionName: server.region,
    accessKeyId: server.accessKeyId,
    secretAccessKey: server.secretAccessKey,
    endpoint: server.endpoint,
  });
}
const file = (): HDF5Pool => new HDF5Pool({ filePath: join(project.folder, "copy.h5") });

/** Entries of all kinds of records, and some bytes that are none. */
async function fill(pool: PoolLike): Promise<void> {
  const laila = createLaila();
  for (let i = 0; i < count - 5; i++) {
    const data = [{ i }, new Float32Array(3000).fill(i), new Map([[i, new Date(i)]])][i % 3];
    await laila.memorize(constant(data), { pool });
  }
  for (let i = 0; i < 5; i++) await pool.write(`bytes ${i}`, new Uint8Array(5000).fill(i));
  values = await contents(pool);
  expect(values.size).toBe(count);
  await Promise.all([pool.close(), laila.close()]);
}

async function contents(pool: PoolLike): Promise<Map<string, Uint8Array>> {
  const found = new Map<string, Uint8Array>();
  for await (const key of pool.keys())
    found.set(key, (await pool.read(key))?.bytes ?? new Uint8Array());
  return found;
}

/** Kills it in the middle twice, then lets it end; what each run said of the keys. */
async function killedTwice(
  verb: "copy" | "move",
  to: "bucket" | "file",
): Promise<Map<string, string>[]> {
  // Time for the kill to arrive in the middle.
  server.fault(() => ({ delayMs: 4 }));
  const runs: Map<string, string>[] = [];
  for (const killAfter of [12, 25, undefined]) {
    const { sent, ended, output } = await runKilled<Told>(project, ["copier", verb, to], killAfter);
    expect(ended, output).toBe(killAfter === undefined ? 0 : "SIGKILL");
    const run = new Map<string, string>();
    for (const told of sent) if ("key" in told) run.set(told.key, told.outcome);
    if (killAfter !== undefined) expect(run.size).toBeLessThan(count);
    runs.push(run);
  }
  server.fault(undefined);
  return runs;
}

/** What one run told as copied, the runs after it found there. */
function expectNothingTwice(runs: readonly Map<string, string>[]): void {
  const copied = runs.flatMap((run) =>
    [...run].flatMap(([key, outcome]) => (outcome === "copied" ? [key] : [])),
  );
  expect(new Set(copied).size).toBe(copied.length);
  const last = runs.at(-1);
  expect(last?.size).toBe(count);
  const skipped = [...(last ?? [])].filter(([, outcome]) => outcome === "skipped");
  // What was written and killed before it was told of is skipped, too.
  const before = new Set(runs.slice(0, -1).flatMap((run) => [...run.keys()]));
  expect(before.size).toBeGreaterThanOrEqual(12);
  expect(skipped.map(([key]) => key)).toEqual(expect.arrayContaining([...before]));
}

test(
  "a copy from a bucket into a file, killed twice, ends right and copies nothing twice",
  patient,
  async () => {
    await fill(s3());
    expectNothingTwice(await killedTwice("copy", "file"));
    const copy = file();
    expect(await contents(copy)).toEqual(values);
    await copy.close();
  },
);

test(
  "a copy from a file into a bucket, killed twice, ends right and sends nothing twice",
  patient,
  async () => {
    await fill(file());
    server.clearRequests();
    const runs = await killedTwice("copy", "bucket");
    expectNothingTwice(runs);
    const puts = server.requests.filter(({ operation }) => operation === "PutObject");
    const arrived = puts.filter(({ status }) => status === 200).map(({ path }) => path);
    expect(new Set(arrived).size).toBe(arrived.length);
    const pool = s3();
    expect(await contents(pool)).toEqual(values);
    await pool.close();
  },
);

test(
  "a move from a bucket into a file, killed twice, loses nothing and ends right",
  patient,
  async () => {
    await fill(s3());
    const runs = await killedTwice("move", "file");
    const [pool, moved] = [s3(), file()];
    expect([...(await contents(pool)).keys()]).toEqual([]);
    const found = await contents(moved);
    // A move killed at its very beginning would leave its probe.
    expect(found).toEqual(values);
    expect(runs.flatMap((run) => [...run.values()])).toContain("moved");
    await Promise.all([pool.close(), moved.close()]);
  },
);
