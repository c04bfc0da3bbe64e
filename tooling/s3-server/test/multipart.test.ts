import { randomBytes } from "node:crypto";
import {
  AbortMultipartUploadCommand,
  type CompletedPart,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListMultipartUploadsCommand,
  ListPartsCommand,
  UploadPartCommand,
  UploadPartCopyCommand,
} from "@aws-sdk/client-s3";
import { Upload } from "@aws-sdk/lib-storage";
import { afterAll, beforeAll, expect, test } from "vitest";
import { digestOf } from "../src/checksums.js";
import { type S3Server, startS3Server } from "../src/index.js";
import { bytesOf, clientOf, outcome, refusal, staged } from "./support.js";

const Bucket = "multipart";
const fiveMiB = 5 << 20;
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

const create = async (Key: string, more = {}) => {
  const command = new CreateMultipartUploadCommand({ Bucket, Key, ...more });
  return (await client.send(command)).UploadId ?? "";
};
const uploadPart = async (
  Key: string,
  UploadId: string,
  PartNumber: number,
  Body: Uint8Array | string,
): Promise<CompletedPart> => {
  const part = { Bucket, Key, UploadId, PartNumber };
  const { ETag, ChecksumCRC32 } = await client.send(new UploadPartCommand({ ...part, Body }));
  return { PartNumber, ETag, ChecksumCRC32 };
};
const complete = (Key: string, UploadId: string, Parts: CompletedPart[], more = {}) =>
  client.send(
    new CompleteMultipartUploadCommand({
      Bucket,
      Key,
      UploadId,
      MultipartUpload: { Parts },
      ...more,
    }),
  );
const abort = (Key: string, UploadId: string) =>
  client.send(new AbortMultipartUploadCommand({ Bucket, Key, UploadId }));

test("an Upload of 12 MiB comes back, with its metadata and a composite checksum", async () => {
  const Body = randomBytes((12 << 20) + 1);
  const params = { Bucket, Key: "upload", Body, ContentType: "text/x", Metadata: { a: "b" } };
  const written = await new Upload({ client, params }).done();
  expect(written.ETag).toMatch(/^"[0-9a-f]{32}-3"$/);
  const read = await client.send(new GetObjectCommand({ Bucket, Key: "upload" }));
  expect(Buffer.compare(await bytesOf(read), Body)).toBe(0);
  expect(read).toMatchObject({ ContentType: "text/x", Metadata: { a: "b" }, ETag: written.ETag });
  const parts = [0, fiveMiB, 2 * fiveMiB].map((at) => Body.subarray(at, at + fiveMiB));
  const sums = parts.map((part) => Buffer.from(digestOf("CRC32", part), "base64"));
  const head = new HeadObjectCommand({ Bucket, Key: "upload", ChecksumMode: "ENABLED" });
  expect(await client.send(head)).toMatchObject({
    ChecksumCRC32: `${digestOf("CRC32", Buffer.concat(sums))}-3`,
    ChecksumType: "COMPOSITE",
  });
  expect(await staged(server)).toEqual([]);
});

test("a full-object checksum is computed, and verified if the completion states it", async () => {
  const id = await create("full", { ChecksumAlgorithm: "CRC32", ChecksumType: "FULL_OBJECT" });
  const part = await uploadPart("full", id, 1, "123456789");
  const wrong = complete("full", id, [part], {
    ChecksumType: "FULL_OBJECT",
    ChecksumCRC32: "AAAAAA==",
  });
  expect(await refusal(wrong)).toEqual({ name: "BadDigest", status: 400 });
  const right = { ChecksumType: "FULL_OBJECT", ChecksumCRC32: "y/Q5Jg==" };
  expect(await complete("full", id, [part], right)).toMatchObject(right);
});

test("parts are listed, replaced and copied; an abort leaves nothing", async () => {
  const id = await create("parts");
  await uploadPart("parts", id, 2, "two");
  await uploadPart("parts", id, 1, "first try");
  await uploadPart("parts", id, 1, "one");
  await server.writeObject(Bucket, "source", Buffer.from("0123456789"));
  await client.send(
    new UploadPartCopyCommand({
      Bucket,
      Key: "parts",
      UploadId: id,
      PartNumber: 3,
      CopySource: `${Bucket}/source`,
      CopySourceRange: "bytes=2-5",
    }),
  );
  const list = (more = {}) =>
    client.send(new ListPartsCommand({ Bucket, Key: "parts", UploadId: id, ...more }));
  const sizes = (await list()).Parts?.map(({ PartNumber, Size }) => [PartNumber, Size]);
  expect(sizes).toEqual([
    [1, 3],
    [2, 3],
    [3, 4],
  ]);
  const page = await list({ MaxParts: 1, PartNumberMarker: "1" });
  expect(page).toMatchObject({ IsTruncated: true, NextPartNumberMarker: "2" });
  const uploads = new ListMultipartUploadsCommand({ Bucket });
  const open = await client.send(uploads);
  expect(open.Uploads).toMatchObject([{ Key: "parts", UploadId: id }]);
  expect(await staged(server)).toHaveLength(3);
  await abort("parts", id);
  expect((await client.send(uploads)).Uploads ?? []).toEqual([]);
  expect(await staged(server)).toEqual([]);
  expect((await refusal(list())).name).toBe("NoSuchUpload");
  expect((await refusal(uploadPart("parts", id, 1, "x"))).name).toBe("NoSuchUpload");
  expect(await server.readObject(Bucket, "parts")).toBeUndefined();
});

test("a completion that does not fit its parts is refused", async () => {
  const id = await create("unfit");
  const one = await uploadPart("unfit", id, 1, "x");
  const two = await uploadPart("unfit", id, 2, "y");
  const name = async (parts: CompletedPart[]) => (await refusal(complete("unfit", id, parts))).name;
  expect(await name([one, two])).toBe("EntityTooSmall");
  expect(await name([two, one])).toBe("InvalidPartOrder");
  expect(await name([{ ...one, ETag: two.ETag }])).toBe("InvalidPart");
  expect(await name([{ ...one, ChecksumCRC32: "AAAAAA==" }])).toBe("InvalidPart");
  expect(await name([{ ...one, PartNumber: 3 }])).toBe("InvalidPart");
  expect(await name([])).toBe("MalformedXML");
  expect(await server.readObject(Bucket, "unfit")).toBeUndefined();
  await complete("unfit", id, [two]);
  expect(await server.readObject(Bucket, "unfit")).toEqual(new Uint8Array(Buffer.from("y")));
});

test("a completion heeds conditions; a second one finds no upload", async () => {
  const id = await create("condition");
  const part = await uploadPart("condition", id, 1, "new");
  await server.writeObject(Bucket, "condition", Buffer.from("old"));
  const first = complete("condition", id, [part], { IfNoneMatch: "*" });
  expect(await refusal(first)).toEqual({ name: "PreconditionFailed", status: 412 });
  const head = await client.send(new HeadObjectCommand({ Bucket, Key: "condition" }));
  await complete("condition", id, [part], { IfMatch: head.ETag });
  const again = complete("condition", id, [part], { IfMatch: head.ETag });
  expect(await refusal(again)).toEqual({ name: "NoSuchUpload", status: 404 });
});

test("of several completions and an abort at once one wins", async () => {
  const id = await create("rivals");
  const part = await uploadPart("rivals", id, 1, "bytes");
  const rivals = [1, 2, 3].map(() => outcome(complete("rivals", id, [part])));
  const outcomes = await Promise.all([...rivals, outcome(abort("rivals", id))]);
  expect(outcomes.filter((name) => name === "ok")).toHaveLength(1);
  expect(outcomes.filter((name) => name === "NoSuchUpload")).toHaveLength(3);
  expect(await staged(server)).toEqual([]);
});
