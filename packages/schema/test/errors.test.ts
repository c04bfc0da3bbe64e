import { describe, expect, it } from "vitest";
import {
  abortError,
  errorCodes,
  isLailaError,
  LailaError,
  type LailaErrorJson,
} from "../src/index.js";
import { errorOf } from "./support/errors.js";

describe("LailaError", () => {
  it("is recognised by its tag and code, not by its class", () => {
    const foreign = Object.defineProperty(
      Object.assign(new Error("x"), { code: "CORRUPT" }),
      Symbol.for("laila.error"),
      { value: true },
    );
    expect([
      isLailaError(foreign),
      isLailaError(foreign, "CORRUPT"),
      isLailaError(foreign, "CLOSED", "LOCKED"),
    ]).toEqual([true, true, false]);
    for (const other of [
      new Error("x"),
      Object.assign(new Error("x"), { code: "CORRUPT" }),
      "CORRUPT",
      null,
      undefined,
    ])
      expect(isLailaError(other)).toBe(false);
  });

  it("crosses a wire as JSON, without stack and cause", () => {
    const inner = new LailaError("TIMEOUT", "slow", { cause: new Error("hidden") });
    const error = new LailaError("MULTIPLE", "two", {
      details: { key: "k" },
      errors: [inner, new TypeError("odd"), "text"],
    });
    const json = JSON.stringify(error);
    expect(json).not.toContain("hidden");
    expect(json).not.toContain("stack");
    const back = LailaError.fromJSON(JSON.parse(json) as LailaErrorJson);
    expect([back.code, back.message, back.details]).toEqual(["MULTIPLE", "two", { key: "k" }]);
    expect(back.errors?.map((each) => isLailaError(each) && [each.code, each.message])).toEqual([
      ["TIMEOUT", "slow"],
      ["UNAVAILABLE", "odd"],
      ["UNAVAILABLE", "text"],
    ]);
    expect(JSON.stringify(back)).toBe(json);
  });

  it("is not made of what is no such JSON", () => {
    let deep: unknown = new LailaError("CLOSED", "x").toJSON();
    for (let i = 0; i < 100; i++)
      deep = { laila_error: 1, code: "MULTIPLE", message: "x", errors: [deep] };
    const good = { laila_error: 1, code: "CLOSED", message: "x" };
    for (const json of [
      null,
      undefined,
      1,
      {},
      { ...good, laila_error: 2 },
      { ...good, code: "NOPE" },
      { ...good, message: 1 },
      { ...good, details: 1 },
      { ...good, errors: {} },
      { ...good, errors: [null] },
      deep,
    ]) {
      errorOf(() => LailaError.fromJSON(json as never), "INVALID_ARGUMENT");
    }
  });

  it("has codes that are all different", () => {
    expect(new Set(errorCodes).size).toBe(errorCodes.length);
  });

  it("tells an abort from a time-out", async () => {
    expect(abortError(AbortSignal.abort("enough"))).toMatchObject({
      code: "ABORTED",
      cause: "enough",
    });
    const signal = AbortSignal.timeout(1);
    await new Promise((resolve) => signal.addEventListener("abort", resolve));
    expect(abortError(signal, "The read")).toMatchObject({ code: "TIMEOUT" });
    expect(abortError(signal, "The read").message).toContain("The read");
  });
});
