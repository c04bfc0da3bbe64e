import {
  DeleteObjectCommand,
  GetObjectCommand,
  HeadObjectCommand,
  PutObjectCommand,
} from "@aws-sdk/client-s3";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type S3Server, startS3Server } from "../src/index.js";
import { clientOf, outcome, refusal } from "./support.js";

const Bucket = "conditions";
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

const put = (Key: string, Body: string, more = {}) =>
  client.send(new PutObjectCommand({ Bucket, Key, Body, ...more }));
const get = (Key: string, more = {}) => client.send(new GetObjectCommand({ Bucket, Key, ...more }));
const remove = (Key: string, more = {}) =>
  client.send(new DeleteObjectCommand({ Bucket, Key, ...more }));
const stored = async (key: string) =>
  Buffer.from((await server.readObject(Bucket, key)) ?? []).toString();

const lost = { name: "PreconditionFailed", status: 412 };

test("If-None-Match: * writes once", async () => {
  await put("once", "1", { IfNoneMatch: "*" });
  expect(await refusal(put("once", "2", { IfNoneMatch: "*" }))).toEqual(lost);
  expect(await stored("once")).toBe("1");
  await remove("once");
  await put("once", "3", { IfNoneMatch: "*" });
  expect((await refusal(put("once", "4", { IfNoneMatch: '"abc"' }))).status).toBe(501);
});

test("If-Match writes over what it names only", async () => {
  const first = await put("match", "1");
  await put("match", "2", { IfMatch: first.ETag });
  expect(await refusal(put("match", "3", { IfMatch: first.ETag }))).toEqual(lost);
  expect(await stored("match")).toBe("2");
  const missing = put("match-none", "1", { IfMatch: first.ETag });
  expect(await refusal(missing)).toEqual({ name: "NoSuchKey", status: 404 });
});

async function race(key: string, condition: object): Promise<void> {
  const rivals = Array.from({ length: 20 }, (_, i) => outcome(put(key, `w${i}`, condition)));
  const outcomes = await Promise.all(rivals);
  expect(outcomes.filter((name) => name === "ok")).toHaveLength(1);
  expect(outcomes.filter((name) => name === "PreconditionFailed")).toHaveLength(19);
  expect(await stored(key)).toBe(`w${outcomes.indexOf("ok")}`);
}

test("of 20 writers with If-None-Match: * one wins", async () => {
  for (let round = 0; round < 5; round++) await race(`absent${round}`, { IfNoneMatch: "*" });
});

test("of 20 writers with one ETag one wins", async () => {
  for (let round = 0; round < 5; round++) {
    const { ETag } = await put(`present${round}`, "0");
    await race(`present${round}`, { IfMatch: ETag });
  }
});

test("a write and a delete with one ETag do not both win", async () => {
  for (let round = 0; round < 30; round++) {
    const key = `rivals${round}`;
    const { ETag } = await put(key, "0");
    const rivals = [
      () => outcome(put(key, "new", { IfMatch: ETag })),
      () => outcome(remove(key, { IfMatch: ETag })),
    ];
    if (round % 2 === 1) rivals.reverse();
    const outcomes = await Promise.all(rivals.map((run) => run()));
    expect(outcomes.filter((name) => name === "ok")).toHaveLength(1);
  }
});

test("a delete with a stale ETag, or of nothing, is refused", async () => {
  const first = await put("delete", "1");
  const second = await put("delete", "2");
  expect(await refusal(remove("delete", { IfMatch: first.ETag }))).toEqual(lost);
  await remove("delete", { IfMatch: second.ETag });
  expect(await refusal(remove("delete", { IfMatch: second.ETag }))).toEqual(lost);
});

test("reads heed conditions", async () => {
  const { ETag } = await put("read", "1");
  expect((await refusal(get("read", { IfNoneMatch: ETag }))).status).toBe(304);
  expect((await refusal(get("read", { IfMatch: '"x"' }))).status).toBe(412);
  expect((await refusal(get("read", { IfModifiedSince: new Date() }))).status).toBe(304);
  const past = new Date(Date.now() - 60_000);
  expect((await refusal(get("read", { IfUnmodifiedSince: past }))).status).toBe(412);
  const head = new HeadObjectCommand({ Bucket, Key: "read", IfNoneMatch: ETag });
  expect((await refusal(client.send(head))).status).toBe(304);
  const read = await get("read", { IfMatch: ETag, IfModifiedSince: past });
  expect(await read.Body?.transformToString()).toBe("1");
});
