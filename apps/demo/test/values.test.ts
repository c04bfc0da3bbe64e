import {
  ClassRegistry,
  constant,
  decodeRecord,
  encodeRecord,
  globalIdOf,
  NdArray,
} from "@laila/schema";
import { decodeNpy, encodeNpy } from "@laila/schema/codecs";
import { describe, expect, it } from "vitest";
import { painted, within, zoomed } from "../page/views/entries/value/plot/view.js";
import { isText, pictureOf } from "../page/worker/bytes.js";
import { exported, make } from "../page/worker/files.js";
import { hexRow } from "../page/worker/hex.js";
import {
  arrayOfLists,
  asNdArray,
  elementText,
  firstCut,
  half,
  pictureChannels,
  plainOf,
  planeOf,
} from "../page/worker/numbers.js";
import { AnyClass } from "../page/worker/open.js";
import { coloured, lineOf, statsOf, tileOf } from "../page/worker/plots.js";
import type { TreeItem } from "../page/worker/protocol.js";
import { shapeOf } from "../page/worker/shape.js";
import { Instance, Tree } from "../page/worker/tree.js";

const row = (columns: number) => ({ start: 0, columns, columnStride: 1, rows: 1, rowStride: 0 });

describe("numbers", () => {
  it("reads half floats", () => {
    expect([0x3c00, 0xc000, 0x0001, 0x7bff, 0x7c00, 0xfc00].map(half)).toEqual([
      1,
      -2,
      2 ** -24,
      65_504,
      Number.POSITIVE_INFINITY,
      Number.NEGATIVE_INFINITY,
    ]);
    expect(half(0x7e00)).toBeNaN();
    expect(Object.is(half(0x8000), -0)).toBe(true);
  });

  it("takes a complex number apart", () => {
    const array = new NdArray({
      dtype: "complex64",
      shape: [2],
      data: Float32Array.of(3, 4, 0, -1),
    });
    expect([...plainOf(array, "magnitude")]).toEqual([5, 1]);
    expect([...plainOf(array, "real")]).toEqual([3, 0]);
    expect([...plainOf(array, "imaginary")]).toEqual([4, -1]);
    expect(plainOf(array, "phase")[1]).toBe(-Math.PI / 2);
    expect(elementText(array, 1)).toBe("0-1i");
  });

  it("cuts a plane in either order", () => {
    const shape = [2, 3, 4];
    const numbers = Float64Array.from({ length: 24 }, (_, i) => i);
    const at = (order: "C" | "F"): number => {
      const array = new NdArray({ dtype: "float64", shape, order, data: numbers });
      const plane = planeOf(array, { part: "value", x: 2, y: 1, at: [1, 0, 0] });
      expect([plane.rows, plane.columns]).toEqual([3, 4]);
      return numbers[plane.start + 2 * plane.rowStride + 3 * plane.columnStride] as number;
    };
    expect(at("C")).toBe(1 * 12 + 2 * 4 + 3);
    expect(at("F")).toBe(1 + 2 * 2 + 3 * 6);
  });

  it("plots the last two dimensions that are longer than 1", () => {
    const cut = (shape: number[]) =>
      firstCut({ dtype: "float32", shape, order: "C", parts: ["value"] });
    expect(cut([5, 1, 7, 1])).toMatchObject({ x: 2, y: 0 });
    expect(cut([1, 9])).toMatchObject({ x: 1, y: null });
    expect(cut([])).toMatchObject({ x: 0, y: null, at: [] });
    const picture = { dtype: "uint8", shape: [64, 96, 3], order: "C", parts: ["value"] } as const;
    expect(firstCut(picture)).toMatchObject({ x: 1, y: 0 });
  });

  it("writes what is exact, with no more digits than are needed", () => {
    const f32 = new NdArray({ dtype: "float32", shape: [2], data: Float32Array.of(0.1, -0) });
    expect([elementText(f32, 0), elementText(f32, 1)]).toEqual(["0.1", "-0"]);
    const i64 = new NdArray({
      dtype: "int64",
      shape: [1],
      data: BigInt64Array.of(9_007_199_254_740_993n),
    });
    expect(elementText(i64, 0)).toBe("9007199254740993");
  });

  it("takes rectangular lists of numbers for arrays, and nothing else", () => {
    expect(
      arrayOfLists([
        [1, 2],
        [3, 4],
      ]),
    ).toMatchObject({ shape: [2, 2] });
    for (const other of [[[1, 2], [3]], [1, "2"], [1, null], [], [[], []], [5], "12", { 0: 1 }])
      expect(arrayOfLists(other)).toBeUndefined();
  });

  it("sees typed arrays as arrays on the same memory", () => {
    const bytes = Uint8ClampedArray.of(1, 2);
    expect(asNdArray(bytes)).toMatchObject({ dtype: "uint8", shape: [2] });
    expect(asNdArray(new DataView(new ArrayBuffer(2)))).toBeUndefined();
  });
});

describe("what is plotted", () => {
  it("counts, and leaves out what is no number", () => {
    const numbers = Float64Array.of(1, 3, Number.NaN, Number.POSITIVE_INFINITY, 2);
    expect(statsOf(numbers, 2)).toEqual({
      count: 5,
      finite: 3,
      nan: 1,
      infinite: 1,
      min: 1,
      max: 3,
      mean: 2,
      deviation: Math.sqrt(2 / 3),
      histogram: [1, 2],
    });
    expect(statsOf(new Float64Array(0))).toBeNull();
    expect(statsOf(Float64Array.of(Number.NaN))).toMatchObject({ finite: 0, nan: 1 });
  });

  it("has a histogram of the widest and of the narrowest range", () => {
    const widest = statsOf(Float64Array.of(-1.7e308, 0, 1.7e308), 4);
    expect(widest?.histogram).toEqual([1, 0, 1, 1]);
    expect(statsOf(Float64Array.of(7, 7, 7), 4)?.histogram).toEqual([3, 0, 0, 0]);
  });

  it("gives each element while there is room", () => {
    const line = lineOf(Float64Array.of(5, Number.NaN, 7), row(3), { from: -1, to: 9, width: 10 });
    expect([...line.x]).toEqual([0, 1, 2]);
    expect([...line.max]).toEqual([5, Number.NaN, 7]);
    expect(line.each).toBe(1);
  });

  it("loses no peak of a long line", () => {
    const numbers = new Float32Array(1_000_000);
    numbers[777_777] = 9;
    numbers[123_456] = -9;
    const line = lineOf(numbers, row(numbers.length), { from: 0, to: 1_000_000, width: 500 });
    expect(line.x).toHaveLength(500);
    expect([Math.max(...line.max), Math.min(...line.min)]).toEqual([9, -9]);
  });

  it("makes a tile of means, of enlarged elements, and of nothing outside", () => {
    const numbers = Float64Array.of(1, 2, 3, 4, 5, 6, 7, Number.NaN);
    const plane = { start: 0, columns: 4, columnStride: 1, rows: 2, rowStride: 4 };
    const tile = (x0: number, x1: number, width: number) => [
      ...tileOf(numbers, plane, { region: { x0, x1, y0: 0, y1: 2 }, width, height: 1 }),
    ];
    expect(tile(0, 4, 2)).toEqual([(1 + 2 + 5 + 6) / 4, (3 + 4 + 7) / 3]);
    expect(tile(2, 6, 4)).toEqual([5, 4, Number.NaN, Number.NaN]);
    const enlarged = tileOf(numbers, plane, {
      region: { x0: 0, x1: 2, y0: 0, y1: 1 },
      width: 4,
      height: 2,
    });
    expect([...enlarged]).toEqual([1, 1, 2, 2, 1, 1, 2, 2]);
  });

  it("gives every number its colour, and none to what is none", () => {
    const colours = Uint32Array.from({ length: 256 }, (_, i) => i + 1);
    const pixels = coloured(Float64Array.of(0, 1, 2, 5, -5, Number.NaN), {
      colours,
      from: 0,
      to: 2,
    });
    expect([...pixels]).toEqual([1, 129, 256, 256, 1, 0]);
  });

  it("keeps what is seen inside of what there is", () => {
    const limits = { from: 0, to: 100 };
    expect(within({ from: -20, to: 30 }, limits, 4)).toEqual({ from: 0, to: 50 });
    expect(within({ from: 90, to: 140 }, limits, 4)).toEqual({ from: 50, to: 100 });
    expect(within({ from: -50, to: 500 }, limits, 4)).toEqual(limits);
    expect(within({ from: 50, to: 50.5 }, limits, 4)).toEqual({ from: 48.25, to: 52.25 });
    expect(zoomed({ from: 10, to: 20 }, 0.5, 10)).toEqual({ from: 10, to: 15 });
    expect(painted({ from: 1.5, to: 3.2 }, 4, 100)).toEqual({ from: 1, to: 4, size: 3 });
    expect(painted({ from: 1.5, to: 201.5 }, 999, 100)).toEqual({
      from: 1.5,
      to: 201.5,
      size: 100,
    });
  });
});

describe("bytes", () => {
  it("are shown as digits and as ASCII", () => {
    expect(hexRow(Uint8Array.of(0x89, 0x50, 0x20, 0))).toEqual({
      hex: "89 50 20 00",
      text: "·P ·",
    });
  });

  it("are a picture by how they begin", () => {
    const of = (text: string) => pictureOf(Uint8Array.from(text, (c) => c.charCodeAt(0)));
    expect(of("\x89PNG\r\n\x1a\n…")).toBe("image/png");
    expect(of("\xff\xd8\xff\xe0")).toBe("image/jpeg");
    expect(of("GIF89a")).toBe("image/gif");
    expect(of("RIFF\n\0\0\0WEBPVP8 ")).toBe("image/webp");
    expect(of("\0\0\0\x1cftypavif")).toBe("image/avif");
    expect(of("PNG")).toBeNull();
  });

  it("are text when they are UTF-8 without control characters", () => {
    const bytes = new TextEncoder().encode(`${"é".repeat(40_000)}\tend\n`);
    expect(isText(bytes)).toBe(true);
    expect(isText(bytes.subarray(1))).toBe(false);
    expect(isText(Uint8Array.of(65, 0, 66))).toBe(false);
    expect(isText(new Uint8Array())).toBe(false);
  });
});

describe("a value's shape", () => {
  const views = (value: unknown) => shapeOf(0, value).shape.views;
  const array = (dtype: "uint8" | "float64", shape: number[]) =>
    new NdArray({
      dtype,
      shape,
      data: new (dtype === "uint8" ? Uint8Array : Float64Array)(
        shape.reduce((a, b) => a * b, 1),
      ) as Uint8Array,
    } as ConstructorParameters<typeof NdArray>[0]);

  it("says how it is best looked at", () => {
    expect(views({ a: 1 })).toEqual(["tree"]);
    expect(views("text")).toEqual(["text"]);
    expect(views([1, 2, 3])).toEqual(["plot", "table", "tree"]);
    expect(views(Float32Array.of(1, 2))).toEqual(["plot", "table"]);
    expect(views(array("float64", []))).toEqual(["scalar", "table"]);
    expect(views(array("float64", [0, 3]))).toEqual([]);
    expect(views(array("uint8", [8, 8, 3]))).toEqual(["image", "plot", "table"]);
    expect(views(array("uint8", [8, 8]))).toEqual(["plot", "image", "table"]);
    expect(views(Uint8Array.of(0, 1))).toEqual(["hex", "plot"]);
    expect(views(new TextEncoder().encode("abc"))).toEqual(["text", "hex", "plot"]);
    expect(views(new ArrayBuffer(3))).toEqual(["hex"]);
    expect(views(new Uint8Array())).toEqual([]);
  });

  it("knows pictures among arrays", () => {
    expect(pictureChannels(array("uint8", [8, 8, 4]))).toBe(4);
    expect(pictureChannels(array("uint8", [8, 8, 2]))).toBe(0);
    expect(pictureChannels(array("float64", [8, 8, 3]))).toBe(0);
  });
});

describe("a tree", () => {
  const all = (value: unknown, of = (items: readonly TreeItem[]) => items): readonly TreeItem[] =>
    of(new Tree(value).children(0, 0, 1000));

  it("tells every type as what it is", () => {
    const value = {
      map: new Map<unknown, unknown>([["a", 1]]),
      set: new Set([1, 2]),
      date: new Date(0),
      pattern: /a+/g,
      big: 10n ** 20n,
      none: undefined,
      minus: -0,
      error: new TypeError("wrong"),
      mine: new Instance("Point@1", [1, 2]),
      nested: new Float32Array([1.5, 2]),
    };
    expect(all(value).map(({ label, type, text }) => `${label}: ${type} ${text}`)).toEqual([
      'map: Map of 1 {"a" → 1}',
      "set: Set of 2 {1, 2}",
      "date: Date 1970-01-01T00:00:00.000Z",
      "pattern: RegExp /a+/g",
      "big: bigint 100000000000000000000n",
      "none: undefined undefined",
      "minus: number -0",
      "error: TypeError TypeError: wrong",
      "mine: Point@1 [1, 2]",
      "nested: Float32Array of 2 1.5, 2",
    ]);
    expect(all(value).at(-1)?.isViewable).toBe(true);
  });

  it("reads instances of classes that the page has not", () => {
    class Point {
      readonly x = 1;
    }
    const classes = new ClassRegistry().register({
      class: Point,
      name: "Point",
      version: 2,
      encode: ({ x }) => ({ x }),
      decode: () => new Point(),
    });
    const record = encodeRecord(constant([new Point()]), { classes });
    const { data } = decodeRecord(record, { classes: new AnyClass() }).entry;
    expect(data).toEqual([new Instance("Point@2", { x: 1 })]);
  });

  it("has keys of a Map that are objects, and cycles", () => {
    const value: Record<string, unknown> = { map: new Map([[{ id: 1 }, "one"]]) };
    value.self = value;
    const tree = new Tree(value);
    const [map, self] = tree.children(0, 0, 9);
    const [pair] = tree.children(map?.node ?? 0, 0, 9);
    expect(tree.children(pair?.node ?? 0, 0, 9).map(({ label, text }) => [label, text])).toEqual([
      ["key", "{id: 1}"],
      ["value", '"one"'],
    ]);
    expect(self?.children).toBe(2);
  });

  it("shows a long list in groups, and each element once", () => {
    const tree = new Tree(Array.from({ length: 25_000 }, (_, i) => i));
    const leaves = (node: number): number[] =>
      tree
        .children(node, 0, 1000)
        .flatMap((item) => (item.children > 0 ? leaves(item.node) : [Number(item.text)]));
    const groups = tree.children(0, 0, 1000);
    expect(groups.map(({ label }) => label)).toEqual([
      "0 … 9999",
      "10000 … 19999",
      "20000 … 24999",
    ]);
    expect(leaves(0)).toEqual(Array.from({ length: 25_000 }, (_, i) => i));
  });
});

describe("files", () => {
  const fileOf = (...parts: BlobPart[]): Blob => new Blob(parts);
  const read = async (name: string, ...parts: BlobPart[]) => {
    const made = await make({ file: fileOf(...parts), name, nickname: name, recorder: null });
    expect(made.key).toBe(globalIdOf(name));
    return decodeRecord(made.record, { key: made.key }).entry.data;
  };

  it("become JSON values, arrays and bytes", async () => {
    expect(await read("a.json", '{"a":[1,null]}')).toEqual({ a: [1, null] });
    const array = new NdArray({ dtype: "int16", shape: [2, 1], data: Int16Array.of(1, -2) });
    const parts = [...(encodeNpy(array)?.parts ?? [])] as BlobPart[];
    expect(await read("b.NPY", ...parts)).toMatchObject({ dtype: "int16", shape: [2, 1] });
    expect(await read("c.bin", Uint8Array.of(1, 2))).toEqual(Uint8Array.of(1, 2));
  });

  it("are refused with a code when they are not what their name says", async () => {
    const refused = { code: "INVALID_ARGUMENT" };
    await expect(read("a.json", '{"a":1,"a":2}')).rejects.toMatchObject(refused);
    await expect(read("b.json", Uint8Array.of(0xff, 0xfe))).rejects.toMatchObject(refused);
    await expect(read("c.npy", "no array")).rejects.toMatchObject({ code: "CORRUPT" });
  });

  it("are made of values again", async () => {
    const bytesOf = async (value: unknown, as: "npy" | "json" | "value" | "record") => {
      const { blob } = exported(value, Uint8Array.of(7), { node: 0, as });
      return new Uint8Array(await blob.arrayBuffer());
    };
    const array = Float64Array.of(1, 2.5);
    expect(decodeNpy(await bytesOf(array, "npy")).data).toEqual(array);
    expect(JSON.parse(new TextDecoder().decode(await bytesOf([1], "json")))).toEqual([1]);
    expect(await bytesOf("é", "value")).toEqual(Uint8Array.of(0xc3, 0xa9));
    expect(await bytesOf({}, "record")).toEqual(Uint8Array.of(7));
    await expect(bytesOf(new Map(), "json")).rejects.toMatchObject({ code: "UNSUPPORTED" });
  });
});
