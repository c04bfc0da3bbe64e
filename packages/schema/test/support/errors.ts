import { expect } from "vitest";
import { type ErrorCode, isLailaError, type LailaError } from "../../src/index.js";

/** The LailaError that a call throws; fails when it throws none, or one of another code. */
export function errorOf(call: () => unknown, ...codes: readonly ErrorCode[]): LailaError {
  try {
    call();
  } catch (error) {
    if (!isLailaError(error)) throw error;
    if (codes.length > 0) expect(codes, error.message).toContain(error.code);
    return error;
  }
  return expect.fail(`It did not throw${codes.length > 0 ? ` ${codes.join(" or ")}` : ""}.`);
}
