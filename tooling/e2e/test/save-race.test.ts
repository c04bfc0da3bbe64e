import { createLaila, MemoryPool, type SaveResult } from "@laila/core";
import { S3Pool } from "@laila/pool-s3";
import { decodeRecord } from "@laila/schema";
import { type S3Server, startS3Server } from "@laila-tooling/s3-server";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import { Project } from "./support/processes.js";

let server: S3Server;
let bucket: string;
let buckets = 0;
beforeAll(async () => {
  server = await startS3Server();
});
afterAll(() => server.close());
beforeEach(async () => {
  bucket = `race-${++buckets}`;
  await server.createBucket(bucket);
});
afterEach(() => server.fault(undefined));

function pool(): S3Pool {
  return new S3Pool({
    bucketName: bucket,
    regionName: server.region,
    accessKeyId: server.accessKeyId,
    secretAccessKey: server.secretAccessKey,
    endpoint: server.endpoint,
  });
}

/** Saves an environment unlike every other. */
async function save(s3: S3Pool): Promise<SaveResult> {
  const l = createLaila();
  return l.saveEnvironment(l.environment, { name: "prod", pool: s3 });
}

async function versionsIn(s3: S3Pool, id: string): Promise<{ n: number; config: string }[]> {
  const { extra } = decodeRecord((await s3.read(id))?.bytes ?? new Uint8Array());
  return (extra.environment as { versions: { n: number; config: string }[] }).versions;
}

/** The versions are 1, 2, 3 …; every one that was reported is there; no document is missing. */
async function expectLine(
  s3: S3Pool,
  reported: readonly SaveResult[],
  expected?: number,
): Promise<void> {
  const versions = await versionsIn(s3, reported[0]?.manifestId ?? "");
  expect(versions.map(({ n }) => n)).toEqual(versions.map((_, i) => i + 1));
  if (expected !== undefined) expect(versions).toHaveLength(expected);
  expect(new Set(reported.map(({ version }) => version)).size).toBe(reported.length);
  for (const { version, leafId } of reported) expect(versions[version - 1]?.config).toBe(leafId);
  for (const { config } of versions) expect(await s3.exists(config)).toBe(true);
}

test("20 who save at once get the versions 1 to 20, and leave nothing else behind", async () => {
  const s3 = pool();
  const saved = await Promise.all(Array.from({ length: 20 }, () => save(s3)));
  await expectLine(s3, saved, 20);
  expect(await server.listObjects(bucket)).toHaveLength(21);
  await s3.close();
});

test("an uncontended save takes two round trips, three requests", async () => {
  const s3 = pool();
  // The pool's first conditional writes find out whether the server honours conditions.
  for (let i = 0; i < 2; i++) await save(s3);
  server.clearRequests();
  await save(s3);
  expect(server.requests.map(({ method }) => method).sort()).toEqual(["GET", "PUT", "PUT"]);
  await s3.close();
});

test("with replies lost on the way, nothing that was reported is lost or doubled", async () => {
  const s3 = pool();
  await save(s3);
  let puts = 0;
  server.fault(({ operation }) =>
    operation === "PutObject" && ++puts % 4 === 0 ? "reset-after-commit" : undefined,
  );
  const outcomes = await Promise.allSettled(Array.from({ length: 10 }, () => save(s3)));
  server.fault(undefined);
  const reported = outcomes.flatMap((outcome) =>
    outcome.status === "fulfilled" ? [outcome.value] : [],
  );
  expect(reported.length).toBeGreaterThan(0);
  await expectLine(s3, reported);
  await s3.close();
});

test("processes that save at once make one line of versions", async () => {
  const project = await Project.create(server, bucket);
  const runs = await Promise.all(
    Array.from({ length: 4 }, () => project.run<{ saved: SaveResult[] }>("saver", "5")),
  );
  const s3 = pool();
  await expectLine(
    s3,
    runs.flatMap(({ sent }) => sent.saved),
    20,
  );
  await s3.close();
  await project[Symbol.asyncDispose]();
});

test("saving where nothing changed makes no version", async () => {
  const s3 = pool();
  const l = createLaila();
  l.memory.extend(new MemoryPool({ nickname: "m" }));
  const saved = await Promise.all(
    Array.from({ length: 5 }, () => l.saveEnvironment(l.environment, { name: "prod", pool: s3 })),
  );
  expect(saved.filter(({ created }) => created)).toHaveLength(1);
  expect(await server.listObjects(bucket)).toHaveLength(2);
  await Promise.all([s3.close(), l.close()]);
});
