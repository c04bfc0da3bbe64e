import { ListObjectsV2Command, PutObjectCommand } from "@aws-sdk/client-s3";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type S3Server, startS3Server } from "../src/index.js";
import { compareUtf8 } from "../src/key-index.js";
import { clientOf, refusal } from "./support.js";

const Bucket = "listing";
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

const fill = async (keys: readonly string[]) => {
  for (const key of keys) await server.writeObject(Bucket, key, new Uint8Array());
};
const list = (more: object) => client.send(new ListObjectsV2Command({ Bucket, ...more }));

/** All pages of a listing, as pages of keys and common prefixes. */
async function pages(more: object): Promise<string[][]> {
  const found: string[][] = [];
  let ContinuationToken: string | undefined;
  do {
    const page = await list({ ...more, ContinuationToken });
    const names = [
      ...(page.Contents ?? []).map(({ Key }) => Key ?? ""),
      ...(page.CommonPrefixes ?? []).map(({ Prefix }) => Prefix ?? ""),
    ];
    expect(page.KeyCount).toBe(names.length);
    expect(page.IsTruncated).toBe(page.NextContinuationToken !== undefined);
    found.push(names);
    ContinuationToken = page.NextContinuationToken;
  } while (ContinuationToken !== undefined && found.length < 100);
  return found;
}

test("1,050 keys come in two pages, each once and in order", async () => {
  const keys = Array.from({ length: 1050 }, (_, i) => `many/k${String(i).padStart(5, "0")}`);
  await fill([...keys].reverse());
  const found = await pages({ Prefix: "many/" });
  expect(found.map(({ length }) => length)).toEqual([1000, 50]);
  expect(found.flat()).toEqual(keys);
});

test("a delimiter rolls keys up, across pages too", async () => {
  await fill(["tree/a/1", "tree/a/2", "tree/b/1", "tree/c", "tree/d/1", "tree/d/2", "tree/e"]);
  const expected = ["tree/a/", "tree/b/", "tree/c", "tree/d/", "tree/e"];
  for (const MaxKeys of [1, 2, 3, 1000]) {
    const found = await pages({ Prefix: "tree/", Delimiter: "/", MaxKeys });
    expect(found.flat().sort()).toEqual(expected);
    expect(found.length).toBe(Math.ceil(expected.length / Math.min(MaxKeys, 5)));
  }
});

test("StartAfter, an empty page, and a prefix that is itself a key", async () => {
  await fill(["prod", "prod/1", "prod/2", "prod2/1"]);
  expect((await pages({ Prefix: "prod/" })).flat()).toEqual(["prod/1", "prod/2"]);
  expect((await pages({ Prefix: "prod", StartAfter: "prod/1" })).flat()).toEqual([
    "prod/2",
    "prod2/1",
  ]);
  expect(await pages({ Prefix: "nothing/" })).toEqual([[]]);
  expect((await list({ MaxKeys: 0 })).IsTruncated).toBe(false);
  expect((await refusal(list({ ContinuationToken: "made-up" }))).status).toBe(400);
});

test("keys can be listed url-encoded", async () => {
  await fill(["enc/a b+\u0001"]);
  const listed = await list({ Prefix: "enc/", EncodingType: "url" });
  expect(listed.Contents?.[0]?.Key).toBe("enc/a%20b%2B%01");
});

test("a listing is true at once after a write and after a delete", async () => {
  for (let i = 0; i < 20; i++) {
    const Prefix = `at-once/${i}`;
    await client.send(new PutObjectCommand({ Bucket, Key: Prefix, Body: "x" }));
    expect((await list({ Prefix })).KeyCount).toBe(1);
  }
});

test("the order is that of UTF-8 bytes", async () => {
  await fill(["ord/a", "ord/a/b", "ord/a-b", "ord/B", "ord/é", "ord/\uff5e", "ord/😀"]);
  const found = (await pages({ Prefix: "ord/" })).flat();
  const byBytes = (a: string, b: string) => Buffer.compare(Buffer.from(a), Buffer.from(b));
  expect(found).toHaveLength(7);
  expect(found).toEqual([...found].sort(byBytes));
  const alphabet = ["", "a", "\u007f", "\u0080", "\u07ff", "\ud7ff", "\ue000", "\uffff", "𐀀", "😀"];
  const words = alphabet.flatMap((x) => alphabet.flatMap((y) => [x + y, `${y}b${x}`]));
  for (const a of words) {
    for (const b of words) expect(Math.sign(compareUtf8(a, b))).toBe(byBytes(a, b));
  }
});
