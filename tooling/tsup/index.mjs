import { defineConfig } from "tsup";

/**
 * The one way a package here is built: ES modules, one file per entry, declarations by tsc
 * (tsup's own declaration build needs a deprecated TypeScript option).
 *
 * @param {Record<string, string>} entry output name -> source file
 * @param {import("tsup").Options} [more]
 */
export const library = (entry = { index: "src/index.ts" }, more = {}) =>
  defineConfig({
    entry,
    format: "esm",
    target: "node20",
    platform: "node",
    clean: true,
    sourcemap: true,
    splitting: true,
    onSuccess: "tsc -p tsconfig.build.json",
    ...more,
  });
