import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { subjects } from "../src/hdf5/subjects.mjs";
import { arrayItems, shuffled, smallItems } from "../src/hdf5/values.mjs";
import { workload } from "../src/hdf5/workload.mjs";

const directory = await mkdtemp(join(tmpdir(), "laila-bench-test-"));
afterAll(() => rm(directory, { recursive: true, force: true }));

describe.each(Object.keys(subjects))("%s", (subject) => {
  it.each(["200 × 1 KiB", "4 × 64 KiB"])("writes and reads back %s", async (load) => {
    const numbers = await workload(subject, load, directory);
    for (const phase of ["single", "concurrent", "batch", "close", "bytes"])
      expect(numbers[phase], phase).toBeGreaterThan(0);
    expect(numbers.bytes).toBeGreaterThanOrEqual(200 * 1024);
    expect(typeof numbers.read).toBe(subject === "disk" ? "undefined" : "number");
    expect(await readdir(directory)).toEqual([]);
  });
});

it("has values that differ, and reads them in an order that is none", () => {
  expect(new Set(smallItems(100).map(({ bytes }) => Buffer.from(bytes).toString("hex"))).size).toBe(
    100,
  );
  expect(arrayItems(1, 1024)[0]?.bytes.length).toBeGreaterThan(1024);
  const order = shuffled(100);
  expect([...order].sort((a, b) => a - b)).toEqual(Array.from({ length: 100 }, (_, i) => i));
  expect(order).not.toEqual([...order].sort((a, b) => a - b));
});
