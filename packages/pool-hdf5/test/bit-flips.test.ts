import { readFile, stat, utimes, writeFile } from "node:fs/promises";
import { describe, expect, it, vi } from "vitest";
import { readIndex, stretchesOf } from "../src/snapshot-index.js";
import { decodeSums } from "../src/sums.js";
import { randomOf } from "./random.js";
import { npy, record } from "./records.js";
import {
  bytes,
  companions,
  crashImage,
  newDirectory,
  newFile,
  poolAt,
  rejection,
} from "./rooms.js";
import { thorough } from "./thorough.js";

vi.mock("../src/worker-client.js", () => import("./inline-worker.js"));

const model = new Map<string, Uint8Array>([
  ["json", bytes('{"laila_record":1,"entry":{"payload":[1,2,3]}}')],
  ["bytes", bytes("some bytes that are nothing else ".repeat(9))],
  ["array", record("npy", npy("<f4", [50], new Uint8Array(200).fill(9)))],
  [
    "fortran",
    record(
      "npy",
      npy(
        "<i2",
        [4, 5],
        new Uint8Array(40).map((_, i) => i),
      ),
    ),
  ],
  ["binary", record("bytes", new Uint8Array(100).fill(7))],
  ["empty", new Uint8Array(0)],
  ...Array.from({ length: 12 }, (_, i) => [`small ${i}`, bytes(`value ${i}`)] as const),
]);

async function closedPool(): Promise<string> {
  const file = await newFile();
  const pool = poolAt(file);
  for (const [key, value] of model) await pool.write(key, value);
  await pool.close();
  return file;
}

/** As a disk does it: nobody wrote to the file. */
async function rot(path: string, whole: Buffer, at: number, bit: number): Promise<void> {
  const { mtimeMs } = await stat(path);
  const damaged = Buffer.from(whole);
  damaged[at] = (damaged[at] ?? 0) ^ (1 << bit);
  await writeFile(path, damaged);
  await keepTime(path, mtimeMs);
}

/** To the millisecond; a time in between survives every rounding. */
async function keepTime(path: string, mtimeMs: number): Promise<void> {
  const seconds = (Math.floor(mtimeMs) + 0.5) / 1000;
  await utimes(path, seconds, seconds);
}

/** The keys that read as CORRUPT; every other one has to be whole. */
async function corrupt(file: string, where: string): Promise<string[]> {
  const pool = poolAt(file, { readOnly: true });
  const hit: string[] = [];
  for (const [key, value] of model) {
    try {
      const found = await pool.read(key);
      expect(Buffer.from(found?.bytes ?? []).equals(value), `${where}: ${key}`).toBe(true);
    } catch (error) {
      expect(error, `${where}: ${key}`).toMatchObject({ code: "CORRUPT" });
      hit.push(key);
    }
  }
  await pool.close();
  return hit;
}

/** For each byte of the file the key whose value it belongs to. */
async function owners(file: string): Promise<(key: number) => string | undefined> {
  const sums = decodeSums(await readFile(`${file}.sum`));
  if (!sums) throw new Error("no sums");
  const parts = [...readIndex(sums.index)].flatMap(([key, entry]) =>
    (stretchesOf(entry) ?? []).map((stretch) => ({ key, ...stretch })),
  );
  return (at) => parts.find(({ offset, length }) => at >= offset && at < offset + length)?.key;
}

describe("a bit that flips in the HDF5 file", () => {
  it("hits the value that it is in and no other, wherever it is; verify() reports it", async () => {
    const file = await closedPool();
    const whole = await readFile(file);
    const owner = await owners(file);
    const random = randomOf(5);
    let structures = 0;
    for (let at = 0; at < whole.length; at += 1 + random(thorough ? 8 : 200)) {
      const key = owner(at);
      const bit = random(8);
      await rot(file, whole, at, bit);
      const where = `bit ${bit} of byte ${at}`;
      expect(await corrupt(file, where), where).toEqual(key ? [key] : []);
      if (!key) structures++;
    }
    expect(structures, "bytes of the library's own").toBeGreaterThan(50);
    for (let i = 0; i < (thorough ? 300 : 12); i++) {
      const at = random(whole.length);
      await rot(file, whole, at, random(8));
      const pool = poolAt(file, { readOnly: true });
      const { entries, damage } = await pool.verify();
      const key = owner(at);
      expect(entries).toBe(model.size);
      expect(damage).toContainEqual({ file, start: 0, end: whole.length });
      if (key) expect(damage).toContainEqual({ file, key });
      await pool.close();
    }
  }, 3_600_000);

  it("is repaired: what is whole stays, what is damaged goes, the file as it was is kept", async () => {
    const random = randomOf(6);
    const original = await closedPool();
    const whole = await readFile(original);
    const owner = await owners(original);
    const places = Array.from({ length: thorough ? 100 : 6 }, () => random(whole.length));
    // Among them surely one in a value and one in the superblock.
    const inArray = whole.indexOf(Buffer.alloc(100, 9));
    for (const at of [inArray, 9, ...places]) {
      const file = await crashImage(original);
      const { mtimeMs } = await stat(original);
      await keepTime(file, mtimeMs);
      await rot(file, whole, at, random(8));
      const damagedFile = await readFile(file);
      const pool = poolAt(file);
      const key = owner(at);
      const { kept, removed, aside } = await pool.repair();
      expect(removed).toEqual(key ? [key] : []);
      expect(kept).toBe(model.size - removed.length);
      expect(aside).toHaveLength(1);
      expect(await readFile(aside[0] ?? "")).toEqual(damagedFile);
      expect(pool.damage).toEqual([]);
      expect((await pool.verify()).damage).toEqual([]);
      await pool.close();
      const again = poolAt(file);
      for (const [each, value] of model) {
        const found = await again.read(each);
        if (each === key) expect(found).toBeUndefined();
        else expect(Buffer.from(found?.bytes ?? []).equals(value), each).toBe(true);
      }
      expect(await again.repair()).toEqual({ kept, removed: [], aside: [] });
      await again.close();
    }
  }, 3_600_000);

  it("is not carried into the next file by a checkpoint that only adds", async () => {
    const file = await closedPool();
    const whole = await readFile(file);
    await rot(file, whole, 9, 1);
    const pool = poolAt(file);
    await pool.write("added", bytes("new"));
    await pool.close();
    expect(await companions(file)).toContain(".damaged-snapshot-2");
    const again = poolAt(file);
    expect((await again.verify()).damage).toEqual([]);
    expect(await corrupt(file, "after it")).toEqual([]);
  });

  it("never gives a wrong value in a file without its sums, or with others' times", async () => {
    const original = await closedPool();
    const whole = await readFile(original);
    const random = randomOf(7);
    const directory = await newDirectory();
    for (let i = 0; i < (thorough ? 3000 : 60); i++) {
      const file = `${directory}/${i}.h5`;
      const at = random(whole.length);
      const damaged = Buffer.from(whole);
      damaged[at] = (damaged[at] ?? 0) ^ (1 << random(8));
      await writeFile(file, damaged);
      if (i % 2) await writeFile(`${file}.sum`, await readFile(`${original}.sum`));
      const pool = poolAt(file, { readOnly: true });
      const opened = await pool.open().catch((error: unknown) => error);
      if (opened === undefined) await corrupt(file, `${i}`);
      else {
        expect(i % 2, "with sums, the pool opens").toBe(0);
        expect((await rejection(pool.open())).code).toMatch(
          /^(CORRUPT|INVALID_CONFIG|UNSUPPORTED_VERSION)$/,
        );
      }
      await pool.close();
    }
  }, 3_600_000);

  it("in the sums is found, and harms nothing", async () => {
    const file = await closedPool();
    const sums = await readFile(`${file}.sum`);
    const random = randomOf(8);
    for (let i = 0; i < 10; i++) {
      const damaged = Buffer.from(sums);
      const at = random(sums.length);
      damaged[at] = (damaged[at] ?? 0) ^ (1 << random(8));
      await writeFile(`${file}.sum`, damaged);
      expect(await corrupt(file, `byte ${at} of the sums`)).toEqual([]);
    }
    const pool = poolAt(file);
    expect((await pool.verify()).damage).toEqual([{ file: `${file}.sum` }]);
    expect((await pool.repair()).removed).toEqual([]);
    expect((await pool.verify()).damage).toEqual([]);
  });
});
