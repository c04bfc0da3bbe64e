import { describe, expect, it } from "vitest";
import { decodeNpy, encodeNpy } from "../../src/codecs/index.js";
import { constant, type DtypeName, decodeRecord, encodeRecord, NdArray } from "../../src/index.js";
import numpy from "../__fixtures__/numpy.json" with { type: "json" };
import { errorOf } from "../support/errors.js";
import { expectSame } from "../support/same.js";

function fromBase64(text: string): Uint8Array {
  return new Uint8Array(Buffer.from(text, "base64"));
}

function encoded(value: unknown): Uint8Array {
  return new Uint8Array(Buffer.concat(encodeNpy(value)?.parts ?? []));
}

function numberOf(text: string): number {
  return text === "inf"
    ? Number.POSITIVE_INFINITY
    : text === "-inf"
      ? Number.NEGATIVE_INFINITY
      : Number(text);
}

/** A .npy file with this header text and these data. */
function npy(header: string, data: readonly number[] = [], version = 1): Uint8Array {
  const text = Buffer.from(header, "latin1");
  const length =
    version === 1
      ? [text.length & 0xff, text.length >> 8]
      : [...new Uint8Array(Uint32Array.of(text.length).buffer)];
  return Uint8Array.from([
    0x93,
    0x4e,
    0x55,
    0x4d,
    0x50,
    0x59,
    version,
    0,
    ...length,
    ...text,
    ...data,
  ]);
}

describe("files that NumPy wrote", () => {
  it.each(numpy.arrays)("are read: $name", ({ npy: file, dtype, shape, order, values }) => {
    const array = decodeNpy(fromBase64(file));
    expect(array).toBeInstanceOf(NdArray);
    expect([array.dtype, array.shape, array.order]).toEqual([dtype, shape, order]);
    const data: unknown[] = [...array.data];
    const wanted = values.map((text) =>
      dtype === "str" ? text : dtype.endsWith("int64") ? BigInt(text) : numberOf(text),
    );
    if (dtype === "float32") expectSame(data, [...Float32Array.from(wanted as number[])]);
    else expectSame(data, wanted);
    // And what is read can be written again.
    expectSame(decodeNpy(encoded(array)), array);
  });

  it.each(numpy.refused)(
    "are refused when their elements are none of ours: $name",
    ({ npy: file }) => {
      const error = errorOf(() => decodeNpy(fromBase64(file)), "UNSUPPORTED_TYPE", "CORRUPT");
      // Only a header that is not ASCII may count as damage.
      expect(error.code).toBe("UNSUPPORTED_TYPE");
    },
  );
});

describe("what is written", () => {
  it("is a .npy file, version 1.0, little endian, with the data at a multiple of 64", () => {
    const bytes = encoded(new Float32Array([1, 2]));
    expect([...bytes.subarray(0, 10)]).toEqual([0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, 1, 0, 118, 0]);
    const header = Buffer.from(bytes.subarray(10, 128)).toString("latin1");
    expect(header.trimEnd()).toBe("{'descr': '<f4', 'fortran_order': False, 'shape': (2,), }");
    expect(header.endsWith(" \n")).toBe(true);
    expect([...bytes.subarray(128)]).toEqual([0, 0, 128, 63, 0, 0, 0, 64]);
  });

  it.each<[DtypeName, number[], string]>([
    ["bool", [], "'|b1', 'fortran_order': False, 'shape': ()"],
    ["int8", [2], "'|i1', 'fortran_order': False, 'shape': (2,)"],
    ["complex64", [2, 3], "'<c8', 'fortran_order': False, 'shape': (2, 3)"],
    ["float16", [0, 9], "'<f2', 'fortran_order': False, 'shape': (0, 9)"],
  ])("names its dtype and shape: %s", (dtype, shape, text) => {
    const size = shape.reduce((product, length) => product * length, 1);
    const data = {
      bool: new Uint8Array(size),
      int8: new Int8Array(size),
      complex64: new Float32Array(2 * size),
      float16: new Uint16Array(size),
    };
    const array = new NdArray({ dtype, shape, data: data[dtype as keyof typeof data] });
    expect(Buffer.from(encoded(array)).toString("latin1")).toContain(`{'descr': ${text}, }`);
  });

  it("keeps the order", () => {
    const array = new NdArray({
      dtype: "uint8",
      shape: [2, 2],
      order: "F",
      data: Uint8Array.of(1, 2, 3, 4),
    });
    expect(Buffer.from(encoded(array)).toString("latin1")).toContain("'fortran_order': True");
    expectSame(decodeNpy(encoded(array)), array);
  });

  it("is nothing for what is no array, and for subclasses", () => {
    class Special extends Float32Array {}
    for (const value of [
      1,
      null,
      [1],
      new DataView(new ArrayBuffer(1)),
      Buffer.from("a"),
      new Special(1),
      { dtype: "int8" },
      Object.create(Float32Array.prototype),
    ]) {
      expect(encodeNpy(value)).toBeUndefined();
    }
    class Derived extends NdArray {}
    expect(
      encodeNpy(new Derived({ dtype: "int8", shape: [], data: Int8Array.of(1) })),
    ).toBeUndefined();
  });
});

describe("an NdArray", () => {
  it("must be consistent", () => {
    const data = new Float32Array(6);
    const refused: unknown[] = [
      { dtype: "float32", shape: [2, 2], data },
      { dtype: "float32", shape: [-2, -3], data },
      { dtype: "float32", shape: [1.5, 4], data },
      { dtype: "float32", shape: [2 ** 53, 0], data },
      { dtype: "float32", shape: "6", data },
      { dtype: "float32", shape: new Array(65).fill(1), data: new Float32Array(1) },
      { dtype: "float32", shape: [6], data: [1, 2, 3, 4, 5, 6] },
      { dtype: "float64", shape: [6], data },
      { dtype: "complex64", shape: [6], data },
      { dtype: "bfloat16", shape: [6], data: new Uint16Array(6) },
      { dtype: "__proto__", shape: [6], data },
      { dtype: "float32", shape: [6], data, order: "K" },
      { dtype: "bool", shape: [1], data: Uint8Array.of(2) },
      { dtype: "str", shape: [1], data: ["ends in NUL\0"] },
      { dtype: "str", shape: [2], data: ["one"] },
      { dtype: "str", shape: [1], data: [1] },
      { dtype: "str", shape: [1], data: "x" },
    ];
    for (const parts of refused) errorOf(() => new NdArray(parts as never), "INVALID_ARGUMENT");
    expect(new NdArray({ dtype: "float32", shape: [2, 3], data }).size).toBe(6);
    expect(
      new NdArray({ dtype: "float32", shape: [0, 2 ** 52], data: new Float32Array(0) }).size,
    ).toBe(0);
  });

  it("that was changed afterwards is not written", () => {
    const array = new NdArray({ dtype: "bool", shape: [1], data: Uint8Array.of(1) });
    array.data[0] = 7;
    errorOf(() => encodeNpy(array), "INVALID_ARGUMENT");
  });

  it("of another copy of this package is known", () => {
    const foreign = class NdArray {
      readonly dtype = "int8";
      readonly shape = [2];
      readonly data = Int8Array.of(1, 2);
      readonly order = "C";
      get [Symbol.for("laila.ndarray")]() {
        return true;
      }
    };
    expectSame(
      decodeRecord(encodeRecord(constant(new foreign()))).entry.data,
      new NdArray({ dtype: "int8", shape: [2], data: Int8Array.of(1, 2) }),
    );
  });
});

describe("reading .npy trusts nothing", () => {
  const good = "{'descr': '|u1', 'fortran_order': False, 'shape': (2,), }";

  it.each([
    [
      "spaces and another order of members",
      " { 'shape' :(2 , ),'fortran_order':False, \"descr\": '|u1'} \n",
    ],
    ["Python 2's long integers", good.replace("2,", "2L,")],
    ["no comma at the end", good.replace(", }", "}")],
    ["a larger version", good],
  ])("reads a header with %s", (name, header) => {
    expectSame([...decodeNpy(npy(header, [7, 8], name.includes("version") ? 3 : 1)).data], [7, 8]);
  });

  it.each([
    ["nothing", ""],
    ["no dictionary", "[]"],
    ["a call", "{'descr': '|u1', 'fortran_order': False, 'shape': tuple((2,)), }"],
    ["a member too many", good.replace("}", "'more': 1}")],
    ["a member too few", "{'descr': '|u1', 'shape': (2,)}"],
    ["a member twice", good.replace("}", "'shape': (2,)}")],
    ["a tuple that is none", good.replace("(2,)", "(2)")],
    ["a shape of texts", good.replace("2", "'2'")],
    ["a negative shape", good.replace("2", "-2")],
    ["a number out of range", good.replace("2", "99999999999999999999")],
    ["something behind its end", `${good} {}`],
    ["an unclosed text", good.replace("'|u1'", "'|u1")],
    ["an escape", good.replace("|u1", "\\x7cu1")],
    ["too small a shape", good.replace("2", "1")],
    ["too large a shape", good.replace("2", "3")],
    ["a shape whose product overflows", good.replace("2,", "4294967296, 4294967296, 2")],
    ["too many dimensions", good.replace("2,", `${"1, ".repeat(64)}2`)],
    ["empty strings without number", good.replace("|u1", "<U0").replace("2", "9007199254740991")],
  ])("refuses a header with %s", (_, header) => {
    errorOf(() => decodeNpy(npy(header, [7, 8])), "CORRUPT");
  });

  it.each(["|O", "<M8[ns]", "|S2", "|V2", "<f16", "<c32", "=u1", "<q", "f4f4", ""])(
    "refuses elements of type %j",
    (descr) => {
      errorOf(() => decodeNpy(npy(good.replace("|u1", descr), [7, 8])), "UNSUPPORTED_TYPE");
    },
  );

  it("refuses damaged preambles, unknown versions, long headers and odd elements", () => {
    errorOf(() => decodeNpy(new Uint8Array()), "CORRUPT");
    errorOf(() => decodeNpy(Uint8Array.of(0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, 1, 0, 0)), "CORRUPT");
    errorOf(() => decodeNpy(npy(good, [7, 8], 4)), "UNSUPPORTED_VERSION");
    errorOf(() => decodeNpy(npy(" ".repeat(64 * 1024 + 1), [], 2)), "CORRUPT");
    errorOf(() => decodeNpy(npy(good.replace("u1", "b1"), [7, 8])), "CORRUPT");
    errorOf(
      () => decodeNpy(npy(good.replace("|u1", "<U1").replace("2", "1"), [0xff, 0xff, 0xff, 0xff])),
      "CORRUPT",
    );
  });

  it("gives views of the bytes where alignment allows, and copies where it does not", () => {
    const file = encoded(new Float64Array([1, 2]));
    expect((decodeNpy(file).data as Float64Array).buffer).toBe(file.buffer);
    const shifted = new Uint8Array(file.length + 1);
    shifted.set(file, 1);
    const array = decodeNpy(shifted.subarray(1));
    expect((array.data as Float64Array).buffer).not.toBe(shifted.buffer);
    expectSame([...array.data], [1, 2]);
  });
});
