import * as everything from "@laila/pool-sqlite";
import { expect, it } from "vitest";

it("exports exactly this", () => {
  expect(Object.keys(everything)).toEqual(["SQLitePool"]);
});
