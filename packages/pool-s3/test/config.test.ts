import { S3Client } from "@aws-sdk/client-s3";
import { isLailaError, Secret } from "@laila/pool";
import { S3Pool, type S3PoolConfig } from "@laila/pool-s3";
import { describe, expect, it } from "vitest";

const whole: S3PoolConfig = {
  bucketName: "my-bucket",
  regionName: "eu-central-1",
  accessKeyId: "AKIDEXAMPLE-1",
  secretAccessKey: "wJalrXUtnFEMI-1",
};

function refusal(config: object): { code: string; message: string } {
  try {
    new S3Pool(config as S3PoolConfig);
  } catch (error) {
    if (isLailaError(error)) return error;
    throw error;
  }
  throw new Error("It was made.");
}

describe("the configuration", () => {
  it("takes one field, and the region", () => {
    const pool = new S3Pool({ bucketName: "my-bucket", regionName: "us-east-1" });
    expect(pool.toConfig()).toEqual({
      class_token: "S3Pool",
      package: "@laila/pool-s3",
      bucket_name: "my-bucket",
      region_name: "us-east-1",
    });
  });

  it("needs no region with an endpoint, which is a server of somebody's", () => {
    const { regionName, ...rest } = whole;
    expect(refusal(rest)).toMatchObject({ code: "INVALID_CONFIG" });
    expect(refusal(rest).message).toContain("regionName");
    new S3Pool({ ...rest, endpoint: "https://s3.example.org" });
  });

  const wrong: Readonly<Record<string, object>> = {
    "no bucket": { bucketName: undefined },
    "an ARN": { bucketName: "arn:aws:s3:us-east-1:123456789012:accesspoint/x" },
    "a bucket that is a path": { bucketName: "evil.example/x" },
    "a bucket that is two": { bucketName: "a/../b" },
    "an unknown field": { bucket: "my-bucket" },
    "an access key id alone": { secretAccessKey: undefined },
    "a secret alone": { accessKeyId: undefined },
    "a session token alone": {
      accessKeyId: undefined,
      secretAccessKey: undefined,
      sessionToken: "t",
    },
    "an empty secret": { secretAccessKey: "" },
    "a region that is a host": { regionName: "us-east-1.example.org" },
    "no connections": { maxConnections: 0 },
    "no time to connect": { connectTimeoutMs: 0 },
    "an endpoint that is no URL": { endpoint: "s3.example.org" },
    "an endpoint of another protocol": { endpoint: "ftp://s3.example.org" },
    "an endpoint with a user": { endpoint: "https://user@s3.example.org" },
    "an endpoint with a path": { endpoint: "https://s3.example.org/path" },
    "an endpoint with a query": { endpoint: "https://s3.example.org/?x" },
    "an endpoint with an empty query": { endpoint: "https://s3.example.org/?" },
    "an endpoint with a fragment": { endpoint: "https://s3.example.org/#x" },
    "a prefix with an empty name": { prefix: "a//b" },
    "a prefix that begins with a slash": { prefix: "/a" },
    "a prefix that leads upward": { prefix: "a/../b" },
    "a prefix with a control character": { prefix: "a\n" },
    "an ill-formed prefix": { prefix: "a\ud800" },
    "a prefix that leaves no room for keys": { prefix: "p".repeat(256) },
    "a client that is none": { client: {} },
  };
  it.each(Object.entries(wrong))("refuses %s", (_, fields) => {
    expect(refusal({ ...whole, ...fields }).code).toBe("INVALID_CONFIG");
  });

  it("never repeats a value that it refuses", () => {
    const told = refusal({ ...whole, endpoint: "https://user:hunter22@s3.example.org" });
    expect(JSON.stringify(told) + told.message).not.toContain("hunter22");
    expect(refusal({ ...whole, accessKeyId: undefined }).message).not.toContain("wJalr");
  });

  it("shows what an endpoint looks like, and where a path belongs", () => {
    const { message } = refusal({ ...whole, endpoint: "https://s3.example.org/path" });
    expect(message).toContain("such as https://s3.example.org");
    expect(message).toContain("belongs into prefix");
    expect(() => S3Pool.destination({ endpoint: "s3.example.org" })).toThrow("such as https://");
  });

  it("closes the prefix with a slash, and takes what is left for keys", () => {
    const room = (prefix?: string) => new S3Pool({ ...whole, prefix }).supports.maxKeyBytes;
    expect(new S3Pool({ ...whole, prefix: "a/b" }).toConfig().prefix).toBe("a/b/");
    expect(new S3Pool({ ...whole, prefix: "a/b/" }).toConfig().prefix).toBe("a/b/");
    expect([room(), room(""), room("ab"), room("é"), room("p".repeat(255))]).toEqual([
      341, 341, 340, 340, 256,
    ]);
  });

  it("is captured without what only this process has, with secrets as Secret", () => {
    const client = new S3Client({ region: "us-east-1" });
    const pool = new S3Pool({
      ...whole,
      secretAccessKey: new Secret("wJalrXUtnFEMI-1", "MY_SECRET"),
      nickname: "s3",
      endpoint: "https://s3.example.org:9000",
      maxConnections: 8,
      client,
      ambientCredentials: true,
    });
    const document = pool.toConfig();
    expect(Object.keys(document).sort()).toEqual([
      "access_key_id",
      "bucket_name",
      "class_token",
      "endpoint",
      "max_connections",
      "nickname",
      "package",
      "ready_client",
      "region_name",
      "secret_access_key",
    ]);
    expect(JSON.stringify(document)).not.toMatch(/AKIDEXAMPLE|wJalr/);
    expect((document.secret_access_key as Secret).name).toBe("MY_SECRET");
    expect((document.access_key_id as Secret).reveal()).toBe("AKIDEXAMPLE-1");
  });

  it("of a ready client is captured as such, and made again only with one", () => {
    const client = new S3Client({ region: "us-east-1", endpoint: "https://s3.example.org" });
    const pool = new S3Pool({ bucketName: "my-bucket", regionName: "us-east-1", client });
    expect(pool.toConfig()).toEqual({
      class_token: "S3Pool",
      package: "@laila/pool-s3",
      bucket_name: "my-bucket",
      region_name: "us-east-1",
      ready_client: true,
    });
    const captured = { bucketName: "my-bucket", regionName: "us-east-1", readyClient: true };
    const told = refusal(captured);
    expect(told).toMatchObject({ code: "INVALID_CONFIG", details: { fields: ["client"] } });
    expect(told.message).toContain("overrides: { <pool>: { client } }");
    expect(new S3Pool({ ...captured, client } as S3PoolConfig).toConfig()).toEqual(pool.toConfig());
    expect(S3Pool.destination({ ...captured, endpoint: "https://a.example" })).toBeNull();
    expect(S3Pool.destination({ client })).toBeNull();
  });

  it("tells where credentials go", () => {
    expect(S3Pool.destination(whole)).toBeUndefined();
    expect(S3Pool.destination({ endpoint: "HTTPS://S3.Example.org:443/" })).toBe(
      "https://s3.example.org",
    );
    expect(S3Pool.destination({ endpoint: "http://127.0.0.1:9000" })).toBe("http://127.0.0.1:9000");
    expect(() => S3Pool.destination({ endpoint: "https://a@b/" })).toThrow(
      expect.objectContaining({ code: "INVALID_CONFIG" }),
    );
  });

  it("without keys and without the machine's own is refused before any request", () => {
    const { accessKeyId, secretAccessKey, ...rest } = whole;
    new S3Pool(rest);
    expect(refusal({ ...rest, ambientCredentials: false })).toMatchObject({
      code: "MISSING_SECRET",
      details: { bucket: "my-bucket", fields: ["accessKeyId", "secretAccessKey"] },
    });
    new S3Pool({ ...whole, ambientCredentials: false });
  });
});
