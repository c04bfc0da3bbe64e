import type { PoolLike } from "../contract.js";
import { collect, equal, equalBytes, equalKeys } from "./assertions.js";
import { utf8 } from "./samples.js";
import type { Suite } from "./suite.js";

/** Keys that some file system, URL, object store or object literal takes for something else. */
export const awkwardKeys: readonly string[] = [
  ...[
    ":",
    "%",
    "/",
    "\\",
    "..",
    ".",
    "?",
    "#",
    "+",
    "!'()*",
    "&",
    "=",
    ";",
    ",",
    "@",
    "$",
    "~",
    "^",
    "`",
  ],
  ...['"', "'", "<", ">", "|", "*", "[x]", "{x}", "-rf", "--", "$HOME", "*.txt", "~/x"],
  ...[
    " ",
    "  ",
    " a",
    "a ",
    "a  b",
    "\t",
    "\n",
    "\r\n",
    "a\nb",
    "\0",
    "a\0",
    "a\0b",
    "\x01",
    "\x1f",
    "\x7f",
    "\x85",
  ],
  ...["%2F", "%2f", "%", "%%", "%zz", "%00", "a%2Fb", "a+b", "a b", "a%20b", "+", "%2B"],
  ...["a", "a/b", "a/b/c", "a/", "a//b", "/a", "//", "a/.", "a/..", "../a", "./a", "a\\b"],
  ...[
    "A",
    "aa",
    "aA",
    "Aa",
    "AA",
    "key",
    "Key",
    "KEY",
    "a.",
    "a.b",
    ".a",
    "..a",
    ".hidden",
    "a.h5",
    "a.tmp",
  ],
  ...["CON", "nul", "aux.txt", "lost+found", "Thumbs.db", "desktop.ini"],
  ...[
    "__proto__",
    "constructor",
    "toString",
    "hasOwnProperty",
    "null",
    "undefined",
    "true",
    "0",
    "00",
    "-0",
    "1e3",
  ],
  // Pairs that Unicode normalisation or case mapping would make one.
  ...[
    "\u00e9",
    "e\u0301",
    "\u00c5",
    "\u212b",
    "A\u030a",
    "\ufb01",
    "fi",
    "\u1e9e",
    "ss",
    "\u00df",
    "SS",
    "\u0130",
    "i\u0307",
  ],
  ...["Ω", "Ω", "カ", "ｶ", "①", "1"],
  ...[
    "😀",
    "👩‍👩‍👧",
    "🇩🇪",
    "\u{10ffff}",
    "\uffff",
    "\ufffd",
    "\ufeff",
    "\ufeffa",
    "\u200b",
    "\u200d",
    "\u202eabc",
    "\u00a0",
    "\u3000",
    "\u2028",
  ],
  ...[
    "LAILA:ENTRY:GLOBAL_ID:6c8dcd4c-d490-58bc-81a7-6afbe8d17594",
    "LAILA:ENTRY:GLOBAL_ID:6c8dcd4c-d490-58bc-81a7-6afbe8d17594-0",
  ],
  ...["x".repeat(255), "X".repeat(255), "x".repeat(256), `${"d/".repeat(127)}e`],
];

/** From one byte to four in UTF-8, each among those that grow most when a backend encodes names. */
const characters = ["A", "%", "/", "x", "\0", "é", "€", "\uffff", "😀"];
const illFormed: readonly unknown[] = [
  "",
  "\ud800",
  "\udc00",
  "a\ud83d",
  "\ude00\ud83d",
  "a\udfffb",
  1,
  null,
  undefined,
  {},
  ["a"],
];

/** A key is any well-formed string up to `maxKeyBytes`, and no two of them are the same. */
export function keys(suite: Suite): void {
  const { maxKeyBytes } = suite.supports;

  suite.floor("keys", () => {
    suite.it("keeps awkward keys apart", async ({ fresh }) => {
      const pool = await fresh();
      const all = [...new Set(awkwardKeys)];
      const value = (key: string) => utf8(`${all.indexOf(key)} ${key}`);
      await Promise.all(all.map((key) => pool.write(key, value(key))));
      await Promise.all(
        all.map(async (key) => {
          equalBytes(
            (await pool.read(key))?.bytes,
            value(key),
            `the value of ${JSON.stringify(key)}`,
          );
          equal(await pool.exists(key), true, `exists(${JSON.stringify(key)})`);
        }),
      );
      equalKeys(await collect(pool.keys()), all, "keys()");
      const gone = all.filter((_, i) => i % 2 === 0);
      const kept = all.filter((_, i) => i % 2 === 1);
      await Promise.all(gone.map((key) => pool.delete(key)));
      equalKeys(await collect(pool.keys()), kept, "keys() after every second was deleted");
      await Promise.all([
        ...gone.map(async (key) => {
          equal(await pool.exists(key), false, `exists(${JSON.stringify(key)}) after delete`);
        }),
        ...kept.map(async (key) => {
          equalBytes(
            (await pool.read(key))?.bytes,
            value(key),
            `${JSON.stringify(key)} after others were deleted`,
          );
        }),
      ]);
    });

    suite.it("keeps a key beside the keys below it", async ({ fresh }) => {
      for (const order of [
        ["a", "a/b", "a/b/c"],
        ["a/b/c", "a/b", "a"],
      ]) {
        const pool = await fresh();
        for (const key of order) await pool.write(key, utf8(key));
        await pool.delete("a/b");
        equalBytes((await pool.read("a"))?.bytes, utf8("a"), "a");
        equal(await pool.read("a/b"), undefined, "a/b after delete");
        equalBytes((await pool.read("a/b/c"))?.bytes, utf8("a/b/c"), "a/b/c");
      }
    });

    suite.it("declares a maxKeyBytes of at least 256", async ({ pool }) => {
      equal(pool.supports.maxKeyBytes >= 256, true, "supports.maxKeyBytes >= 256");
    });

    for (const character of characters) {
      const name = JSON.stringify(character);
      suite.it(
        `takes maxKeyBytes of ${name} and refuses one byte more`,
        async ({ fresh, rejects }) => {
          const pool = await fresh();
          // A pool without a limit is asked for 64 KiB.
          const length = Math.min(maxKeyBytes, 2 ** 16);
          const size = utf8(character).byteLength;
          const key = character.repeat(length / size) + "y".repeat(length % size);
          await pool.write(key, utf8("longest"));
          equalBytes(
            (await pool.read(key))?.bytes,
            utf8("longest"),
            "the value of the longest key",
          );
          equalKeys(await collect(pool.keys()), [key], "keys()");
          equalKeys(
            await collect(pool.keys({ prefix: key })),
            [key],
            "keys({ prefix }) of the whole key",
          );
          await pool.delete(key);
          equal(await pool.exists(key), false, "exists after delete");
          if (length < maxKeyBytes) return;
          for (const [call, run] of calls(`${key}z`)) {
            await rejects(run(pool), "INVALID_ARGUMENT", `${call} of a key of ${length + 1} bytes`);
          }
        },
      );
    }

    suite.it("refuses empty and ill-formed keys", async ({ fresh, rejects }) => {
      const pool = await fresh();
      for (const key of illFormed) {
        for (const [call, run] of calls(key as string)) {
          await rejects(
            run(pool),
            "INVALID_ARGUMENT",
            `${call} of the key ${JSON.stringify(key) ?? "undefined"}`,
          );
        }
      }
      equalKeys(await collect(pool.keys()), [], "keys() after refused calls");
    });

    suite.it(
      "says undefined, false and nothing of keys that are not there",
      async ({ pool, key, rejects }) => {
        const id = key("missing");
        equal(await pool.read(id), undefined, "read of a missing key");
        equal(await pool.exists(id), false, "exists of a missing key");
        await pool.delete(id);
        await pool.write(id, utf8("here"));
        equal(await pool.exists(id), true, "exists after write");
        await pool.delete(id);
        equal(await pool.exists(id), false, "exists after delete");
        equal(await pool.read(id), undefined, "read after delete");
        await pool.delete(id);
        equal(await pool.exists(id), false, "exists after a second delete");
        await pool.write(id, utf8("again"));
        equalBytes((await pool.read(id))?.bytes, utf8("again"), "written again after delete");
        await rejects(pool.read(""), "INVALID_ARGUMENT", "read of an empty key");
      },
    );

    suite.it("says that an empty value exists", async ({ pool, key }) => {
      const id = key();
      await pool.write(id, new Uint8Array(0));
      equal(await pool.exists(id), true, "exists of an empty value");
      equalBytes((await pool.read(id))?.bytes, new Uint8Array(0), "read of an empty value");
    });
  });
}

type Call = (pool: PoolLike) => Promise<unknown>;

/** Every call that takes a key, with this one. */
function calls(key: string): [string, Call][] {
  return [
    ["read", (pool) => pool.read(key)],
    ["write", (pool) => pool.write(key, utf8("x"))],
    ["delete", (pool) => pool.delete(key)],
    ["exists", (pool) => pool.exists(key)],
    ["readMany", (pool) => collect(pool.readMany([key]))],
    ["writeMany", (pool) => pool.writeMany([{ key, bytes: utf8("x") }])],
    ["deleteMany", (pool) => pool.deleteMany([key])],
  ];
}
