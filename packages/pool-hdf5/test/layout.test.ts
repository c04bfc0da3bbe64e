import { Dataset, File, ready } from "h5wasm/node";
import { describe, expect, it } from "vitest";
import { npy, record } from "./records.js";
import { bytes, newFile, poolAt, rejection } from "./rooms.js";

const raw = (array: ArrayBufferView): Uint8Array =>
  new Uint8Array(array.buffer, array.byteOffset, array.byteLength);

const arrays = [
  ["Float32", "<f4", [2, 3], new Float32Array([1.5, -2, 3, 4, 5, 6]), "<f"],
  ["Float64", "<f8", [2], new Float64Array([Math.PI, -0]), "<d"],
  ["Int8", "|i1", [3], new Int8Array([-1, 0, 127]), "<b"],
  ["Uint8", "|u1", [3], new Uint8Array([0, 1, 255]), "<B"],
  ["Int16", "<i2", [2], new Int16Array([-300, 300]), "<h"],
  ["Uint16", "<u2", [2], new Uint16Array([0, 65_535]), "<H"],
  ["Int32", "<i4", [1, 2, 1], new Int32Array([-70_000, 70_000]), "<i"],
  ["Uint32", "<u4", [2], new Uint32Array([0, 2 ** 32 - 1]), "<I"],
  ["BigInt64", "<i8", [2], new BigInt64Array([-(2n ** 63n), 5n]), "<q"],
  ["BigUint64", "<u8", [1], new BigUint64Array([2n ** 64n - 1n]), "<Q"],
  ["empty", "<f4", [0, 4], new Float32Array(0), "<f"],
] as const;

async function stored(values: ReadonlyMap<string, Uint8Array>): Promise<File> {
  const path = await newFile();
  const pool = poolAt(path);
  for (const [key, value] of values) await pool.write(key, value);
  await pool.close();
  const again = poolAt(path);
  for (const [key, value] of values) {
    const found = await again.read(key);
    expect(Buffer.from(found?.bytes ?? []).equals(value), `${key} byte for byte`).toBe(true);
  }
  await again.close();
  await ready;
  return new File(path, "r");
}

function dataset(file: File, name: string): Dataset {
  const found = file.get(name);
  if (!(found instanceof Dataset)) throw new Error(`${name} is no dataset`);
  return found;
}

describe("the HDF5 file", () => {
  it("shows arrays as arrays, with their types and shapes", async () => {
    const values = arrays.map(([name, descr, shape, data]) => {
      return [name, record("npy", npy(descr, shape, raw(data)))] as const;
    });
    const file = await stored(new Map(values));
    for (const [name, , shape, data, dtype] of arrays) {
      const found = dataset(file, name);
      expect(found.dtype, name).toBe(dtype);
      expect(found.shape, name).toEqual(shape);
      expect(found.value, name).toEqual(data);
    }
    file.close();
  });

  it("shows an array of no dimensions, of truth values, of half floats and of complex numbers", async () => {
    const file = await stored(
      new Map([
        ["scalar", record("npy", npy("<f8", [], raw(new Float64Array([2.5]))))],
        ["bool", record("npy", npy("|b1", [3], new Uint8Array([1, 0, 1])))],
        ["half", record("npy", npy("<f2", [2], raw(new Uint16Array([0x3c00, 0xc000]))))],
        ["complex", record("npy", npy("<c16", [2], raw(new Float64Array([1, 2, 3, -4]))))],
      ]),
    );
    expect(dataset(file, "scalar").shape).toEqual([]);
    expect(dataset(file, "scalar").value).toBe(2.5);
    expect(dataset(file, "bool").value).toEqual(new Uint8Array([1, 0, 1]));
    expect(dataset(file, "bool").attrs.dtype?.value).toBe("bool");
    expect(dataset(file, "half").value).toEqual(new Uint16Array([0x3c00, 0xc000]));
    expect(dataset(file, "half").attrs.dtype?.value).toBe("float16");
    expect(dataset(file, "complex").value).toEqual([
      [1, 2],
      [3, -4],
    ]);
    file.close();
  });

  it("shows JSON records as text, and everything else as bytes", async () => {
    const json = '{"laila_record":1,"entry":{"payload":"Grüße 🌍"}}';
    const others = {
      "a/b: c": bytes("{not closed"),
      ".": bytes(`{"nul":"${String.fromCharCode(0)}"}`),
      "!'()*": record("structured", new Uint8Array([1, 2, 3])),
    };
    const file = await stored(new Map([["json", bytes(json)], ...Object.entries(others)]));
    expect(dataset(file, "json").value).toBe(json);
    expect(dataset(file, "json").shape).toEqual([]);
    for (const [name, value] of [
      ["a%2Fb%3A%20c", others["a/b: c"]],
      ["%2E", others["."]],
      ["%21%27%28%29%2A", others["!'()*"]],
    ] as const) {
      expect(dataset(file, name).value).toEqual(new Uint8Array(value));
    }
    file.close();
  });

  it("gives back what only looks like a record, exactly", async () => {
    const whole = record("npy", npy("<f4", [2], raw(new Float32Array([1, 2]))));
    const changed = (at: number, value: number): Uint8Array => {
      const copy = Uint8Array.from(whole);
      copy[at] = value;
      return copy;
    };
    const payload = whole.length - 8 - 128;
    await stored(
      new Map([
        ["cut", whole.subarray(0, whole.length - 1)],
        ["long", Buffer.concat([whole, Buffer.from("x")])],
        ["payload length", changed(8, 1)],
        ["header length", changed(16, 255)],
        ["header text", changed(30, 0x7b)],
        ["npy magic", changed(payload, 0)],
        ["preamble", whole.subarray(0, 20)],
        ["shape", record("npy", npy("<f4", [3], raw(new Float32Array([1, 2]))))],
        ["object", record("npy", npy("|O", [1], new Uint8Array(8)))],
        ["big endian", record("npy", npy(">f4", [1], new Uint8Array(4)))],
        ["no npy", record("npy", bytes("no npy"))],
        ["rank", record("npy", npy("|u1", Array(40).fill(1), new Uint8Array(1)))],
        ["huge", record("npy", npy("|u1", [2 ** 53, 0], new Uint8Array(0)))],
      ]),
    );
  });

  it("says what it is", async () => {
    const file = await stored(new Map([["a", bytes("1")]]));
    expect(file.attrs.LAILA?.value).toBe("pool");
    expect(file.attrs.LAILA_format?.value).toBe(1n);
    expect(file.attrs.LAILA_generation?.value).toBe(1n);
    expect(file.attrs.LAILA_pool_id?.value).toMatch(/^[0-9a-f]{32}$/);
    expect(file.keys().sort()).toEqual(["@laila.index", "@laila.index.copy", "a"]);
    file.close();
  });

  it("moves arrays larger than a piece through little memory, whatever their shape", async () => {
    const data = new Float32Array(3_000_000).map((_, i) => i);
    const file = await stored(
      new Map(
        [[3_000_000], [3, 1_000_000], [2, 3, 500_000], [1_500_000, 2], [1, 2, 1_500_000]].map(
          (shape) => [shape.join("x"), record("npy", npy("<f4", shape, raw(data)))],
        ),
      ),
    );
    const turned = Buffer.from(raw(data)).swap32();
    for (const shape of [
      [1500, 2000],
      [3, 2, 500_000],
      [500_000, 1, 6],
    ]) {
      const transposed = await stored(
        new Map([["turned", record("npy", npy(">f4", shape, turned, true))]]),
      );
      // In Fortran order the first axis varies fastest: the second element of it is the data's second.
      const [second = 0, third = 0] = [data[1], data[shape[0] ?? 0]];
      const start = (axis: number): [number, number][] =>
        shape.map((_, i) => (i === axis ? [1, 2] : [0, 1]));
      expect(dataset(transposed, "turned").shape).toEqual(shape);
      expect(dataset(transposed, "turned").slice(start(0))).toEqual(new Float32Array([second]));
      const next = shape[1] === 1 ? 2 : 1;
      expect(dataset(transposed, "turned").slice(start(next))).toEqual(new Float32Array([third]));
      transposed.close();
    }
    const found = dataset(file, "2x3x500000");
    expect(found.shape).toEqual([2, 3, 500_000]);
    expect(
      found.slice([
        [1, 2],
        [2, 3],
        [499_999, 500_000],
      ]),
    ).toEqual(new Float32Array([2_999_999]));
    file.close();
  });

  it("keeps what another program added when it has to write the file anew", async () => {
    const path = await newFile();
    const first = poolAt(path);
    await first.write("a", bytes("1"));
    await first.close();
    await ready;
    const edited = new File(path, "a");
    edited.create_dataset({ name: "added", data: new Int32Array([7]) });
    edited.close();
    const second = poolAt(path);
    await second.write("a", bytes("2"));
    await second.close();
    const kept = new File(`${path}.damaged-snapshot-2`, "r");
    expect(dataset(kept, "added").value).toEqual(new Int32Array([7]));
    kept.close();
  });

  it("is CORRUPT where another program changed a value", async () => {
    const path = await newFile();
    const first = poolAt(path);
    await first.write("array", record("npy", npy("<f4", [2], raw(new Float32Array([1, 2])))));
    await first.write("other", bytes("untouched"));
    await first.close();
    await ready;
    const edited = new File(path, "a");
    dataset(edited, "array").write_slice([[0, 1]], new Float32Array([9]));
    edited.close();
    const second = poolAt(path);
    expect((await rejection(second.read("array"))).code).toBe("CORRUPT");
    expect(await second.read("other")).toBeDefined();
  });
});
