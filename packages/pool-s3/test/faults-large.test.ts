import type { Fault } from "@laila-tooling/s3-server";
import { describe, expect, it } from "vitest";
import { boundMs, type Cell, faults, judge } from "./faults-cells.js";
import { stages } from "./faults-operations.js";

// `npm run soak:s3` sets it; tests have no other way to be told.
const full = process.env.LAILA_SOAK === "full";

/** In `npm test`, those that parts meet in a way of their own: each costs half a second. */
const named = [
  "503",
  "reset-in-request",
  "reset-after-commit",
  "truncate",
  "flip-request",
] as const;
const known = (names: readonly string[]): readonly Fault[] =>
  names.flatMap((name) => faults[name] ?? []);
const once = known(full ? Object.keys(faults) : named);
/** A clock that only one kind of request finds wrong is nobody's. */
const always = known(full ? Object.keys(faults) : ["reset-after-commit"]).filter(
  (fault) => !(typeof fault === "object" && "clockSkewMs" in fault),
);

/** One after the other: the bytes of several would take the time that each of them has. */
async function problems(cells: readonly Cell[]): Promise<string[]> {
  const all: string[] = [];
  for (const cell of cells) all.push(...(await judge(cell)));
  return all;
}

describe.each(Object.entries(stages))("%s", (name, kinds) => {
  const timeout = 16 * boundMs;

  it("gets over each fault that each kind of request meets once", { timeout }, async () => {
    const cells = once.map((fault) => ({ name, fault, times: 1 }));
    expect(await problems(cells)).toEqual([]);
  });

  it("does right or says what is wrong, and leaves no parts, when one kind always fails", {
    timeout,
  }, async () => {
    const times = Number.POSITIVE_INFINITY;
    const cells = always.flatMap((fault) => kinds.map((stage) => ({ name, fault, times, stage })));
    expect(await problems(cells)).toEqual([]);
  });
});
