import { MemoryPool } from "@laila/core";
import { constant, encodeRecord } from "@laila/schema";
import { expect, test } from "vitest";
import { headOf } from "../src/setup/heads.js";

test("a list shows the beginning of a nickname that is as long as a book", async () => {
  const pool = new MemoryPool();
  const entry = constant(1, { nickname: `begins ${"x".repeat(1_000_000)}` });
  await pool.write(entry.globalId, encodeRecord(entry));
  const head = await headOf(pool, entry.globalId);
  expect(head).toMatchObject({ state: "whole", kind: "number" });
  expect(head.nickname).toMatch(/^begins x+$/);
  expect(head.nickname).toHaveLength(1_000);
});
