import { readFile } from "node:fs/promises";
import { expect, it } from "vitest";
import { page, proven } from "../src/suite-page.mjs";

it("the page of the conformance suite says what runs; if not, npm run suite-page", async () => {
  const told = await readFile(page, "utf8");
  expect(told.slice(0, told.indexOf("\n## Lines of code"))).toBe(await proven());
});
