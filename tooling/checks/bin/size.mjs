/**
 * What each package weighs, and how long `@laila/core` takes to import. Needs a build; prints a
 * table and judges nothing.
 */
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { builtinModules } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { build } from "esbuild";
import { publishable } from "../src/packages.mjs";

const node = builtinModules.flatMap((name) => [name, `node:${name}`]);

/** @param {Uint8Array} bytes */
const kB = (bytes) => `${(gzipSync(bytes, { level: 9 }).length / 1000).toFixed(1)} kB`;

/**
 * The minified bundle of an entry, gzipped.
 *
 * @param {string} directory the package
 * @param {string} file the built entry
 * @param {string[]} external what is left out besides Node's own modules
 */
const sizeOf = async (directory, file, external) => {
  const { outputFiles } = await build({
    absWorkingDir: directory,
    entryPoints: [file],
    bundle: true,
    write: false,
    minify: true,
    format: "esm",
    platform: "node",
    target: "node20",
    external: [...node, ...external],
    // A native addon is a file beside the code, not part of it.
    loader: { ".node": "empty" },
    logLevel: "error",
  });
  return kB(outputFiles[0]?.contents ?? new Uint8Array());
};

const rows = [];
for (const { directory, manifest } of publishable()) {
  const dependencies = Object.keys({ ...manifest.dependencies, ...manifest.peerDependencies });
  const exported = Object.entries(manifest.publishConfig?.exports ?? {}).flatMap(
    ([path, target]) =>
      typeof target === "string" || !target.default
        ? []
        : [{ entry: manifest.name + path.slice(1), file: target.default }],
  );
  const workers = existsSync(join(directory, "dist/worker.js"))
    ? [{ entry: `${manifest.name}, its worker`, file: "./dist/worker.js" }]
    : [];
  for (const { entry, file } of [...exported, ...workers]) {
    rows.push({
      entry,
      "itself, min+gzip": await sizeOf(directory, file, dependencies),
      "with all it needs": await sizeOf(directory, file, ["vitest", "fast-check"]),
    });
  }
}
console.table(Object.fromEntries(rows.map(({ entry, ...sizes }) => [entry, sizes])));

/**
 * The time of a whole Node process, in milliseconds.
 *
 * @param {string} cwd
 * @param {string} file
 */
const time = (cwd, file) => {
  const start = performance.now();
  const { status, stderr } = spawnSync(process.execPath, [file], { cwd, encoding: "utf8" });
  if (status !== 0) throw new Error(stderr);
  return performance.now() - start;
};

const folder = mkdtempSync(join(tmpdir(), "laila-size-"));
try {
  const core = publishable().find(({ manifest }) => manifest.name === "@laila/core");
  if (!core) throw new Error("There is no package @laila/core.");
  symlinkSync(core.directory, join(folder, "core"), "junction");
  writeFileSync(join(folder, "empty.mjs"), "");
  writeFileSync(join(folder, "core.mjs"), `import "./core/dist/index.js";`);
  // In turns, and the best of each: what else the machine does only ever adds.
  let [empty, all] = [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY];
  for (let i = 0; i < 20; i += 1) {
    empty = Math.min(empty, time(folder, "empty.mjs"));
    all = Math.min(all, time(folder, "core.mjs"));
  }
  const ms = (/** @type {number} */ value) => `${value.toFixed(0)} ms`;
  console.log(
    `import "@laila/core": ${ms(all - empty)} over an empty Node start of ${ms(empty)} (the best of 20)`,
  );
} finally {
  rmSync(folder, { recursive: true, force: true });
}
