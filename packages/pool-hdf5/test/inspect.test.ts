import { copyFile, mkdir, readFile, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { HDF5Pool } from "@laila/pool-hdf5";
import { describe, expect, it } from "vitest";
import { npy, record } from "./records.js";
import { bytes, newDirectory, newFile, poolAt, rejection } from "./rooms.js";

const everything = fileURLToPath(new URL("__fixtures__/h5py-everything.h5", import.meta.url));

describe("inspect", () => {
  it("lists what is in a pool's file, by key", async () => {
    const path = await newFile();
    const pool = poolAt(path);
    await pool.write("a/b", bytes("1"));
    await pool.write("json", bytes('{"a":1}'));
    await pool.write("half", record("npy", npy("<f2", [2, 3], new Uint8Array(12))));
    await pool.close();
    const found = await HDF5Pool.inspect(path);
    expect(found.laila).toMatchObject({ kind: "pool", format: 1, generation: 1 });
    expect(found.laila?.poolId).toMatch(/^[0-9a-f]{32}$/);
    expect(found.size).toBeGreaterThan(1000);
    const byKey = found.objects.filter(({ key }) => key !== undefined);
    expect(byKey.map(({ key }) => key).sort()).toEqual(["a/b", "half", "json"]);
    expect(byKey.find(({ key }) => key === "half")).toEqual({
      ...{ path: "/half", kind: "dataset", key: "half", dtype: "uint16", shape: [2, 3] },
      ...{ bytes: 12, attributes: ["dtype", "laila_record"] },
    });
    expect(byKey.find(({ key }) => key === "json")).toMatchObject({ dtype: "text[7]", shape: [] });
  });

  it("is there while the pool is open, and changes nothing", async () => {
    const path = await newFile();
    const pool = poolAt(path);
    await pool.write("a", bytes("1"));
    await pool.close();
    const before = await readFile(path);
    const again = poolAt(path);
    await again.write("b", bytes("2"));
    expect((await HDF5Pool.inspect(path)).objects.map(({ path }) => path)).not.toContain("/b");
    expect((await readFile(path)).equals(before)).toBe(true);
  });

  it("lists a file that h5py wrote, with every kind of object, and follows no link out of it", async () => {
    const directory = await newDirectory();
    const path = join(directory, "everything.h5");
    await copyFile(everything, path);
    // Where the file's links point lies something that would be noticed.
    await copyFile(everything, join(directory, "secrets.h5"));
    await copyFile(everything, join(directory, "elsewhere.h5"));
    const { objects, attributes, laila } = await HDF5Pool.inspect(path);
    expect(laila).toBeUndefined();
    expect(attributes).toEqual(["title"]);
    const of = Object.fromEntries(objects.map(({ path, ...rest }) => [path, rest]));
    expect(of["/numbers"]).toEqual({ kind: "group", attributes: [] });
    for (const [name, dtype] of [
      ...["i1", "i2", "i4"].map((name) => [name, `int${8 * Number(name[1])}`]),
      ...["u1", "u8"].map((name) => [name, `uint${8 * Number(name[1])}`]),
      ...["f2", "f4"].map((name) => [name, `float${8 * Number(name[1])}`]),
      ["c8", "complex64"],
      ["c16", "complex128"],
    ]) {
      expect(of[`/numbers/${name}`], name).toMatchObject({ dtype, shape: [2, 3] });
      expect(of[`/numbers/${name}`], name).not.toHaveProperty("bigEndian");
    }
    expect(of["/numbers/u2-big"]).toMatchObject({ dtype: "uint16", bigEndian: true, bytes: 12 });
    expect(of["/numbers/f8-big"]).toMatchObject({ dtype: "float64", bigEndian: true });
    expect(of["/numbers/truth"]).toMatchObject({ dtype: "bool", shape: [2] });
    expect(of["/numbers/scalar"]).toMatchObject({ dtype: "float64", shape: [] });
    expect(of["/numbers/none"]).toMatchObject({ dtype: "float32", shape: null, bytes: 0 });
    expect(of["/numbers/nothing"]).toMatchObject({ shape: [0, 3], bytes: 0 });
    expect(of["/numbers/packed"]).toEqual({
      ...{ kind: "dataset", dtype: "float64", shape: [1000], bytes: 8000, chunks: [100] },
      ...{
        filters: ["shuffle", "deflate", "fletcher32"],
        attributes: ["DIMENSION_LABELS", "unit"],
      },
    });
    expect(of["/texts/free"]).toMatchObject({ dtype: "text" });
    expect(of["/texts/list"]).toMatchObject({ dtype: "text[2]" });
    for (const [name, dtype] of [
      ["compound", "compound"],
      ["enum", "enum"],
      ["opaque", "opaque"],
      ["reference", "reference"],
      ["lists", "list"],
      ["rows", "array"],
      ["virtual", "int32"],
    ])
      expect(of[`/others/${name}`], name).toMatchObject({ kind: "dataset", dtype });
    expect(of["/others/type"]).toMatchObject({ kind: "datatype" });
    expect(of["/others/soft"]).toEqual({ kind: "soft link", target: "/numbers/scalar" });
    expect(of["/others/nowhere"]).toEqual({ kind: "soft link", target: "/not/there" });
    expect(of["/others/outside"]).toEqual({ kind: "external link", target: "secrets.h5:/key" });
    expect(of["/others/circle"]).toMatchObject({ kind: "group" });
    expect(Object.keys(of).some((name) => name.startsWith("/others/circle/"))).toBe(false);
  });

  it("says what is wrong with what is no HDF5 file", async () => {
    const directory = await newDirectory();
    const at = (name: string) => join(directory, name);
    await writeFile(at("text"), "no HDF5 at all");
    await writeFile(at("empty"), "");
    await mkdir(at("directory"));
    await symlink(at("gone"), at("dangling"));
    for (const [name, code] of [
      ["text", "CORRUPT"],
      ["empty", "CORRUPT"],
      ["directory", "INVALID_ARGUMENT"],
      ["gone", "NO_SUCH_STORE"],
      ["dangling", "NO_SUCH_STORE"],
    ]) {
      const error = await rejection(HDF5Pool.inspect(at(name ?? "")));
      expect(error.code, name).toBe(code);
      expect(error.message, name).toContain(at(name ?? ""));
    }
    const aborted = rejection(HDF5Pool.inspect(everything, { signal: AbortSignal.abort() }));
    expect((await aborted).code).toBe("ABORTED");
  });

  it("survives a thousand malformed files in one process, and reads whole ones between them", async () => {
    const path = await newFile();
    const whole = await readFile(everything);
    let state = 12345;
    const random = (below: number): number => {
      state = (Math.imul(state, 1103515245) + 12345) >>> 0;
      return Math.floor((state / 2 ** 32) * below);
    };
    let refused = 0;
    const listed = (await HDF5Pool.inspect(everything)).objects;
    for (let i = 0; i < 1050; i++) {
      const copy = Buffer.from(whole);
      // Structures lie in the first kilobytes and between the data.
      if (i % 3 === 0) for (let k = 0; k < 8; k++) copy[random(copy.length)] = random(256);
      else if (i % 3 === 1) copy.fill(random(2) * 255, random(copy.length), random(copy.length));
      else for (let k = 0; k < 3; k++) copy[random(1024)] = random(256);
      await writeFile(path, i % 10 === 0 ? copy.subarray(0, random(copy.length)) : copy);
      try {
        const { objects } = await HDF5Pool.inspect(path);
        expect(Array.isArray(objects)).toBe(true);
      } catch (error) {
        refused++;
        expect((error as { code?: string }).code).toBe("CORRUPT");
      }
      if (i % 350 === 349) {
        expect((await HDF5Pool.inspect(everything)).objects).toEqual(listed);
      }
    }
    expect(refused).toBeGreaterThan(100);
  });
});
