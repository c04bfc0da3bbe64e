import { checkKey, utf8Length } from "@laila/pool";
import { expect, it } from "vitest";

it("utf8Length counts as an encoder does", () => {
  for (const text of [
    "",
    "a",
    "é",
    "€",
    "😀",
    "\0\x7f\x80\u07ff\u0800\ud7ff\ue000\uffff\u{10000}\u{10ffff}",
    "mixed: é€😀",
  ]) {
    expect(utf8Length(text)).toBe(new TextEncoder().encode(text).byteLength);
  }
});

it("checkKey names the limit and shows only the beginning of a long key", () => {
  checkKey("é".repeat(128), 256);
  const long = `begin${"x".repeat(5000)}end`;
  expect(() => checkKey(long, 256)).toThrow(/"beginx+"… has 5008 bytes.* at most 256/);
  expect(() => checkKey(long, 256)).not.toThrow(/end/);
});
