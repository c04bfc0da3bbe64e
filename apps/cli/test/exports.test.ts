import { expect, test } from "vitest";
import * as cli from "../src/index.js";

test("what a configuration imports", () => {
  expect(Object.keys(cli).sort()).toMatchInlineSnapshot(`
    [
      "arg",
      "defineConfig",
      "secret",
    ]
  `);
});
