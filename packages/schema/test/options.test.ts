import { checkOptions, nearMatches } from "@laila/schema";
import { expect, it } from "vitest";

const names = ["name", "pool", "namespace"];

it("takes the options that there are, of any realm, without a prototype too", () => {
  checkOptions("call", {}, names);
  checkOptions("call", { name: "x", pool: undefined }, names);
  checkOptions("call", Object.assign(Object.create(null) as object, { pool: 1 }), names);
});

it("names the option that was meant, never a value", () => {
  expect(() => checkOptions("call", { namspace: "hunter2" }, names)).toThrowError(
    expect.objectContaining({
      code: "INVALID_ARGUMENT",
      message:
        'call has no option "namspace". Did you mean namespace? Its options are name, pool, namespace.',
    }),
  );
});

it.each([undefined, null, "name", 5, [], new Map(), () => undefined])("refuses %o", (given) => {
  expect(() => checkOptions("call", given, names)).toThrowError(
    expect.objectContaining({ code: "INVALID_ARGUMENT" }),
  );
});

it("suggests what is near, the nearest first, or nothing", () => {
  expect(nearMatches("bukcetName", ["bucketNames", "prefix", "bucketName"])).toEqual([
    "bucketName",
    "bucketNames",
  ]);
  expect(nearMatches("something", names)).toEqual([]);
});
