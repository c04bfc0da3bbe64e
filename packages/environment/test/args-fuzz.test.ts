import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { inspect } from "node:util";
import { isLailaError } from "@laila/schema";
import { parse as dotenvParse } from "dotenv";
import fc from "fast-check";
import { stringify } from "smol-toml";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { argEntries, readArgs } from "../src/index.js";

let directory: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "laila-args-"));
});
afterAll(() => rm(directory, { recursive: true }));

/** What became of a text: its values, or the error; and where each value was. */
async function read(extension: string, text: string) {
  const file = `fuzz.${extension}`;
  await writeFile(join(directory, file), text);
  try {
    return { entries: argEntries(await readArgs(file, { directory })), error: undefined };
  } catch (error) {
    return { entries: [], error };
  }
}

const canary = "canary-0123456789";
const pieces = fc.constantFrom(
  "A",
  "=",
  " ",
  "\n",
  '"',
  "'",
  "`",
  "\\",
  "#",
  "[",
  "]",
  "{",
  "}",
  ",",
  ":",
  ".",
  "\t",
  "1",
  '"""',
  "'''",
  "\r\n",
  "export ",
  canary,
);

describe("whatever a file holds", () => {
  it.each(["toml", "json", "env"])(
    "a .%s file gives values or INVALID_DOCUMENT, and never shows its text",
    async (extension) => {
      await fc.assert(
        fc.asyncProperty(fc.array(pieces, { maxLength: 30 }), async (parts) => {
          const text = parts.join("");
          const { entries, error } = await read(extension, text);
          for (const { source } of entries) {
            expect(source.line).toBeGreaterThan(0);
            expect(source.line).toBeLessThanOrEqual(text.split("\n").length);
          }
          if (error === undefined) return;
          expect(isLailaError(error, "INVALID_DOCUMENT")).toBe(true);
          expect(inspect(error, { depth: 10 })).not.toContain(canary);
          expect((error as { details: object }).details).toMatchObject({
            line: expect.any(Number),
            column: expect.any(Number),
          });
        }),
        { numRuns: 300 },
      );
    },
  );
});

const name = fc
  .stringMatching(/^[A-Za-z_][A-Za-z0-9_]{0,8}$/)
  .filter((text) => text !== "constructor" && text !== "prototype");
const values = fc.dictionary(name, fc.string({ maxLength: 20 }), { maxKeys: 6 });

describe("what was written is read, and found at its line", () => {
  it("JSON", async () => {
    await fc.assert(
      fc.asyncProperty(fc.dictionary(name, values, { maxKeys: 4 }), async (tables) => {
        const text = JSON.stringify(tables, undefined, 2);
        const { entries, error } = await read("json", text);
        expect(error).toBeUndefined();
        const flat = Object.entries(tables).flatMap(([table, inner]) =>
          Object.entries(inner).map(([key, value]) => [`${table}.${key}`, value]),
        );
        expect(Object.fromEntries(entries.map((entry) => [entry.name, entry.value]))).toEqual(
          Object.fromEntries(flat),
        );
        for (const entry of entries) {
          const key = JSON.stringify(entry.name.slice(entry.name.indexOf(".") + 1));
          expect(text.split("\n")[(entry.source.line ?? 0) - 1]).toContain(
            `${key}: ${JSON.stringify(entry.value)}`,
          );
        }
      }),
      { numRuns: 200 },
    );
  });

  it("TOML", async () => {
    await fc.assert(
      fc.asyncProperty(fc.dictionary(name, values, { maxKeys: 4 }), async (tables) => {
        const text = stringify(tables);
        const { entries, error } = await read("toml", text);
        expect(error).toBeUndefined();
        expect(entries.length).toBe(
          Object.values(tables).reduce((sum, inner) => sum + Object.keys(inner).length, 0),
        );
        const lines = text.split("\n");
        for (const entry of entries) {
          const [table = "", key = ""] = entry.name.split(".");
          expect(tables[table]?.[key]).toBe(entry.value);
          expect(lines[(entry.source.line ?? 0) - 1]?.startsWith(`${key} = `)).toBe(true);
          expect(lines.slice(0, entry.source.line).findLast((line) => line.startsWith("["))).toBe(
            `[${table}]`,
          );
        }
      }),
      { numRuns: 200 },
    );
  });

  it(".env, exactly as dotenv reads it", async () => {
    const lines = fc.array(fc.tuple(name, fc.stringMatching(/^[ -~]{0,12}$/)), { maxLength: 5 });
    await fc.assert(
      fc.asyncProperty(lines, async (assignments) => {
        const text = assignments.map(([key, value]) => `${key}=${value}\n`).join("");
        const { entries, error } = await read("env", text);
        if (error === undefined)
          expect(Object.fromEntries(entries.map((entry) => [entry.name, entry.value]))).toEqual(
            dotenvParse(text),
          );
        else expect(error).toMatchObject({ code: "INVALID_DOCUMENT" });
      }),
      { numRuns: 200 },
    );
  });
});
