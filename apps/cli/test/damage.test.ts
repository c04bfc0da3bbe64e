import { randomBytes } from "node:crypto";
import { readFile, writeFile } from "node:fs/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Folder } from "./support/folder.js";
import { makeProject } from "./support/project.js";

let folder: Folder;

beforeAll(async () => {
  folder = await makeProject();
});
afterAll(() => folder.close());

const manifest = (...words: string[]) => folder.laila("manifest", ...words, "--pool", "local");

test("a manifest that loses a leaf is found out, and repaired from a copy", async () => {
  expect((await folder.laila("pool", "cp", "local", "archive")).code).toBe(0);
  expect((await folder.laila("pool", "rm", "weights", "--pool", "local")).code).toBe(0);
  const verified = await manifest("verify", "experiment");
  expect(verified.code).toBe(1);
  expect(verified.out).toContain("missing layers[0]");
  expect(verified.err).toContain("Next: laila manifest repair experiment --from POOL");
  expect((await manifest("tree", "experiment")).out).toContain("[0]  MISSING");
  expect((await manifest("repair", "experiment")).code).toBe(2);
  expect((await manifest("repair", "experiment", "--from", "archive", "--dry-run")).code).toBe(0);
  expect((await manifest("verify", "experiment")).code).toBe(1);
  const repaired = await manifest("repair", "experiment", "--from", "archive", "--json");
  expect(JSON.parse(repaired.out)).toMatchObject({ ok: true, counts: { repaired: 1, whole: 3 } });
  expect((await manifest("verify", "experiment")).code).toBe(0);
});

test("a damaged value fails pool verify, and is named", async () => {
  const key = (await folder.laila("pool", "put", "notes.json", "-n", "spoilt")).out.trim();
  const { accessKeyId, secretAccessKey, endpoint, region } = folder.server;
  const options = {
    bucketName: "things",
    accessKeyId,
    secretAccessKey,
    endpoint,
    regionName: region,
  };
  const spoilt = await folder.node(`
    import { S3Pool } from "@laila/pool-s3";
    const pool = new S3Pool(${JSON.stringify(options)});
    const { bytes } = await pool.read("${key}");
    await pool.write("${key}", bytes.map((byte, i) => (i === 80 ? byte ^ 1 : byte)));
    await pool.close();
  `);
  expect(spoilt).toMatchObject({ code: 0 });
  const { code, out, err } = await folder.laila("pool", "verify", "--json");
  expect({ code, err }).toEqual({ code: 1, err: "" });
  expect(JSON.parse(out)).toMatchObject({
    ok: false,
    damaged: 1,
    problems: [{ key, code: "CORRUPT" }],
  });
  const got = await folder.laila("pool", "get", "spoilt");
  expect(got).toMatchObject({ code: 1, out: "" });
  expect((await folder.laila("pool", "get", "spoilt", "--raw")).code).toBe(0);
});

test("gc keeps what has a nickname and what is young, and deletes nothing unless told", async () => {
  const before = (await folder.laila("pool", "ls")).out;
  const { code, out } = await folder.laila("manifest", "gc", "--json");
  expect(code).toBe(0);
  expect(JSON.parse(out)).toMatchObject({ dryRun: true, counts: { garbage: 0, deleted: 0 } });
  expect((await folder.laila("manifest", "gc", "--delete", "--named")).code).toBe(0);
  expect((await folder.laila("pool", "ls")).out).toBe(before);
  const risky = await folder.laila("manifest", "gc", "--older-than", "1");
  expect(risky).toMatchObject({ code: 2, out: "" });
});

test("values come back as they were: arrays for NumPy, bytes, text from another command", async () => {
  const read = (name: string): Promise<Buffer> => readFile(folder.file(name));
  expect(
    (await folder.laila("pool", "get", "weights", "--pool", "local", "-o", "w.npy")).code,
  ).toBe(0);
  expect((await read("w.npy")).subarray(1, 6).toString()).toBe("NUMPY");
  await folder.shell("laila pool put w.npy -n again && laila pool get again > again.npy");
  expect(await read("again.npy")).toEqual(await read("w.npy"));
  const random = randomBytes(100_000);
  await writeFile(folder.file("random.bin"), random);
  await folder.shell("laila pool put random.bin -n r && laila pool get r > r.bin");
  expect(await read("r.bin")).toEqual(random);
  await folder.shell("echo hello | laila pool put - -n said --as text");
  expect((await folder.laila("pool", "get", "said")).out).toBe('"hello"\n');
  expect((await folder.laila("pool", "put", "random.bin", "--as", "json")).code).toBe(2);
});

test("an early end of a pipe is no failure", async () => {
  const { code, out } = await folder.shell("set -o pipefail; laila pool ls -l | head -n 1");
  expect(code, out).toBe(0);
});
