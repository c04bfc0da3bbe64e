import { expect, it } from "vitest";
import * as core from "../src/index.js";

it("has these public exports", () => {
  expect(Object.keys(core).sort()).toMatchInlineSnapshot(`
    [
      "AsyncTaskForce",
      "ClassRegistry",
      "Entry",
      "Future",
      "GroupFuture",
      "Guarantee",
      "Laila",
      "LailaError",
      "Manifest",
      "MemoryPool",
      "NdArray",
      "Policy",
      "Secret",
      "Transfer",
      "argEntries",
      "constant",
      "copyPool",
      "createLaila",
      "globalIdOf",
      "isLailaError",
      "laila",
      "mirror",
      "movePool",
      "namespaceFor",
      "recoverPolicy",
      "saveEnvironment",
      "variable",
    ]
  `);
});
