import { runInNewContext } from "node:vm";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { copyAgain, exactCopy, isJsonExact } from "../../src/codecs/json-exact.js";

const throwing = () => {
  throw new Error("Something of the value was called.");
};
const nested = (depth: number): unknown => (depth === 0 ? 1 : [nested(depth - 1)]);
const twice = {};
class Derived extends Array {}

describe("JSON-exact is", () => {
  it.each<[string, unknown]>([
    ["null", null],
    ["booleans", [true, false]],
    ["finite numbers", [0, 1.5, -1, 5e-324, 1e308]],
    ["well-formed text", ["", "é😀", "\ufeff\u0000"]],
    ["plain nesting", { a: [{ b: [] }], "": 1 }],
    ["a depth of 256", nested(256)],
    ["objects of another realm", runInNewContext("({ a: [1, { b: 'x' }] })")],
    [
      "names that mean something to engines",
      JSON.parse('{"__proto__":1,"constructor":{},"toJSON":"x","length":1}'),
    ],
    ["frozen objects", Object.freeze({ a: Object.freeze([1]) })],
  ])("%s", (_, value) => {
    expect(isJsonExact(value)).toBe(true);
    expect(JSON.parse(JSON.stringify(value))).toEqual(JSON.parse(JSON.stringify(value)));
  });
});

describe("JSON-exact is not", () => {
  it.each<[string, unknown]>([
    ["undefined", undefined],
    ["a minus zero", -0],
    ["NaN", Number.NaN],
    ["Infinity", Number.POSITIVE_INFINITY],
    ["a bigint", 1n],
    ["a symbol", Symbol("s")],
    ["a function", throwing],
    ["a lone surrogate", "\ud800"],
    ["a lone surrogate in a name", { "\udfff": 1 }],
    ["undefined in an object", { a: undefined }],
    ["a hole", new Array(1)],
    ["a hole made up for by another property", Object.assign(new Array(1), { x: 1 })],
    ["a property of an array", Object.assign([1], { x: 1 })],
    ["a symbol as a key", { [Symbol.iterator]: 1 }],
    ["a hidden property", Object.defineProperty({}, "a", { value: 1 })],
    ["an accessor", Object.defineProperty({}, "a", { get: throwing, enumerable: true })],
    ["an accessor in an array", Object.defineProperty([1], 0, { get: throwing, enumerable: true })],
    [
      "an accessor that cannot be read",
      Object.defineProperty({}, "a", { set: throwing, enumerable: true }),
    ],
    ["a hidden element of an array", Object.defineProperty([1], 0, { enumerable: false })],
    ["a hidden property of an array", Object.defineProperty([1], "x", { value: 1 })],
    ["a symbol as a key of an array", Object.assign([1], { [Symbol.iterator]: 1 })],
    ["an object without a prototype", Object.create(null)],
    ["an object with another prototype", Object.create({ a: 1 })],
    ["an array with another prototype", Object.setPrototypeOf([], Object.prototype)],
    ["an object with the prototype of arrays", Object.setPrototypeOf({}, Array.prototype)],
    ["a derived array", new Derived()],
    ["an object met twice", [twice, twice]],
    ["a depth of 257", nested(257)],
    ["a boxed number", Object(1)],
    ["a Date", new Date(0)],
    ["a Map", new Map()],
    ["bytes", new Uint8Array(1)],
    ["arguments", runInNewContext("(function () { return arguments; })(1)")],
    ["a prototype that only looks native", Object.create({ constructor: Object, __proto__: null })],
    [
      "a foreign prototype with a toJSON",
      runInNewContext("Object.prototype.toJSON = () => 1; ({ a: 1 })"),
    ],
  ])("%s", (_, value) => {
    expect(isJsonExact(value)).toBe(false);
  });

  it("a cycle", () => {
    const cyclic: Record<string, unknown> = {};
    cyclic.self = cyclic;
    expect(isJsonExact(cyclic)).toBe(false);
  });
});

describe("An exact copy", () => {
  const json = fc.jsonValue().map((value) => JSON.parse(JSON.stringify(value)) as unknown);

  it("is what JSON makes of the value, however often it is copied", () => {
    fc.assert(
      fc.property(json, (value) => {
        const copy = exactCopy(value);
        expect(copy).toStrictEqual(value);
        expect(JSON.stringify(copyAgain(copy))).toBe(JSON.stringify(value));
      }),
    );
  });

  it("shares no object with the value, nor with its copies", () => {
    const value = { list: [{ deep: [1] }], "0": {} };
    const copy = exactCopy(value) as typeof value;
    const again = copyAgain(copy);
    value.list[0]?.deep.push(2);
    value.list.push({ deep: [] });
    copy["0"] = { changed: true };
    expect(copy.list).toEqual([{ deep: [1] }]);
    expect(again).toEqual({ list: [{ deep: [1] }], "0": {} });
  });

  it("has the names that mean something to engines as members like any others", () => {
    const text = '{"__proto__":{"a":[{"__proto__":[]}]},"constructor":{}}';
    const copy = exactCopy(JSON.parse(text));
    expect(JSON.stringify(copy)).toBe(text);
    expect(JSON.stringify(copyAgain(copy))).toBe(text);
    expect(Object.getPrototypeOf(copyAgain(copy))).toBe(Object.prototype);
  });

  it("is of this realm, and can be changed", () => {
    const copy = exactCopy(runInNewContext("Object.freeze({ a: Object.freeze([1]) })")) as {
      a: number[];
    };
    copy.a.push(2);
    expect(copy).toStrictEqual({ a: [1, 2] });
  });

  it("takes nothing of a Proxy that was not looked at", () => {
    const looks: string[] = [];
    const value = new Proxy(
      { a: 1 },
      {
        get: (target, name) => {
          looks.push(String(name));
          return looks.length > 1 ? throwing : Reflect.get(target, name);
        },
      },
    );
    expect(exactCopy(value)).toStrictEqual({ a: 1 });
    expect(looks).toEqual(["a"]);
  });
});
