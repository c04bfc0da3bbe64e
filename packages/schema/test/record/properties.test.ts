import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { constant, decodeRecord, encodeRecord, isLailaError, variable } from "../../src/index.js";
import * as arbitrary from "../support/arbitrary.js";
import { errorOf } from "../support/errors.js";
import { classes } from "../support/point.js";
import { expectSame } from "../support/same.js";

function roundTrip(data: unknown): { data: unknown; codec: string } {
  const entry = variable(data, { nickname: "round trip" });
  const { entry: found, codec } = decodeRecord(encodeRecord(entry, { classes }), {
    key: entry.globalId,
    classes,
  });
  return { data: found.data, codec };
}

describe("decode(encode(x))", () => {
  it("gives any value back: trees, shared references, cycles", () => {
    fc.assert(
      fc.property(arbitrary.value, (value) => {
        expectSame(roundTrip(value).data, value);
      }),
      { numRuns: 3000 },
    );
  });

  it("gives any single thing back", () => {
    fc.assert(
      fc.property(fc.oneof(arbitrary.primitive, arbitrary.leafObject), (value) => {
        expectSame(roundTrip(value).data, value);
      }),
      { numRuns: 2000 },
    );
  });

  it("writes what is JSON-exact as JSON", () => {
    fc.assert(
      fc.property(arbitrary.jsonValue, (value) => {
        const { data, codec } = roundTrip(value);
        expect(codec).toBe("json");
        expectSame(data, value);
      }),
      { numRuns: 2000 },
    );
  });

  it("writes the one text that JSON.stringify would, digest last, however the record is put together", () => {
    const recorder = `LAILA:POLICY:GLOBAL_ID:${globalThis.crypto.randomUUID()}`;
    fc.assert(
      fc.property(
        arbitrary.jsonValue,
        fc.option(fc.string({ unit: "grapheme" }), { nil: undefined }),
        fc.option(fc.nat(), { nil: undefined }),
        fc.constantFrom(undefined, { note: 1 }),
        (value, nickname, evolution, extra) => {
          const given = { nickname, ...(evolution === undefined ? {} : { evolution }) };
          const entry =
            evolution === undefined ? constant(value, { nickname }) : variable(value, given);
          const text = new TextDecoder().decode(encodeRecord(entry, { recorder, extra }));
          const parsed = JSON.parse(text) as Record<string, unknown>;
          expect(text).toBe(JSON.stringify(parsed));
          expect(Object.keys(parsed).at(-1)).toBe("digest");
          const plain = new TextDecoder().decode(encodeRecord(entry, { recorder }));
          expect(Object.keys(JSON.parse(plain) as object)).toEqual(
            Object.keys(parsed).filter((name) => name !== "note"),
          );
        },
      ),
      { numRuns: 1000 },
    );
  });

  it("writes typed arrays and NdArrays as bytes or .npy", () => {
    fc.assert(
      fc.property(fc.oneof(arbitrary.typedArray, arbitrary.ndArray), (value) => {
        const { data, codec } = roundTrip(value);
        expect(codec).toBe(value instanceof Uint8Array ? "bytes" : "npy");
        expectSame(data, value);
      }),
      { numRuns: 1000 },
    );
  });
});

describe("what cannot come back exactly", () => {
  const culprit = fc.constantFrom<(() => unknown)[]>(
    () => () => 1,
    () => Symbol("s"),
    () => new WeakMap(),
    () => Promise.resolve(),
    () => new (class Unregistered {})(),
    () =>
      Object.defineProperty({}, "get", {
        enumerable: true,
        get: () => {
          throw new Error("An accessor was called.");
        },
      }),
    () => ({ [Symbol.iterator]: 1 }),
    () => Object.assign([1], { extra: 1 }),
    () => Object.defineProperty({}, "hidden", { value: 1 }),
    () => Object.assign(new Map(), { extra: 1 }),
    () => new (class extends Array {})(),
  );

  it("is refused with the path to it, wherever it lies", () => {
    fc.assert(
      fc.property(
        arbitrary.value,
        fc.array(fc.constantFrom("o", "a", "m", "s"), { maxLength: 6 }),
        culprit,
        (beside, steps, make) => {
          let data = make();
          let path = "";
          for (const step of steps) {
            if (step === "o") [data, path] = [{ beside, k: data }, `.k${path}`];
            else if (step === "a") [data, path] = [[beside, data], `[1]${path}`];
            else if (step === "m") [data, path] = [new Map([["k", data]]), `.get("k")${path}`];
            else [data, path] = [new Set([beside, data]), `{item 1}${path}`];
          }
          const error = errorOf(
            () => encodeRecord(constant(data), { classes }),
            "UNSUPPORTED_TYPE",
          );
          expect(error.details.path).toMatch(/^data/);
          expect(String(error.details.path).startsWith(`data${path}`)).toBe(true);
          expect(error.message).toContain(String(error.details.path));
        },
      ),
      { numRuns: 1000 },
    );
  });

  it("fails with nothing but LailaErrors for anything fast-check can think of", () => {
    fc.assert(
      fc.property(
        fc.anything({
          withBigInt: true,
          withBoxedValues: true,
          withDate: true,
          withMap: true,
          withNullPrototype: true,
          withSet: true,
          withSparseArray: true,
          withTypedArray: true,
          withObjectString: true,
        }),
        (value) => {
          try {
            expectSame(roundTrip(value).data, value);
          } catch (error) {
            if (!isLailaError(error, "UNSUPPORTED_TYPE")) throw error;
            expect(error.details.path).toMatch(/^data/);
          }
        },
      ),
      { numRuns: 1000 },
    );
  });
});
