import { crc32 } from "node:zlib";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { combined, encodeCrc, matches, Sums } from "../src/checksum.js";

const noise = (length: number) =>
  Uint8Array.from({ length }, (_, i) => (Math.imul(i + 1, 0x9e3779b1) >>> 13) & 255);

describe("CRC-32", () => {
  it("of parts is put together to that of the whole", () => {
    void fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 300 })), (parts) => {
        const sums = parts.map((part) => ({ crc: crc32(part), length: part.byteLength }));
        expect(combined(sums)).toBe(crc32(Buffer.concat(parts)));
      }),
    );
    const zeros = Buffer.alloc(3 * 2 ** 20);
    const half = { crc: crc32(zeros), length: zeros.byteLength };
    expect(combined([half, half])).toBe(crc32(Buffer.concat([zeros, zeros])));
  });

  it("is summed for each unit, however the bytes come", () => {
    void fc.assert(
      fc.property(fc.array(fc.uint8Array()), fc.integer({ min: 1, max: 40 }), (chunks, unit) => {
        const sums = new Sums(unit);
        for (const chunk of chunks) sums.add(chunk);
        const whole = Buffer.concat(chunks);
        const expected = [];
        for (let at = 0; at < whole.byteLength; at += unit) {
          const part = whole.subarray(at, at + unit);
          expected.push({ crc: crc32(part), length: part.byteLength });
        }
        expect(sums.end()).toEqual(expected);
      }),
    );
  });

  it("is compared as S3 writes it: of the whole, or of the parts", () => {
    // The example of RFC 3720 and zlib: the digits 1 to 9.
    const digits = new TextEncoder().encode("123456789");
    expect(encodeCrc(crc32(digits))).toBe("y/Q5Jg==");
    const bytes = noise(10_000);
    const sumsOf = (value: Uint8Array) => {
      const sums = new Sums(4096);
      sums.add(value);
      return sums.end();
    };
    const sums = sumsOf(bytes);
    const parts = Buffer.concat(sums.map(({ crc }) => Buffer.from(encodeCrc(crc), "base64")));
    const composite = `${encodeCrc(crc32(parts))}-3`;
    const damaged = new Uint8Array(bytes);
    damaged[5000] = (damaged[5000] ?? 0) ^ 4;
    for (const stored of [encodeCrc(crc32(bytes)), composite]) {
      const about = { crc32: stored, other: false, unit: 4096 };
      expect(matches(sums, about)).toBe(true);
      expect(matches(sumsOf(damaged), about)).toBe(false);
    }
    // What cannot be compared is not called damaged.
    expect(matches(sums, { crc32: composite, other: false, unit: undefined })).toBe(true);
    expect(matches(sums, { crc32: undefined, other: true, unit: 4096 })).toBe(true);
  });
});
