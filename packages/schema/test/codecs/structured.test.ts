import { runInNewContext } from "node:vm";
import { describe, expect, it } from "vitest";
import {
  type ClassCodec,
  ClassRegistry,
  decodeStructured,
  encodeStructured,
} from "../../src/codecs/index.js";
import { constant, encodeRecord, NdArray } from "../../src/index.js";
import { errorOf } from "../support/errors.js";
import { classes, Point, pointCodec } from "../support/point.js";
import { differenceOf, expectSame } from "../support/same.js";

const roundTrip = (value: unknown, registry = classes) =>
  decodeStructured(encodeStructured(value, registry), registry);
const nested = (depth: number): unknown => {
  let value: unknown = 1;
  for (let i = 0; i < depth; i++) value = { in: value };
  return value;
};
const throwing = () => {
  throw new Error("Something of the value was called.");
};

describe("the comparison that these tests rely on", () => {
  const shared = {};
  it.each<[string, unknown, unknown]>([
    ["signs of zero", 0, -0],
    ["holes", new Array(1), [undefined]],
    ["types", new Uint8Array(1), new Int8Array(1)],
    ["prototypes", {}, Object.create(null)],
    ["sharing", [shared, shared], [{}, {}]],
    ["sharing, the other way", [{}, {}], [shared, shared]],
    ["order", { a: 1, b: 2 }, { b: 2, a: 1 }],
    ["content of Maps", new Map([[1, 2]]), new Map([[1, 3]])],
    ["enumerability", { a: 1 }, Object.defineProperty({}, "a", { value: 1 })],
    ["boxes", Object(1), 1],
    ["invalid dates", new Date(Number.NaN), new Date(0)],
  ])("tells %s apart", (_, a, b) => {
    expect(differenceOf(a, b)).toBeDefined();
    expect(differenceOf(a, a)).toBeUndefined();
  });
});

describe("a structured value gives back", () => {
  it.each<[string, unknown]>([
    ["undefined", undefined],
    [
      "minus zero, NaN and infinities",
      [-0, Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, "not only numbers"],
    ],
    ["lists of numbers", [[1.5, -0, Number.NaN], [], [0]]],
    [
      "whole numbers of every size",
      [
        "x",
        127,
        128,
        -32,
        -33,
        2 ** 31,
        -(2 ** 31) - 1,
        2 ** 32,
        2 ** 53,
        -(2 ** 53),
        2 ** 63,
        1e300,
      ],
    ],
    ["bigints", [0n, -1n, 2n ** 64n, -(2n ** 1000n)]],
    ["lone surrogates, as values and names", { "\ud800": "\udfff", x: "\ud83d" }],
    [
      "a leading byte-order mark",
      ["\ufeff", `\ufeff${"x".repeat(500)}`, new Map([["\ufeffkey", 1]])],
    ],
    ["holes", [new Array(3), Object.assign(new Array(5), { 1: "a", 3: undefined })]],
    ["arrays of holes beyond every memory", new Array(2 ** 32 - 1)],
    [
      "Maps and Sets, in order, with any keys",
      new Map<unknown, unknown>([
        [Number.NaN, 1],
        [{}, new Set([new Map(), 0, "0"])],
        ["__proto__", 2],
      ]),
    ],
    ["dates, valid or not", [new Date(0), new Date(Number.NaN), new Date(8.64e15), new Date(-1)]],
    [
      "regular expressions, with their flags and lastIndex",
      [/a\/b/dgimsuy, Object.assign(/x/g, { lastIndex: 3 }), /(?:)/, /\n/, /[\p{L}--a]/v],
    ],
    ["URLs", [new URL("https://u:p@h.example:8080/p?q=ü#f"), new URL("data:text/plain,x")]],
    [
      "boxed values",
      [Object(1), Object(-0), Object("text"), Object("\ud800"), Object(false), Object(7n)],
    ],
    [
      "objects without a prototype",
      Object.assign(Object.create(null) as object, { a: 1, ["__proto__"]: 2 }),
    ],
    [
      "names that mean something to engines",
      JSON.parse('{"__proto__":{"a":null},"constructor":1,"toJSON":2,"then":3,"10":4,"9":5}'),
    ],
    [
      "errors of every built-in class",
      [
        new Error("a"),
        new EvalError("b"),
        new RangeError("c"),
        new ReferenceError("d"),
        new SyntaxError("e"),
        new TypeError("f"),
        new URIError("g"),
        new Error(),
      ],
    ],
    [
      "errors with a cause, with others, with more",
      new AggregateError([new TypeError("x", { cause: { code: 1 } })], "all", { cause: undefined }),
    ],
    [
      "errors with visible and hidden properties",
      [
        Object.assign(new Error(), { cause: 1, message: "visible" }),
        Object.defineProperty(new TypeError("x"), "more", { value: 1 }),
      ],
    ],
    [
      "errors with further properties",
      Object.assign(new Error("x"), { code: "E_X", errno: -2, name: "Renamed" }),
    ],
    [
      "array buffers and views of them",
      [
        new ArrayBuffer(3),
        new DataView(Uint8Array.of(1, 2, 3).buffer, 1, 1),
        new Uint8ClampedArray([1, 300]),
        new BigUint64Array([2n ** 64n - 1n]),
        new Float64Array(0),
      ],
    ],
    [
      "NdArrays",
      {
        a: new NdArray({
          dtype: "complex64",
          shape: [1, 2],
          order: "F",
          data: new Float32Array(4),
        }),
        b: new NdArray({ dtype: "str", shape: [], data: ["\ud800é"] }),
      },
    ],
    ["nesting of 1000", nested(999)],
    [
      "text of every length around MessagePack's classes",
      [0, 31, 32, 200, 201, 255, 256, 65535, 65536].map((length) => "é".repeat(length)),
    ],
    [
      "more parts than MessagePack's short arrays have",
      Array.from({ length: 70_000 }, (_, i) => (i % 2 ? "x" : null)),
    ],
  ])("%s", (_, value) => {
    expectSame(roundTrip(value), value);
  });

  it("one object for every time it was met, and cycles", () => {
    const date = new Date(1);
    const list: unknown[] = [date, date];
    const map = new Map<unknown, unknown>([[list, date]]);
    map.set("self", map);
    const error = new Error("cyclic");
    error.cause = error;
    const value = {
      list,
      map,
      error,
      again: [list, map, error],
      view: new Uint8Array(2),
      end: {} as unknown,
    };
    value.end = value;
    expectSame(roundTrip(value), value);
  });

  it("errors without their stack", () => {
    const secret = new Error("message");
    secret.stack = "Error: message\n    at file:///home/someone/secret.js";
    const bytes = encodeStructured(secret);
    expect(Buffer.from(bytes).toString("latin1")).not.toContain("someone");
    expect((decodeStructured(bytes) as Error).stack).toBe("Error: message");
    expect((roundTrip(new RangeError()) as Error).stack).toBe("RangeError");
  });

  it("objects of another realm as ones of this", () => {
    const foreign: unknown = runInNewContext(
      "({ m: new Map([[1, new Date(5)]]), e: new TypeError('x'), a: [, 1], t: new Float32Array([1]), r: /x/g, b: Object(1), s: new Set([-0]) })",
    );
    const expected = {
      m: new Map([[1, new Date(5)]]),
      e: new TypeError("x"),
      a: Object.assign(new Array(2), { 1: 1 }),
      t: new Float32Array([1]),
      r: /x/g,
      b: Object(1),
      s: new Set([-0]),
    };
    expectSame(roundTrip(foreign), expected);
  });

  it("only the bytes that a view shows, and a Buffer as a Uint8Array", () => {
    const pool = Buffer.from("secret-shown-secret");
    const bytes = encodeStructured({ view: pool.subarray(7, 12) });
    expect(Buffer.from(bytes).toString("latin1")).not.toContain("secret");
    expectSame(decodeStructured(bytes), { view: new Uint8Array(Buffer.from("shown")) });
  });

  it("values in memory of their own", () => {
    const bytes = encodeStructured({ a: new Uint8Array([1, 2]), b: new ArrayBuffer(2), s: "x" });
    for (const given of [bytes, Buffer.from(bytes)]) {
      const value = decodeStructured(given) as { a: Uint8Array; b: ArrayBuffer };
      given.fill(0xff, given.length - 20);
      expectSame([...value.a], [1, 2]);
      expect(value.a.buffer.byteLength).toBe(2);
      bytes.set(encodeStructured({ a: new Uint8Array([1, 2]), b: new ArrayBuffer(2), s: "x" }));
    }
  });

  it("numbers of a Float16Array where the runtime has none", () => {
    const bytes = encodeStructured(new Uint16Array([0x3c00]));
    const named = Buffer.from(
      Buffer.from(bytes).toString("latin1").replace("\u00abUint16Array", "\u00acFloat16Array"),
      "latin1",
    );
    const value = decodeStructured(named) as { constructor: { name: string } };
    expect(["Float16Array", "NdArray"]).toContain(value.constructor.name);
  });
});

describe("what cannot come back exactly is refused with its path", () => {
  class Unregistered {}
  class Special extends Map {}
  const detached = new ArrayBuffer(4);
  structuredClone(detached, { transfer: [detached] });
  const detachedView = new DataView(new ArrayBuffer(4));
  structuredClone(detachedView.buffer, { transfer: [detachedView.buffer] });

  it.each<[string, unknown, string]>([
    ["a function", { layers: [0, 1, 2, { fn: throwing }] }, "data.layers[3].fn"],
    ["a function, alone", throwing, "data"],
    ["a symbol", ["x", Symbol("s")], "data[1]"],
    ["a symbol as a key", { a: { [Symbol.toStringTag]: 1 } }, "data.a"],
    [
      "an accessor, without calling it",
      { a: Object.defineProperty({}, "odd name", { get: throwing, enumerable: true }) },
      'data.a["odd name"]',
    ],
    [
      "an accessor in an array",
      ["x", Object.defineProperty([1, 2], 1, { get: throwing, enumerable: true })],
      "data[1][1]",
    ],
    [
      "an accessor in a sparse array",
      Object.defineProperty(new Array(3), 1, { get: throwing, enumerable: true }),
      "data[1]",
    ],
    ["a hidden property", { a: Object.defineProperty({}, "b", { value: 1 }) }, "data.a.b"],
    ["an extra property of an array", [Object.assign([1], { extra: 1 })], "data[0]"],
    ["an extra property of a Map", { m: Object.assign(new Map(), { extra: 1 }) }, "data.m"],
    ["an extra property of a Date", Object.assign(new Date(0), { extra: 1 }), "data"],
    ["an extra property of a RegExp", Object.assign(/x/, { extra: 1 }), "data"],
    [
      "an extra property of a boxed text",
      Object.assign(Object("ab") as object, { extra: 1 }),
      "data",
    ],
    ["an extra property of bytes", { b: Object.assign(new Uint8Array(2), { extra: 1 }) }, "data.b"],
    ["an extra property of a URL", [Object.assign(new URL("http://a/"), { extra: 1 })], "data[0]"],
    ["a RegExp whose lastIndex is no number", [Object.assign(/x/, { lastIndex: {} })], "data[0]"],
    ["an unregistered class", { p: new Unregistered() }, "data.p"],
    ["a subclass of a built-in one", new Map([["key", new Special()]]), 'data.get("key")'],
    ["a value under an object as key", new Map([[{}, throwing]]), "data{value 0}"],
    ["a key of a Map", new Map([[throwing, 1]]), "data{key 0}"],
    ["an item of a Set", new Set([1, throwing]), "data{item 1}"],
    ["a cause", new Error("x", { cause: throwing }), "data.cause"],
    ["an error among others", new AggregateError([throwing]), "data.errors[0]"],
    ["what a class is encoded as", { p: new Point(1, { fn: throwing }) }, "data.p{encoded}[1].fn"],
    ["an extra property of bytes, alone", Object.assign(new Uint8Array(2), { extra: 1 }), "data"],
    [
      "an extra property of a typed array, alone",
      Object.assign(new Int16Array(2), { extra: 1 }),
      "data",
    ],
    [
      "an extra property of a buffer, alone",
      Object.assign(new ArrayBuffer(2), { extra: 1 }),
      "data",
    ],
    [
      "an extra property of an NdArray, alone",
      Object.assign(new NdArray({ dtype: "int8", shape: [], data: new Int8Array(1) }), {
        extra: 1,
      }),
      "data",
    ],
    ["a detached view, alone", detachedView, "data"],
    ["what only has the prototype of a buffer", Object.create(ArrayBuffer.prototype), "data"],
    ["what only has the prototype of a view", Object.create(DataView.prototype), "data"],
    ["what only has the prototype of bytes", Object.create(Uint8Array.prototype), "data"],
    [
      "an error with a tag of its own",
      Object.defineProperty(new Error("x"), Symbol.toStringTag, { get: throwing }),
      "data",
    ],
    ["a WeakMap", [new WeakMap()], "data[0]"],
    ["a WeakRef", new WeakRef({}), "data"],
    ["a promise", { p: Promise.resolve() }, "data.p"],
    ["an iterator", [1].values(), "data"],
    ["a Blob", [new Blob(["x"])], "data[0]"],
    ["shared memory", new SharedArrayBuffer(1), "data"],
    [
      "a resizable buffer",
      [
        new (ArrayBuffer as unknown as new (n: number, o: object) => ArrayBuffer)(1, {
          maxByteLength: 2,
        }),
      ],
      "data[0]",
    ],
    ["a detached buffer", { d: detached }, "data.d"],
    ["a view of a detached buffer", { d: detachedView }, "data.d"],
    ["a boxed symbol", Object(Symbol("s")), "data"],
    ["what only has the prototype of a Map", Object.create(Map.prototype), "data"],
    ["what only has the prototype of an error", Object.create(Error.prototype), "data"],
    ["what only has the prototype of an array", Object.create(Array.prototype), "data"],
    ["an array without a prototype", Object.setPrototypeOf([], null), "data"],
    ["nesting beyond 1000", nested(1001), "data"],
    [
      "a secret, which no class instance can carry by accident",
      {
        s: new (class Secret {
          readonly #v = 1;
          get v() {
            return this.#v;
          }
        })(),
      },
      "data.s",
    ],
  ])("%s", (_, value, path) => {
    const error = errorOf(() => encodeRecord(constant(value), { classes }), "UNSUPPORTED_TYPE");
    if (path === "data") expect(String(error.details.path)).toMatch(/^data/);
    else expect(error.details.path).toBe(path);
    expect(error.message.startsWith(`${String(error.details.path)} `)).toBe(true);
  });

  it("a Proxy that throws", () => {
    const proxy = new Proxy({}, { ownKeys: throwing });
    errorOf(() => encodeRecord(constant(proxy)), "UNSUPPORTED_TYPE");
    errorOf(() => encodeRecord(constant([proxy])), "UNSUPPORTED_TYPE");
    const { proxy: revoked, revoke } = Proxy.revocable({}, {});
    revoke();
    errorOf(() => encodeRecord(constant(new Map([[1, revoked]]))), "UNSUPPORTED_TYPE");
  });
});

describe("classes", () => {
  class Node {
    readonly children: Node[] = [];
  }
  const nodeCodec: ClassCodec<Node> = {
    class: Node,
    name: "Node",
    version: 1,
    encode: (node) => ({ children: node.children }),
    decode: (data) => Object.assign(new Node(), { children: (data as Node).children }),
  };

  it("come back as instances, nested and shared", () => {
    const point = new Point(new Map([["p", new Point(1, 2)]]), null);
    expectSame(roundTrip({ a: point, b: point }), { a: point, b: point });
  });

  it("cannot hold links back into themselves", () => {
    const node = new Node();
    node.children.push(new Node(), node);
    const error = errorOf(
      () => encodeStructured({ node }, new ClassRegistry([nodeCodec])),
      "UNSUPPORTED_TYPE",
    );
    expect(error.details.path).toBe("data.node{encoded}.children[1]");
  });

  it("are written with their highest version and read with the one they were written with", () => {
    const first = new ClassRegistry([pointCodec]);
    const old = encodeStructured(new Point(1, 2), first);
    const second: ClassCodec<Point> = {
      ...pointCodec,
      version: 2,
      encode: ({ x, y }) => ({ x, y }),
      decode: (data) => new Point((data as Point).x, (data as Point).y),
    };
    const both = new ClassRegistry([second, pointCodec]);
    expect(both.names()).toEqual(["test/Point@2", "test/Point@1"]);
    expectSame(decodeStructured(old, both), new Point(1, 2));
    const newer = encodeStructured(new Point(1, 2), both);
    expectSame(decodeStructured(newer, both), new Point(1, 2));
    const error = errorOf(() => decodeStructured(newer, first), "UNSUPPORTED_TYPE");
    expect(error.details.class).toBe("test/Point@2");
  });

  it("whose codec fails are LailaErrors with the cause", () => {
    const failing = new ClassRegistry([{ ...pointCodec, encode: throwing }]);
    expect(
      errorOf(() => encodeStructured([new Point(1, 2)], failing), "UNSUPPORTED_TYPE").cause,
    ).toBeInstanceOf(Error);
    const other = new ClassRegistry([{ ...pointCodec, encode: () => "no list" }]);
    expect(
      errorOf(() => decodeStructured(encodeStructured(new Point(1, 2), other), classes), "CORRUPT")
        .cause,
    ).toBeInstanceOf(TypeError);
  });

  it("are registered with care", () => {
    const registry = new ClassRegistry([pointCodec]);
    for (const change of [
      {},
      { name: "" },
      { name: "1" },
      { name: "a b" },
      { version: 0 },
      { version: 1.5 },
      { class: undefined },
      { class: () => 1 },
      { class: Map },
      { class: Object },
      { encode: 1 },
      { decode: undefined },
      { name: "Other" },
    ]) {
      errorOf(() => registry.register({ ...pointCodec, ...change } as never), "INVALID_ARGUMENT");
    }
    errorOf(() => registry.register(undefined as never), "INVALID_ARGUMENT");
  });
});

describe("reading a structured value trusts nothing", () => {
  /** A payload with these tokens as they are, in one MessagePack array that counts so many. */
  const payload = (count: number, ...tokens: readonly number[]) =>
    Uint8Array.from([0xdc, count >> 8, count & 0xff, ...tokens]);

  it.each<[string, readonly number[], number]>([
    ["no tokens", [], 0],
    ["no value", [1], 1],
    ["no version", [0xc0, 0xc0], 2],
    ["version 0", [0, 0xc0], 2],
    ["an unknown tag", [1, 99], 2],
    ["a negative tag", [1, 0xff], 2],
    ["a fraction as a tag", [1, 0xcb, 0x3f, 0xe0, 0, 0, 0, 0, 0, 0], 2],
    ["an array among the tokens", [1, 0x90], 2],
    ["a map among the tokens", [1, 0x80], 2],
    ["an array of a size that is not there", [1, 0xdd, 0xff, 0xff, 0xff, 0xff], 2],
    ["a timestamp", [1, 0xd6, 0xff, 0, 0, 0, 0], 2],
    ["a text that breaks off", [1, 0xdb, 0xff, 0xff, 0xff, 0xff], 2],
    ["too few tokens", [1, 8, 2, 0xc0], 4],
    ["too many tokens", [1, 0xc0, 0xc0], 3],
    ["fewer tokens than it says", [1, 0xc0], 3],
    ["more tokens than it says", [1, 0xc0, 0xc0], 2],
    ["an array of more than is left", [1, 8, 0xce, 0xff, 0xff, 0xff, 0xff], 3],
    ["an object of more than is left", [1, 6, 2, 0xa0, 0xc0], 5],
    ["a negative count", [1, 8, 0xff], 3],
    ["a property twice", [1, 6, 2, 0xa1, 0x61, 0xc0, 0xa1, 0x61, 0xc0], 7],
    ["a name that is no text", [1, 6, 1, 0xc0, 0xc0], 5],
    ["an item of a Set twice", [1, 12, 2, 0xc0, 0xc0], 5],
    ["a key of a Map twice", [1, 11, 2, 0xc0, 0xc0, 0xc0, 0xc2], 7],
    ["an index behind the end", [1, 9, 1, 1, 1, 0xc0], 6],
    ["an index twice", [1, 9, 3, 2, 1, 0xc0, 1, 0xc0], 8],
    ["a length beyond all arrays", [1, 9, 0xcf, 0, 0, 0, 1, 0, 0, 0, 0, 0], 4],
    ["a reference to nothing", [1, 0, 0], 3],
    ["a reference to what is not there yet", [1, 8, 1, 0, 1], 5],
    ["a bigint of other digits", [1, 4, 0xa1, 0x67], 3],
    ["half a UTF-16 unit", [1, 5, 0xc4, 1, 0], 3],
    ["half a number", [1, 10, 0xc4, 1, 0], 3],
    ["an unknown class of errors", [1, 16, 0xa3, 0x4d, 0x61, 0x70, 0xa0, 0], 5],
    [
      "an error with other flags than properties",
      [1, 16, 0xa5, ...Buffer.from("Error"), 0xa1, 0x31, 0],
      5,
    ],
    ["a regular expression that is none", [1, 14, 0xa1, 0x28, 0xa0, 0xc0], 5],
    ["a URL that is none", [1, 15, 0xa1, 0x78], 3],
    ["a box of a box", [1, 17, 17, 0xc0], 4],
    ["an unknown typed array", [1, 20, 0xa3, 0x4d, 0x61, 0x70, 0xc4, 0], 4],
    ["a typed array that is cut off", [1, 20, 0xaa, ...Buffer.from("Int16Array"), 0xc4, 1, 0], 4],
    ["an NdArray that is none", [1, 21, 0xc4, 0], 3],
  ])("refuses %s", (_, tokens, count) => {
    errorOf(() => decodeStructured(payload(count, ...tokens)), "CORRUPT");
  });

  it("refuses what does not begin as one, and what is newer", () => {
    for (const bytes of [[], [0xdc], [0xdc, 0], [0xdd, 0, 0, 0], [0x80], [0xc0]])
      errorOf(() => decodeStructured(Uint8Array.from(bytes)), "CORRUPT");
    errorOf(() => decodeStructured(payload(2, 2, 0xc0)), "UNSUPPORTED_VERSION");
  });

  it("refuses a reference back to a class instance that is not made yet", () => {
    const name = Buffer.from("test/Point@1");
    errorOf(
      () => decodeStructured(payload(5, 1, 22, 0xa0 + name.length, ...name, 0, 0), classes),
      "CORRUPT",
    );
  });

  it("bounds the nesting, without recursion", () => {
    const deep = (depth: number) =>
      Uint8Array.from([
        0xdd,
        0,
        ((2 * depth + 2) >> 16) & 0xff,
        ((2 * depth + 2) >> 8) & 0xff,
        (2 * depth + 2) & 0xff,
        1,
        ...Array.from({ length: depth }, () => [8, 1]).flat(),
        0xc0,
      ]);
    expect(decodeStructured(deep(1000))).toHaveLength(1);
    errorOf(() => decodeStructured(deep(1001)), "CORRUPT");
    errorOf(() => decodeStructured(deep(200_000)), "CORRUPT");
  });

  it("makes no room for holes: a thousand arrays of thirty million", () => {
    const one = [9, 0xce, 0x01, 0xc9, 0xc3, 0x80, 0];
    const count = 3 + 3 * 1000;
    const value = decodeStructured(
      payload(
        count,
        1,
        8,
        0xcd,
        1000 >> 8,
        1000 & 0xff,
        ...Array.from({ length: 1000 }, () => one).flat(),
      ),
    ) as unknown[][];
    expect(value).toHaveLength(1000);
    expect(value.every((array) => array.length === 30_000_000)).toBe(true);
  });

  it("bounds the number of values", () => {
    const count = 10_000_001;
    const bytes = new Uint8Array(count + 20).fill(0xc0);
    bytes.set([0xdd, 0, 0, 0, 0, 1, 8, 0xce, 0, 0, 0, 0]);
    const view = new DataView(bytes.buffer);
    view.setUint32(8, count);
    view.setUint32(1, count + 3);
    errorOf(() => decodeStructured(bytes.subarray(0, count + 12)), "CORRUPT");
    const many = new Map<number, null>();
    for (let i = 0; i <= count / 2; i++) many.set(i, null);
    errorOf(() => encodeStructured(many), "TOO_LARGE");
  });
});
