import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { inspect } from "node:util";
import {
  createLaila,
  isLailaError,
  type LailaError,
  recoverPolicy,
  saveEnvironment,
} from "@laila/core";
import { HDF5Pool } from "@laila/pool-hdf5";
import { S3Pool } from "@laila/pool-s3";
import { type S3Server, startS3Server } from "@laila-tooling/s3-server";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";

// What a user may get wrong, told as a user would meet it: a code to go by, and a sentence that says
// what happened, to what, and what to do next. Never a secret.

let server: S3Server;
let folder: string;
let laila: ReturnType<typeof createLaila>;

beforeAll(async () => {
  server = await startS3Server({ buckets: ["things"] });
});
afterAll(() => server.close());

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "laila-bad-input-"));
  laila = createLaila({ home: join(folder, "home"), directory: folder });
  await laila.readArgs([
    `AWS_ACCESS_KEY_ID=${server.accessKeyId}`,
    `AWS_SECRET_ACCESS_KEY=${server.secretAccessKey}`,
  ]);
  server.clearRequests();
});
afterEach(async () => {
  await laila.close();
  await rm(folder, { recursive: true, force: true });
});

function s3(config: object = {}): S3Pool {
  return new S3Pool({
    bucketName: "things",
    regionName: server.region,
    accessKeyId: laila.args.AWS_ACCESS_KEY_ID,
    secretAccessKey: laila.args.AWS_SECRET_ACCESS_KEY,
    endpoint: server.endpoint,
    nickname: "s3",
    ...config,
  });
}

/** The error of a call that must fail; it is a LailaError, and shows no secret however it is printed. */
async function failure(call: () => unknown): Promise<LailaError> {
  let error: unknown;
  try {
    await call();
  } catch (caught) {
    error = caught;
  }
  if (!isLailaError(error)) throw new Error("A LailaError was expected.", { cause: error });
  for (const text of [
    error.message,
    error.stack ?? "",
    JSON.stringify(error),
    inspect(error, { depth: 10 }),
  ]) {
    expect(text).not.toContain(server.secretAccessKey);
  }
  return error;
}

test("a bucket that does not exist", async () => {
  laila.memory.extend(s3({ bucketName: "none-such" }), { poolNickname: "s3" });
  const error = await failure(() => laila.memorize(laila.constant(1), { poolNickname: "s3" }));
  expect(error.code).toBe("NO_SUCH_STORE");
  expect(error.message).toContain("none-such");
});

test("a wrong secret", async () => {
  laila.memory.extend(s3({ secretAccessKey: "wrong-wrong-wrong" }), { poolNickname: "s3" });
  const error = await failure(() => laila.memorize(laila.constant(1), { poolNickname: "s3" }));
  expect(error.code).toBe("ACCESS_DENIED");
  expect(inspect(error, { depth: 10 })).not.toContain("wrong-wrong-wrong");
});

test("an endpoint that nobody listens on", async () => {
  const closed = await listen(createServer());
  const { port } = closed.address() as { port: number };
  await new Promise((done) => closed.close(done));
  laila.memory.extend(s3({ endpoint: `http://127.0.0.1:${port}` }), { poolNickname: "s3" });
  const error = await failure(() => laila.memorize(laila.constant(1), { poolNickname: "s3" }));
  expect(error.code).toBe("UNAVAILABLE");
  expect(error.message).toContain(`127.0.0.1:${port}`);
});

test("an endpoint that accepts and never answers does not hang", async () => {
  const silent = await listen(createServer(() => undefined));
  const { port } = silent.address() as { port: number };
  const pool = s3({ endpoint: `http://127.0.0.1:${port}`, requestTimeoutMs: 500 });
  laila.memory.extend(pool, { poolNickname: "s3" });
  const error = await failure(() => laila.memorize(laila.constant(1), { poolNickname: "s3" }));
  expect(["TIMEOUT", "UNAVAILABLE"]).toContain(error.code);
  await laila.close();
  silent.close();
});

test("a nickname that was never saved", async () => {
  const pool = s3();
  const recalled = await failure(() => laila.recallManifest("never", { pool }));
  expect(recalled.code).toBe("NOT_FOUND");
  expect(recalled.message).toContain("never");
  const recovered = await failure(() =>
    recoverPolicy({ name: "never", pool, poolClasses: [S3Pool], args: laila.args }),
  );
  expect(recovered.code).toBe("NOT_FOUND");
  expect(recovered.message).toContain("never");
  await pool.close();
});

test("a manifest whose leaf is gone", async () => {
  laila.memory.extend(s3(), { poolNickname: "s3" });
  const leaf = laila.constant({ a: 1 }, { nickname: "leaf" });
  const manifest = laila.manifest({ leaf }, { nickname: "whole" });
  await manifest.memorize({ poolNickname: "s3" });
  await laila.forget(leaf, { poolNickname: "s3" });
  const found = await laila.recallManifest("whole", { poolNickname: "s3" });
  const error = await failure(() => found.realize({ poolNickname: "s3" }));
  expect(error.code).toBe("NOT_FOUND");
  expect(error.message).toContain(leaf.globalId);
});

test("a record with a flipped byte", async () => {
  laila.memory.extend(s3(), { poolNickname: "s3" });
  const entry = laila.constant({ text: "hello" }, { nickname: "flipped" });
  await laila.memorize(entry, { poolNickname: "s3" });
  const key = encodeURIComponent(entry.globalId);
  const stored = Buffer.from((await server.readObject("things", key)) ?? []);
  const at = stored.indexOf("hello");
  stored.writeUInt8(stored.readUInt8(at) ^ 1, at);
  await server.writeObject("things", key, stored);
  const error = await failure(() => laila.remember(entry, { poolNickname: "s3" }));
  expect(error.code).toBe("CORRUPT");
  expect(error.message).toContain(entry.globalId);
});

test("an environment of an unknown version", async () => {
  const environment = { ...laila.environment, laila_environment: 99 };
  const error = await failure(() =>
    recoverPolicy({ environment, poolClasses: [], args: laila.args, from: laila.memory.alphaPool }),
  );
  expect(error.code).toBe("UNSUPPORTED_VERSION");
  expect(error.message).toContain("99");
});

test("an endpoint that was changed in the bucket: the new host gets no request", async () => {
  const pool = s3();
  laila.memory.extend(pool, { poolNickname: "s3" });
  const { leafId } = await saveEnvironment(laila.environment, { name: "prod", pool });
  const requests: string[] = [];
  const stranger = await listen(
    createServer((socket) => socket.on("data", (bytes) => requests.push(String(bytes)))),
  );
  const { port } = stranger.address() as { port: number };

  // Somebody with access to the bucket writes a document of their own, digest and all.
  const changed = JSON.parse(
    JSON.stringify(laila.environment).replaceAll(server.endpoint, `http://127.0.0.1:${port}`),
  );
  const attacker = createLaila({ home: join(folder, "attacker") });
  attacker.memory.extend(s3({ nickname: "theirs" }), { poolNickname: "s3" });
  await saveEnvironment(changed, {
    name: "prod",
    pool: attacker.memory.poolRouter.route({ poolNickname: "s3" }),
  });
  await attacker.close();

  const error = await failure(() =>
    recoverPolicy({ name: "prod", pool, poolClasses: [S3Pool], args: laila.args }),
  );
  expect(error.code).toBe("UNTRUSTED");
  expect(error.message).toContain(`127.0.0.1:${port}`);
  expect(error.message).toContain("AWS_SECRET_ACCESS_KEY");
  expect(requests).toEqual([]);
  expect(leafId).toMatch(/^LAILA:ENTRY:/);
  stranger.close();
});

test("a pool class that was not given, and a secret that is missing, are told at once", async () => {
  const pool = s3();
  laila.memory.extend(pool, { poolNickname: "s3" });
  laila.memory.extend(new HDF5Pool({ nickname: "local" }, { home: join(folder, "home") }), {
    poolNickname: "local",
  });
  const environment = laila.environment;
  const other = createLaila();
  const error = await failure(() =>
    recoverPolicy({ environment, poolClasses: [S3Pool], args: other.args, from: pool }),
  );
  expect(error.code).toBe("MISSING_PACKAGE");
  expect(error.message).toContain("@laila/pool-hdf5");
  expect(error.message).toContain("AWS_SECRET_ACCESS_KEY");
  await other.close();
});

test("two pools under one nickname", async () => {
  laila.memory.extend(s3(), { poolNickname: "s3" });
  const other = s3({ nickname: "another" });
  const error = await failure(() => laila.memory.extend(other, { poolNickname: "s3" }));
  expect(error.code).toBe("CONFLICT");
  expect(error.message).toContain("replace");
  await other.close();
});

test("secrets.toml missing, or malformed: the line and the column, never its text", async () => {
  const missing = await failure(() => laila.readArgs(join(folder, "secrets.toml")));
  expect(missing.code).toBe("NOT_FOUND");
  expect(missing.message).toContain("secrets.toml");

  await writeFile(
    join(folder, "secrets.toml"),
    `A = "fine"\nAWS_SECRET_ACCESS_KEY = hunter2hunter2\n`,
  );
  const malformed = await failure(() => laila.readArgs(join(folder, "secrets.toml")));
  expect(malformed.code).toBe("INVALID_DOCUMENT");
  expect(malformed.message).toMatch(/secrets\.toml:2:\d+/);
  expect(inspect(malformed, { depth: 10 })).not.toContain("hunter2");
});

test("a mistyped credential name", async () => {
  const error = await failure(() => s3({ accessKeyId: laila.args.AWS_ACCES_KEY_ID }));
  expect(error.code).toBe("MISSING_ARG");
  expect(error.message).toContain("AWS_ACCESS_KEY_ID");
});

function listen(server: Server): Promise<Server> {
  return new Promise((resolve) => server.listen(0, "127.0.0.1", () => resolve(server)));
}
