/**
 * The closing line of CI: `N passed, N failed`, tests and lint tasks together.
 *
 *     node tally.mjs TESTS.json TESTS_EXIT_CODE LINT.json LINT_EXIT_CODE
 */
import { existsSync, readFileSync } from "node:fs";

const [testsFile = "", testsCode = "", lintFile = "", lintCode = ""] = process.argv.slice(2);
const read = (/** @type {string} */ file) =>
  existsSync(file) ? JSON.parse(readFileSync(file, "utf8")) : undefined;

const tests = read(testsFile) ?? { numPassedTests: 0, numFailedTests: 0, testResults: [] };
const lint = read(lintFile) ?? [];

// A file that could not even be loaded has no test that could fail; it counts as one.
const unloaded = tests.testResults.filter(
  (/** @type {{ status: string, assertionResults: unknown[] }} */ file) =>
    file.status === "failed" && file.assertionResults.length === 0,
).length;
const broken = lint.filter((/** @type {{ ok: boolean }} */ task) => !task.ok).length;

// Nor may a run that died, or ended badly with every test green, look like a good one.
const atLeastOne = (/** @type {number} */ count, /** @type {string} */ code) =>
  code === "0" ? count : Math.max(count, 1);

const passed = tests.numPassedTests + lint.length - broken;
const failed =
  atLeastOne(tests.numFailedTests + unloaded, testsCode) + atLeastOne(broken, lintCode);

console.log(`${passed} passed, ${failed} failed`);
process.exitCode = failed === 0 && passed > 0 ? 0 : 1;
