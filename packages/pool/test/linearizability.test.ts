import { describe, expect, it } from "vitest";
import { type Call, isLinearizable } from "../src/testing/linearizability.js";
import { numbered, numberOf } from "../src/testing/numbered.js";

const call = (begun: number, ended: number, act: Call["act"], outcome?: Call["outcome"]): Call => ({
  begun,
  ended,
  act,
  outcome: outcome ?? "done",
});
const write = (value: number) => ({ do: "write", value }) as const;
const read = (found?: number) => ({ do: "read", found }) as const;
const ifAbsent = (value: number) => ({ do: "write if absent", value }) as const;
const over = (expected: number, value: number) => ({ do: "write over", value, expected }) as const;

describe("a history is linearizable", () => {
  it.each<[string, boolean, Call[]]>([
    ["of nothing", true, []],
    ["whose read gives what was written", true, [call(1, 2, write(1)), call(3, 4, read(1))]],
    ["whose read gives nothing after a write", false, [call(1, 2, write(1)), call(3, 4, read())]],
    ["whose read overlaps a write", true, [call(1, 4, write(1)), call(2, 3, read())]],
    [
      "whose second read goes back behind the first",
      false,
      [call(1, 10, write(1)), call(2, 3, read(1)), call(4, 5, read())],
    ],
    [
      "of two writes at once that two readers see in different orders",
      false,
      [
        call(1, 4, write(1)),
        call(2, 3, write(2)),
        call(5, 6, read(1)),
        call(7, 8, read(2)),
        call(9, 10, read(1)),
      ],
    ],
    [
      "of two winners of one race",
      false,
      [call(1, 4, ifAbsent(1)), call(2, 3, ifAbsent(2)), call(5, 6, read(2))],
    ],
    [
      "of a winner and a loser",
      true,
      [call(1, 4, ifAbsent(1)), call(2, 3, ifAbsent(2), "refused"), call(5, 6, read(1))],
    ],
    ["of a loser without a winner", false, [call(1, 2, ifAbsent(1), "refused")]],
    [
      "of a write over a version that was replaced",
      false,
      [call(1, 2, write(1)), call(3, 4, write(2)), call(5, 6, over(1, 3))],
    ],
    [
      "of a write whose outcome is unknown, and done",
      true,
      [call(1, 2, write(1)), call(3, 4, over(1, 2), "unknown"), call(5, 6, read(2))],
    ],
    [
      "of a delete that somebody sees done and undone",
      false,
      [
        call(1, 2, write(1)),
        call(3, 4, { do: "delete" }),
        call(5, 6, { do: "exists", found: true }),
      ],
    ],
  ])("%s: %s", (_, expected, calls) => {
    expect(isLinearizable(calls)).toBe(expected);
  });
});

describe("a numbered value", () => {
  it.each([0, 1, 4, 11, 1000, 1024, 5000, 300_001])("of %d bytes tells its number", (length) => {
    for (const number of [0, 7, 1_234_567]) {
      const value = numbered(number, length);
      expect(numberOf(value)).toBe(number);
      expect(value.byteLength - length).toBeLessThanOrEqual(length < 12 ? 12 : 0);
    }
  });

  it("tells none when it is cut, longer, changed, mixed or empty", () => {
    const value = numbered(7, 5000);
    const other = numbered(8, 5000);
    const mixed = Buffer.concat([value.subarray(0, 2048), other.subarray(2048)]);
    const changed = value.slice();
    changed[4999] = (changed[4999] ?? 0) ^ 1;
    const longer = Buffer.concat([value, Uint8Array.of(0)]);
    for (const torn of [value.subarray(0, 4999), longer, changed, mixed, new Uint8Array(0)])
      expect(numberOf(torn)).toBeUndefined();
  });
});
