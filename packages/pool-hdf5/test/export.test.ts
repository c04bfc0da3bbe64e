import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { HDF5Pool } from "@laila/pool-hdf5";
import { type Dataset, File, ready } from "h5wasm/node";
import { describe, expect, it } from "vitest";
import { dtypes } from "./elements.js";
import { readersHere } from "./readers.js";
import { npy, record } from "./records.js";
import { bytes, crashImage, newFile, poolAt, rejection } from "./rooms.js";

const readers = await readersHere();

const numbers = (length: number): Uint8Array =>
  new Uint8Array(Float32Array.from({ length }, (_, i) => Math.floor(i / 7)).buffer);

describe("exportSnapshot", () => {
  it.each(readers)("writes what is in the pool at that moment; read by $name", async (reader) => {
    const path = await newFile();
    const target = join(dirname(path), "export.h5");
    const pool = poolAt(path);
    await pool.write("LAILA:ENTRY:1", record("npy", npy("<f4", [30, 40], numbers(1200))));
    await pool.write("gone", bytes("1"));
    await pool.close();
    const again = poolAt(path);
    await again.write("a/b%.json", bytes('{"laila_record":1,"nickname":"mine"}'));
    await again.write(".", record("bytes", new Uint8Array([1, 2])));
    await again.delete("gone");
    const outcome = await again.exportSnapshot(target);
    await again.write("later", bytes("2"));
    expect(outcome).toMatchObject({ values: 3, damaged: [] });
    expect(outcome.size).toBe((await readFile(target)).length);
    const seen = await reader.datasets(target);
    expect(Object.keys(seen).sort()).toEqual(["%2E", "LAILA:ENTRY:1", "a%2Fb%25.json"]);
    expect(seen["LAILA:ENTRY:1"]).toMatchObject({
      ...{ dtype: "<f4", shape: [30, 40], hex: Buffer.from(numbers(1200)).toString("hex") },
    });
    expect(seen["a%2Fb%25.json"]?.attributes).toEqual(["nickname"]);
    expect(seen["%2E"]).toMatchObject({ dtype: "|u1", shape: [2], hex: "0102" });
    expect(await readdir(dirname(path))).not.toContainEqual(expect.stringContaining(".tmp-"));
  });

  it.each(readers)(
    "gives the numbers that stand behind two bytes; read by $name",
    async (reader) => {
      const path = await newFile();
      const pool = poolAt(path);
      for (const name of ["float16", "bfloat16", "bool"] as const) {
        const { code, lane, elements } = dtypes[name] ?? {};
        const data = Buffer.concat([...(elements ?? [])]);
        await pool.write(
          name,
          record("npy", npy(`${lane === 1 ? "|" : "<"}${code}`, [2, 3], data)),
        );
      }
      await pool.exportSnapshot(join(dirname(path), "export.h5"));
      const seen = await reader.datasets(join(dirname(path), "export.h5"));
      const floats = (values: readonly number[]) =>
        Buffer.from(Float32Array.from(values).buffer).toString("hex");
      expect(seen.float16).toMatchObject({
        ...{ dtype: "<f4", shape: [2, 3], attributes: ["dtype", "laila_record"] },
        hex: floats([1, -2, Number.POSITIVE_INFINITY, 2 ** -24, 0.333251953125, 0]),
      });
      expect(seen.bfloat16).toMatchObject({
        ...{ dtype: "<f4", hex: floats([1, -2, Number.POSITIVE_INFINITY, 3.140625, -0, 0.5]) },
      });
      expect(seen.bool).toMatchObject({ dtype: "|u1", hex: "000100010001" });
    },
  );

  it.each(readers)("chunks and compresses, whatever the shape; read by $name", async (reader) => {
    const path = await newFile();
    const pool = poolAt(path);
    const shapes = [[400_000], [700, 600], [2, 3, 100_000], [200_000, 2], [0, 5], []];
    const values = shapes.map((shape) => ({
      key: `a${shape.join("x")}`,
      shape,
      data: numbers(shape.reduce((product, extent) => product * extent, 1)),
    }));
    for (const { key, shape, data } of values) {
      await pool.write(key, record("npy", npy("<f4", shape, data)));
      await pool.write(`${key}-F`, record("npy", npy("<f4", shape, data, true)));
    }
    const [plain, small] = ["plain.h5", "small.h5"].map((name) => join(dirname(path), name)) as [
      string,
      string,
    ];
    const { size } = await pool.exportSnapshot(plain);
    const compressed = await pool.exportSnapshot(small, { compress: true });
    expect(size).toBeGreaterThan(values.reduce((sum, { data }) => sum + 2 * data.length, 0));
    expect(compressed.size).toBeLessThan(size / 5);
    const seen = await reader.datasets(small);
    const same = await reader.datasets(plain);
    for (const { key, shape, data } of values) {
      expect(seen[key], key).toMatchObject({ dtype: "<f4", shape });
      expect(seen[key]?.hex === Buffer.from(data).toString("hex"), key).toBe(true);
      expect(seen[`${key}-F`]?.hex === same[`${key}-F`]?.hex, key).toBe(true);
    }
    const { objects } = await HDF5Pool.inspect(small);
    const cube = objects.find(({ path: at }) => at === "/a2x3x100000");
    expect(cube).toMatchObject({ chunks: [1, 2, 100_000], filters: ["deflate"] });
    expect(objects.find(({ path: at }) => at === "/a0x5")).not.toHaveProperty("chunks");
  });

  it("writes over nothing, and leaves nothing when it fails", async () => {
    const path = await newFile();
    const pool = poolAt(path);
    await pool.write("a", bytes("1"));
    const target = join(dirname(path), "there");
    await writeFile(target, "mine");
    await mkdir(join(dirname(path), "directory"));
    for (const [to, options, code] of [
      [target, {}, "INVALID_ARGUMENT"],
      [path, {}, "INVALID_ARGUMENT"],
      [join(dirname(path), "directory"), {}, "INVALID_ARGUMENT"],
      [join(dirname(path), "no", "such", "directory.h5"), {}, "NO_SUCH_STORE"],
      [join(target, "below a file.h5"), {}, "NO_SUCH_STORE"],
      [join(dirname(path), "new.h5"), { compress: 10 }, "INVALID_ARGUMENT"],
      [join(dirname(path), "new.h5"), { signal: AbortSignal.abort() }, "ABORTED"],
    ] as const) {
      // The pool's own file is there from the first export on.
      expect((await rejection(pool.exportSnapshot(to, options))).code, to).toBe(code);
    }
    expect(await readFile(target, "utf8")).toBe("mine");
    const left = await readdir(dirname(path));
    expect(left.filter((name) => name === "new.h5" || name.includes(".tmp-"))).toEqual([]);
    await pool.close();
    expect((await rejection(pool.exportSnapshot(target))).code).toBe("CLOSED");
  });

  it("is no pool's file, and leaves out what is damaged", async () => {
    const path = await newFile();
    const pool = poolAt(path);
    await pool.write("whole", bytes("1"));
    await pool.write("hurt", bytes("a value that is damaged later"));
    await pool.close();
    const damaged = await readFile(path);
    damaged.write("X", damaged.indexOf("a value that is damaged later"));
    await writeFile(path, damaged);
    const image = await crashImage(path);
    const again = poolAt(image);
    const target = join(dirname(image), "export.h5");
    expect(await again.exportSnapshot(target)).toMatchObject({ values: 1, damaged: ["hurt"] });
    const wrong = await rejection(poolAt(target).open());
    expect(wrong.code).toBe("INVALID_CONFIG");
    expect(wrong.message).toContain("exportSnapshot");
    await ready;
    const file = new File(target, "r");
    expect(file.keys()).toEqual(["whole"]);
    expect((file.get("whole") as Dataset).value).toEqual(new Uint8Array(bytes("1")));
    file.close();
  });

  it("exports the last checkpoint of a pool that another one writes to", async () => {
    const path = await newFile();
    const target = join(dirname(path), "export.h5");
    const writer = poolAt(path);
    await writer.write("a", bytes("1"));
    const reader = poolAt(path, { readOnly: true });
    const early = await rejection(reader.exportSnapshot(target));
    expect(early.code).toBe("UNAVAILABLE");
    await writer.exportSnapshot(`${target}.first`);
    await writer.write("b", bytes("2"));
    expect(await reader.exportSnapshot(target)).toMatchObject({ values: 1 });
    const { objects } = await HDF5Pool.inspect(target);
    expect(objects.map(({ path: at }) => at)).toEqual(["/a"]);
  });

  it("gives an empty pool an empty file", async () => {
    const path = await newFile();
    const pool = poolAt(path);
    const target = join(dirname(path), "export.h5");
    expect(await pool.exportSnapshot(target)).toMatchObject({ values: 0, damaged: [] });
    const { objects, laila } = await HDF5Pool.inspect(target);
    expect(objects).toEqual([]);
    expect(laila?.kind).toBe("export");
  });
});
