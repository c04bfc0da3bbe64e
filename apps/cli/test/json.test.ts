import { afterAll, beforeAll, expect, test } from "vitest";
import { commands } from "../src/specs/index.js";
import type { Folder } from "./support/folder.js";
import { makeProject } from "./support/project.js";

let folder: Folder;

beforeAll(async () => {
  folder = await makeProject();
});
afterAll(() => folder.close());

/** The names at the first level of the shape that the help documents. */
function documented(shape: string): string[] {
  const start = shape.indexOf("{");
  const names: string[] = [];
  let depth = 0;
  for (const [, token = "", name] of shape.slice(start).matchAll(/([{}[\]]|([A-Za-z]\w*))/g)) {
    if (token === "{" || token === "[") depth++;
    else if (token === "}" || token === "]") {
      depth--;
      if (depth === 0) return names;
    } else if (depth === 1 && name !== undefined) names.push(name);
  }
  return names;
}

/** Each in turn, on what those before have left. */
const calls: readonly (readonly [string, ...string[]])[] = [
  ["env show", "prod"],
  ["env save", "--force"],
  ["env list"],
  ["env history", "-n", "1"],
  ["env diff", "prod@1"],
  ["env label", "prod", "stable=1"],
  ["env rollback", "prod@stable"],
  ["env recover", "prod"],
  ["env prune", "--keep", "1"],
  ["pool list"],
  ["pool ls"],
  ["pool get", "settings"],
  ["pool put", "notes.json", "-n", "notes"],
  ["pool rm", "notes"],
  ["pool cp", "s3", "archive"],
  ["pool verify"],
  ["pool du"],
  ["manifest show", "experiment", "--pool", "local"],
  ["manifest tree", "experiment", "--pool", "local"],
  ["manifest verify", "experiment", "--pool", "local"],
  ["manifest repair", "experiment", "--pool", "local", "--from", "archive"],
  ["manifest gc"],
  ["doctor", "prod"],
  ["args explain"],
  ["completion", "fish"],
];

test.each(calls)("%s --json has the documented shape", async (path, ...operands) => {
  const spec = commands.find((one) => one.path.join(" ") === path);
  const long = path === "pool ls" ? ["--long"] : [];
  const { code, out } = await folder.laila(...path.split(" "), ...operands, ...long, "--json");
  expect(code).toBe(0);
  expect(out).not.toContain(folder.secret);
  const value: unknown = JSON.parse(out);
  const one: unknown = Array.isArray(value) ? value[0] : value;
  const names = documented(spec?.json ?? "");
  expect(names.length).toBeGreaterThan(1);
  expect(Object.keys(one as object).sort()).toEqual(names.sort());
});

test("every command is among them, but for the one that makes a project", () => {
  const tried = new Set(calls.map(([path]) => path));
  expect(commands.map(({ path }) => path.join(" ")).filter((path) => !tried.has(path))).toEqual([
    "env seal",
    "init",
  ]);
});
