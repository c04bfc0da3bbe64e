import { crc32 as reference } from "node:zlib";
import fc from "fast-check";
import { expect, it } from "vitest";
import { crc32 as inNode } from "../src/crc32/node.js";
import { crc32 as anywhere } from "../src/crc32/table.js";

it("is CRC-32 as zlib has it, in Node and anywhere", () => {
  expect(anywhere(Buffer.from("123456789"))).toBe(0xcbf43926);
  fc.assert(
    fc.property(
      fc.uint8Array({ maxLength: 100 }),
      fc.uint8Array({ maxLength: 20 }),
      (head, tail) => {
        const whole = Uint8Array.from([...head, ...tail]);
        for (const crc32 of [inNode, anywhere]) {
          expect(crc32(whole)).toBe(reference(whole));
          expect(crc32(tail, crc32(head))).toBe(reference(whole));
        }
      },
    ),
    { numRuns: 500 },
  );
});
