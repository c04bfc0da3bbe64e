import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { Agent, request as httpRequest } from "node:http";
import { connect } from "node:net";
import { CreateBucketCommand, PutObjectCommand } from "@aws-sdk/client-s3";
import { getSignedUrl } from "@aws-sdk/s3-request-presigner";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { type S3Server, startS3Server } from "../src/index.js";
import { clientOf, raw, refusal, staged } from "./support.js";

const Bucket = "connections";
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

const putUrl = (Key: string) => getSignedUrl(client, new PutObjectCommand({ Bucket, Key }));

test("a broken-off upload leaves nothing behind", async () => {
  const url = await putUrl("broken");
  const request = httpRequest(url, { method: "PUT", headers: { "content-length": 5_000_000 } });
  request.on("error", () => undefined);
  request.write(Buffer.alloc(2_000_000));
  await vi.waitFor(async () => expect(await staged(server)).toHaveLength(1), { timeout: 20_000 });
  request.destroy();
  await vi.waitFor(async () => expect(await staged(server)).toHaveLength(0), { timeout: 20_000 });
  expect(await server.listObjects(Bucket)).not.toContain("broken");
});

test("a broken-off overwrite leaves the old object", async () => {
  await server.writeObject(Bucket, "kept", Buffer.from("old"));
  const url = await putUrl("kept");
  const request = httpRequest(url, { method: "PUT", headers: { "content-length": 5_000_000 } });
  request.on("error", () => undefined);
  request.write(Buffer.alloc(2_000_000));
  await vi.waitFor(async () => expect(await staged(server)).toHaveLength(1), { timeout: 20_000 });
  request.destroy();
  await vi.waitFor(async () => expect(await staged(server)).toHaveLength(0), { timeout: 20_000 });
  expect(Buffer.from((await server.readObject(Bucket, "kept")) ?? []).toString()).toBe("old");
});

test("a body of unknown length is refused", async () => {
  const headers = { "transfer-encoding": "chunked" };
  const reply = await raw(await putUrl("no-length"), { method: "PUT", headers }, "hello");
  expect(reply.status).toBe(411);
});

test("Expect: 100-continue is answered; a refusal comes without the body", async () => {
  const headers = { expect: "100-continue", "content-length": 5 };
  const url = await putUrl("expected");
  const accepted = await raw(url, { method: "PUT", headers }, "hello");
  expect(accepted).toMatchObject({ status: 200, continued: true });
  const tampered = url.replace("/expected?", "/other?");
  const refused = await raw(tampered, { method: "PUT", headers }, "hello");
  expect(refused).toMatchObject({ status: 403, continued: false });
  expect(refused.headers.connection).toBe("close");
});

test("large bodies travel with the SDK's own Expect, and a wrong secret is told so", async () => {
  const Body = randomBytes(3 << 20);
  await client.send(new PutObjectCommand({ Bucket, Key: "large", Body }));
  expect(Buffer.compare((await server.readObject(Bucket, "large")) ?? Body, Body)).toBe(0);
  const credentials = { accessKeyId: server.accessKeyId, secretAccessKey: "wrong" };
  for (const expectContinueHeader of [true, false]) {
    const other = clientOf(server, { credentials, expectContinueHeader });
    const put = new PutObjectCommand({ Bucket, Key: "large", Body: randomBytes(30 << 20) });
    expect(await refusal(other.send(put))).toMatchObject({ name: "SignatureDoesNotMatch" });
    other.destroy();
  }
});

test("one connection serves requests before and after refused ones", async () => {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const local = new Set<number | undefined>();
  agent.on("free", (socket: { localPort?: number }) => local.add(socket.localPort));
  const url = await putUrl("again");
  const put = (target: string, body = Buffer.alloc(500_000)) =>
    new Promise<number>((resolve, reject) => {
      const request = httpRequest(target, { method: "PUT", agent }, (response) => {
        response.resume();
        response.on("end", () => resolve(response.statusCode ?? 0));
      });
      request.on("error", reject);
      request.end(body);
    });
  expect(await put(url)).toBe(200);
  expect(await put(url.replace("/again?", "/tampered?"))).toBe(403);
  expect(await put(url)).toBe(200);
  // Refused after half of its body has been read.
  const create = await getSignedUrl(client, new CreateBucketCommand({ Bucket: "too-large" }));
  expect(await put(create, Buffer.alloc(20 << 20, "<"))).toBe(400);
  expect(await put(url)).toBe(200);
  agent.destroy();
  expect(local.size).toBe(1);
});

test("a document that is too large is refused in an answer", async () => {
  const create = await getSignedUrl(client, new CreateBucketCommand({ Bucket: "too-large" }));
  const reply = await raw(create, { method: "PUT" }, Buffer.alloc(20 << 20, "<"));
  expect(reply.status).toBe(400);
  expect(reply.text).toContain("MaxMessageLengthExceeded");
});

test("what is not HTTP is answered and does no harm", async () => {
  const socket = connect(server.port, "127.0.0.1");
  socket.end("hello there\r\n\r\n");
  const [data] = await once(socket, "data");
  expect(String(data)).toMatch(/^HTTP\/1\.1 400 /);
  for (const path of ["/%ff", "/%", `/${Bucket}/%c3`, "/%2e%2e%2fetc/x", "/../../etc/passwd"]) {
    const reply = await raw(server.endpoint, { path });
    expect([400, 403]).toContain(reply.status);
  }
});
