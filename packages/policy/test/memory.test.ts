import { constant } from "@laila/schema";
import { expect, it } from "vitest";
import { Policy } from "../src/index.js";

it("keeps", async () => {
  const policy = new Policy();
  const { memory } = policy.central;
  const e = constant({ a: 1 }, { nickname: "x" });
  expect(await memory.memorize(e)).toBe(e);
  const got = await memory.remember(e);
  expect(got.data).toEqual({ a: 1 });
});
