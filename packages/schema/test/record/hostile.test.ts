import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { decodeNpy, decodeStructured } from "../../src/codecs/index.js";
import { decodeRecord, isLailaError } from "../../src/index.js";
import { classes } from "../support/point.js";
import { parseRecord, sealBinary, sealJson, splitBinary } from "../support/records.js";
import { samples } from "./samples.js";

const prototypes = [
  Object.prototype,
  Array.prototype,
  Map.prototype,
  Set.prototype,
  Error.prototype,
  Function.prototype,
  RegExp.prototype,
];

function fingerprint(): string {
  return JSON.stringify(prototypes.map((prototype) => Reflect.ownKeys(prototype).map(String)));
}

let before = "";
beforeAll(() => {
  before = fingerprint();
});
afterAll(() => {
  expect(fingerprint()).toBe(before);
  expect(Object.getPrototypeOf(Object.prototype)).toBeNull();
});

/** A value or a LailaError, nothing else. */
function survives(read: () => unknown): void {
  try {
    read();
  } catch (error) {
    if (!isLailaError(error)) throw error;
  }
  expect(({} as { x?: unknown }).x).toBeUndefined();
}

const edit = fc.record({
  at: fc.nat(),
  byte: fc.nat({ max: 255 }),
  kind: fc.constantFrom("set", "insert", "remove", "copy"),
});
const edits = fc.array(edit, { minLength: 1, maxLength: 6 });

function mutate(
  bytes: Uint8Array,
  changes: readonly { at: number; byte: number; kind: string }[],
): Uint8Array {
  const list = [...bytes];
  for (const { at, byte, kind } of changes) {
    const i = list.length === 0 ? 0 : at % list.length;
    if (kind === "set") list[i] = byte;
    else if (kind === "insert") list.splice(i, 0, byte);
    else if (kind === "remove") list.splice(i, 1 + (byte % 4));
    else list.splice(i, 0, ...list.slice(byte % list.length, (byte % list.length) + 8));
  }
  return Uint8Array.from(list);
}

const binary = samples.filter(({ record }) => record[0] === 0x4c && record.length > 0);
const json = samples.filter(({ record }) => record[0] === 0x7b);

describe("whatever the bytes are, reading gives a value or a LailaError", () => {
  it("arbitrary bytes", () => {
    const start = fc.constantFrom(
      [],
      [0x7b],
      [0x4c, 0x41, 0x49, 0x4c, 0x41, 1],
      [0x4c, 0x41, 0x49, 0x4c, 0x58, 1],
    );
    fc.assert(
      fc.property(start, fc.uint8Array({ maxLength: 200 }), (head, tail) =>
        survives(() => decodeRecord(Uint8Array.from([...head, ...tail]))),
      ),
      { numRuns: 3000 },
    );
  });

  it("mutated records", () => {
    fc.assert(
      fc.property(fc.constantFrom(...samples), edits, ({ record }, changes) =>
        survives(() => decodeRecord(mutate(record, changes), { classes })),
      ),
      { numRuns: 3000 },
    );
  });

  it("mutated payloads with right checksums", () => {
    fc.assert(
      fc.property(fc.constantFrom(...binary), edits, ({ record }, changes) => {
        const { header, payload } = splitBinary(record);
        survives(() =>
          decodeRecord(sealBinary({ header, payload: mutate(payload, changes) }), { classes }),
        );
      }),
      { numRuns: 6000 },
    );
  });

  it("headers that say something else, with right checksums", () => {
    const words = [
      "bytes",
      "npy",
      "structured",
      "json",
      "Uint8Array",
      "Float64Array",
      "NdArray",
      "DataView",
      "ArrayBuffer",
      "x",
      "null",
      "1",
      "[]",
      "__proto__",
    ];
    fc.assert(
      fc.property(
        fc.constantFrom(...binary),
        fc.constantFrom(...words),
        fc.constantFrom(...words),
        fc.nat(),
        ({ record }, from, to, at) => {
          const { header, payload } = splitBinary(record);
          const swapped =
            at % 2
              ? header.replace(from, to)
              : header.replace(/"(codec|type)":"\w+"/, `"$1":"${to}"`);
          const cut = at % 7 === 0 ? swapped.slice(0, at % swapped.length) : swapped;
          survives(() => decodeRecord(sealBinary({ header: cut, payload }), { classes }));
        },
      ),
      { numRuns: 2000 },
    );
  });

  it("JSON records that say something else, with right digests", () => {
    const member = fc.constantFrom(
      "laila_record",
      "entry",
      "recorder",
      "borrower",
      "record_timestamp",
      "nickname",
      "codec",
      "requires",
      "type",
      "x",
      "__proto__",
    );
    const inner = fc.constantFrom(
      "_uuid",
      "_evolution",
      "_scopes",
      "_state",
      "payload",
      "constitution",
      "__proto__",
    );
    fc.assert(
      fc.property(
        fc.constantFrom(...json),
        fc.oneof(member, inner),
        fc.jsonValue(),
        fc.boolean(),
        ({ record }, name, value, remove) => {
          const parsed = parseRecord(record);
          const target =
            name.startsWith("_") || name === "payload" || name === "constitution"
              ? (parsed.entry as object)
              : parsed;
          if (remove) Reflect.deleteProperty(target, name);
          else
            Object.defineProperty(target, name, {
              value,
              enumerable: true,
              configurable: true,
              writable: true,
            });
          survives(() => decodeRecord(sealJson(parsed)));
        },
      ),
      { numRuns: 2000 },
    );
  });

  it("arbitrary MessagePack tokens", () => {
    const token = fc.oneof(
      fc.nat({ max: 0x7f }).map((tag) => [tag]),
      fc.nat({ max: 24 }).map((tag) => [tag]),
      fc.constantFrom(
        [0xc0],
        [0xc2],
        [0xc3],
        [0xa1, 0x61],
        [0xa0],
        [0xc4, 2, 1, 2],
        [0xc4, 0],
        [0x90],
        [0x80],
        [0xcb, 0x7f, 0xf8, 0, 0, 0, 0, 0, 0],
        [0xdd, 0xff, 0xff, 0xff, 0xff],
        [0xce, 0xff, 0xff, 0xff, 0xff],
      ),
      fc.uint8Array({ maxLength: 4 }).map((bytes) => [...bytes]),
    );
    fc.assert(
      fc.property(fc.array(token, { maxLength: 40 }), (tokens) => {
        survives(() =>
          decodeStructured(
            Uint8Array.from([0xdc, 0, tokens.length + 1, 1, ...tokens.flat()]),
            classes,
          ),
        );
      }),
      { numRuns: 10_000 },
    );
  });

  it("mutated .npy files", () => {
    const files = binary
      .filter(({ name }) => name.includes("Array"))
      .map(({ record }) => splitBinary(record).payload);
    fc.assert(
      fc.property(fc.constantFrom(...files), edits, (file, changes) =>
        survives(() => decodeNpy(mutate(file, changes))),
      ),
      { numRuns: 3000 },
    );
  });
});
