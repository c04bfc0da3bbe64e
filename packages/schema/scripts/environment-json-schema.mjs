import * as z from "zod/mini";

/**
 * The JSON Schema (2020-12) of environment documents, made from the one declaration in the source.
 *
 * @param {import("../src/environment-document.js").environmentDocument} environmentDocument
 */
export const environmentJsonSchema = (environmentDocument) => ({
  title: "LAILA environment document, version 1",
  ...z.toJSONSchema(environmentDocument, { target: "draft-2020-12" }),
});
