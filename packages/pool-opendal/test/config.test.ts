import { inspect } from "node:util";
import { isLailaError, type LailaError, Secret } from "@laila/pool";
import { OpenDALPool, type OpenDALPoolConfig } from "@laila/pool-opendal";
import { Operator } from "opendal";
import { describe, expect, it } from "vitest";

const s3 = { bucket: "my-bucket", region: "us-east-1" };
const keys = JSON.stringify({
  access_key_id: "AKID12345678",
  secret_access_key: "hunter22hunter22",
});

function refusal(config: OpenDALPoolConfig): LailaError {
  try {
    new OpenDALPool(config);
  } catch (error) {
    if (isLailaError(error)) return error;
    throw error;
  }
  throw new Error("it was not refused");
}

describe("options", () => {
  it("have no address besides endpoint, where a document could have credentials sent", () => {
    const options = { bucket: "b", endpoint: "https://oss.example.org" };
    const sts = { sts_endpoint: "sts.example.net" };
    expect(refusal({ scheme: "oss", options: { ...options, ...sts } })).toMatchObject({
      code: "INVALID_CONFIG",
      message: expect.stringContaining("secretOptions"),
    });
    const pool = new OpenDALPool({ scheme: "oss", options, secretOptions: JSON.stringify(sts) });
    expect(pool.supports.persistent).toBe(true);
  });

  it.each([
    "secret_access_key",
    "access_key_id",
    "session_token",
    "password",
    "account_key",
    "sas_token",
    "connection_string",
    "credential",
    "authorization",
    "private_key",
  ])("refuses %s, which may be a secret, without its value", (name) => {
    const error = refusal({ scheme: "s3", options: { ...s3, [name]: "hunter22" } });
    expect(error).toMatchObject({ code: "INVALID_CONFIG" });
    expect(error.message).toContain("secretOptions");
    expect(inspect(error)).not.toContain("hunter22");
  });

  it.each([
    ["a user in a URL", { endpoint: "https://user:hunter22@s3.example.org" }],
    ["a query in a URL", { endpoint: "https://s3.example.org/?sig=hunter22" }],
    ["a path of s3's endpoint", { endpoint: "https://s3.example.org/hunter22" }],
    ["a bucket that makes another host", { bucket: "hunter22.example.org/x" }],
    ["a region that makes another host", { region: "hunter22.example.org/x" }],
    ["a root that leads up", { root: "/a/../hunter22" }],
    ["a root that leaves no room for keys", { root: "hunter22".repeat(100) }],
    ["no conditional writes", { disable_write_with_if_match: "true" }],
    ["a secret", { server_note: "hunter22hunter22" }],
  ])("refuses %s", (_, options) => {
    const error = refusal({ scheme: "s3", options: { ...s3, ...options }, secretOptions: keys });
    expect(error).toMatchObject({ code: "INVALID_CONFIG", details: { fields: ["options"] } });
    expect(inspect(error)).not.toContain("hunter22");
  });

  it("takes none for fs, and a directory for fs alone", () => {
    const options = { root: "/etc" };
    expect(refusal({ scheme: "fs", options, directory: "x" }).code).toBe("INVALID_CONFIG");
    expect(refusal({ scheme: "fs" }).code).toBe("INVALID_CONFIG");
    expect(refusal({ scheme: "memory", directory: "x" }).code).toBe("INVALID_CONFIG");
  });

  it("are OpenDAL's to know: it says what is missing", async () => {
    const options = { endpoint: "https://files.example.org", share_name: "share" };
    const pool = new OpenDALPool({ scheme: "azfile", options });
    await expect(pool.open()).rejects.toMatchObject({
      code: "INVALID_CONFIG",
      message: expect.stringContaining("account_name is empty"),
    });
  });
});

describe("secretOptions", () => {
  it.each(["hunter22", '["hunter22"]', '{"a":1,"b":"hunter22"}', '{"A B":"hunter22"}'])(
    "refuses %s without quoting it",
    (secretOptions) => {
      const error = refusal({ scheme: "s3", options: s3, secretOptions });
      expect(error).toMatchObject({ code: "INVALID_CONFIG" });
      expect(inspect(error)).not.toContain("hunter22");
    },
  );

  it("cannot hide where things are sent", () => {
    const secretOptions = JSON.stringify({ endpoint: "https://elsewhere.example.org" });
    expect(refusal({ scheme: "s3", options: s3, secretOptions }).code).toBe("INVALID_CONFIG");
  });

  it("is captured as one secret that keeps its name", () => {
    const secretOptions = new Secret(keys, "S3_KEYS");
    const document = new OpenDALPool({ scheme: "s3", options: s3, secretOptions }).toConfig();
    expect(document).toMatchObject({ scheme: "s3", options: s3 });
    expect(document.secret_options).toMatchObject({ name: "S3_KEYS" });
    expect(JSON.stringify(document)).not.toContain("hunter22");
  });
});

describe("destination", () => {
  it.each([
    [
      { scheme: "s3", options: { ...s3, endpoint: "http://127.0.0.1:9000/" } },
      "http://127.0.0.1:9000",
    ],
    [
      { scheme: "webdav", options: { endpoint: "https://dav.example.org/a" } },
      "https://dav.example.org",
    ],
    [
      { scheme: "mongodb", options: { endpoint: "mongodb://db.example.org:1" } },
      "mongodb://db.example.org:1",
    ],
    [{ scheme: "s3", options: s3 }, undefined],
    [{ scheme: "fs", directory: "x" }, null],
    [{ scheme: "s3", readyOperator: true }, null],
  ])("%j is %s", (config, origin) => {
    expect(OpenDALPool.destination(config)).toBe(origin);
  });
});

describe("services", () => {
  it.each([
    ["sqlite", "@laila/pool-sqlite"],
    ["redis", "cannot list"],
    ["http", "only read"],
    ["webhdfs", "half a value"],
    ["nothing", "no such service"],
    ["constructor", "no such service"],
  ])("%s is refused at once, and it is said why", (scheme, why) => {
    const error = refusal({ scheme });
    expect(error.code).toBe("UNSUPPORTED");
    expect(error.message).toContain(why);
  });

  it("that may look for the machine's own credentials are not used where these are forbidden", () => {
    const config = { scheme: "gcs", options: { bucket: "b" }, ambientCredentials: false };
    expect(refusal(config).code).toBe("UNTRUSTED");
    expect(new OpenDALPool({ scheme: "webdav", ambientCredentials: false }).supports.durable).toBe(
      false,
    );
  });
});

describe("a ready operator", () => {
  it("is used, and its document asks for it", async () => {
    const operator = new Operator("memory");
    const pool = new OpenDALPool({ scheme: "memory", operator });
    await pool.write("kept", Uint8Array.of(7));
    expect(await operator.read("kept")).toEqual(Buffer.of(7));
    expect(pool.toConfig()).toMatchObject({ scheme: "memory", ready_operator: true });
    expect(pool.toConfig()).not.toHaveProperty("operator");
    await pool.close();
    const again = { scheme: "memory", readyOperator: true };
    expect(refusal(again).message).toContain("operator");
  });

  it("has no other options, and is not on fs", () => {
    const operator = new Operator("memory");
    expect(refusal({ scheme: "s3", operator, options: s3 }).code).toBe("INVALID_CONFIG");
    expect(refusal({ scheme: "fs", operator }).code).toBe("UNSUPPORTED");
    expect(refusal({ scheme: "sled", operator }).code).toBe("UNSUPPORTED");
  });

  it("of a server that ignores conditions is found out, and nothing stays of the attempt", async () => {
    const operator = new Operator("memory");
    const write = operator.write.bind(operator);
    operator.write = (path, content) => write(path, content);
    const pool = new OpenDALPool({ scheme: "s3", operator });
    const condition = { ifAbsent: true } as const;
    await expect(pool.write("a", Uint8Array.of(1), { condition })).rejects.toMatchObject({
      code: "UNSUPPORTED",
      message: expect.stringContaining("ignores the conditions"),
    });
    expect(await operator.list("")).toEqual([]);
    await pool.close();
  });
});
