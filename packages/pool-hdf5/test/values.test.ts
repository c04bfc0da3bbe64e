import { stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { HDF5Pool } from "@laila/pool-hdf5";
import { describe, expect, it } from "vitest";
import { bytes, companions, crashImage, newDirectory, newFile, poolAt, text } from "./rooms.js";

describe("values", () => {
  it("of 64 MiB and of no bytes come back, from the journal and from the file", async () => {
    const file = await newFile();
    const large = new Uint8Array(64 << 20).map((_, i) => i * 31);
    const pool = poolAt(file, { checkpointBytes: 1 << 30 });
    await pool.write("large", large);
    await pool.write("empty", new Uint8Array(0));
    for (const each of [pool, poolAt(await crashImage(file))]) {
      expect(Buffer.from((await each.read("large"))?.bytes ?? []).equals(large)).toBe(true);
      expect((await each.read("empty"))?.bytes).toEqual(new Uint8Array(0));
    }
    await pool.close();
    const again = poolAt(file);
    expect(Buffer.from((await again.read("large"))?.bytes ?? []).equals(large)).toBe(true);
    expect((await again.read("empty"))?.bytes).toEqual(new Uint8Array(0));
    expect((await stat(file)).size).toBeLessThan(large.length * 1.05);
  });

  it("may be ten thousand small ones at once", async () => {
    const file = await newFile();
    const pool = poolAt(file, { checkpointBytes: 256 * 1024 });
    const keys = Array.from({ length: 10_000 }, (_, i) => `key ${i}`);
    await Promise.all(keys.map((key) => pool.write(key, bytes(`value of ${key}`))));
    await pool.close();
    const again = poolAt(file);
    const found = new Map<string, string | undefined>();
    for await (const { key, result } of again.readMany(keys)) found.set(key, text(result));
    for (const key of keys) expect(found.get(key)).toBe(`value of ${key}`);
  });

  it("are read and changed while checkpoints go on", async () => {
    const file = await newFile();
    const pool = poolAt(file, { checkpointBytes: 8 * 1024 });
    const model = new Map<string, string>();
    for (let round = 0; round < 60; round++) {
      const keys = Array.from({ length: 10 }, (_, i) => `key ${(round * 7 + i * 3) % 50}`);
      await Promise.all(
        [...new Set(keys)].map(async (key, i) => {
          const value = `${round} ${"x".repeat(i * 40)}`;
          if (i === 4) {
            model.delete(key);
            await pool.delete(key);
          } else {
            model.set(key, value);
            await pool.write(key, bytes(value));
          }
        }),
      );
      for (const [key, value] of model) expect(text(await pool.read(key))).toBe(value);
    }
    const listed: string[] = [];
    for await (const key of pool.keys()) listed.push(key);
    expect(listed.sort()).toEqual([...model.keys()].sort());
    expect((await stat(file)).size, "a checkpoint was made").toBeGreaterThan(0);
    await pool.close();
    const again = poolAt(file);
    for (const [key, value] of model) expect(text(await again.read(key))).toBe(value);
  });
});

it("never gives a version twice, whatever was closed, killed and deleted in between", async () => {
  const file = await newFile();
  const versions = new Set<string | undefined>();
  let writes = 0;
  const write = async (pool: HDF5Pool): Promise<void> => {
    versions.add(await pool.write("a", bytes("same")));
    writes++;
    await pool.delete("a");
  };
  const first = poolAt(file);
  await write(first);
  await first.close();
  const second = poolAt(file);
  await write(second);
  const killed = poolAt(await crashImage(file));
  await write(killed);
  await killed.close();
  await write(poolAt(killed.filePath));
  expect(versions.size).toBe(writes);
  expect(versions.has(undefined)).toBe(false);
});

it("keeps the version of a value through a checkpoint and a kill", async () => {
  const file = await newFile();
  const pool = poolAt(file);
  const version = await pool.write("a", bytes("1"));
  if (version === undefined) throw new Error("no version");
  const killed = poolAt(await crashImage(file));
  expect((await killed.read("a"))?.version).toBe(version);
  await pool.close();
  const again = poolAt(file);
  expect((await again.read("a"))?.version).toBe(version);
  await again.write("a", bytes("2"), { condition: { ifVersion: version } });
});

describe("the place of the file", () => {
  it("is in LAILA's home unless it is given, for its owner alone", async () => {
    const home = join(await newDirectory(), "home");
    const pool = new HDF5Pool({ nickname: "place" }, { home });
    const uuid = pool.globalId.split(":").at(-1);
    expect(pool.filePath).toBe(join(home, "pools", uuid ?? "", "pool.h5"));
    await pool.write("a", bytes("1"));
    await pool.close();
    expect((await stat(dirname(pool.filePath))).mode & 0o777).toBe(0o700);
    expect(await companions(pool.filePath)).toEqual(["", ".sum"]);
  });

  it("is relative to the project", async () => {
    const directory = await newDirectory();
    const pool = new HDF5Pool({ filePath: "data/pool.h5" }, { directory });
    expect(pool.filePath).toBe(join(directory, "data/pool.h5"));
    expect(pool.toConfig()).toMatchObject({
      class_token: "HDF5Pool",
      package: "@laila/pool-hdf5",
      file_path: "data/pool.h5",
    });
    expect(pool.toConfig()).not.toHaveProperty("force_unlock");
  });
});
