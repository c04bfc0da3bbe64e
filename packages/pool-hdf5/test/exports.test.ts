import * as everything from "@laila/pool-hdf5";
import { expect, it } from "vitest";

it("exports exactly this", () => {
  expect(Object.keys(everything).sort()).toMatchInlineSnapshot(`
    [
      "HDF5Pool",
    ]
  `);
});
