import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const at = (path: string): string => fileURLToPath(new URL(`../${path}`, import.meta.url));

/** Node 20 loads no TypeScript in workers and children, so both are bundled before the tests run. */
export default async function setup(): Promise<void> {
  const common = { bundle: true, platform: "node", format: "esm", target: "node20" } as const;
  await build({
    ...common,
    entryPoints: [at("src/worker.ts")],
    outfile: at("dist/worker.js"),
    packages: "external",
  });
  await build({
    ...common,
    entryPoints: [at("test/child.ts")],
    // Beside `dist`, from where the pool finds its worker; and where git does not look.
    outfile: at("node_modules/.laila-test-child.js"),
    conditions: ["@laila/source"],
  });
}
