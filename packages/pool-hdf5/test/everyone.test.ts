import { beforeAll, describe, expect, it } from "vitest";
import { arranged, dtypes, shapes } from "./elements.js";
import { dumped, findH5dump, findH5py, readersHere } from "./readers.js";
import { npy, record } from "./records.js";
import { bytes, newFile, poolAt } from "./rooms.js";

const found = await findH5py();
const dump = await findH5dump();
const readers = await readersHere();

/** Puts the values into a pool, has them written to the file, and checks that they come back exactly. */
async function stored(values: ReadonlyMap<string, Uint8Array>): Promise<string> {
  const path = await newFile();
  const first = poolAt(path);
  for (const { error } of await first.writeMany(
    [...values].map(([key, value]) => ({ key, bytes: value })),
  ))
    expect(error).toBeUndefined();
  await first.close();
  const second = poolAt(path);
  for (const [key, value] of values) {
    expect(Buffer.from((await second.read(key))?.bytes ?? []).equals(value), key).toBe(true);
  }
  await second.close();
  return path;
}

it(`reads with ${readers.map(({ name }) => name).join(" and ")}; ${dump ?? "h5dump was NOT found"}`, () => {
  // The name of this test says by whom the claims below were tried in this run.
  if (!found) console.warn("h5py was NOT found: the files were read by h5wasm only.");
  if (!dump) console.warn("h5dump was NOT found: there is no test of it in this run.");
  expect(readers.length).toBe(found ? 2 : 1);
});

/** Every dtype in every arrangement, by key, with what a reader has to show. */
const arrays = Object.entries(dtypes).flatMap(([name, dtype]) =>
  shapes.flatMap((shape) =>
    (["C", "F"] as const).flatMap((order) =>
      (["<", ">"] as const)
        .filter((endian) => endian === "<" || dtype.meant !== "bfloat16")
        .map((endian) => {
          const array = arranged(dtype, { shape, order, endian });
          const key = `${name} ${shape.join("x")} ${order} ${endian}`;
          return { name, key, dtype, shape, array };
        }),
    ),
  ),
);

const dumpTypes: Readonly<Record<string, string>> = {
  ...Object.fromEntries(
    [8, 16, 32, 64].flatMap((bits) => [
      [`int${bits}`, `H5T_STD_I${bits}LE`],
      [`uint${bits}`, `H5T_STD_U${bits}LE`],
    ]),
  ),
  ...{ bool: "H5T_STD_U8LE", float16: "H5T_STD_U16LE", bfloat16: "H5T_STD_U16LE" },
  ...{ float32: "H5T_IEEE_F32LE", float64: "H5T_IEEE_F64LE" },
  complex64: 'H5T_COMPOUND { H5T_IEEE_F32LE "r"; H5T_IEEE_F32LE "i"; }',
  complex128: 'H5T_COMPOUND { H5T_IEEE_F64LE "r"; H5T_IEEE_F64LE "i"; }',
};

describe.each(dump ? [dump] : [])("%s", () => {
  it("shows every dtype with its type, shape and values, and JSON as text", async () => {
    const values = new Map(arrays.map(({ key, array }) => [key, record("npy", array.npy)]));
    values.set("json", bytes('{"laila_record":1,"payload":[1,2,3]}'));
    const seen = await dumped(await stored(values));
    for (const { key, name, shape, array } of arrays) {
      const found = seen[encodeURIComponent(key)];
      expect(found?.type, key).toBe(dumpTypes[name]);
      const extents = `( ${shape.join(", ")} )`;
      const space = shape.length === 0 ? "SCALAR" : `SIMPLE { ${extents} / ${extents} }`;
      expect(found?.space, key).toBe(space);
      if (!/^u?int/.test(name)) continue;
      const numbers = found?.data.split(/[,\s]+/).filter(Boolean);
      expect(numbers, key).toEqual(array.values);
    }
    expect(seen.json?.type).toContain("STRSIZE 36");
    expect(seen.json?.data).toContain('"payload":[1,2,3]');
  });
});

describe.each(readers)("$name", ({ datasets }) => {
  let seen: Awaited<ReturnType<typeof datasets>> = {};
  beforeAll(async () => {
    seen = await datasets(
      await stored(new Map(arrays.map(({ key, array }) => [key, record("npy", array.npy)]))),
    );
  });

  it.each(Object.keys(dtypes))(
    "shows %s with its type, shape and values, however it was written",
    (wanted) => {
      const mine = arrays.filter(({ name }) => name === wanted);
      expect(mine.length).toBeGreaterThanOrEqual(14);
      for (const { key, dtype, shape, array } of mine) {
        const found = seen[encodeURIComponent(key)];
        expect(found, key).toMatchObject({ dtype: dtype.shown, shape, hex: array.hex });
        if (found?.values) expect(found.values, key).toEqual(array.values);
        expect(found?.attributes, key).toEqual(
          dtype.meant ? ["dtype", "laila_record"] : ["laila_record"],
        );
      }
    },
  );

  it("shows text arrays as text", async () => {
    const texts = ["Grüße", "", "🌍x", "日本"];
    const cells = (bigEndian: boolean) => {
      const data = Buffer.alloc(4 * 5 * 4);
      for (const [i, text] of texts.entries()) {
        for (const [k, mark] of [...text].entries()) {
          const point = mark.codePointAt(0) ?? 0;
          if (bigEndian) data.writeUInt32BE(point, 4 * (5 * i + k));
          else data.writeUInt32LE(point, 4 * (5 * i + k));
        }
      }
      return data;
    };
    const noText = Buffer.alloc(8);
    noText.writeUInt32LE(0xd800);
    noText.writeUInt32LE(0x110000, 4);
    const seen = await datasets(
      await stored(
        new Map([
          ["little", record("npy", npy("<U5", [2, 2], cells(false)))],
          ["big", record("npy", npy(">U5", [4], cells(true)))],
          ["no text", record("npy", npy("<U2", [1], noText))],
        ]),
      ),
    );
    const utf8 = texts.map((text) => bytes(text));
    const hex = utf8.map((text) => Buffer.concat([text, Buffer.alloc(20)], 20).toString("hex"));
    expect(seen.little).toMatchObject({ dtype: "|S20", shape: [2, 2], hex: hex.join("") });
    expect(seen.big).toMatchObject({ dtype: "|S20", shape: [4], hex: hex.join("") });
    if (seen.little?.values) expect(seen.little.values).toEqual(texts);
    expect(seen["no%20text"]?.dtype).toBe("|u1");
  });

  it("shows JSON records as text, Uint8Arrays as what they are, all else as bytes", async () => {
    const json = '{"laila_record":1,"entry":{"payload":"Grüße 🌍"}}';
    const long = `{"payload":"${"long ".repeat(1_000_000)}"}`;
    const seen = await datasets(
      await stored(
        new Map([
          ["json", bytes(json)],
          ["long json", bytes(long)],
          ["uint8 array", record("bytes", new Uint8Array([1, 2, 255]))],
          ["empty array", record("bytes", new Uint8Array(0))],
          ["nothing", new Uint8Array(0)],
          ["structured", record("structured", new Uint8Array([0x93, 1, 2, 3]))],
        ]),
      ),
    );
    expect(seen.json).toMatchObject({ dtype: `|S${bytes(json).length}`, shape: [] });
    expect(Buffer.from(seen.json?.hex ?? "", "hex").toString()).toBe(json);
    expect(Buffer.from(seen["long%20json"]?.hex ?? "", "hex").toString()).toBe(long);
    expect(seen["uint8%20array"]).toMatchObject({ dtype: "|u1", shape: [3], hex: "0102ff" });
    expect(seen["empty%20array"]).toMatchObject({ dtype: "|u1", shape: [0], hex: "" });
    expect(seen.nothing).toMatchObject({ dtype: "|u1", shape: [0], hex: "" });
    expect(seen.structured?.dtype).toBe("|u1");
  });
});
