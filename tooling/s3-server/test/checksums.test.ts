import { createHash } from "node:crypto";
import { Readable } from "node:stream";
import {
  type ChecksumAlgorithm,
  GetObjectCommand,
  HeadBucketCommand,
  HeadObjectCommand,
  PutObjectCommand,
} from "@aws-sdk/client-s3";
import { afterAll, beforeAll, expect, test } from "vitest";
import { digestOf } from "../src/checksums.js";
import { type S3Server, startS3Server } from "../src/index.js";
import { bytesOf, clientOf, refusal } from "./support.js";

const Bucket = "checksums";
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

const digits = Buffer.from("123456789");
const put = (Key: string, Body: Uint8Array | Readable, more = {}) =>
  client.send(new PutObjectCommand({ Bucket, Key, Body, ...more }));

// The CRC values of "123456789" are the catalogued check values of the algorithms.
test.each([
  ["CRC32", Buffer.from("cbf43926", "hex")],
  ["CRC32C", Buffer.from("e3069283", "hex")],
  ["CRC64NVME", Buffer.from("ae8b14860a799888", "hex")],
  ["SHA1", createHash("sha1").update(digits).digest()],
  ["SHA256", createHash("sha256").update(digits).digest()],
] as const)("%s is computed, verified and returned", async (algorithm, expected) => {
  const value = expected.toString("base64");
  expect(digestOf(algorithm, digits)).toBe(value);
  const field = `Checksum${algorithm}`;
  const written = await put(algorithm, digits, { [field]: value });
  expect(written).toMatchObject({ [field]: value, ChecksumType: "FULL_OBJECT" });
  const wrong = Buffer.alloc(expected.length).toString("base64");
  expect(await refusal(put("wrong", digits, { [field]: wrong }))).toEqual({
    name: "BadDigest",
    status: 400,
  });
  expect(await server.readObject(Bucket, "wrong")).toBeUndefined();
  const head = new HeadObjectCommand({ Bucket, Key: algorithm, ChecksumMode: "ENABLED" });
  expect(await client.send(head)).toMatchObject({ [field]: value, ChecksumType: "FULL_OBJECT" });
});

test("a wrong checksum is refused with the algorithm named, too", async () => {
  const ChecksumAlgorithm: ChecksumAlgorithm = "CRC32";
  const wrong = put("wrong", digits, { ChecksumAlgorithm, ChecksumCRC32: "AAAAAA==" });
  expect((await refusal(wrong)).name).toBe("BadDigest");
  expect((await refusal(put("wrong", digits, { ChecksumCRC32: "AAAA" }))).status).toBe(400);
});

test("Content-MD5 is verified", async () => {
  const right = createHash("md5").update(digits).digest("base64");
  await put("md5", digits, { ContentMD5: right });
  const wrong = Buffer.alloc(16).toString("base64");
  expect((await refusal(put("wrong", digits, { ContentMD5: wrong }))).name).toBe("BadDigest");
  expect((await refusal(put("wrong", digits, { ContentMD5: "abc" }))).name).toBe("InvalidDigest");
});

test.each(["CRC32", "CRC32C", "SHA256"] as const)(
  "a stream with a %s trailer is stored without its framing",
  async (ChecksumAlgorithm) => {
    const bytes = Buffer.alloc(300_000, "ab");
    const body = Readable.from([bytes.subarray(0, 99_999), bytes.subarray(99_999)]);
    const written = await put("stream", body, { ContentLength: bytes.length, ChecksumAlgorithm });
    expect(written[`Checksum${ChecksumAlgorithm}`]).toBe(digestOf(ChecksumAlgorithm, bytes));
    const read = await client.send(new GetObjectCommand({ Bucket, Key: "stream" }));
    expect(Buffer.compare(await bytesOf(read), bytes)).toBe(0);
    expect(read.ContentEncoding).toBeUndefined();
  },
);

/** A client whose bodies are changed behind its back, after they were signed. */
function tampering(change: (framed: string) => string) {
  const evil = clientOf(server, { requestHandler: { httpAgent: { maxSockets: 1 } } });
  evil.middlewareStack.add(
    (next) => (args) => {
      const { request } = args as { request: { body?: AsyncIterable<Uint8Array> | Uint8Array } };
      const original = request.body;
      if (original === undefined) return next(args);
      request.body = Readable.from(
        (async function* () {
          const chunks: Uint8Array[] = [];
          if (original instanceof Uint8Array) chunks.push(original);
          else for await (const chunk of original) chunks.push(Buffer.from(chunk));
          yield Buffer.from(change(Buffer.concat(chunks).toString("latin1")), "latin1");
        })(),
      );
      return next(args);
    },
    { step: "finalizeRequest", priority: "low" },
  );
  return evil;
}

test.each([
  ["another trailer", (s: string) => s.replace(/(crc32:)[^\r]+/, "$1AAAAAA==")],
  ["a trailer that is no checksum", (s: string) => s.replace(/(crc32:)[^\r]+/, "$1hello")],
  ["no trailer", (s: string) => s.replace(/x-amz-checksum-crc32:[^\r]+\r\n/, "")],
  ["another byte", (s: string) => s.replace("hello", "jello")],
  ["a chunk cut short", (s: string) => s.replace("world", "worl")],
  ["a chunk size that is none", (s: string) => `x${s}`],
  ["bytes behind the end", (s: string) => `${s}more`],
])("a stream with %s is refused", async (_, change) => {
  const evil = tampering(change);
  const body = Readable.from([Buffer.from("hello world")]);
  const request = new PutObjectCommand({ Bucket, Key: "bad", Body: body, ContentLength: 11 });
  expect((await refusal(evil.send(request))).status).toBe(400);
  expect(await server.readObject(Bucket, "bad")).toBeUndefined();
  evil.destroy();
});

test("a refusal in the middle of a large body is told, not cut off", async () => {
  const evil = tampering((s) => `x${s}`);
  const Body = Readable.from(Array.from({ length: 64 }, () => Buffer.alloc(256 * 1024)));
  const ContentLength = 16 << 20;
  const request = new PutObjectCommand({ Bucket, Key: "bad", Body, ContentLength });
  expect((await refusal(evil.send(request))).name).toBe("IncompleteBody");
  // The rest of the body is drained, so the client's only connection serves the next request.
  await evil.send(new HeadBucketCommand({ Bucket }));
  evil.destroy();
});

test("a body changed after it was signed is refused", async () => {
  const evil = tampering((s) => s.replace("1", "2"));
  const request = new PutObjectCommand({ Bucket, Key: "bad", Body: digits });
  expect((await refusal(evil.send(request))).name).toBe("XAmzContentSHA256Mismatch");
  expect(await server.readObject(Bucket, "bad")).toBeUndefined();
  evil.destroy();
});
