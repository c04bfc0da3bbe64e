import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const at = (path: string): string => fileURLToPath(new URL(`../${path}`, import.meta.url));

/** Bundles what child processes run: Node 20 loads no TypeScript. */
export default async function setup(): Promise<void> {
  await build({
    entryPoints: [at("test/durability-child.ts")],
    // Where git does not look.
    outfile: at("node_modules/.laila-durability-child.mjs"),
    bundle: true,
    platform: "node",
    format: "esm",
    target: "node20",
    conditions: ["@laila/source"],
    // An optional peer of the suite, which a child never asks for, and what brings a binary.
    external: ["fast-check", "opendal"],
  });
}
