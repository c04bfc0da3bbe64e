import { describe, expect, it } from "vitest";
import {
  type Blueprint,
  blueprintLeaves,
  globalIdOf,
  mapBlueprint,
  maxBlueprintDepth,
  parseBlueprint,
} from "../src/index.js";
import { errorOf } from "./support/errors.js";

const [a, b, c] = ["a", "b", "c"].map((name) => globalIdOf(name)) as [string, string, string];

function nested(depth: number, leaf: unknown): unknown {
  let value = leaf;
  for (let i = 0; i < depth; i++) value = { in: value };
  return value;
}

describe("a blueprint", () => {
  it("has leaves in its own order, lists in place, doubles twice", () => {
    const blueprint = parseBlueprint({ z: a, list: [b, a], deep: { er: c }, none: [], empty: {} });
    expect([...blueprintLeaves(blueprint)]).toEqual([a, b, a, c]);
    const seen = new Map([
      [a, 1],
      [b, 2],
      [c, 3],
    ]);
    expect(mapBlueprint(blueprint, (id) => seen.get(id))).toEqual({
      z: 1,
      list: [2, 1],
      deep: { er: 3 },
      none: [],
      empty: {},
    });
  });

  it("keeps odd names as names when it is mapped", () => {
    const odd = JSON.parse(`{"__proto__":${JSON.stringify(a)}}`) as Blueprint;
    expect(Object.keys(mapBlueprint(odd, () => 1))).toEqual(["__proto__"]);
  });

  it.each<[string, unknown, string]>([
    ["no object", [a], "blueprint"],
    ["null", null, "blueprint"],
    ["a Map", new Map(), "blueprint"],
    ["a Date within", { x: new Date(0) }, "blueprint.x"],
    ["text that is no id", { x: { y: "nope" } }, "blueprint.x.y"],
    ["a number", { x: 1 }, "blueprint.x"],
    ["a list of something else", { x: [a, [b]] }, "blueprint.x[1]"],
    ["a hole", { x: Object.assign(new Array(2), { 1: a }) }, "blueprint.x[0]"],
    ["a name that is not allowed", JSON.parse('{"x":{"__proto__":{}}}'), "blueprint.x.__proto__"],
    ["another such name", { constructor: a }, "blueprint.constructor"],
  ])("refuses %s, with the path", (_, value, path) => {
    expect(errorOf(() => parseBlueprint(value), "INVALID_DOCUMENT").details.path).toBe(path);
  });

  it("bounds its nesting", () => {
    parseBlueprint(nested(maxBlueprintDepth, a));
    parseBlueprint(nested(maxBlueprintDepth - 1, [a]));
    errorOf(() => parseBlueprint(nested(maxBlueprintDepth + 1, a)), "INVALID_DOCUMENT");
    errorOf(() => parseBlueprint(nested(maxBlueprintDepth, [a])), "INVALID_DOCUMENT");
    errorOf(() => parseBlueprint(nested(100_000, a)), "INVALID_DOCUMENT");
  });
});
