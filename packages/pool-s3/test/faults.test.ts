import { describe, expect, it } from "vitest";
import { boundMs, faults, judge } from "./faults-cells.js";
import { operations, stages } from "./faults-operations.js";

const small = Object.keys(operations).filter((name) => !(name in stages));

describe.concurrent.each(small)("%s", (name) => {
  it("gets over each fault that comes once", { timeout: 4 * boundMs }, async () => {
    const cells = Object.values(faults).map((fault) => ({ name, fault, times: 1 }));
    expect((await Promise.all(cells.map(judge))).flat()).toEqual([]);
  });

  it("does right or says what is wrong under each that stays", {
    timeout: 4 * boundMs,
  }, async () => {
    const times = Number.POSITIVE_INFINITY;
    const cells = Object.values(faults).map((fault) => ({ name, fault, times }));
    expect((await Promise.all(cells.map(judge))).flat()).toEqual([]);
  });
});

it("asks again for what is being overwritten at that moment, as Ceph says it", async () => {
  const fault = { status: 409, code: "ConcurrentModification" };
  const reads = ["read", "exists", "readMany"];
  const cells = reads.map((name) => ({ name, fault, times: 2 }));
  expect((await Promise.all(cells.map(judge))).flat()).toEqual([]);
});
