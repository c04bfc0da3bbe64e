import * as pool from "@laila/pool";
import * as node from "@laila/pool/node";
import * as testing from "@laila/pool/testing";
import { expect, it } from "vitest";

it("@laila/pool exports this and nothing else", () => {
  expect(Object.keys(pool).sort()).toMatchInlineSnapshot(`
    [
      "LailaError",
      "LazyCallOptions",
      "MemoryPool",
      "NdArray",
      "Pool",
      "Secret",
      "Slots",
      "abortError",
      "checkKey",
      "exempt",
      "failedFillChannel",
      "innermost",
      "isLailaError",
      "mapLimit",
      "path",
      "secret",
      "tiers",
      "utf8Length",
    ]
  `);
});

it("@laila/pool/testing exports this and nothing else", () => {
  expect(Object.keys(testing).sort()).toMatchInlineSnapshot(`
    [
      "describePool",
      "runDurabilityChild",
    ]
  `);
});

it("@laila/pool/node exports this and nothing else", () => {
  expect(Object.keys(node).sort()).toMatchInlineSnapshot(`
    [
      "fileHelpers",
      "poolPath",
      "systemCode",
      "systemErrorCode",
    ]
  `);
});
