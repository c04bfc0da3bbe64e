/** publint and attw on every publishable package, as it will be published. Needs a build. */
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { publint } from "publint";
import { formatMessage } from "publint/utils";
import { pack, publishable } from "../src/packages.mjs";

const attw = join(
  dirname(createRequire(import.meta.url).resolve("@arethetypeswrong/cli/package.json")),
  "dist/index.js",
);

/** @param {string} tarball */
const areTheTypesWrong = (tarball) => {
  const args = [attw, tarball, "--profile", "esm-only", "--no-emoji", "--format", "ascii"];
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { encoding: "utf8" });
  return status === 0 ? [] : [stdout + stderr];
};

const folder = mkdtempSync(join(tmpdir(), "laila-lint-"));
let broken = 0;
try {
  for (const pkg of publishable()) {
    const tarball = await pack(pkg, folder);
    const bytes = readFileSync(tarball);
    const { messages, pkg: published } = await publint({
      pack: { tarball: new Uint8Array(bytes).buffer },
      strict: true,
    });
    const problems = [
      ...messages.map((message) => formatMessage(message, published) ?? message.code),
      ...areTheTypesWrong(tarball),
    ];
    if (problems.length > 0) broken += 1;
    console.log(`${problems.length === 0 ? "✓" : "✗"} ${pkg.manifest.name}`);
    for (const problem of problems) console.log(problem.replace(/^/gm, "    "));
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
process.exitCode = broken === 0 ? 0 : 1;
