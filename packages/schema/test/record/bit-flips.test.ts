import { expect, it } from "vitest";
import { decodeRecord } from "../../src/index.js";
import { errorOf } from "../support/errors.js";
import { classes } from "../support/point.js";
import { expectSame } from "../support/same.js";
import { samples } from "./samples.js";

it.each(samples)("finds every single flipped bit: $name", ({ key, record, value }) => {
  expectSame(decodeRecord(record, { key, classes }).entry.data, value);
  const codes = new Set<string>();
  for (let bit = 0; bit < 8 * record.length; bit++) {
    const flipped = record.slice();
    const byte = bit >> 3;
    flipped[byte] = (flipped[byte] as number) ^ (1 << (bit & 7));
    // Without the key too: finding a flip must not depend on knowing whose record it is.
    codes.add(errorOf(() => decodeRecord(flipped, bit % 2 ? { classes } : { key, classes })).code);
  }
  expect(
    [...codes].filter((code) => !["CORRUPT", "UNSUPPORTED_VERSION", "UNSUPPORTED"].includes(code)),
  ).toEqual([]);
});

it.each(samples)("finds every missing end and every further byte: $name", ({ record }) => {
  for (let length = 0; length < record.length; length++) {
    errorOf(() => decodeRecord(record.subarray(0, length), { classes }), "CORRUPT");
  }
  for (const byte of [0x00, 0x7d, 0xff]) {
    errorOf(() => decodeRecord(Uint8Array.from([...record, byte]), { classes }), "CORRUPT");
  }
});
