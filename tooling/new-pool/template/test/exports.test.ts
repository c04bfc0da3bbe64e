import * as everything from "@laila/pool-example";
import { expect, it } from "vitest";

it("exports exactly this", () => {
  expect(Object.keys(everything)).toEqual(["ExamplePool"]);
});
