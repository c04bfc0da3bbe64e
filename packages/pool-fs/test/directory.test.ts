import { chmod, mkdir, readdir, rename, rm, rmdir, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { PoolLike } from "@laila/pool";
import { FilesystemPool } from "@laila/pool-fs";
import { expect, it } from "vitest";
import { Child } from "./children.js";
import { bytes, listed, newDirectory, poolAt, rejection, text, tree } from "./rooms.js";

const globalId = "LAILA:POOL:GLOBAL_ID:6c8dcd4c-d490-58bc-81a7-6afbe8d17594";

const calls: readonly (readonly [string, (pool: PoolLike) => Promise<unknown>])[] = [
  ["read", (pool) => pool.read("key")],
  ["read of a missing key", (pool) => pool.read("missing")],
  ["exists", (pool) => pool.exists("missing")],
  ["write", (pool) => pool.write("new", bytes("x"))],
  ["ifAbsent", (pool) => pool.write("key", bytes("x"), { condition: { ifAbsent: true } })],
  ["ifVersion", (pool) => pool.write("key", bytes("x"), { condition: { ifVersion: "1" } })],
  ["delete", (pool) => pool.delete("key")],
  ["keys", (pool) => listed(pool)],
  ["open", (pool) => pool.open()],
];

it("lies in LAILA's home, or where it was told, relative to the project", async () => {
  const home = await newDirectory();
  const own = new FilesystemPool({}, { globalId, home });
  expect(own.directory).toBe(join(home, "pools", globalId.slice(-36), "files"));
  expect(own.toConfig()).toEqual({ class_token: "FilesystemPool", package: "@laila/pool-fs" });
  const told = new FilesystemPool({ directory: "some/where" }, { globalId, directory: home });
  expect(told.directory).toBe(join(home, "some/where"));
  expect(told.toConfig().directory).toBe("some/where");
  expect(new FilesystemPool({ forceUnlock: true }).toConfig()).not.toHaveProperty("force_unlock");
  expect(await readdir(home), "constructors touch nothing").toEqual([]);
  await own.write("key", bytes("x"));
  await own.close();
  await told.close();
  expect((await stat(own.directory)).mode & 0o777, "for its owner alone").toBe(0o700);
});

it("says NO_SUCH_STORE of a directory that was deleted, and is not made anew", async () => {
  const directory = join(await newDirectory(), "pool");
  const pool = poolAt(directory);
  await pool.write("key", bytes("x"));
  const away = `${directory} (unmounted)`;
  await rename(directory, away);
  for (const remade of [false, true]) {
    if (remade) await mkdir(directory);
    for (const [name, call] of calls) {
      const error = await rejection(call(pool));
      expect([name, error.code]).toEqual([name, "NO_SUCH_STORE"]);
      expect(error.message).toContain(directory);
    }
  }
  await rmdir(directory);
  await rename(away, directory);
  expect(text(await pool.read("key"))).toBe("x");
  await pool.write("key", bytes("y"));
});

it("goes on when somebody has tidied up empty directories", async () => {
  const directory = await newDirectory();
  const pool = poolAt(directory);
  await pool.write("key", bytes("x"));
  await pool.delete("key");
  for (const fan of await readdir(join(directory, "values")))
    await rmdir(join(directory, "values", fan));
  expect(await pool.read("key")).toBeUndefined();
  await pool.delete("key");
  await pool.write("key", bytes("y"));
  expect(await listed(pool)).toEqual(["key"]);
});

it("is whole again after a copy that left out empty directories", async () => {
  const directory = await newDirectory();
  const pool = poolAt(directory);
  await pool.write("key", bytes("x"));
  await pool.close();
  for (const name of ["locks", "temporary", "writers"]) await rmdir(join(directory, name));
  const copy = poolAt(directory);
  await copy.write("key", bytes("y"));
  expect(await listed(copy)).toEqual(["key"]);
  await copy.delete("key");
  await copy.close();
  await rm(join(directory, "values"), { recursive: true });
  const empty = poolAt(directory);
  expect(await listed(empty)).toEqual([]);
  await empty.write("key", bytes("z"));
});

it("refuses what is no directory of its own, or of a later release", async () => {
  const directory = await newDirectory();
  const mark = join(directory, "laila-pool-fs.json");
  await writeFile(mark, "{}");
  expect((await rejection(poolAt(directory).open())).code).toBe("INVALID_CONFIG");
  expect(await tree(directory)).toEqual(["laila-pool-fs.json"]);
  await writeFile(mark, '{"laila_pool_fs":2}\n');
  expect((await rejection(poolAt(directory).read("a"))).code).toBe("UNSUPPORTED_VERSION");
  for (const path of [mark, join(mark, "below")]) {
    expect((await rejection(poolAt(path).open())).code).toBe("INVALID_CONFIG");
  }
  await rm(mark);
  const pool = poolAt(directory);
  await pool.write("a", bytes("x"));
  expect(await listed(poolAt(directory))).toEqual(["a"]);
});

it("can be read without the right to write, and says ACCESS_DENIED of the rest", async () => {
  const directory = await newDirectory();
  const pool = poolAt(directory);
  await pool.write("key", bytes("readable"));
  await pool.close();
  const change = async (mode: number): Promise<void> => {
    const paths = await readdir(directory, { recursive: true, withFileTypes: true });
    for (const entry of paths) {
      if (entry.isDirectory()) await chmod(join(entry.parentPath, entry.name), mode);
    }
    await chmod(directory, mode);
  };
  const look = async (): Promise<unknown> => {
    const child = new Child({ do: "look as another user", directory, key: "key" });
    expect(await child.end()).toEqual({ code: 0, errors: "" });
    return JSON.parse(child.lines[0] ?? "");
  };
  await change(0o555);
  try {
    expect(await look()).toEqual({
      read: "done",
      value: "readable",
      write: "ACCESS_DENIED",
      delete: "ACCESS_DENIED",
      exists: "done",
      keys: "done",
      listed: ["key"],
    });
    await chmod(directory, 0o000);
    expect(await look()).toEqual({
      ...{ read: "ACCESS_DENIED", write: "ACCESS_DENIED", delete: "ACCESS_DENIED" },
      ...{ exists: "ACCESS_DENIED", keys: "ACCESS_DENIED", listed: [] },
    });
  } finally {
    await chmod(directory, 0o755);
    await change(0o755);
  }
});

it("opens no more files at a time than a process may", async () => {
  const directory = await newDirectory();
  const child = new Child(
    { do: "write many at once", directory, keys: 1500 },
    { shell: "ulimit -n 256" },
  );
  expect(await child.end()).toEqual({ code: 0, errors: "" });
  expect(child.lines).toEqual(["done", "done", "done"]);
  expect(await listed(poolAt(directory))).toHaveLength(1500);
});

it("ends a process that does not close it", async () => {
  const directory = await newDirectory();
  const child = new Child({ do: "write and end", directory, key: "key" });
  expect(await child.end()).toEqual({ code: 0, errors: "" });
  const pool = poolAt(directory);
  expect(text(await pool.read("key"))).toBe("kept");
  expect((await tree(directory)).filter((path) => path.startsWith("writers/"))).toEqual([]);
});
