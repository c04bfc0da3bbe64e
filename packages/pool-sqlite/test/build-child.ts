import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const at = (path: string): string => fileURLToPath(new URL(`../${path}`, import.meta.url));

/** Bundles what child processes run: Node 20 loads no TypeScript. */
export default async function setup(): Promise<void> {
  const { dependencies } = JSON.parse(readFileSync(at("package.json"), "utf8")) as {
    dependencies: Record<string, string>;
  };
  await build({
    entryPoints: [at("test/durability-child.ts"), at("test/opening-child.ts")],
    // Where git does not look.
    outdir: at("node_modules/.laila"),
    outExtension: { ".js": ".mjs" },
    bundle: true,
    platform: "node",
    format: "esm",
    target: "node20",
    conditions: ["@laila/source"],
    // Installed packages load from where they are; fast-check, a peer of the suite, not at all.
    external: ["fast-check", ...Object.keys(dependencies)],
  });
}
