import {
  createLaila,
  labelEnvironment,
  latestVersion,
  loadEnvironment,
  MemoryPool,
  pruneEnvironment,
  recoverPolicy,
  rollbackEnvironment,
} from "@laila/core";
import { S3Pool } from "@laila/pool-s3";
import { type S3Server, startS3Server } from "@laila-tooling/s3-server";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { roundTrips } from "./support/round-trips.js";

let server: S3Server;
let pool: S3Pool;
let bucket: string;
let buckets = 0;
beforeAll(async () => {
  server = await startS3Server();
});
afterAll(() => server.close());
beforeEach(async () => {
  bucket = `trips-${++buckets}`;
  await server.createBucket(bucket);
  pool = new S3Pool({
    bucketName: bucket,
    regionName: server.region,
    accessKeyId: server.accessKeyId,
    secretAccessKey: server.secretAccessKey,
    endpoint: server.endpoint,
  });
  // The pool's first conditional writes find out whether the server honours conditions.
  for (let i = 0; i < 2; i++) await save();
  return () => pool.close();
});

/** Saves a set-up unlike every other. */
async function save(): Promise<number> {
  const l = createLaila();
  l.memory.extend(new MemoryPool({ nickname: "m" }));
  const { version } = await l.saveEnvironment(l.environment, { name: "prod", pool });
  await l.close();
  return version;
}

async function headOf(): Promise<{ key: string; bytes: Uint8Array }> {
  const key = (await server.listObjects(bucket)).find((name) => name.includes("MANIFEST")) ?? "";
  return { key, bytes: (await server.readObject(bucket, key)) ?? new Uint8Array() };
}

test("a save takes two round trips in sequence: head and document, then the head", async () => {
  expect(await roundTrips(server, save)).toEqual({
    methods: expect.arrayContaining(["GET", "PUT", "PUT"]),
    inSequence: 2,
  });
  expect(server.requests).toHaveLength(3);
});

test("and two more for each race that is lost", async () => {
  const before = await headOf();
  for (const races of [1, 2]) {
    // What the others have saved, to be put there at the moment in which it hurts.
    const rivals: Uint8Array[] = [];
    for (let i = 0; i < races; i++) {
      await save();
      rivals.push((await headOf()).bytes);
    }
    await server.writeObject(bucket, before.key, before.bytes);
    const trips = await roundTrips(server, save, ({ method, key }) => {
      const rival = method === "PUT" && key?.includes("MANIFEST") ? rivals.shift() : undefined;
      return rival && server.writeObject(bucket, before.key, rival);
    });
    expect(trips.inSequence).toBe(2 + 2 * races);
    expect(trips.methods.filter((method) => method === "PUT")).toHaveLength(2 + races);
    expect(trips.methods.filter((method) => method === "GET")).toHaveLength(1 + races);
    expect(await latestVersion({ name: "prod", pool })).toMatchObject({ version: 3 + races });
    await server.writeObject(bucket, before.key, before.bytes);
  }
});

test("a save of what is there already takes one, and takes its document away again", async () => {
  const l = createLaila();
  await l.saveEnvironment(l.environment, { name: "prod", pool });
  const again = () => l.saveEnvironment(l.environment, { name: "prod", pool });
  const { methods, inSequence } = await roundTrips(server, again);
  expect([[...methods].sort(), inSequence]).toEqual([["DELETE", "GET", "PUT"], 2]);
  await l.close();
});

test("a recovery takes two: the head, then the document", async () => {
  const recover = async (): Promise<void> => {
    const policy = await recoverPolicy({ name: "prod", pool, poolClasses: [] });
    await policy.close();
  };
  expect(await roundTrips(server, recover)).toEqual({ methods: ["GET", "GET"], inSequence: 2 });
});

test("an older version takes two as well; labels and pruning two; a rollback those of both", async () => {
  const saved = { name: "prod", pool };
  const counts: [string, () => Promise<unknown>, string[], number][] = [
    ["load", () => loadEnvironment({ ...saved, version: 1 }), ["GET", "GET"], 2],
    ["label", () => labelEnvironment({ ...saved, labels: { live: 1 } }), ["GET", "PUT"], 2],
    // One of the GETs asks for the server's time.
    ["prune", () => pruneEnvironment({ ...saved, keep: 1 }), ["GET", "GET"], 1],
    [
      "rollback",
      () => rollbackEnvironment({ ...saved, version: 1 }),
      ["GET", "GET", "GET", "PUT", "PUT"],
      4,
    ],
    ["prune", () => pruneEnvironment({ ...saved, keep: 1 }), ["GET", "GET", "PUT"], 2],
  ];
  for (const [what, work, methods, inSequence] of counts) {
    const trips = await roundTrips(server, work);
    expect([what, [...trips.methods].sort(), trips.inSequence]).toEqual([
      what,
      methods,
      inSequence,
    ]);
  }
});

test("pruning goes by the server's clock, not by this machine's", async () => {
  server.fault(() => ({ clockSkewMs: 60_000 }));
  const { clock, trashed } = await pruneEnvironment({ name: "prod", pool, keep: 1 });
  server.fault(undefined);
  expect(clock).toBe("storage");
  const ahead = Date.parse(trashed[0]?.trashed ?? "") - Date.now();
  expect(ahead).toBeGreaterThan(30_000);
  expect(ahead).toBeLessThan(90_000);
});
