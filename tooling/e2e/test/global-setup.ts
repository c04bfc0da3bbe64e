import { readFile, rename, rm } from "node:fs/promises";
import { fileURLToPath, pathToFileURL } from "node:url";
import { build, type Plugin } from "esbuild";
import type { TestProject } from "vitest/node";

const at = (path: string): string => fileURLToPath(new URL(`../${path}`, import.meta.url));

/** A bundled module still finds its neighbours (HDF5's worker) where its source lies. */
const ownUrls: Plugin = {
  name: "own-urls",
  setup({ onLoad }) {
    onLoad({ filter: /packages[\\/][^\\/]+[\\/]src[\\/].*\.ts$/ }, async ({ path }) => {
      const source = await readFile(path, "utf8");
      const url = JSON.stringify(pathToFileURL(path).href);
      return { contents: source.replaceAll("import.meta.url", url), loader: "ts" };
    });
  },
};

/** Node 20 loads no TypeScript, so what runs in processes of its own is bundled before the tests run. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const common = { bundle: true, platform: "node", format: "esm", target: "node20" } as const;
  const worker = at("../../packages/pool-hdf5/dist/worker.js");
  const fresh = `${worker}.${process.pid}`;
  await build({
    ...common,
    entryPoints: [at("../../packages/pool-hdf5/src/worker.ts")],
    outfile: fresh,
    packages: "external",
  });
  // In one step: another suite may be reading the one that is there.
  await rename(fresh, worker);
  await build({
    ...common,
    entryPoints: ["first", "second", "by-name", "saver", "copier", "hunted", "racer"].map((name) =>
      at(`test/processes/${name}.ts`),
    ),
    outdir: at("node_modules/.processes"),
    outExtension: { ".js": ".mjs" },
    conditions: ["@laila/source"],
    mainFields: ["module", "main"],
    plugins: [ownUrls],
    banner: {
      js: 'import { createRequire as __createRequire } from "node:module"; const require = __createRequire(import.meta.url);',
    },
  });
  const { LAILA_HOME: home } = project.config.env;
  return async () => {
    if (home) await rm(home, { recursive: true, force: true });
  };
}
