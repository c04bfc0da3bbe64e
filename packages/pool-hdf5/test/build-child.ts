import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const at = (path: string): string => fileURLToPath(new URL(`../${path}`, import.meta.url));

/** Bundles what child processes run: Node 20 loads no TypeScript. */
export default async function setup(): Promise<void> {
  await build({
    entryPoints: {
      "test-child": at("test/child.ts"),
      "durability-child": at("test/durability-child.ts"),
    },
    // Beside `dist`, from where the pool finds its worker; and where git does not look.
    outdir: at("node_modules"),
    entryNames: ".laila-[name]",
    bundle: true,
    platform: "node",
    format: "esm",
    target: "node20",
    conditions: ["@laila/source"],
    // An optional peer of the suite, which a child never asks for.
    external: ["fast-check"],
  });
}
