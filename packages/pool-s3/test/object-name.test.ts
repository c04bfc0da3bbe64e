import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { decodeName, encodeName } from "../src/object-name.js";

describe("names of objects", () => {
  // What Python's quote(key, safe="") gives, and a leading dot besides.
  const vectors: readonly (readonly [string, string])[] = [
    ["LAILA:ENTRY:GLOBAL_ID:6c8dcd4c", "LAILA%3AENTRY%3AGLOBAL_ID%3A6c8dcd4c"],
    ["a/b\\c", "a%2Fb%5Cc"],
    ["azAZ09-_.~", "azAZ09-_.~"],
    ["!'()*", "%21%27%28%29%2A"],
    ["a b+c&d=e?f#g%h", "a%20b%2Bc%26d%3De%3Ff%23g%25h"],
    [".", "%2E"],
    ["..", "%2E."],
    [".hidden.txt", "%2Ehidden.txt"],
    ["a.", "a."],
    ["\u0000\n\u007f", "%00%0A%7F"],
    ["é", "%C3%A9"],
    ["e\u0301", "e%CC%81"],
    ["😀", "%F0%9F%98%80"],
  ];

  it.each(vectors)("%j is %s", (key, name) => {
    expect(encodeName(key)).toBe(name);
    expect(decodeName(name)).toBe(key);
  });

  it("come back as the key, are ASCII, and never a path", () => {
    void fc.assert(
      fc.property(fc.string({ unit: "binary", minLength: 1 }), (key) => {
        const name = encodeName(key);
        expect(name).toMatch(/^(?!\.)(?:[\w.~-]|%[\dA-F]{2})+$/);
        expect(decodeName(name)).toBe(key);
      }),
      { numRuns: 500 },
    );
  });

  it("begin alike where keys do", () => {
    const keys = fc.string({ unit: "binary", minLength: 1 });
    void fc.assert(
      fc.property(keys, keys, (begin, end) => {
        expect(encodeName(begin + end).startsWith(encodeName(begin))).toBe(true);
      }),
    );
  });

  it.each(["", ".a", "a b", "a%3a", "a%41", "%", "%zz", "%FF", "a/b", "%ED%A0%80", "a+b", "é"])(
    "%j is nobody's",
    (name) => {
      expect(decodeName(name)).toBeUndefined();
    },
  );
});
