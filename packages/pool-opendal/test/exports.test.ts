import * as everything from "@laila/pool-opendal";
import { expect, it } from "vitest";

it("exports exactly this", () => {
  expect(Object.keys(everything).sort()).toMatchInlineSnapshot(`
    [
      "OpenDALPool",
    ]
  `);
});
