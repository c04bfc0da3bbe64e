import { constant, encodeRecord, NdArray, variable } from "@laila/schema";

/** The same in every run, so that a failure can be looked at twice. */
const timestamp = new Date(Date.UTC(2026, 0, 31, 12));

/**
 * Records as a policy writes them, one or more of each codec. A backend may look into them (HDF5 shows
 * arrays as arrays), and must give back every byte all the same.
 */
export function sampleRecords(): ReadonlyMap<
  string,
  { readonly key: string; readonly bytes: Uint8Array }
> {
  const values: readonly (readonly [what: string, value: unknown])[] = [
    ["of JSON", { text: "grüße 😀", list: [1, 2.5, null, true], nested: { empty: {} } }],
    ["of a string", ""],
    ["of bytes", Uint8Array.of(0, 255, 1, 254)],
    ["of a Float32Array", Float32Array.of(1.5, -0, Number.NaN, Number.POSITIVE_INFINITY)],
    ["of a BigInt64Array", BigInt64Array.of(2n ** 62n, -1n)],
    ["of an empty Int16Array", new Int16Array(0)],
    [
      "of an array of shape 2 x 3",
      new NdArray({ dtype: "float64", shape: [2, 3], data: Float64Array.of(1, 2, 3, 4, 5, 6) }),
    ],
    [
      "of an array in Fortran order",
      new NdArray({ dtype: "int32", shape: [2, 2], data: Int32Array.of(1, 2, 3, 4), order: "F" }),
    ],
    [
      "of an array without dimensions",
      new NdArray({ dtype: "uint8", shape: [], data: Uint8Array.of(7) }),
    ],
    [
      "of an empty array of shape 0 x 3",
      new NdArray({ dtype: "float32", shape: [0, 3], data: new Float32Array(0) }),
    ],
    ["of booleans", new NdArray({ dtype: "bool", shape: [3], data: Uint8Array.of(1, 0, 1) })],
    [
      "of a Map with dates",
      new Map<unknown, unknown>([
        ["date", timestamp],
        [-0, undefined],
        [1n, new Set([Number.NaN])],
      ]),
    ],
  ];
  const records = new Map<string, { key: string; bytes: Uint8Array }>();
  for (const [what, value] of values) {
    const entry = constant(value, { nickname: `conformance, a record ${what}` });
    records.set(`a record ${what}`, {
      key: entry.globalId,
      bytes: encodeRecord(entry, { timestamp }),
    });
  }
  const evolved = variable(Float64Array.of(1, 2), { nickname: "conformance, a variable" });
  records.set("a record of a variable", {
    key: evolved.globalId,
    bytes: encodeRecord(evolved, { timestamp }),
  });
  return records;
}

/** What rot or a bad disk makes of a record: it is no business of a pool's to mend or to refuse it. */
export function damaged(bytes: Uint8Array): ReadonlyMap<string, Uint8Array> {
  const flip = (at: number): Uint8Array => {
    const copy = bytes.slice();
    copy[at] = (copy[at] ?? 0) ^ 1;
    return copy;
  };
  const longer = new Uint8Array(bytes.byteLength + 1);
  longer.set(bytes);
  return new Map([
    ["a bit flipped near the start", flip(9)],
    ["a bit flipped in the middle", flip(bytes.byteLength >> 1)],
    ["a bit flipped at the end", flip(bytes.byteLength - 1)],
    ["its last byte missing", bytes.subarray(0, -1)],
    ["a byte too many", longer],
    ["only its first half", bytes.subarray(0, bytes.byteLength >> 1)],
  ]);
}
