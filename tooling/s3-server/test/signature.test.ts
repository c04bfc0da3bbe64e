import { createHash } from "node:crypto";
import type { IncomingMessage } from "node:http";
import { Readable } from "node:stream";
import { GetObjectCommand, HeadBucketCommand, PutObjectCommand } from "@aws-sdk/client-s3";
import { getSignedUrl } from "@aws-sdk/s3-request-presigner";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ChunkedBody } from "../src/chunked.js";
import { type S3Server, startS3Server } from "../src/index.js";
import { parseRequest } from "../src/request.js";
import { ChunkSigner, SignatureVerifier, signingKey } from "../src/signature.js";
import { clientOf, raw, refusal } from "./support.js";

const Bucket = "signed";
let server: S3Server;
let client: ReturnType<typeof clientOf>;

beforeAll(async () => {
  server = await startS3Server({ buckets: [Bucket] });
  client = clientOf(server);
  await server.writeObject(Bucket, "key", Buffer.from("value"));
  await server.writeObject(Bucket, "other", Buffer.from("other"));
});
afterAll(async () => {
  client.destroy();
  await server.close();
});

// Keys, dates and signatures of the worked examples in the S3 API reference ("Authenticating
// requests: using the Authorization header" and "… transferring payload in multiple chunks").
const example = {
  accessKeyId: "AKIAIOSFODNN7EXAMPLE",
  secretAccessKey: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
  region: "us-east-1",
};

describe("the examples of the S3 documentation", () => {
  const at = Date.UTC(2013, 4, 24);
  const emptyHash = createHash("sha256").digest("hex");
  const request = (headers: Record<string, string>, url: string) =>
    parseRequest({
      method: "GET",
      url,
      rawHeaders: Object.entries(headers).flat(),
    } as IncomingMessage);
  const authorization = (signedHeaders: string, signature: string) =>
    `AWS4-HMAC-SHA256 Credential=${example.accessKeyId}/20130524/us-east-1/s3/aws4_request,SignedHeaders=${signedHeaders},Signature=${signature}`;
  const headers = {
    Host: "examplebucket.s3.amazonaws.com",
    "x-amz-content-sha256": emptyHash,
    "x-amz-date": "20130524T000000Z",
  };
  const verifier = new SignatureVerifier(example);

  test("GET of an object, with a range", () => {
    const signature = "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41";
    const signed = {
      ...headers,
      Authorization: authorization("host;range;x-amz-content-sha256;x-amz-date", signature),
    };
    const whole = { ...signed, Range: "bytes=0-9" };
    const payload = { kind: "hash", sha256: emptyHash };
    expect(verifier.verify(request(whole, "/test.txt"), at)).toEqual(payload);
    const other = { ...signed, Range: "bytes=0-8" };
    expect(() => verifier.verify(request(other, "/test.txt"), at)).toThrow(/does not match/);
  });

  test("GET of a list, with query parameters", () => {
    const signature = "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7";
    const signed = {
      ...headers,
      Authorization: authorization("host;x-amz-content-sha256;x-amz-date", signature),
    };
    const url = "/?max-keys=2&prefix=J";
    expect(verifier.verify(request(signed, url), at).kind).toBe("hash");
    // The order of parameters is not signed; their values are.
    expect(verifier.verify(request(signed, "/?prefix=J&max-keys=2"), at).kind).toBe("hash");
    expect(() => verifier.verify(request(signed, "/?max-keys=3&prefix=J"), at)).toThrow();
  });

  const seed = "4f232c4386841ef735655705268965c44a0e4690baa4adea153f7db9fa80a0a9";
  const chunkSignatures = [
    "ad80c730a21e5b8d04586a2213dd63b9a0e99e0e2307b0ade35a65485a288648",
    "0055627c9e194cb4542bae2aa5492e3c1575bbb81b612b7d234b86a503ef5497",
    "b6c6ea8a5354eaf15b3cb7646744f4275b71ea724fed81ceb9323e279d449df9",
  ];
  const readChunks = async (last: string) => {
    const signer = new ChunkSigner(
      signingKey(example, "20130524"),
      "20130524T000000Z",
      "20130524/us-east-1/s3/aws4_request",
      seed,
    );
    const framed = [65536, 1024, 0]
      .map((size, i) => {
        const signature = i === 2 ? last : chunkSignatures[i];
        return `${size.toString(16)};chunk-signature=${signature}\r\n${"a".repeat(size)}\r\n`;
      })
      .join("");
    // In pieces that cut lines and chunks anywhere.
    const pieces = Array.from({ length: Math.ceil(framed.length / 1000) }, (_, i) =>
      Buffer.from(framed.slice(i * 1000, (i + 1) * 1000)),
    );
    const read: Uint8Array[] = [];
    for await (const chunk of new ChunkedBody(Readable.from(pieces), false, signer)) {
      read.push(chunk);
    }
    return Buffer.concat(read);
  };

  test("an upload in signed chunks", async () => {
    const bytes = await readChunks(chunkSignatures[2] ?? "");
    expect(bytes.equals(Buffer.alloc(66560, "a"))).toBe(true);
    await expect(readChunks(chunkSignatures[1] ?? "")).rejects.toThrow(/does not match/);
  });
});

describe("who is refused", () => {
  const get = new GetObjectCommand({ Bucket, Key: "key" });
  const as = async (more: Parameters<typeof clientOf>[1], command = get) => {
    const other = clientOf(server, more);
    try {
      return await refusal(other.send(command));
    } finally {
      other.destroy();
    }
  };

  test("a wrong secret", async () => {
    const credentials = { accessKeyId: server.accessKeyId, secretAccessKey: "wrong" };
    const expected = { name: "SignatureDoesNotMatch", status: 403 };
    expect(await as({ credentials })).toEqual(expected);
    const other = clientOf(server, { credentials });
    const Body = Readable.from([Buffer.from("hello")]);
    const put = new PutObjectCommand({ Bucket, Key: "no", Body, ContentLength: 5 });
    expect(await refusal(other.send(put))).toEqual(expected);
    expect((await refusal(other.send(new HeadBucketCommand({ Bucket })))).status).toBe(403);
    expect(await server.readObject(Bucket, "no")).toBeUndefined();
    other.destroy();
  });

  test("an unknown access key", async () => {
    const credentials = { accessKeyId: "NOPE", secretAccessKey: server.secretAccessKey };
    expect(await as({ credentials })).toEqual({ name: "InvalidAccessKeyId", status: 403 });
  });

  test("a wrong region", async () => {
    expect((await as({ region: "eu-west-1" })).name).toBe("AuthorizationHeaderMalformed");
  });

  test("a clock that is wrong by more than 15 minutes", async () => {
    for (const minutes of [-16, 16]) {
      const skewed = await as({ systemClockOffset: minutes * 60_000 });
      expect(skewed).toEqual({ name: "RequestTimeTooSkewed", status: 403 });
    }
    const other = clientOf(server, { systemClockOffset: 14 * 60_000 });
    await (await other.send(get)).Body?.transformToByteArray();
    other.destroy();
  });

  test("nobody", async () => {
    const reply = await raw(`${server.endpoint}/${Bucket}/key`);
    expect(reply.status).toBe(403);
    expect(reply.text).toContain("<Code>AccessDenied</Code>");
  });

  test.each([
    ["AWS AKID:signature", 400],
    ["AWS4-HMAC-SHA256 nonsense", 403],
    ["AWS4-HMAC-SHA256 Credential=a/b/c,SignedHeaders=host,Signature=d", 403],
  ])("the header %s", async (authorization, status) => {
    const reply = await raw(`${server.endpoint}/${Bucket}/key`, { headers: { authorization } });
    expect(reply.status).toBe(status);
  });

  test("a header added to a signed request", async () => {
    const url = await getSignedUrl(client, new PutObjectCommand({ Bucket, Key: "key" }));
    const headers = { "x-amz-meta-added": "later", "content-length": 0 };
    const reply = await raw(url, { method: "PUT", headers });
    expect(reply.status).toBe(403);
    expect(reply.text).toContain("x-amz-meta-added");
  });
});

test("a session token is accepted if it is signed", async () => {
  const { accessKeyId, secretAccessKey } = server;
  const credentials = { accessKeyId, secretAccessKey, sessionToken: "token" };
  const other = clientOf(server, { credentials });
  const read = await other.send(new GetObjectCommand({ Bucket, Key: "key" }));
  expect(await read.Body?.transformToString()).toBe("value");
  other.destroy();
});

describe("presigned URLs", () => {
  const get = new GetObjectCommand({ Bucket, Key: "key" });

  test("read what they name, and nothing else", async () => {
    const url = await getSignedUrl(client, get, { expiresIn: 60 });
    expect(await raw(url)).toMatchObject({ status: 200, text: "value" });
    expect((await raw(url.replace("/key?", "/other?"))).status).toBe(403);
    expect((await raw(url, { method: "DELETE" })).status).toBe(403);
    expect((await raw(url.replace("Expires=60", "Expires=6000"))).status).toBe(403);
    expect((await raw(url.replace("Expires=60", "Expires=9999999"))).status).toBe(400);
  });

  test("expire, and do not begin in the future", async () => {
    const signedAt = (ms: number) =>
      getSignedUrl(client, get, { expiresIn: 60, signingDate: new Date(Date.now() + ms) });
    const expired = await raw(await signedAt(-120_000));
    expect(expired).toMatchObject({ status: 403 });
    expect(expired.text).toContain("expired");
    expect((await raw(await signedAt(3600_000))).text).toContain("not valid yet");
  });

  test("write, with the metadata in the URL", async () => {
    const put = new PutObjectCommand({ Bucket, Key: "pp", Metadata: { a: "b" } });
    const url = await getSignedUrl(client, put, { expiresIn: 60 });
    expect((await raw(url, { method: "PUT" }, "via put")).status).toBe(200);
    const read = await client.send(new GetObjectCommand({ Bucket, Key: "pp" }));
    expect(read.Metadata).toEqual({ a: "b" });
    expect(await read.Body?.transformToString()).toBe("via put");
  });
});
