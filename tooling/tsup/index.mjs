import { defineConfig } from "tsup";
import { licences } from "./licences.mjs";

/**
 * The one way a package here is built: ES modules, one file per entry, declarations by tsc
 * (tsup's own declaration build needs a deprecated TypeScript option).
 *
 * What a package has as a devDependency goes into its files, and zod as well, although it is a
 * dependency (the declarations need its types): imported as it is published, zod loads 64 files of
 * translations, which takes longer than all of ours. Copies agree on marks, for zod keeps its global
 * registry on globalThis. The licences of what is bundled are written beside it.
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
    noExternal: [/^zod(\/|$)/],
    esbuildPlugins: [licences()],
    onSuccess: "tsc -p tsconfig.build.json",
    ...more,
  });
