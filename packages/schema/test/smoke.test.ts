import { expect, it } from "vitest";
import { constant, decodeRecord, encodeRecord, NdArray, variable } from "../src/index.js";

const deep = () => {
  let v: unknown = new Map();
  for (let i = 0; i < 999; i++) v = { v };
  return v;
};
const cyc: Record<string, unknown> = { a: [1, 2] };
cyc.self = cyc;
const values: unknown[] = [
  1,
  "x",
  null,
  { a: [1, { b: "é😀" }], "1": 2 },
  -0,
  NaN,
  undefined,
  5n,
  new Uint8Array([1, 2, 3]),
  new Float32Array([1, 2]),
  new Map<unknown, unknown>([
    ["a", new Date(5)],
    [{}, new Set([1])],
  ]),
  [1, , 3],
  [NaN, -0, 1],
  /a/gi,
  new URL("http://a/b"),
  cyc,
  "\ud800",
  "\ufeff" + "a".repeat(300),
  new RangeError("x", { cause: 5 }),
  new AggregateError([new Error("a")], "m"),
  Object(5),
  new BigInt64Array([5n]),
  deep(),
  new DataView(new ArrayBuffer(3)),
  new ArrayBuffer(4),
  new NdArray({ dtype: "float32", shape: [2, 3], data: new Float32Array(6) }),
  new NdArray({ dtype: "str", shape: [2], data: ["a", "bcd"] }),
  { x: new NdArray({ dtype: "bool", shape: [], data: new Uint8Array(1) }) },
];
it.each(values.map((v, i) => [i, v]))("%d", (_, value) => {
  const e = variable(value, { nickname: "x" });
  const r = decodeRecord(encodeRecord(e, { extra: { environment: { a: 1 } } }), {
    key: e.globalId,
  });
  expect(r.entry.data).toStrictEqual(value);
  expect(r.extra).toEqual({ environment: { a: 1 } });
});
it("text", () => console.log(new TextDecoder().decode(encodeRecord(constant({ a: 1 })))));
