import { encodeRecord, entryAt, globalIdOf, NdArray } from "../../src/index.js";
import { classes, Point } from "../support/point.js";

const shared = { inner: [1.5, -0] };
const cyclic: Record<string, unknown> = { shared, again: shared };
cyclic.self = cyclic;

/** One value per codec and per corner of it. */
const sampleValues: Readonly<Record<string, unknown>> = {
  "json object": {
    name: "layer",
    sizes: [1, 2, 3],
    "1": null,
    "": true,
    "é😀": '\u0000\u001f\u2028"\\/',
    nested: { "k\ney": {} },
  },
  "json numbers": [
    5e-324,
    1e-7,
    0.1,
    0.30000000000000004,
    1e21,
    1e22,
    1.7976931348623157e308,
    123456789012345680000,
    2 ** 53,
    -1.5e-10,
    100,
    0,
  ],
  "json text": "\b\t\n\f\r\u000b\u007f plain \ud83d\ude00",
  "json with names of every kind": JSON.parse(
    '{"__proto__":{"x":1},"constructor":2,"toJSON":"text","p2":1,"r2":2}',
  ) as unknown,
  bytes: new Uint8Array([0, 1, 2, 255, 123, 76]),
  "no bytes": new Uint8Array(),
  DataView: new DataView(new Uint8Array([9, 8, 7]).buffer),
  Float32Array: new Float32Array([0.5, -0, Number.NaN]),
  "NdArray F": new NdArray({
    dtype: "int64",
    shape: [2, 3],
    order: "F",
    data: BigInt64Array.from([1n, 2n, 3n, 4n, 5n, 6n]),
  }),
  "NdArray of text": new NdArray({ dtype: "str", shape: [2], data: ["a", "😀\ud800"] }),
  "structured, cyclic": cyclic,
  "structured, of every kind": new Map<unknown, unknown>([
    ["undefined", undefined],
    ["numbers", [Number.NaN, -0, 1]],
    ["bigint", -(2n ** 70n)],
    ["date", new Date(0)],
    ["error", new RangeError("out", { cause: new URL("http://example.org/") })],
    ["regexp", /a+/gi],
    ["point", new Point(1, new Set(["x"]))],
    ["lone", "\ud800"],
    ["typed", new Uint16Array([1, 2])],
  ]),
};

const sampleOptions = {
  timestamp: new Date("2026-01-31T12:00:00Z"),
  recorder: "LAILA:POLICY:GLOBAL_ID:dd448e9c-a465-57c2-b3af-c783b86a4a06",
  classes,
} as const;

export interface Sample {
  readonly name: string;
  readonly key: string;
  readonly value: unknown;
  readonly record: Uint8Array;
}

export const samples: readonly Sample[] = Object.entries(sampleValues).flatMap(([name, value]) =>
  (["crc32", "sha256"] as const).map((digest) => {
    const key = globalIdOf(name, { evolution: 3 });
    return {
      name: `${name}, ${digest}`,
      key,
      value,
      record: encodeRecord(entryAt(key, value, name), {
        ...sampleOptions,
        digest,
        extra: { environment: { head: 1 } },
      }),
    };
  }),
);
