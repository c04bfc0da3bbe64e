import { crc32 } from "node:zlib";
import { describe, expect, it } from "vitest";
import { constant, decodeRecord, encodeRecord, entryAt, variable } from "../../src/index.js";
import { errorOf } from "../support/errors.js";
import { bytesOf, crcDigest, sealBinary, splitBinary } from "../support/records.js";
import { expectSame } from "../support/same.js";

const key = "LAILA:ENTRY:GLOBAL_ID:dd448e9c-a465-57c2-b3af-c783b86a4a06-7";
const at = new Date("2026-01-31T12:00:00Z");
const sample = encodeRecord(entryAt(key, Uint8Array.of(1, 2, 3), "x"), { timestamp: at });
const { header, payload } = splitBinary(sample);

describe("a binary record", () => {
  it("is laid out exactly so", () => {
    const view = new DataView(sample.buffer);
    expect([...sample.subarray(0, 8)]).toEqual([0x4c, 0x41, 0x49, 0x4c, 0x41, 1, 0, 0]);
    expect(view.getBigUint64(8, true)).toBe(3n);
    const start = 24 + view.getUint32(16, true);
    expect(start % 64).toBe(0);
    expect(sample.length).toBe(start + 3);
    expect(view.getUint32(20, true)).toBe(
      crc32(Uint8Array.from([...sample.subarray(0, 20), ...sample.subarray(24, start)])),
    );
    expect(header.trimEnd()).toBe(
      `{"laila_record":1,"entry":{"_uuid":"dd448e9c-a465-57c2-b3af-c783b86a4a06","_evolution":7,"_scopes":["ENTRY"],"_state":"READY","constitution":{"_kind":"simple","codes":[]}},"recorder":null,"borrower":null,"record_timestamp":"2026-01-31T12:00:00.000+00:00","nickname":"x","codec":"bytes","type":"Uint8Array","digest":"${crcDigest(payload)}"}`,
    );
    expect(/\}( *)$/.exec(header)?.[1]?.length).toBeLessThan(64);
    expect([...payload]).toEqual([1, 2, 3]);
    expect([...sealBinary({ header, payload })]).toEqual([...sample]);
  });

  it("gives back what it says", () => {
    const extra = { environment: { head: 1 } };
    const entry = variable(new Float64Array([1]), { nickname: "é" });
    const decoded = decodeRecord(
      encodeRecord(entry, { extra, entryExtra: { n: 1 }, digest: "sha256" }),
      { key: entry.globalId },
    );
    expect(decoded).toMatchObject({
      codec: "npy",
      digest: expect.stringMatching(/^sha256-[A-Za-z0-9+/]{43}=$/),
      extra,
      entryExtra: { n: 1 },
      recorder: null,
      entry: { nickname: "é", evolution: 0 },
    });
    expectSame(decoded.entry.data, entry.data);
  });

  it("says which codec and type it has", () => {
    const of = (data: unknown) =>
      JSON.parse(splitBinary(encodeRecord(constant(data))).header) as {
        codec: string;
        type: string;
      };
    expect(of(Buffer.from("a"))).toMatchObject({ codec: "bytes", type: "Uint8Array" });
    expect(of(new ArrayBuffer(1))).toMatchObject({ codec: "bytes", type: "ArrayBuffer" });
    expect(of(new DataView(new ArrayBuffer(1)))).toMatchObject({
      codec: "bytes",
      type: "DataView",
    });
    expect(of(new Uint8ClampedArray(1))).toMatchObject({ codec: "npy", type: "Uint8ClampedArray" });
    expect(of(new Map())).toMatchObject({ codec: "structured", type: "object" });
    expect(of(undefined)).toMatchObject({ codec: "structured", type: "undefined" });
  });

  it("shares no memory with the value, and gives a Buffer back as a Uint8Array", () => {
    const data = Buffer.from([1, 2, 3]);
    const bytes = encodeRecord(constant(data));
    data.fill(9);
    expectSame(decodeRecord(bytes).entry.data, Uint8Array.of(1, 2, 3));
  });

  it("gives large arrays back as aligned views, small ones in memory of their own", () => {
    const large = encodeRecord(constant(new Float64Array(4096)));
    const view = decodeRecord(large).entry.data as Float64Array;
    expect(view.buffer).toBe(large.buffer);
    expect(view.byteOffset % 64).toBe(0);
    const unaligned = new Uint8Array(large.length + 1);
    unaligned.set(large, 1);
    expectSame(decodeRecord(unaligned.subarray(1)).entry.data, new Float64Array(4096));
    const small = encodeRecord(constant(Uint8Array.of(1, 2)));
    const found = decodeRecord(small).entry.data as Uint8Array;
    expect(found.buffer.byteLength).toBe(2);
  });

  it("reads from shared memory", () => {
    const shared = new Uint8Array(new SharedArrayBuffer(sample.length));
    shared.set(sample);
    const found = decodeRecord(shared).entry.data as Uint8Array;
    expect([...found]).toEqual([1, 2, 3]);
    expect(found.buffer).toBeInstanceOf(ArrayBuffer);
  });
});

describe("reading a binary record trusts nothing", () => {
  const changed = (from: string, to: string) => () =>
    decodeRecord(sealBinary({ header: header.replace(from, to), payload }));

  it("refuses a record under another key", () => {
    expect(
      errorOf(() => decodeRecord(sample, { key: key.slice(0, -2) }), "CORRUPT").message,
    ).toContain("misfiled");
  });

  it("refuses unknown versions, flags, requirements, codecs and types, though all checksums are right", () => {
    errorOf(
      () => decodeRecord(Uint8Array.from(sample, (byte, i) => (i === 5 ? 2 : byte))),
      "UNSUPPORTED_VERSION",
    );
    errorOf(() => decodeRecord(sealBinary({ header, payload }, 1)), "UNSUPPORTED_VERSION");
    errorOf(changed('"laila_record":1', '"laila_record":2'), "UNSUPPORTED_VERSION");
    errorOf(changed('"codec"', '"requires":["x"],"codec"'), "UNSUPPORTED_VERSION");
    errorOf(changed('"codec":"bytes"', '"codec":"later"'), "UNSUPPORTED");
    errorOf(changed('"type":"Uint8Array"', '"type":"Later"'), "UNSUPPORTED");
    errorOf(
      changed('"codec":"bytes","type":"Uint8Array"', '"codec":"npy","type":"__proto__"'),
      "CORRUPT",
      "UNSUPPORTED",
    );
    errorOf(changed('"type":"Uint8Array"', '"type":5'), "CORRUPT");
    errorOf(changed('"type":"Uint8Array",', ""), "CORRUPT");
    errorOf(changed('"codec":"bytes"', '"codec":"json"'), "CORRUPT");
    errorOf(changed('"codec":"bytes"', '"codec":"npy"'), "CORRUPT");
    errorOf(changed('"codec":"bytes"', '"codec":"structured"'), "CORRUPT");
    errorOf(changed('"_state"', '"payload":1,"_state"'), "CORRUPT");
    errorOf(changed('"codes":[]', '"codes":["x"]'), "UNTRUSTED_CODE");
    errorOf(changed("{", "["), "CORRUPT");
    errorOf(changed("{", "\ufeff{"), "CORRUPT");
    errorOf(
      () => decodeRecord(sealBinary({ header: `[${crcDigest(payload)}]`, payload })),
      "CORRUPT",
    );
  });

  it("refuses lengths that are not true, before it makes room for them", () => {
    const with32 = (offset: number, value: number) => {
      const bytes = sample.slice();
      new DataView(bytes.buffer).setUint32(offset, value, true);
      return bytes;
    };
    for (const length of [0, 1, 40, 0xffffffff, 1024 * 1024 + 40])
      errorOf(() => decodeRecord(with32(16, length)), "CORRUPT");
    const long = sealBinary({ header, payload });
    new DataView(long.buffer).setBigUint64(8, 2n ** 60n, true);
    const start = 24 + new DataView(long.buffer).getUint32(16, true);
    new DataView(long.buffer).setUint32(
      20,
      crc32(long.subarray(24, start), crc32(long.subarray(0, 20))),
      true,
    );
    errorOf(() => decodeRecord(long), "CORRUPT");
  });

  it("bounds the header: 1 MiB to write, its length and nesting to read", () => {
    const error = errorOf(
      () => encodeRecord(constant(new Uint8Array(1)), { extra: { long: "x".repeat(1024 * 1024) } }),
      "TOO_LARGE",
    );
    expect(error.details.limit).toBe(1024 * 1024);
    const fits = encodeRecord(constant(new Uint8Array(1)), {
      extra: { long: "x".repeat(1024 * 1024 - 600) },
    });
    expect(decodeRecord(fits).extra.long).toHaveLength(1024 * 1024 - 600);
    const deep = `${"[".repeat(5000)}${"]".repeat(5000)}`;
    errorOf(changed('"codec"', `"deep":${deep},"codec"`), "CORRUPT");
  });

  it("reads as deep a header as it writes", () => {
    let deep: Record<string, unknown> = {};
    for (let i = 1; i < 256; i++) deep = { deep };
    for (const data of [1, undefined]) {
      expectSame(
        decodeRecord(encodeRecord(constant(data), { extra: deep, entryExtra: deep })).entryExtra,
        deep,
      );
    }
  });

  it("tells a transformed value from a record", () => {
    expect(errorOf(() => decodeRecord(bytesOf("LAILX\u0001")), "UNSUPPORTED").message).toContain(
      "transforms",
    );
  });

  it("finds a payload that is not the one that was written", () => {
    const other = sample.slice();
    other[other.length - 1] = 4;
    errorOf(() => decodeRecord(other), "CORRUPT");
  });
});
