import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const at = (path: string): string => fileURLToPath(new URL(`../${path}`, import.meta.url));

/** Bundles what child processes run: Node 20 loads no TypeScript. */
export default async function setup(): Promise<void> {
  await build({
    entryPoints: {
      ".laila-durability-child": at("test/durability-child.ts"),
      ".laila-killed-child": at("test/killed-child.ts"),
    },
    // Where git does not look.
    outdir: at("node_modules"),
    outExtension: { ".js": ".mjs" },
    bundle: true,
    platform: "node",
    format: "esm",
    target: "node20",
    conditions: ["@laila/source"],
    // Parts of the SDK are CommonJS and ask for Node's own modules.
    banner: {
      js: 'import { createRequire } from "node:module"; const require = createRequire(import.meta.url);',
    },
    // An optional peer of the suite, which a child never asks for.
    external: ["fast-check"],
  });
}
