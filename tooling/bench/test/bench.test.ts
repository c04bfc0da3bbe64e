import { describe, expect, it } from "vitest";
import { childMeasurements } from "../src/child-measurements.mjs";
import { once } from "../src/objects.mjs";
import { barsText, table } from "../src/report.mjs";
import { interleaved, measurement, median, ratio } from "../src/rounds.mjs";
import { stored } from "../src/stored.mjs";
import { stores } from "../src/stores.mjs";
import { customer } from "../src/values.mjs";

describe("the statistics", () => {
  it("take the middle, and show what lies around it", () => {
    expect(median([5, 1, 3])).toBe(3);
    expect(median([4, 1, 3, 2])).toBe(2.5);
    expect(measurement([5, 1, 3], "ms")).toEqual({ median: 3, low: 1, high: 5, unit: "ms" });
  });

  it("compare within each round", () => {
    expect(ratio([2, 40, 6], [1, 10, 3])).toBe(2);
  });

  it("runs every subject in every round, each beginning one, and not counting the warm-up", async () => {
    const ran: string[] = [];
    const subject = (name: string) => async () => ({ at: ran.push(name) });
    const samples = await interleaved({ a: subject("a"), b: subject("b") }, { rounds: 2 });
    expect(ran.join("")).toBe("ababba");
    expect(samples).toEqual({ a: { at: [3, 6] }, b: { at: [4, 5] } });
  });
});

describe.each(Object.entries(stores))("%s", (_name, open) => {
  it.each(["one by one", "all at once"] as const)("gives back and forgets, %s", async (mode) => {
    const verbs = open()[mode];
    const values = Array.from({ length: 20 }, (_, i) => customer(i));
    const keys = await verbs.write(values);
    expect(await verbs.read(keys)).toEqual(values);
    await verbs.forget(keys);
    // laila says that they are not there; the others give nothing.
    const left = await verbs.read(keys).catch((error: { code?: string }) => [error.code]);
    expect(new Set(left)).toHaveProperty("size", 1);
    expect([null, undefined, "NOT_FOUND", "MULTIPLE"]).toContain(left[0]);
  });
});

it("does not time a store that gives back something else", async () => {
  const forgetful = () => {
    const verbs = {
      write: async () => ["a"],
      read: async () => [{}],
      forget: async () => undefined,
    };
    return { "one by one": verbs, "all at once": verbs };
  };
  await expect(once(forgetful, "one by one", [customer(1)])).rejects.toThrow();
});

it("counts what is stored beyond the payload", async () => {
  const { rows, bars } = await stored();
  expect(rows).toContainEqual(
    expect.objectContaining({ value: "Uint8Array, 1 MiB", payload: 2 ** 20 }),
  );
  expect(bars).toEqual([expect.objectContaining({ limit: "≤ 512", met: true })]);
});

it("measures a manifest", async () => {
  const found = await childMeasurements.manifest?.("50");
  expect(Object.keys(found ?? {})).toEqual(["memorize", "realize", "all", "memory"]);
});

it("measures the first objects of a process, and one way for arrays", async () => {
  const first = await childMeasurements.firstObjects?.("unstorage|all at once|20");
  expect(Object.keys(first ?? {})).toEqual(["memorize", "remember", "forget", "all"]);
  const arrays = await childMeasurements.oneWay?.("laila|2|4096");
  expect(Object.keys(arrays ?? {})).toEqual(["memorize", "remember"]);
  await expect(childMeasurements.oneWay?.("nothing|1|8")).rejects.toThrow("There is no way");
});

it("prints Markdown", () => {
  expect(table([{ name: "a", time: measurement([1, 2, 3], "ms") }]).split("\n")).toEqual([
    "| name | time         |",
    "| ---- | ------------ |",
    "| a    | 2 (1 – 3) ms |",
  ]);
  const bar = { what: "speed", value: 0.5, limit: "≥ 1", met: false };
  expect(barsText([{ title: "", rows: [], bars: [bar] }])).toContain(
    "| speed | ≥ 1   | 0.50  | NO  |",
  );
});
