import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, it } from "vitest";

const script = fileURLToPath(new URL("../tally.mjs", import.meta.url));

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "laila-tally-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const file = (status: string, tests: number) => ({
  status,
  assertionResults: Array(tests).fill({}),
});
const good = { numPassedTests: 7, numFailedTests: 0, testResults: [file("passed", 7)] };
const lint = [
  { name: "biome", ok: true },
  { name: "knip", ok: true },
];

function tally(tests: unknown, testsCode: number, tasks: unknown, lintCode: number) {
  const files = { tests: join(folder, "tests.json"), lint: join(folder, "lint.json") };
  if (tests) writeFileSync(files.tests, JSON.stringify(tests));
  if (tasks) writeFileSync(files.lint, JSON.stringify(tasks));
  const args = [script, files.tests, String(testsCode), files.lint, String(lintCode)];
  const { status, stdout } = spawnSync(process.execPath, args, { encoding: "utf8" });
  return { status, line: stdout.trim() };
}

describe("the closing line of CI", () => {
  it("adds tests and lint tasks", () => {
    expect(tally(good, 0, lint, 0)).toEqual({ status: 0, line: "9 passed, 0 failed" });
  });

  it("counts a failed test and a failed lint task", () => {
    const tests = { ...good, numFailedTests: 1 };
    const tasks = [...lint, { name: "typecheck", ok: false }];
    expect(tally(tests, 1, tasks, 1)).toEqual({ status: 1, line: "9 passed, 2 failed" });
  });

  it("counts a file that could not be loaded", () => {
    const tests = {
      ...good,
      testResults: [file("passed", 7), file("failed", 0), file("failed", 0)],
    };
    expect(tally(tests, 1, lint, 0)).toEqual({ status: 1, line: "9 passed, 2 failed" });
  });

  it("fails with a run that ended badly although every test passed", () => {
    expect(tally(good, 1, lint, 0)).toEqual({ status: 1, line: "9 passed, 1 failed" });
  });

  it("fails with a run that left no report", () => {
    expect(tally(undefined, 1, undefined, 1)).toEqual({ status: 1, line: "0 passed, 2 failed" });
    expect(tally(undefined, 0, undefined, 0)).toEqual({ status: 1, line: "0 passed, 0 failed" });
  });
});
