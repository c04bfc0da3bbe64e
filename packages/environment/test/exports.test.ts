import { expect, it } from "vitest";
import * as environment from "../src/index.js";

it("has these public exports", () => {
  expect(Object.keys(environment).sort()).toMatchInlineSnapshot(`
    [
      "argEntries",
      "captureEnvironment",
      "loadEnvironment",
      "lookUpArg",
      "makeArgs",
      "readArgs",
      "recoverPolicy",
      "saveEnvironment",
    ]
  `);
});
