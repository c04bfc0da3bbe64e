import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { OpenDALPool } from "@laila/pool-opendal";
import { afterEach, beforeEach, expect, it } from "vitest";

let directory: string;
let pool: OpenDALPool;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "laila-opendal-"));
  pool = new OpenDALPool({ scheme: "fs", directory: "pool" }, { directory });
});
afterEach(async () => {
  await pool.close();
  await rm(directory, { recursive: true, force: true });
});

const value = Uint8Array.of(1, 2, 3);

async function listed(prefix = ""): Promise<string[]> {
  const keys: string[] = [];
  for await (const key of pool.keys({ prefix })) keys.push(key);
  return keys.sort();
}

it("has an absolute directory, with the values apart from what is being written", async () => {
  expect(pool.directory).toBe(join(directory, "pool"));
  await pool.write("key", value);
  expect(await readdir(join(directory, "pool", "values"))).toEqual(["key"]);
  expect(await readdir(join(directory, "pool", "temporary"))).toEqual([]);
});

it("lists long keys beside short ones by any prefix", async () => {
  // Three bytes each: names of 768 bytes, in four parts.
  const long = "Ä".repeat(128);
  const keys = [
    long,
    `${long.slice(0, 127)}é`,
    long.slice(0, 34),
    long.slice(0, 33),
    "a".repeat(200),
  ];
  for (const key of keys) await pool.write(key, value);
  expect(await listed()).toEqual([...keys].sort());
  for (const length of [1, 33, 34, 66, 67, 100, 127, 128]) {
    const prefix = long.slice(0, length);
    expect(await listed(prefix)).toEqual(keys.filter((key) => key.startsWith(prefix)).sort());
  }
  expect(await listed("B".repeat(200))).toEqual([]);
  for (const key of keys) await pool.delete(key);
  expect(await listed()).toEqual([]);
});

it("never takes a directory that has gone for an empty one", async () => {
  await pool.write("key", value);
  await rm(join(directory, "pool"), { recursive: true });
  await expect(pool.read("key")).rejects.toMatchObject({ code: "NO_SUCH_STORE" });
  await expect(pool.exists("key")).rejects.toMatchObject({ code: "NO_SUCH_STORE" });
  await expect(listed()).rejects.toMatchObject({ code: "NO_SUCH_STORE" });
});
