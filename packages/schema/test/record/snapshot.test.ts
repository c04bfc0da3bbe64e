import {
  constant,
  decodeRecord,
  Entry,
  encodeRecord,
  NdArray,
  RecordSnapshot,
  snapshotRecord,
  variable,
} from "@laila/schema";
import fc from "fast-check";
import { describe, expect, it } from "vitest";

const timestamp = new Date(Date.UTC(2026, 0, 31, 12));
const recorder = "LAILA:POLICY:GLOBAL_ID:6c8dcd4c-d490-58bc-81a7-6afbe8d17594";
const options = { timestamp, recorder };

function snapshot(entry: Entry): RecordSnapshot {
  const record = snapshotRecord(entry, options);
  if (!(record instanceof RecordSnapshot)) throw new Error("The bytes were made at once.");
  return record;
}

describe("A snapshot of a record", () => {
  it.each([
    ["a constant", constant({ a: [1, null, "grüße 😀"] })],
    ["a constant with a nickname", constant("text", { nickname: 'a "name"' })],
    ["a variable", variable([1, { b: {} }], { nickname: "v", evolution: 7 })],
    ["another scope", new Entry({ ...constant(1), scopes: ["MANIFEST"], data: { x: true } })],
  ])("is the record and the entry of %s", (_, entry) => {
    const record = snapshot(entry);
    expect(record.globalId).toBe(entry.globalId);
    expect(record.toBytes()).toEqual(encodeRecord(entry, options));
    expect(record.toEntry()).toEqual(entry);
    const decoded = decodeRecord(record.toBytes(), { key: entry.globalId });
    expect(decoded).toMatchObject({ entry, recorder, codec: "json" });
    expect(record.toEntry()).toEqual(decoded.entry);
  });

  it("is both of any JSON value", () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const entry = constant(JSON.parse(JSON.stringify(value)) as unknown);
        const record = snapshot(entry);
        expect(record.toEntry().data).toStrictEqual(entry.data);
        expect(decodeRecord(record.toBytes()).entry.data).toStrictEqual(entry.data);
      }),
    );
  });

  it("is of the moment it was made, and everybody gets its own", () => {
    const data = { list: [1], deep: { er: "x" } };
    const entry = constant(data);
    const record = snapshot(entry);
    data.list.push(2);
    data.deep.er = "changed";
    const first = record.toEntry().data as typeof data;
    expect(first).toEqual({ list: [1], deep: { er: "x" } });
    first.list.push(3);
    record.toBytes().fill(0);
    expect(record.toEntry().data).toEqual({ list: [1], deep: { er: "x" } });
    expect(decodeRecord(record.toBytes()).entry.data).toEqual({ list: [1], deep: { er: "x" } });
  });

  it("has the time at which it was made", () => {
    const before = Date.now();
    const record = snapshotRecord(constant(1)) as RecordSnapshot;
    const after = Date.now();
    const bytes = record.toBytes();
    const made = Date.parse(decodeRecord(bytes).timestamp);
    expect(made).toBeGreaterThanOrEqual(before);
    expect(made).toBeLessThanOrEqual(after);
    expect(record.toBytes()).toEqual(bytes);
  });
});

describe("A snapshot of bytes and arrays", () => {
  const arrays = { ...options, arrays: true };

  it.each<[string, unknown]>([
    ["bytes", Uint8Array.of(1, 2, 3)],
    ["a Buffer, of which it gives the bytes", Buffer.from("of the shared slab")],
    ["no bytes", new Uint8Array(0)],
    ["an ArrayBuffer", Uint8Array.of(1, 2).buffer],
    ["a DataView", new DataView(Uint8Array.of(1, 2, 3, 4).buffer, 1, 2)],
    ["floats", Float32Array.of(1.5, -0, Number.NaN)],
    ["a window of a larger array", Float64Array.of(1, 2, 3, 4).subarray(1, 3)],
    ["large floats", Float64Array.from({ length: 5000 }, (_, i) => i / 3)],
    ["big integers", BigUint64Array.of(2n ** 63n)],
    [
      "an array in Fortran order",
      new NdArray({ dtype: "int32", shape: [2, 2], data: Int32Array.of(1, 2, 3, 4), order: "F" }),
    ],
    ["an array of texts", new NdArray({ dtype: "str", shape: [2], data: ["a", "grüße 😀"] })],
  ])("is the record and the entry of %s", (_, value) => {
    const entry = constant(value, { nickname: "an array" });
    const record = snapshotRecord(entry, arrays) as RecordSnapshot;
    expect(record).toBeInstanceOf(RecordSnapshot);
    expect(record.toBytes()).toEqual(encodeRecord(entry, options));
    expect(record.toBytes()).toEqual(encodeRecord(entry, options));
    const decoded = decodeRecord(record.toBytes(), { key: entry.globalId });
    expect(decoded).toMatchObject({ recorder, timestamp: "2026-01-31T12:00:00.000+00:00" });
    expect(record.toEntry()).toEqual(decoded.entry);
  });

  it("is of the moment it was made, and everybody gets its own", () => {
    const data = Float64Array.of(1, 2, 3);
    const record = snapshotRecord(constant(data), arrays) as RecordSnapshot;
    data.fill(0);
    const first = record.toEntry().data as Float64Array;
    expect(first).toEqual(Float64Array.of(1, 2, 3));
    first.fill(4);
    record.toBytes().fill(5);
    expect(record.toEntry().data).toEqual(Float64Array.of(1, 2, 3));
    expect(decodeRecord(record.toBytes()).entry.data).toEqual(Float64Array.of(1, 2, 3));
  });

  it("is none of what is encoded in another way, or with further members", () => {
    for (const entry of [constant(new Date(0)), constant([Uint8Array.of(1)])])
      expect(snapshotRecord(entry, arrays)).toEqual(encodeRecord(entry, options));
    const further = { ...arrays, entryExtra: { x: 1 } };
    const bytes = snapshotRecord(constant(Uint8Array.of(1)), further);
    expect(bytes).toBeInstanceOf(Uint8Array);
  });
});

describe("The bytes are made at once", () => {
  it.each<[string, Entry, object]>([
    ["of what JSON does not give back", constant(new Date(0)), {}],
    ["of bytes", constant(Uint8Array.of(1)), {}],
    ["with further members", constant(1), { extra: { environment: {} } }],
    ["with a borrower", constant(1), { borrower: recorder }],
    ["of several scopes", new Entry({ ...constant(1), scopes: ["A", "B"], data: 1 }), {}],
  ])("%s", (_, entry, further) => {
    const all = { ...options, ...further };
    expect(snapshotRecord(entry, all)).toEqual(encodeRecord(entry, all));
  });
});

it("What cannot be stored, cannot be made a snapshot of", () => {
  const refused = expect.objectContaining({ code: "UNSUPPORTED_TYPE" });
  expect(() => snapshotRecord(constant({ a: () => 1 }))).toThrow(refused);
  const malformed = expect.objectContaining({ code: "INVALID_ARGUMENT" });
  expect(() => snapshotRecord(constant(1), { recorder: "nobody" })).toThrow(malformed);
  expect(() => snapshotRecord(constant(1, { nickname: "\ud800" }))).toThrow(malformed);
  expect(() => snapshotRecord(1 as unknown as Entry)).toThrow(malformed);
});
