import { isLailaError, type LailaError } from "@laila/pool";
import { OpenDALPool } from "@laila/pool-opendal";
import { type S3Server, startS3Server } from "@laila-tooling/s3-server";
import { afterAll, afterEach, beforeAll, expect, it, vi } from "vitest";
import { apart, bucket } from "./server.js";

let server: S3Server;
beforeAll(async () => {
  server = await startS3Server({ buckets: [bucket] });
});
afterAll(() => server.close());
afterEach(() => {
  server.fault(undefined);
  vi.unstubAllEnvs();
});

const value = Uint8Array.of(1, 2, 3);

async function rejection(work: Promise<unknown>): Promise<LailaError> {
  const error = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!isLailaError(error)) throw new Error(`expected a LailaError, got ${String(error)}`);
  return error;
}

it("has the names of pool-s3 and Python LAILA in the bucket, and lists no others", async () => {
  const pool = new OpenDALPool(apart(server, { root: "/named/" }));
  const id = "LAILA:ENTRY:GLOBAL_ID:6c8dcd4c-d490-58bc-81a7-6afbe8d17594-0";
  for (const key of [id, ".a/b (c)", "a".repeat(300)]) await pool.write(key, value);
  const names = [encodeURIComponent(id), "%2Ea%2Fb%20%28c%29", "a".repeat(300)];
  for (const name of names) {
    expect(
      Buffer.of(...value).equals((await server.readObject(bucket, `named/${name}`)) ?? Buffer.of()),
    ).toBe(true);
  }
  const other = new OpenDALPool(apart(server, { root: "/named/below/" }));
  await other.write("foreign", value);
  const keys: string[] = [];
  for await (const key of pool.keys()) keys.push(key);
  expect(keys.sort()).toEqual([".a/b (c)", id, "a".repeat(300)]);
  await pool.close();
  await other.close();
});

it("says NO_SUCH_STORE of a bucket that is not there, also to a delete", async () => {
  const config = apart(server, { bucket: "no-such-bucket" });
  for (const call of [
    (pool: OpenDALPool) => pool.open(),
    (pool: OpenDALPool) => pool.read("a"),
    (pool: OpenDALPool) => pool.exists("a"),
    (pool: OpenDALPool) => pool.delete("a"),
    (pool: OpenDALPool) => pool.write("a", value),
  ]) {
    expect((await rejection(call(new OpenDALPool(config)))).code).toBe("NO_SUCH_STORE");
  }
});

it.each([
  [{ status: 503, code: "SlowDown" }, "UNAVAILABLE"],
  [{ status: 403, code: "AccessDenied" }, "ACCESS_DENIED"],
  [{ status: 400, code: "ExpiredToken" }, "CREDENTIALS_EXPIRED"],
  [{ status: 403, code: "RequestTimeTooSkewed" }, "CLOCK_SKEW"],
  [{ status: 400, code: "EntityTooLarge" }, "TOO_LARGE"],
  ["reset", "UNAVAILABLE"],
] as const)("%j is %s, and tells no address", async (fault, code) => {
  const pool = new OpenDALPool(apart(server));
  await pool.open();
  server.fault(({ operation }) => (operation === "PutObject" ? fault : undefined));
  const error = await rejection(pool.write("a", value));
  expect(error.code).toBe(code);
  expect(JSON.stringify(error)).not.toContain(server.endpoint);
  expect(error.cause).toBeUndefined();
  await pool.close();
});

it("says CONFLICT when a server answers a lost race with 409", async () => {
  const pool = new OpenDALPool(apart(server));
  await pool.write("first", value, { condition: { ifAbsent: true } });
  server.fault(({ operation }) =>
    operation === "PutObject" ? { status: 409, code: "ConditionalRequestConflict" } : undefined,
  );
  const write = pool.write("a", value, { condition: { ifAbsent: true } });
  expect(await rejection(write)).toMatchObject({ code: "CONFLICT", details: { outcome: "lost" } });
  await pool.close();
});

it("takes no wildcard for a version", async () => {
  const pool = new OpenDALPool(apart(server));
  const version = await pool.write("a", value);
  for (const ifVersion of ["*", `${version}, "x"`, "a\nb"]) {
    const write = pool.write("a", Uint8Array.of(9), { condition: { ifVersion } });
    expect((await rejection(write)).code).toBe("CONFLICT");
  }
  expect((await pool.read("a"))?.bytes).toEqual(value);
  await pool.close();
});

it("gives up on a server that does not answer", async () => {
  const pool = new OpenDALPool({ ...apart(server), requestTimeoutMs: 2_000 });
  await pool.open();
  server.fault(() => ({ delayMs: 60_000 }));
  expect((await rejection(pool.read("a"))).code).toBe("TIMEOUT");
  await pool.close();
});

it("leaves the machine's own credentials alone where these are forbidden", async () => {
  vi.stubEnv("AWS_ACCESS_KEY_ID", server.accessKeyId);
  vi.stubEnv("AWS_SECRET_ACCESS_KEY", server.secretAccessKey);
  const { secretOptions, ...config } = apart(server);
  const forbidden = new OpenDALPool({ ...config, ambientCredentials: false });
  expect((await rejection(forbidden.read("a"))).code).toBe("ACCESS_DENIED");
  const allowed = new OpenDALPool(config);
  expect(await allowed.read("a")).toBeUndefined();
  await allowed.close();
});
