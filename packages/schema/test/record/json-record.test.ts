import { describe, expect, it } from "vitest";
import {
  constant,
  decodeRecord,
  encodeRecord,
  entryAt,
  globalIdOf,
  variable,
} from "../../src/index.js";
import python from "../__fixtures__/python-json.json" with { type: "json" };
import { errorOf } from "../support/errors.js";
import { bytesOf, crcDigest, parseRecord, sealJson, textOf } from "../support/records.js";
import { expectSame } from "../support/same.js";

const recorder = "LAILA:POLICY:GLOBAL_ID:dd448e9c-a465-57c2-b3af-c783b86a4a06";
const key = "LAILA:ENTRY:GLOBAL_ID:dd448e9c-a465-57c2-b3af-c783b86a4a06";
const at = new Date("2026-01-31T12:00:00Z");

function record(data: unknown, extra: Record<string, unknown> = {}): Record<string, unknown> {
  return {
    ...parseRecord(encodeRecord(entryAt(key, data), { timestamp: at, recorder })),
    ...extra,
  };
}

describe("a JSON record", () => {
  it("is written exactly so", () => {
    const entry = constant({ any: "json" }, { nickname: "x" });
    const text = textOf(encodeRecord(entry, { timestamp: at, recorder }));
    const covered = `{"laila_record":1,"entry":{"_uuid":"dd448e9c-a465-57c2-b3af-c783b86a4a06","_evolution":null,"_scopes":["ENTRY"],"_state":"READY","payload":{"any":"json"},"constitution":{"_kind":"simple","codes":[]}},"recorder":"${recorder}","borrower":null,"record_timestamp":"2026-01-31T12:00:00.000+00:00","nickname":"x","codec":"json"}`;
    expect(text).toBe(`${covered.slice(0, -1)},"digest":"${crcDigest(bytesOf(covered))}"}`);
  });

  it("gives back what it says", () => {
    const entry = variable([1], { nickname: "n", evolution: 4 });
    const bytes = encodeRecord(entry, {
      timestamp: at,
      recorder,
      borrower: key,
      extra: { environment: { head: 2 } },
      entryExtra: { note: "kept" },
    });
    const decoded = decodeRecord(bytes, { key: entry.globalId });
    expect(decoded).toEqual({
      entry,
      codec: "json",
      recorder,
      borrower: key,
      timestamp: "2026-01-31T12:00:00.000+00:00",
      digest: parseRecord(bytes).digest,
      extra: { environment: { head: 2 } },
      entryExtra: { note: "kept" },
    });
    const again = encodeRecord(decoded.entry, {
      timestamp: at,
      recorder,
      borrower: key,
      extra: decoded.extra,
      entryExtra: decoded.entryExtra,
    });
    expect(textOf(again)).toBe(textOf(bytes));
  });

  it("can have a SHA-256 digest", () => {
    const bytes = encodeRecord(constant("é"), { digest: "sha256" });
    expect(parseRecord(bytes).digest).toMatch(/^sha256-[A-Za-z0-9+/]{43}=$/);
    expect(decodeRecord(bytes).digest).toBe(parseRecord(bytes).digest);
    expect(decodeRecord(bytes).entry.data).toBe("é");
  });

  it("shares no memory with the value", () => {
    const data = { list: [1, 2] };
    const bytes = encodeRecord(constant(data));
    data.list.push(3);
    expect(decodeRecord(bytes).entry.data).toEqual({ list: [1, 2] });
  });

  it("can be read from within a larger buffer, as Node's files and sockets give it", () => {
    const bytes = encodeRecord(constant({ a: 1 }));
    const larger = new Uint8Array(bytes.length + 20);
    larger.set(bytes, 7);
    expect(decodeRecord(Buffer.from(larger.buffer, 7, bytes.length)).entry.data).toEqual({ a: 1 });
  });

  it("keeps names that mean something to engines, and pollutes nothing", () => {
    const data = JSON.parse('{"__proto__":{"polluted":1},"constructor":{"prototype":2}}') as object;
    const extra = JSON.parse('{"__proto__":{"polluted":1}}') as Record<string, unknown>;
    const decoded = decodeRecord(encodeRecord(constant(data), { extra, entryExtra: extra }));
    expectSame(decoded.entry.data, data);
    expectSame(decoded.extra, extra);
    expectSame(decoded.entryExtra, extra);
    expect("polluted" in {}).toBe(false);
  });

  it("never calls toJSON, not even one on Object.prototype", () => {
    const plain = { toJSON: "a text", list: [{ a: 1 }], n: null };
    const usual = textOf(encodeRecord(entryAt(key, plain), { timestamp: at }));
    const refuse = () => {
      throw new Error("toJSON was called.");
    };
    for (const prototype of [Object.prototype, Array.prototype]) {
      Object.defineProperty(prototype, "toJSON", {
        value: refuse,
        configurable: true,
        writable: true,
      });
      try {
        const bytes = encodeRecord(entryAt(key, plain), { timestamp: at });
        expect(textOf(bytes)).toBe(usual);
        expectSame(decodeRecord(bytes).entry.data, plain);
      } finally {
        Reflect.deleteProperty(prototype, "toJSON");
      }
    }
  });

  it("refuses options that are malformed", () => {
    const entry = constant(1);
    for (const options of [
      { recorder: "someone" },
      { borrower: "" },
      { timestamp: new Date(Number.NaN) },
      { extra: { entry: 1 } },
      { extra: { digest: 1 } },
      { extra: { requires: [] } },
      { extra: { x: undefined } },
      { extra: { x: () => 1 } },
      { entryExtra: { payload: 1 } },
      { entryExtra: { x: Number.NaN } },
    ]) {
      errorOf(() => encodeRecord(entry, options), "INVALID_ARGUMENT");
    }
    errorOf(() => encodeRecord({ data: 1 } as never), "INVALID_ARGUMENT");
    errorOf(() => encodeRecord(undefined as never), "INVALID_ARGUMENT");
    errorOf(() => encodeRecord(entryAt(key, 1, "lone \ud800")), "INVALID_ARGUMENT");
  });
});

describe("reading a JSON record trusts nothing", () => {
  it("refuses a record under another key", () => {
    const bytes = encodeRecord(entryAt(key, 1));
    expect(errorOf(() => decodeRecord(bytes, { key: `${key}-0` }), "CORRUPT").message).toContain(
      "misfiled",
    );
    expect(
      errorOf(() => decodeRecord(bytes, { key: key.toUpperCase() }), "CORRUPT").message,
    ).toContain("misfiled");
    expect(decodeRecord(bytes, { key }).entry.globalId).toBe(key);
  });

  it("keeps a uuid as it is written", () => {
    const upper = key.replace(/dd448e9c/, "DD448E9C");
    expect(decodeRecord(encodeRecord(entryAt(upper, 1)), { key: upper }).entry.globalId).toBe(
      upper,
    );
    errorOf(() => decodeRecord(encodeRecord(entryAt(upper, 1)), { key }), "CORRUPT");
  });

  it.each([
    ["a later version", { laila_record: 2 }, "UNSUPPORTED_VERSION"],
    ["a version that is none", { laila_record: 1.5 }, "CORRUPT"],
    ["a version of another type", { laila_record: "1" }, "CORRUPT"],
    ["something required that is not known", { requires: ["time-travel"] }, "UNSUPPORTED_VERSION"],
    ["requirements that are no list", { requires: "x" }, "CORRUPT"],
    ["an unknown codec", { codec: "cbor" }, "UNSUPPORTED"],
    ["a codec of binary records", { codec: "npy" }, "CORRUPT"],
    ["no codec", { codec: 1 }, "CORRUPT"],
    ["a recorder that is none", { recorder: "me" }, "CORRUPT"],
    ["a timestamp that is none", { record_timestamp: 5 }, "CORRUPT"],
    ["a nickname that is none", { nickname: {} }, "CORRUPT"],
    ["no entry", { entry: [] }, "CORRUPT"],
  ] as const)("refuses %s", (_, members, code) => {
    errorOf(() => decodeRecord(sealJson(record(1, members))), code);
  });

  it.each([
    ["no uuid", { _uuid: "nope" }],
    ["a scope that is none", { _scopes: ["A B"] }],
    ["no scopes", { _scopes: [] }],
    ["scopes of another type", { _scopes: "ENTRY" }],
    ["an evolution that is none", { _evolution: -1 }],
    ["an evolution of another type", { _evolution: "1" }],
    ["another state", { _state: "PENDING" }],
    ["no constitution", { constitution: null }],
  ])("refuses an entry with %s", (_, members) => {
    const good = record(1);
    errorOf(
      () => decodeRecord(sealJson({ ...good, entry: { ...(good.entry as object), ...members } })),
      "CORRUPT",
    );
  });

  it("never runs code, and says so", () => {
    const good = record(1);
    const coded = {
      ...good,
      entry: {
        ...(good.entry as object),
        constitution: { _kind: "simple", codes: ["def f(x): ..."] },
      },
    };
    expect(errorOf(() => decodeRecord(sealJson(coded)), "UNTRUSTED_CODE").message).toContain(
      "never runs code",
    );
  });

  it("understands an empty list of requirements, and keeps what it does not know", () => {
    const { extra } = decodeRecord(sealJson(record(1, { requires: [], later: { a: [1] } })));
    expect(extra).toEqual({ later: { a: [1] } });
  });

  it("is refused where it is no JSON, although its digest holds", () => {
    const text = textOf(encodeRecord(entryAt(key, 1), { timestamp: at, recorder }));
    const covered = `${text.slice(0, text.lastIndexOf(',"digest"'))}}`;
    const odd = covered.replace("12:00:00", "12:00\n00");
    const bytes = bytesOf(`${odd.slice(0, -1)},"digest":"${crcDigest(bytesOf(odd))}"}`);
    errorOf(() => decodeRecord(bytes), "CORRUPT");
  });

  it("may have a nickname of any length", () => {
    const nickname = "n".repeat(20_000_000);
    const entry = constant(1, { nickname });
    expect(decodeRecord(encodeRecord(entry)).entry.nickname === nickname).toBe(true);
  });

  it("refuses a digest that is missing, of an unknown kind, or wrong", () => {
    const { digest: _, ...without } = record(1);
    errorOf(() => decodeRecord(bytesOf(JSON.stringify(without))), "CORRUPT");
    errorOf(
      () => decodeRecord(bytesOf(JSON.stringify({ ...without, digest: "blake9-00" }))),
      "UNSUPPORTED",
    );
    errorOf(
      () => decodeRecord(bytesOf(JSON.stringify({ ...without, digest: "crc32-00000000" }))),
      "CORRUPT",
    );
    errorOf(() => decodeRecord(bytesOf(JSON.stringify({ ...without, digest: 5 }))), "CORRUPT");
  });

  it("bounds the nesting, also of a text that would overflow the stack", () => {
    const nested = (depth: number): unknown => {
      let value: unknown = 0;
      for (let i = 0; i < depth; i++) value = [value];
      return value;
    };
    expect(parseRecord(encodeRecord(constant(nested(256)))).codec).toBe("json");
    expect(encodeRecord(constant(nested(257)))[0]).toBe(0x4c);
    const good = record(1);
    const deeper = (depth: number) => () =>
      decodeRecord(
        sealJson({ ...good, entry: { ...(good.entry as object), payload: nested(depth) } }),
      );
    expectSame(deeper(256)().entry.data, nested(256));
    errorOf(deeper(257), "CORRUPT");
    for (const open of ["[", '{"a":'])
      errorOf(
        () => decodeRecord(bytesOf(`{"laila_record":1,"entry":${open.repeat(1_000_000)}`)),
        "CORRUPT",
      );
    const closed = `${"[".repeat(200_000)}${"]".repeat(200_000)}`;
    errorOf(
      () => decodeRecord(bytesOf(`{"laila_record":1,"entry":{"payload":${closed}}}`)),
      "CORRUPT",
    );
  });

  it("refuses malformed UTF-8, and a text that is no record", () => {
    errorOf(() => decodeRecord(Uint8Array.of(0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d)), "CORRUPT");
    for (const text of ["", "{", "{}", "[]", '{"a":1}', "null", "\ufeff{}"])
      errorOf(() => decodeRecord(bytesOf(text)), "CORRUPT");
    errorOf(() => decodeRecord("{}" as never), "INVALID_ARGUMENT");
  });

  it("shows nothing of a malformed record in its error", () => {
    const error = errorOf(
      () => decodeRecord(bytesOf('{"laila_record":1,"secret":hunter2}')),
      "CORRUPT",
    );
    expect(`${error.message}${JSON.stringify(error)}${String(error.cause)}`).not.toContain(
      "hunter2",
    );
  });
});

describe("a record that passed through another JSON writer", () => {
  it.each(python.rewritten)(
    "reads what Python's json made of it: $name",
    ({ ours, python: escaped, unescaped, indented, compact }) => {
      const { entry, extra } = decodeRecord(bytesOf(ours));
      for (const text of [escaped, unescaped, indented, compact]) {
        const again = decodeRecord(bytesOf(text), { key: entry.globalId });
        expectSame(again.entry.data, entry.data);
        expectSame(again.extra, extra);
      }
    },
  );

  const good = textOf(
    encodeRecord(
      entryAt(key, { a: 1, b: 1e21, c: "\u001f", d: 5e-324, e: 123456789012345680000 }),
      { timestamp: at },
    ),
  );
  it.each([
    ["a name twice, with the same value", '"a":1,', '"a":1,"a":1,'],
    ["a name twice, spelt differently", '"a":1,', '"\\u0061":1,"a":1,'],
    ["more digits than the number has", "5e-324", "4e-324"],
    ["other last digits of a large number", "123456789012345680000", "123456789012345680001"],
    ["an upper-case exponent", "1e+21", "1E+21"],
    ["upper-case hexadecimal digits", "\\u001f", "\\u001F"],
    ["an escaped slash", '"READY"', '"READY\\/"'],
    ["a stray carriage return", '"a":1', '"a":\r1'],
    ["a minus zero", '"a":1', '"a":-0'],
    ["a number out of range", '"a":1', '"a":1e999'],
    ["another value", '"a":1', '"a":2'],
    ["another order", '"a":1,"b":1e+21', '"b":1e+21,"a":1'],
  ])("refuses %s", (_, from, to) => {
    expect(good).toContain(from);
    expect(decodeRecord(bytesOf(good.replace(":", ": "))).entry.globalId).toBe(key);
    errorOf(() => decodeRecord(bytesOf(good.replace(from, to))), "CORRUPT");
  });

  it.each([
    ["Python's exponents", "1e+21", "1e21"],
    ["a fraction of zero", '"a":1', '"a":1.0'],
    ["an exponent with a zero in front", "5e-324", "5e-0324"],
    ["line ends of Windows", '"a":1', '\r\n"a":1'],
    ["needless escapes", '"a":1', '"\\u0061":1'],
  ])("reads %s", (_, from, to) => {
    expect(decodeRecord(bytesOf(good.replace(from, to))).entry.globalId).toBe(key);
  });

  it("takes no more than linear time for hostile numbers", () => {
    const zeros = "0".repeat(500_000);
    for (const number of [`1${zeros}1`, `0.${zeros}1${zeros}`, `1e${"9".repeat(500_000)}`]) {
      errorOf(() => decodeRecord(bytesOf(good.replace('"a":1', `"a": ${number}`))), "CORRUPT");
    }
  });
});

describe("a record of Python LAILA", () => {
  const read = (name: keyof typeof python.records) =>
    decodeRecord(bytesOf(python.records[name]), { key });

  it("is read when its payload is plain", () => {
    const { entry, codec, recorder: by, digest, extra } = read("plain");
    expectSame(entry.data, { a: [1, 2.5, -0, 1e-7, "é", null, true], f: 1 });
    expect([codec, by, digest, extra]).toEqual(["json", recorder, null, {}]);
    expectSame(read("list").entry.data, [1, 2]);
  });

  it("is refused when it needs its code, when a number would be lost, when it is no such record", () => {
    errorOf(() => read("code"), "UNTRUSTED_CODE");
    errorOf(() => read("big"), "UNSUPPORTED_TYPE");
    errorOf(() => read("nan"), "CORRUPT");
    errorOf(() => read("extra"), "CORRUPT");
    const malformed = Buffer.from(python.records.plain);
    malformed[malformed.indexOf("a")] = 0xff;
    errorOf(() => decodeRecord(malformed), "CORRUPT");
    errorOf(() => decodeRecord(bytesOf(python.records.plain), { key: globalIdOf("y") }), "CORRUPT");
    errorOf(
      () =>
        decodeRecord(bytesOf(python.records.list.replace('"payload"', '"payload": 1, "payload"'))),
      "CORRUPT",
    );
  });
});
