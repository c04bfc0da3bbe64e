import { expect, it } from "vitest";
import { lengthOfPart } from "../src/write.js";

const [MiB, GiB, TiB] = [1024 ** 2, 1024 ** 3, 1024 ** 4];
const total = (partBytes: number, uniform: boolean, parts = 10_000) => {
  let bytes = 0;
  for (let number = 1; number <= parts; number++) bytes += lengthOfPart(number, partBytes, uniform);
  return bytes;
};

it("ten thousand parts of a stream hold nearly 5 TiB and more, and 4 GiB only short ones", () => {
  for (const partBytes of [5 * MiB, 8 * MiB, 128 * MiB]) {
    expect(total(partBytes, false)).toBeGreaterThan(4.8 * TiB);
    expect(lengthOfPart(10_000, partBytes, false)).toBeLessThanOrEqual(5 * GiB);
  }
  expect(lengthOfPart(4096 / 8, 8 * MiB, false)).toBe(8 * MiB);
  expect(new Set([1, 1000, 1001, 10_000].map((n) => lengthOfPart(n, 8 * MiB, true)))).toEqual(
    new Set([8 * MiB]),
  );
});
