import { describe, expect, it } from "vitest";
import { constant, variable } from "../src/index.js";

describe("the options of constant and variable", () => {
  it.each(["nick", 5, null, ["nick"], { nicname: "nick" }, { nickname: "x", scope: "A" }])(
    "are refused when they are none: %j",
    (given) => {
      for (const make of [constant, variable]) {
        let thrown: unknown;
        try {
          make(1, given as never);
        } catch (error) {
          thrown = error;
        }
        expect(thrown).toMatchObject({
          code: "INVALID_ARGUMENT",
          message: expect.stringContaining("nickname"),
        });
      }
    },
  );

  it("say what an evolution is", () => {
    for (const evolution of ["latest", -1, 0.5, Number.NaN]) {
      expect(() => variable(1, { nickname: "x", evolution: evolution as never })).toThrow(
        "The evolution of a variable must be a whole number from 0",
      );
    }
    expect(variable(1, { evolution: 3 }).evolution).toBe(3);
  });
});
