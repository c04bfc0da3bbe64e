import * as main from "@laila/schema";
import * as codecs from "@laila/schema/codecs";
import { expect, it } from "vitest";

// A change here is a change for every user: see to the changeset.
it("@laila/schema exports these", () => {
  expect(Object.keys(main).sort()).toMatchInlineSnapshot(`
    [
      "ClassRegistry",
      "Entry",
      "LailaError",
      "NdArray",
      "RecordSnapshot",
      "Secret",
      "abortError",
      "blueprintLeaves",
      "checkOptions",
      "constant",
      "decodeRecord",
      "defaultNamespace",
      "documentDigest",
      "encodeRecord",
      "entryAt",
      "environmentDocument",
      "environmentVersion",
      "errorCodes",
      "exempt",
      "fieldMark",
      "fieldsOf",
      "formatGlobalId",
      "globalIdOf",
      "isGlobalId",
      "isLailaError",
      "isSecretReference",
      "isUuid",
      "isWellFormed",
      "mapBlueprint",
      "maxBlueprintDepth",
      "maxEnvironmentBytes",
      "maxEnvironmentDepth",
      "namespaceFor",
      "nearMatches",
      "newUuid",
      "parseBlueprint",
      "parseEnvironmentDocument",
      "parseGlobalId",
      "parseJson",
      "path",
      "secret",
      "snapshotRecord",
      "storedNames",
      "toSnake",
      "uuidOf",
      "variable",
    ]
  `);
});

it("@laila/schema/codecs exports these", () => {
  expect(Object.keys(codecs).sort()).toMatchInlineSnapshot(`
    [
      "ClassRegistry",
      "NdArray",
      "decodeNpy",
      "decodeStructured",
      "encodeNpy",
      "encodeStructured",
      "isJsonExact",
      "maxJsonDepth",
    ]
  `);
});
