import { randomBytes } from "node:crypto";
import {
  CopyObjectCommand,
  DeleteObjectCommand,
  DeleteObjectsCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
} from "@aws-sdk/client-s3";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type S3Server, startS3Server } from "../src/index.js";
import { bytesOf, clientOf, refusal, textOf } from "./support.js";

const Bucket = "objects";
let server: S3Server;
let client: ReturnType<typeof clientOf>;

beforeAll(async () => {
  server = await startS3Server({ buckets: [Bucket] });
  client = clientOf(server);
});
afterAll(async () => {
  client.destroy();
  await server.close();
});

const put = (Key: string, Body: Uint8Array | string, more = {}) =>
  client.send(new PutObjectCommand({ Bucket, Key, Body, ...more }));
const get = (Key: string, more = {}) => client.send(new GetObjectCommand({ Bucket, Key, ...more }));
const head = (Key: string, more = {}) =>
  client.send(new HeadObjectCommand({ Bucket, Key, ...more }));

test("an object's life: put, get, head, delete, gone", async () => {
  const written = await put("life", "hello");
  expect(written.ETag).toBe('"5d41402abc4b2a76b9719d911017c592"');
  expect(await textOf(await get("life"))).toBe("hello");
  const description = await head("life");
  expect(description).toMatchObject({ ContentLength: 5, ETag: written.ETag });
  expect(description.LastModified).toBeInstanceOf(Date);
  await client.send(new DeleteObjectCommand({ Bucket, Key: "life" }));
  expect(await refusal(get("life"))).toEqual({ name: "NoSuchKey", status: 404 });
  expect(await refusal(head("life"))).toEqual({ name: "NotFound", status: 404 });
  await client.send(new DeleteObjectCommand({ Bucket, Key: "life" }));
});

test.each([0, 1, 1024, 256 * 1024, 256 * 1024 + 1, (5 << 20) + 1])(
  "%i bytes come back as they were",
  async (size) => {
    const bytes = randomBytes(size);
    await put("sized", bytes);
    const read = await get("sized");
    expect(read.ContentLength).toBe(size);
    expect(Buffer.compare(await bytesOf(read), bytes)).toBe(0);
  },
);

const oddKeys = [
  "a:b",
  "p%41q",
  "x%2Fy",
  "dir/sub/é日本😀.txt",
  "sp ace+plus&amp=<x>'\"",
  "~!*()$@,;",
  "back\\slash",
  "que?stion#hash",
  "t/../u",
  "t//v",
  "t/w/",
  "t/./z",
  "..",
  "nest/a",
  "nest/a/b",
  "Case",
  "case",
  "e\u0301",
  "\u00e9",
  "control\u0001\t\n\r\u007f",
  "__proto__",
  "L".repeat(1024),
];

test("odd keys keep apart, come back, and are listed", async () => {
  for (const key of oddKeys) await put(key, `value of ${key}`);
  for (const key of oddKeys) expect(await textOf(await get(key))).toBe(`value of ${key}`);
  const listed = await client.send(new ListObjectsV2Command({ Bucket }));
  const keys = listed.Contents?.map(({ Key }) => Key);
  expect(keys).toEqual(expect.arrayContaining(oddKeys));
  expect((await refusal(put("L".repeat(1025), ""))).name).toBe("KeyTooLongError");
});

test("metadata and headers come back; aws-chunked is not one of them", async () => {
  await put("described", "x", {
    ContentType: "application/x-thing",
    CacheControl: "max-age=5",
    ContentEncoding: "gzip",
    ContentDisposition: "attachment",
    ContentLanguage: "en",
    Metadata: { "Foo-Bar": "Baz 1", long: "x".repeat(1500) },
  });
  expect(await head("described")).toMatchObject({
    ContentType: "application/x-thing",
    CacheControl: "max-age=5",
    ContentEncoding: "gzip",
    ContentDisposition: "attachment",
    ContentLanguage: "en",
    Metadata: { "foo-bar": "Baz 1", long: "x".repeat(1500) },
  });
  const read = await get("described", { ResponseContentType: "text/other" });
  await bytesOf(read);
  expect(read.ContentType).toBe("text/other");
  const tooMuch = put("described", "x", { Metadata: { a: "x".repeat(2100) } });
  expect(await refusal(tooMuch)).toEqual({ name: "MetadataTooLarge", status: 400 });
});

test("what would be ignored is refused", async () => {
  expect(await refusal(put("locked", "x", { Tagging: "a=b" }))).toMatchObject({ status: 501 });
  expect(await refusal(put("locked", "x", { ServerSideEncryption: "AES256" }))).toMatchObject({
    status: 501,
  });
  expect(await server.readObject(Bucket, "locked")).toBeUndefined();
});

describe("ranges", () => {
  beforeAll(() => put("range", "0123456789"));
  test.each([
    ["bytes=2-4", "234", "bytes 2-4/10"],
    ["bytes=7-", "789", "bytes 7-9/10"],
    ["bytes=-3", "789", "bytes 7-9/10"],
    ["bytes=-30", "0123456789", "bytes 0-9/10"],
    ["bytes=8-100", "89", "bytes 8-9/10"],
  ])("%s", async (Range, text, contentRange) => {
    const read = await get("range", { Range });
    expect(read).toMatchObject({ ContentRange: contentRange, ContentLength: text.length });
    expect(read.$metadata.httpStatusCode).toBe(206);
    expect(await textOf(read)).toBe(text);
    expect((await head("range", { Range })).ContentLength).toBe(text.length);
  });
  test.each(["bytes=50-60", "bytes=10-", "bytes=-0"])("%s is refused", async (Range) => {
    expect(await refusal(get("range", { Range }))).toEqual({ name: "InvalidRange", status: 416 });
  });
  test.each(["bytes=4-2", "lines=1-2", "bytes=0-1,3-4"])("%s is ignored", async (Range) => {
    expect(await textOf(await get("range", { Range }))).toBe("0123456789");
  });
});

test("a copy has the source's bytes, and its metadata unless replaced", async () => {
  const description = { ContentType: "text/x", Metadata: { a: "1" } };
  const CopySource = `${Bucket}/${encodeURIComponent("src é/%")}`;
  const copy = (Key: string, more = {}) =>
    client.send(new CopyObjectCommand({ Bucket, Key, CopySource, ...more }));
  const source = await put("src é/%", "copy me", description);
  const copied = await copy("copy");
  expect(copied.CopyObjectResult?.ETag).toBe(source.ETag);
  const read = await get("copy");
  expect(read).toMatchObject(description);
  expect(await textOf(read)).toBe("copy me");
  await copy("copy", { MetadataDirective: "REPLACE", Metadata: { b: "2" } });
  expect((await head("copy")).Metadata).toEqual({ b: "2" });
  expect((await refusal(copy("src é/%"))).name).toBe("InvalidRequest");
  expect(await refusal(copy("copy", { CopySourceIfNoneMatch: source.ETag }))).toMatchObject({
    status: 412,
  });
  const nowhere = new CopyObjectCommand({ Bucket, Key: "copy", CopySource: `${Bucket}/nowhere` });
  expect((await refusal(client.send(nowhere))).name).toBe("NoSuchKey");
});

test("a batch delete has an outcome per key", async () => {
  await put("batch/<1>", "1");
  await put("batch/2", "2");
  const Objects = [
    { Key: "batch/<1>" },
    { Key: "batch/2", ETag: '"0123"' },
    { Key: "batch/never" },
  ];
  const result = await client.send(new DeleteObjectsCommand({ Bucket, Delete: { Objects } }));
  expect(result.Deleted?.map(({ Key }) => Key)).toEqual(["batch/<1>", "batch/never"]);
  expect(result.Errors).toMatchObject([{ Key: "batch/2", Code: "PreconditionFailed" }]);
  const left = await client.send(new ListObjectsV2Command({ Bucket, Prefix: "batch/" }));
  expect(left.Contents?.map(({ Key }) => Key)).toEqual(["batch/2"]);
  const tooMany = Array.from({ length: 1001 }, (_, i) => ({ Key: `k${i}` }));
  const request = new DeleteObjectsCommand({ Bucket, Delete: { Objects: tooMany } });
  expect((await refusal(client.send(request))).name).toBe("MalformedXML");
});

test("a reader that began before an overwrite gets the old bytes to their end", async () => {
  const old = randomBytes(24 << 20);
  await put("overwritten", old);
  const reading = await get("overwritten");
  await put("overwritten", "new");
  await client.send(new DeleteObjectCommand({ Bucket, Key: "overwritten" }));
  expect(Buffer.compare(await bytesOf(reading), old)).toBe(0);
});

test("readers among overwriting writers see one write or another, never a mixture", async () => {
  await put("torn", Buffer.alloc(300_000, "0"));
  const writers = Array.from({ length: 20 }, (_, i) =>
    put("torn", Buffer.alloc(300_000 + i, String.fromCharCode(97 + i))),
  );
  const readers = Array.from({ length: 20 }, async () => {
    const bytes = await bytesOf(await get("torn"));
    const first = bytes[0] ?? 0;
    expect(bytes.length).toBe(first === 48 ? 300_000 : 300_000 + first - 97);
    expect(bytes.every((byte) => byte === first)).toBe(true);
  });
  await Promise.all([...writers, ...readers]);
});
