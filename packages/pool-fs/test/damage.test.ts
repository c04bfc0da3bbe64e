import {
  copyFile,
  mkdir,
  readFile,
  rename,
  rm,
  symlink,
  truncate,
  writeFile,
} from "node:fs/promises";
import { dirname, join } from "node:path";
import { expect, it } from "vitest";
import { placeOf } from "../src/names.js";
import { bytes, listed, newDirectory, poolAt, rejection, text, tree } from "./rooms.js";

const long = (end: string): string => `${"long ".repeat(60)}${end}`;

function fileOf(directory: string, key: string): string {
  const { fan, name } = placeOf(key);
  return join(directory, "values", fan, name);
}

it("keeps the value as it is in the file, with the key behind it", async () => {
  const directory = await newDirectory();
  const pool = poolAt(directory);
  await pool.write("Ключ", bytes('{"a":1}'));
  const file = await readFile(fileOf(directory, "Ключ"));
  expect(file.toString("latin1").startsWith('{"a":1}')).toBe(true);
  expect(file.subarray(7, 15).toString()).toBe("Ключ");
  expect(file.byteLength).toBe(7 + 8 + 40);
  expect(file.subarray(-8).toString("latin1")).toBe("LAILAFS\x01");
});

it("says CORRUPT of every changed byte behind the value, and of a file that was cut or grew", async () => {
  const directory = await newDirectory();
  const pool = poolAt(directory);
  const version = (await pool.write("key", bytes("value"))) ?? "";
  const path = fileOf(directory, "key");
  const whole = await readFile(path);
  const damaged: Uint8Array[] = [
    ...Array.from({ length: whole.length }, (_, length) => whole.subarray(0, length)),
    Buffer.concat([whole, whole.subarray(-1)]),
    Buffer.concat([whole, whole]),
    Buffer.alloc(whole.length),
  ];
  for (let at = 5; at < whole.length; at++) {
    const flipped = Buffer.from(whole);
    flipped.writeUInt8(whole.readUInt8(at) ^ 0x10, at);
    damaged.push(flipped);
  }
  const huge = Buffer.from(whole);
  huge.writeUInt32LE(0xffff_ffff, whole.length - 16);
  damaged.push(huge);
  for (const content of damaged) {
    await writeFile(path, content);
    const error = await rejection(pool.read("key"));
    expect(error.code).toBe("CORRUPT");
    expect(error.message).toContain(path);
    const condition = { ifVersion: version };
    expect((await rejection(pool.write("key", bytes("x"), { condition }))).code).toBe("CORRUPT");
  }
  expect(await pool.exists("key")).toBe(true);
  await pool.write("key", bytes("healed"));
  expect(text(await pool.read("key"))).toBe("healed");
});

it("says CORRUPT of a value under another key's name", async () => {
  const directory = await newDirectory();
  const pool = poolAt(directory);
  await pool.write("one", bytes("1"));
  await pool.write("two", bytes("2"));
  await copyFile(fileOf(directory, "one"), fileOf(directory, "two"));
  expect((await rejection(pool.read("two"))).message).toContain('"one"');
  await pool.delete("two");
  expect(await pool.exists("two")).toBe(false);
});

it("lists what is whole before it says that a long key's file is damaged", async () => {
  const directory = await newDirectory();
  const pool = poolAt(directory);
  const keys = Array.from({ length: 40 }, (_, i) =>
    i % 2 ? `short ${i}` : long(String(i)),
  ).sort();
  for (const key of keys) await pool.write(key, bytes(key));
  expect(await listed(pool)).toEqual(keys);
  expect(await listed(pool, "long ")).toHaveLength(20);
  expect(await listed(pool, long("3"))).toEqual([
    long("30"),
    long("32"),
    long("34"),
    long("36"),
    long("38"),
  ]);
  await truncate(fileOf(directory, long("8")), 5);
  const seen: string[] = [];
  const list = async (prefix?: string): Promise<void> => {
    seen.length = 0;
    for await (const key of pool.keys({ prefix })) seen.push(key);
  };
  expect((await rejection(list())).code).toBe("CORRUPT");
  expect(seen.sort()).toEqual(keys.filter((key) => key !== long("8")));
  await list("short");
  expect(seen, "a listing that the damage has no part in").toHaveLength(20);
  await pool.delete(long("8"));
  await list();
  expect(seen).toHaveLength(39);
});

it("leaves foreign files alone, wherever they lie", async () => {
  const directory = await newDirectory();
  const { fan } = placeOf("key");
  const foreign = [
    ...["README.md", "values/README.md", "values/ff", `values/${fan}/README.md`, "values/zz/key"],
    ...[`values/${fan}/KEY`, `values/${fan}/${"x".repeat(120)}~${"0".repeat(64)}`, "temporary/a.1"],
    ...[`values/${fan}/%6Bey`, "locks/mine", "writers/mine", "temporary/x/y.1"],
  ];
  for (const path of foreign) {
    await mkdir(dirname(join(directory, path)), { recursive: true });
    await writeFile(join(directory, path), "foreign");
  }
  await mkdir(join(directory, "values", fan, "folder"));
  const pool = poolAt(directory);
  await pool.write("key", bytes("mine"));
  expect(await listed(pool)).toEqual(["key"]);
  await pool.delete("key");
  await pool.close();
  const left = await tree(directory);
  expect(left.filter((path) => path !== "laila-pool-fs.json")).toEqual([...foreign].sort());
  for (const path of foreign) expect(await readFile(join(directory, path), "utf8")).toBe("foreign");
});

it("follows no link, and replaces no directory, that lies in a value's place", async () => {
  const directory = await newDirectory();
  const pool = poolAt(directory);
  await pool.write("linked", bytes("mine"));
  const path = fileOf(directory, "linked");
  const outside = join(directory, "outside");
  await rename(path, outside);
  await symlink(outside, path);
  expect((await rejection(pool.read("linked"))).code).toBe("CORRUPT");
  expect((await rejection(pool.exists("linked"))).code).toBe("CORRUPT");
  expect(await listed(pool)).toEqual([]);
  await pool.write("linked", bytes("new"));
  expect(text(await pool.read("linked"))).toBe("new");
  expect((await readFile(outside)).subarray(0, 4).toString()).toBe("mine");

  await rm(path);
  await mkdir(join(path, "inside"), { recursive: true });
  for (const call of [
    () => pool.read("linked"),
    () => pool.exists("linked"),
    () => pool.write("linked", bytes("x")),
  ]) {
    expect((await rejection(call())).code).toBe("CORRUPT");
  }
  expect(await listed(pool)).toEqual([]);
  await pool.write("another", bytes("x"));
});
