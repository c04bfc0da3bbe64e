import fc from "fast-check";
import { expect, it } from "vitest";
import { keyNamed, mayBegin, placeOf } from "../src/names.js";

/** Pairs and more that case mapping, normalisation, a shell, or some file system would take for one thing. */
const nasty = [
  ...["a", "A", "aa", "aA", "Aa", "AA", "a.", "a ", " a", "a/", "/a", "a//b", "a/b", "a\\b"],
  ...[".", "..", "...", "../a", "~", "-", "-rf", "--", "*", "?", "|", "<", ">", ":", '"', "'"],
  ...["%", "%%", "%2f", "%2F", "/", "%252f", "%c3%a9", "%61", "%41", "%00", "\0", "a\0", "\x7f"],
  ...["\u00e9", "e\u0301", "\u00c9", "E\u0301", "\u00c5", "\u212b", "A\u030a", "a\u030a"],
  ...["\u1e9e", "\u00df", "ss", "SS", "\u0130", "i\u0307", "I", "i", "\u0131", "\u017f", "s"],
  ...["\ufb01", "fi", "K", "\u212a", "k", "①", "1", "カ", "ｶ", "か\u3099", "が", "Σ", "σ", "ς"],
  ...["con", "CON", "nul", "com1", "lpt9", "com", "com10", "aux.txt", "Thumbs.db", "__proto__"],
  ...["\ufeff", "\ufeffa", "\ufffd", "\uffff", "\u200b", "😀", "👩‍👩‍👧", "\u{10ffff}", "\u202e"],
  ...["x".repeat(200), "x".repeat(201), "X".repeat(66), "X".repeat(67), "x".repeat(1024)],
  ...["X".repeat(341), "x".repeat(1023), `${"x".repeat(1023)}X`, "é".repeat(512), "😀".repeat(256)],
  ...[`${"x".repeat(300)}a`, `${"x".repeat(300)}A`, "con".repeat(100), `-${"r".repeat(250)}`],
  "LAILA:ENTRY:GLOBAL_ID:6c8dcd4c-d490-58bc-81a7-6afbe8d17594-0",
  `${"x".repeat(120)}~${"0".repeat(64)}`,
];

/** What a file system may do to a name before it compares it. */
const foldings = [
  (name: string) => name.toLowerCase(),
  (name: string) => name.toUpperCase(),
  (name: string) => name.normalize("NFC"),
  (name: string) => name.normalize("NFD"),
  (name: string) => name.toLowerCase().normalize("NFKD"),
  (name: string) => name.toUpperCase().normalize("NFKC"),
];

const keys = fc.string({ unit: "binary", minLength: 1, maxLength: 300 });

it("gives no two keys one name, however a file system folds names", () => {
  expect(new Set(nasty).size).toBe(nasty.length);
  for (const fold of foldings) {
    const names = nasty.map((key) => {
      const { fan, name } = placeOf(key);
      return fold(`${fan}/${name}`);
    });
    expect(new Set(names).size).toBe(nasty.length);
  }
});

it("gives names of at most 200 bytes that every file system takes, and finds the key in them", () => {
  const check = (key: string): void => {
    const { fan, name } = placeOf(key);
    expect(name).toMatch(/^[a-z0-9_%~-]{1,200}$/);
    expect(name).not.toMatch(/^-/);
    expect(name).not.toMatch(/^(con|prn|aux|nul|com\d|lpt\d)$/);
    const found = keyNamed(fan, name);
    if (found && "key" in found) expect(found.key).toBe(key);
    else {
      expect(found).toBeDefined();
      expect(Buffer.byteLength(key)).toBeGreaterThan(66);
    }
  };
  for (const key of nasty) check(key);
  fc.assert(fc.property(keys, check));
});

it("shows global ids, and whatever else is usual, in the name", () => {
  const id =
    "LAILA:CENTRAL_COMMUNICATION:GLOBAL_ID:6c8dcd4c-d490-58bc-81a7-6afbe8d17594-1234567890";
  for (const key of [id, "prod/2026/report-7"]) {
    const { fan, name } = placeOf(key);
    expect(decodeURIComponent(name)).toBe(key);
    expect(keyNamed(fan, name)).toEqual({ key });
  }
});

it("knows its own names from others", () => {
  const { fan, name } = placeOf("prod/a");
  const other = fan === "00" ? "01" : "00";
  expect(keyNamed(other, name), "in another directory").toBeUndefined();
  for (const foreign of [
    ...["README.md", ".DS_Store", "%2F", "%2f%", "%ff", "a b", "A", "", "%61", "con", "-a", "%"],
    ...["x".repeat(201), `${"x".repeat(119)}~${"0".repeat(64)}`],
  ]) {
    for (const directory of [fan, "00", "ff"]) expect(keyNamed(directory, foreign)).toBeUndefined();
  }
});

it("looks into a file with a long key unless its beginning rules the prefix out", () => {
  fc.assert(
    fc.property(keys, keys, (prefix, rest) => {
      const key = prefix + rest + "é".repeat(100);
      const { fan, name } = placeOf(key);
      const found = keyNamed(fan, name);
      expect(found && "start" in found && mayBegin(found.start, prefix)).toBe(true);
    }),
  );
  const { fan, name } = placeOf(`con${"X".repeat(100)}`);
  const found = keyNamed(fan, name);
  const start = found && "start" in found ? found.start : "";
  expect(["con", "conX", "", "c"].map((prefix) => mayBegin(start, prefix))).toEqual(
    Array(4).fill(true),
  );
  expect(["Con", "cono", "x"].map((prefix) => mayBegin(start, prefix))).toEqual(
    Array(3).fill(false),
  );
});
