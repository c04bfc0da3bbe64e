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
      "commands",
      "constant",
      "copyPool",
      "createLaila",
      "doctor",
      "fieldsOfClass",
      "formatPlan",
      "globalIdOf",
      "isLailaError",
      "laila",
      "mirror",
      "movePool",
      "namespaceFor",
      "newIdentity",
      "recoverPolicy",
      "resealEnvironment",
      "saveEnvironment",
      "sealEnvironment",
      "unsealEnvironment",
      "variable",
      "variables",
    ]
  `);
});
