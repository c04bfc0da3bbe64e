import { once } from "node:events";
import { Readable } from "node:stream";
import { S3Pool, type S3PoolConfig } from "@laila/pool-s3";
import { NodeHttpHandler } from "@smithy/node-http-handler";
import { afterEach, expect, it, vi } from "vitest";
import { rejection } from "./reports.js";

const config: S3PoolConfig = {
  bucketName: "my-bucket",
  regionName: "us-east-1",
  accessKeyId: "AKIDEXAMPLE-1",
  secretAccessKey: "wJalrXUtnFEMI-1",
};
const xml = (code: string, region: string) =>
  `<?xml version="1.0"?><Error><Code>${code}</Code><Message>elsewhere</Message><Region>${region}</Region></Error>`;

type Answer = Awaited<ReturnType<NodeHttpHandler["handle"]>>["response"];

/** AWS's own hosts, which no test can reach: what is sent there is answered here. */
function answering(answer: (host: string) => { status: number; region?: string; body?: string }) {
  const hosts: string[] = [];
  vi.spyOn(NodeHttpHandler.prototype, "handle").mockImplementation(async ({ hostname }) => {
    hosts.push(hostname);
    const { status, region, body = "" } = answer(hostname);
    const headers: Record<string, string> = {
      ...(region === undefined ? {} : { "x-amz-bucket-region": region }),
      "content-length": String(body.length),
      etag: '"e"',
    };
    const response = { statusCode: status, headers, body: Readable.from([Buffer.from(body)]) };
    return { response: response as Answer };
  });
  return hosts;
}
afterEach(() => vi.restoreAllMocks());

const elsewhere = "my-bucket.s3.eu-west-1.amazonaws.com";

it.each([
  [301, "PermanentRedirect"],
  [400, "AuthorizationHeaderMalformed"],
  [400, "IllegalLocationConstraintException"],
])("follows %i %s once, to the host of the region's name, and says so", async (status, code) => {
  const hosts = answering((host) =>
    host === elsewhere
      ? { status: 200, body: "hello" }
      : { status, region: "eu-west-1", body: xml(code, "eu-west-1") },
  );
  const pool = new S3Pool(config);
  const warned = once(process, "warning");
  const found = await Promise.all([pool.read("k"), pool.read("k")]);
  expect(found.map((one) => new TextDecoder().decode(one?.bytes))).toEqual(["hello", "hello"]);
  expect(hosts.filter((host) => host === elsewhere)).toHaveLength(2);
  const [warning] = (await warned) as [Error & { code?: string }];
  expect(warning).toMatchObject({ code: "LAILA_WRONG_REGION" });
  expect(warning.message).toContain("eu-west-1");
  expect(warning.message).toContain("regionName");
  hosts.length = 0;
  await pool.read("k");
  expect(hosts).toEqual([elsewhere]);
  await pool.close();
});

it("follows no second time: WRONG_REGION", async () => {
  const hosts = answering((host) => {
    const region = host === elsewhere ? "ap-south-1" : "eu-west-1";
    return { status: 301, region, body: xml("PermanentRedirect", region) };
  });
  const pool = new S3Pool(config);
  const error = await rejection(pool.read("k"));
  expect(error.code).toBe("WRONG_REGION");
  expect(error.message).toContain("ap-south-1");
  expect(new Set(hosts)).toEqual(new Set(["my-bucket.s3.us-east-1.amazonaws.com", elsewhere]));
  await pool.close();
});

it.each(["evil.example/", "eu-west-1.evil.example", "EU WEST", ""])(
  "never goes where a server says by something that is no region: %j",
  async (region) => {
    const hosts = answering(() => ({
      status: 301,
      region,
      body: xml("PermanentRedirect", region),
    }));
    const pool = new S3Pool(config);
    expect((await rejection(pool.read("k"))).code).toBe("WRONG_REGION");
    expect(new Set(hosts).size).toBe(1);
    await pool.close();
  },
);

it("never follows another server than AWS", async () => {
  const hosts = answering(() => ({
    status: 301,
    region: "eu-west-1",
    body: xml("PermanentRedirect", "eu-west-1"),
  }));
  const pool = new S3Pool({ ...config, endpoint: "https://s3.example.org" });
  const error = await rejection(pool.exists("k"));
  expect(error.code).toBe("WRONG_REGION");
  expect(error.message).toContain("eu-west-1");
  expect(new Set(hosts)).toEqual(new Set(["s3.example.org"]));
  await pool.close();
});
