import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  CreateBucketCommand,
  DeleteBucketCommand,
  DeleteObjectCommand,
  GetBucketLocationCommand,
  GetBucketVersioningCommand,
  GetObjectCommand,
  HeadBucketCommand,
  HeadObjectCommand,
  ListBucketsCommand,
  ListObjectsV2Command,
  ListObjectVersionsCommand,
  PutBucketVersioningCommand,
  PutObjectCommand,
} from "@aws-sdk/client-s3";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type S3Server, startS3Server } from "../src/index.js";
import { clientOf, outcome, raw, refusal, textOf } from "./support.js";

const Bucket = "first";
let server: S3Server;
let client: ReturnType<typeof clientOf>;

beforeEach(async () => {
  server = await startS3Server({ buckets: [Bucket] });
  client = clientOf(server);
});
afterEach(async () => {
  client.destroy();
  await server.close();
});

const put = (Key: string, Body: string, more = {}) =>
  client.send(new PutObjectCommand({ Bucket, Key, Body, ...more }));
const get = (Key: string, more = {}) => client.send(new GetObjectCommand({ Bucket, Key, ...more }));

test("buckets are created, listed and deleted; a full one is not", async () => {
  await client.send(new CreateBucketCommand({ Bucket: "second" }));
  await server.createBucket("second");
  const { Buckets } = await client.send(new ListBucketsCommand());
  expect(Buckets?.map(({ Name }) => Name)).toEqual(["first", "second"]);
  await put("key", "value");
  const drop = (name: string) => client.send(new DeleteBucketCommand({ Bucket: name }));
  expect(await refusal(drop(Bucket))).toEqual({ name: "BucketNotEmpty", status: 409 });
  await drop("second");
  const head = client.send(new HeadBucketCommand({ Bucket: "second" }));
  expect((await refusal(head)).status).toBe(404);
  const gone = { name: "NoSuchBucket", status: 404 };
  expect(await refusal(drop("second"))).toEqual(gone);
  const missing = { Bucket: "second", Key: "key" };
  expect(await refusal(client.send(new PutObjectCommand({ ...missing, Body: "" })))).toEqual(gone);
  expect(await refusal(client.send(new GetObjectCommand(missing)))).toEqual(gone);
  expect(await refusal(client.send(new ListObjectsV2Command(missing)))).toEqual(gone);
  const invalid = client.send(new CreateBucketCommand({ Bucket: "Not_A_Name" }));
  expect((await refusal(invalid)).name).toBe("InvalidBucketName");
});

test("another region has its own rules", async () => {
  const other = await startS3Server({ region: "eu-central-1", buckets: [Bucket] });
  const european = clientOf(other);
  const location = await european.send(new GetBucketLocationCommand({ Bucket }));
  expect(location.LocationConstraint).toBe("eu-central-1");
  await european.send(new CreateBucketCommand({ Bucket: "new" }));
  const again = european.send(new CreateBucketCommand({ Bucket: "new" }));
  expect(await refusal(again)).toEqual({ name: "BucketAlreadyOwnedByYou", status: 409 });
  european.destroy();
  await other.close();
});

test("what the server does not implement says so", async () => {
  const policy = new HeadObjectCommand({ Bucket, Key: "key", PartNumber: 1 });
  expect((await refusal(client.send(policy))).status).toBe(501);
});

test("a temporary directory goes with the server, a given one stays", async () => {
  const { directory } = server;
  await put("key", "value");
  await Promise.all([server.close(), server.close()]);
  await expect(readdir(directory)).rejects.toThrow("ENOENT");
  await expect(raw(server.endpoint)).rejects.toThrow("ECONNREFUSED");

  const kept = await mkdtemp(join(tmpdir(), "s3-server-test-"));
  const account = { accessKeyId: "AKID", secretAccessKey: "secret" };
  const start = () => startS3Server({ directory: kept, fsync: true, ...account });
  const before = await start();
  await before.createBucket(Bucket);
  const first = clientOf(before);
  const described = { Bucket, Key: "a/é", Metadata: { m: "1" } };
  const { ETag } = await first.send(new PutObjectCommand({ ...described, Body: "old" }));
  await first.send(new PutObjectCommand({ ...described, Body: "new", IfMatch: ETag }));
  await first.send(new PutObjectCommand({ Bucket, Key: "deleted", Body: "x" }));
  await first.send(new DeleteObjectCommand({ Bucket, Key: "deleted" }));
  first.destroy();
  await before.close();
  const after = await start();
  const second = clientOf(after);
  expect(await after.listObjects(Bucket)).toEqual(["a/é"]);
  const read = await second.send(new GetObjectCommand({ Bucket, Key: "a/é" }));
  expect(read.Metadata).toEqual({ m: "1" });
  expect(await textOf(read)).toBe("new");
  second.destroy();
  await after.close();
  expect(await readdir(kept)).toContain("buckets");
  await rm(kept, { recursive: true });
});

test("close ends what is still on its way", async () => {
  server.fault(() => ({ delayMs: 3_600_000 }));
  const waiting = outcome(put("key", "value"));
  while (server.requests.length === 0) await new Promise((resolve) => setImmediate(resolve));
  await server.close();
  expect(await waiting).not.toBe("ok");
});

test("the log counts requests and names their operations", async () => {
  await put("a b", "value");
  await refusal(get("nothing"));
  expect(server.requests).toEqual([
    { method: "PUT", path: "/first/a%20b", operation: "PutObject", status: 200 },
    { method: "GET", path: "/first/nothing", operation: "GetObject", status: 404 },
  ]);
  server.clearRequests();
  expect(server.requests).toEqual([]);
});

describe("behind the protocol's back", () => {
  test("bytes are read and replaced; with keepChecksums the SDK finds it", async () => {
    const { ETag } = await put("key", "value", { Metadata: { a: "b" } });
    expect(await server.readObject(Bucket, "nothing")).toBeUndefined();
    expect(await server.readObject(Bucket, "key")).toEqual(new Uint8Array(Buffer.from("value")));
    await server.writeObject(Bucket, "key", Buffer.from("other"));
    const read = await get("key");
    expect(read.ETag).not.toBe(ETag);
    expect(read.Metadata).toEqual({ a: "b" });
    expect(await textOf(read)).toBe("other");
    await put("key", "value");
    await server.writeObject(Bucket, "key", Buffer.from("rot!!"), { keepChecksums: true });
    const rotten = await get("key");
    expect(rotten.ETag).toBe(ETag);
    await expect(textOf(rotten)).rejects.toThrow(/[Cc]hecksum/);
  });
});

describe("faults", () => {
  test("an error on demand, once", async () => {
    let left = 1;
    server.fault(({ operation }) =>
      operation === "PutObject" && left-- > 0 ? { status: 503, code: "SlowDown" } : undefined,
    );
    expect(await refusal(put("key", "value"))).toEqual({ name: "SlowDown", status: 503 });
    expect(await server.listObjects(Bucket)).toEqual([]);
    await put("key", "value");
  });

  test("a reset before and after the commit", async () => {
    server.fault(({ key }) => (key === "after" ? "reset-after-commit" : "reset"));
    expect((await refusal(put("before", "x"))).status).toBe(0);
    expect((await refusal(put("after", "x"))).status).toBe(0);
    expect(await server.listObjects(Bucket)).toEqual(["after"]);
    expect(server.requests.map(({ status }) => status)).toEqual([0, 0]);
    server.fault(undefined);
    await put("before", "x");
  });

  test("a lost reply, retried by the SDK under its condition, is refused", async () => {
    let first = true;
    server.fault(() => {
      const fault = first ? "reset-after-commit" : undefined;
      first = false;
      return fault;
    });
    const retrying = clientOf(server, { maxAttempts: 3 });
    const command = new PutObjectCommand({ Bucket, Key: "lost", Body: "x", IfNoneMatch: "*" });
    expect((await refusal(retrying.send(command))).status).toBe(412);
    expect(server.requests).toHaveLength(2);
    retrying.destroy();
  });
});

test("a versioned bucket keeps what is overwritten and hides what is deleted", async () => {
  const VersioningConfiguration = { Status: "Enabled" } as const;
  await put("old", "before versioning");
  await client.send(new PutBucketVersioningCommand({ Bucket, VersioningConfiguration }));
  const versioning = await client.send(new GetBucketVersioningCommand({ Bucket }));
  expect(versioning.Status).toBe("Enabled");
  const one = await put("key", "1");
  const two = await put("key", "2");
  expect(one.VersionId).not.toBe(two.VersionId);
  expect(await textOf(await get("key", { VersionId: one.VersionId }))).toBe("1");
  expect(await textOf(await get("old", { VersionId: "null" }))).toBe("before versioning");
  const marker = await client.send(new DeleteObjectCommand({ Bucket, Key: "key" }));
  expect(marker.DeleteMarker).toBe(true);
  expect((await refusal(get("key"))).name).toBe("NoSuchKey");
  expect(await server.listObjects(Bucket)).toEqual(["old"]);
  await put("key", "3", { IfNoneMatch: "*" });
  const list = (more = {}) => client.send(new ListObjectVersionsCommand({ Bucket, ...more }));
  const all = await list();
  expect(all.Versions?.map(({ Key, IsLatest }) => [Key, IsLatest])).toEqual([
    ["key", true],
    ["key", false],
    ["key", false],
    ["old", true],
  ]);
  expect(all.DeleteMarkers).toHaveLength(1);
  const page = await list({ MaxKeys: 4 });
  const rest = await list({
    KeyMarker: page.NextKeyMarker,
    VersionIdMarker: page.NextVersionIdMarker,
  });
  expect([page.IsTruncated, rest.Versions?.length]).toEqual([true, 1]);
  const target = { Bucket, Key: "key" };
  await client.send(new DeleteObjectCommand({ ...target, VersionId: one.VersionId }));
  expect((await refusal(get("key", { VersionId: one.VersionId }))).status).toBe(404);
  expect(await textOf(await get("key", { VersionId: two.VersionId }))).toBe("2");
});
