import { type PoolClass, type PoolLike, Secret } from "@laila/pool";
import { BackblazePool, CloudflarePool } from "@laila/pool-s3";
import { type FaultHook, type S3Server, startS3Server } from "@laila-tooling/s3-server";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { collect, rejection } from "./reports.js";

const MiB = 1024 ** 2;
const part = 5 * MiB;
const accountId = "0123456789abcdef0123456789abcdef";
const large = Uint8Array.from({ length: 2 * part + 77 }, (_, i) => i % 251);
const keys = {
  accessKeyId: "AKR2EXAMPLE000000001",
  secretAccessKey: "r2-secret-r2-secret-r2-secret",
};

/** R2's documentation: CRC-32 of parts only, never of the whole. */
const r2: FaultHook = ({ headers, operation }) =>
  operation === "CreateMultipartUpload" && headers["x-amz-checksum-type"] === "FULL_OBJECT"
    ? { status: 501, code: "NotImplemented" }
    : undefined;
/** B2's documentation: every header of the checksums of current SDKs is refused. */
const b2: FaultHook = ({ headers }) =>
  Object.keys(headers).some((name) => /^x-amz-(sdk-)?checksum-/.test(name))
    ? { status: 400, code: "InvalidRequest" }
    : undefined;

let server: S3Server;
beforeAll(async () => {
  server = await startS3Server({ buckets: ["bucket"], region: "auto", ...keys });
});
afterEach(() => server.fault(undefined));
afterAll(() => server.close());

const common = { bucketName: "bucket", partSizeBytes: part };
const cloudflare = () =>
  new CloudflarePool({ ...common, ...keys, accountId, endpoint: server.endpoint, prefix: "r2" });

async function everything(pool: PoolLike): Promise<void> {
  const small = new TextEncoder().encode('{"laila_record":1}');
  await pool.write("small", small);
  await pool.write("empty", new Uint8Array(0));
  await pool.write("large", large);
  await pool.writeStream?.("stream", [large, large]);
  expect((await pool.read("small"))?.bytes).toEqual(small);
  expect((await pool.read("empty"))?.bytes).toEqual(new Uint8Array(0));
  expect(Buffer.compare((await pool.read("large"))?.bytes ?? small, large)).toBe(0);
  const streamed = await collect(
    (await pool.readStream?.("stream"))?.stream ?? ([].values() as never),
  );
  expect(Buffer.compare(Buffer.concat(streamed), Buffer.concat([large, large]))).toBe(0);
  expect((await collect(pool.keys())).sort()).toEqual(["empty", "large", "small", "stream"]);
  expect(await pool.exists("empty")).toBe(true);
  const results = await pool.deleteMany(["empty", "large", "small", "stream"]);
  expect(results.filter(({ error }) => error !== undefined)).toEqual([]);
  expect(await collect(pool.keys())).toEqual([]);
}

/** As an environment stores it and a recovery makes it again: by the names that the class declares. */
function recovered(pool: PoolLike, cls: PoolClass): PoolLike {
  const captured = pool.toConfig();
  const stored = JSON.parse(JSON.stringify(captured)) as Record<string, unknown>;
  const config: Record<string, unknown> = {};
  for (const name of Object.keys(cls.configSchema.shape)) {
    const snake = name.replace(/[A-Z]/g, (char) => `_${char.toLowerCase()}`);
    if (snake in captured)
      config[name] = Secret.is(captured[snake]) ? captured[snake].reveal() : stored[snake];
  }
  return new cls(config, { globalId: pool.globalId });
}

describe("CloudflarePool", () => {
  it("does everything on a server that refuses what R2 refuses", async () => {
    server.fault(r2);
    const pool = cloudflare();
    await everything(pool);
    await pool.close();
  });

  it("has Python LAILA's token and names, and is recovered from its own document", async () => {
    const pool = cloudflare();
    const document = pool.toConfig();
    expect(document).toMatchObject({
      class_token: "CloudflarePool",
      package: "@laila/pool-s3",
      account_id: accountId,
      bucket_name: "bucket",
    });
    for (const name of ["access_key_id", "secret_access_key"])
      expect(Secret.is(document[name])).toBe(true);
    expect(JSON.stringify(document)).not.toContain(keys.secretAccessKey);
    const again = recovered(pool, CloudflarePool);
    expect(JSON.stringify(again.toConfig())).toBe(JSON.stringify(document));
    await pool.write("kept", Uint8Array.of(1));
    expect((await again.read("kept"))?.bytes).toEqual(Uint8Array.of(1));
    await again.delete("kept");
    await Promise.all([pool.close(), again.close()]);
  });

  it("goes to its account's address", () => {
    const address = `https://${accountId}.r2.cloudflarestorage.com`;
    expect(CloudflarePool.destination({ accountId })).toBe(address);
    const endpoint = `https://${accountId}.eu.r2.cloudflarestorage.com`;
    expect(CloudflarePool.destination({ accountId, endpoint })).toBe(endpoint);
    expect(CloudflarePool.destination({})).toBeUndefined();
    for (const wrong of ["evil.example/", "", "x".repeat(32), null]) {
      const config = { ...common, ...keys, accountId: wrong as string };
      const invalid = expect.objectContaining({ code: "INVALID_CONFIG" });
      expect(() => new CloudflarePool(config)).toThrow(invalid);
      expect(() => CloudflarePool.destination(config)).toThrow(invalid);
    }
  });
});

describe("BackblazePool", () => {
  const backblaze = (b2Server: S3Server) =>
    new BackblazePool({
      ...common,
      applicationKeyId: b2Server.accessKeyId,
      applicationKey: b2Server.secretAccessKey,
      endpointUrl: b2Server.endpoint,
      prefix: "b2",
    });

  it("does everything on a server that refuses what B2 refuses, and finds what is damaged", async () => {
    const own = await startS3Server({ buckets: ["bucket"] });
    own.fault(b2);
    const pool = backblaze(own);
    await everything(pool);
    for (const value of [large.subarray(0, 1000), large]) {
      await pool.write("k", value);
      const damaged = new Uint8Array(value);
      damaged[500] = 7 ^ (damaged[500] ?? 0);
      await own.writeObject("bucket", "b2/k", damaged);
      expect((await rejection(pool.read("k"))).code).toBe("CORRUPT");
    }
    await pool.close();
    await own.close();
  });

  it("sends a Content-MD5, by which the server finds what changed on its way", async () => {
    const own = await startS3Server({ buckets: ["bucket"] });
    const sums: (string | undefined)[] = [];
    own.fault((request) => {
      sums.push(request.headers["content-md5"]);
      return b2(request);
    });
    const pool = backblaze(own);
    await pool.write("k", new TextEncoder().encode("hello"));
    await pool.deleteMany(["k"]);
    // Of "hello", and of a document.
    expect(sums).toEqual(["XUFAKrxLKna5cZ2REBfFkg==", expect.stringMatching(/^.{22}==$/)]);
    await pool.close();
    await own.close();
  });

  it("has Python LAILA's token, names and default, and is recovered from its own document", () => {
    const secrets = { applicationKeyId: "004exampleexample0000001", applicationKey: "K004example" };
    const pool = new BackblazePool({ ...secrets, bucketName: "bucket" });
    const document = pool.toConfig();
    expect(document).toMatchObject({ class_token: "BackblazePool", bucket_name: "bucket" });
    for (const name of ["application_key_id", "application_key"])
      expect(Secret.is(document[name])).toBe(true);
    expect(BackblazePool.destination({})).toBeUndefined();
    const endpointUrl = "https://s3.eu-central-003.backblazeb2.com";
    expect(BackblazePool.destination({ endpointUrl })).toBe(endpointUrl);
    const other = new BackblazePool({ ...secrets, bucketName: "bucket", endpointUrl });
    expect(other.toConfig()).toMatchObject({ endpoint_url: endpointUrl });
    const again = recovered(other, BackblazePool);
    expect(JSON.stringify(again.toConfig())).toBe(JSON.stringify(other.toConfig()));
  });
});
