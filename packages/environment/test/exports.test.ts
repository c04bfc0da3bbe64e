import { expect, it } from "vitest";
import * as environment from "../src/index.js";

it("has these public exports", () => {
  expect(Object.keys(environment).sort()).toMatchInlineSnapshot(`
    [
      "argEntries",
      "captureEnvironment",
      "commands",
      "configJsonSchema",
      "configTables",
      "diffEnvironments",
      "doctor",
      "environmentHistory",
      "environmentPatch",
      "explainArgs",
      "fieldsOfClass",
      "formatDiff",
      "formatPlan",
      "labelEnvironment",
      "latestVersion",
      "listEnvironments",
      "loadEnvironment",
      "lookUpArg",
      "makeArgs",
      "newIdentity",
      "noteSaved",
      "planRecovery",
      "pruneEnvironment",
      "readArgs",
      "readVariables",
      "recoverPolicy",
      "resealEnvironment",
      "resolveConfig",
      "rollbackEnvironment",
      "saveEnvironment",
      "sealEnvironment",
      "unsealEnvironment",
      "variableOf",
      "variables",
      "versionAt",
      "withOrigins",
    ]
  `);
});
