import { readdir, rename, stat } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const at = (path: string): string => fileURLToPath(new URL(`../${path}`, import.meta.url));

/**
 * Node 20 loads no TypeScript in workers, so a pool that runs from source needs the worker built. A build that is
 * newer than the source stays. Other packages whose tests use the pool name this file as a `globalSetup` too.
 */
export default async function setup(): Promise<void> {
  if (await isBuilt()) return;
  const draft = at(`dist/worker.${process.pid}.js`);
  await build({
    entryPoints: [at("src/worker.ts")],
    outfile: draft,
    bundle: true,
    platform: "node",
    format: "esm",
    target: "node20",
    packages: "external",
  });
  // In one step: another package's tests may be starting a worker now.
  await rename(draft, at("dist/worker.js"));
}

async function isBuilt(): Promise<boolean> {
  try {
    const built = (await stat(at("dist/worker.js"))).mtimeMs;
    const sources = await readdir(at("src"));
    const times = sources.map(async (name) => (await stat(at(`src/${name}`))).mtimeMs);
    return Math.max(...(await Promise.all(times))) < built;
  } catch {
    return false;
  }
}
