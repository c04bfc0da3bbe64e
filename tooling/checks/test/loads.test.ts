import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, inject, it } from "vitest";
import { publishable } from "../src/packages.mjs";
import { Consumer, node } from "./support/consumer.js";

const consumer = new Consumer(inject("everything"));
const recorder = fileURLToPath(new URL("support/record-loads.mjs", import.meta.url));

/** Imports a package where all of them are installed; the packages whose files were loaded. */
async function loadedBy(name: string): Promise<ReadonlySet<string>> {
  const cwd = await consumer.folder(`loads-${name.replace("/", "-")}`, {
    "entry.mjs": `import * as all from ${JSON.stringify(name)};\nconsole.log(Object.keys(all).length);\n`,
  });
  const list = join(cwd, "loaded.txt");
  const outcome = await node(["--import", recorder, "entry.mjs"], {
    cwd,
    env: { LOADED_FILES: list },
  });
  expect(outcome, outcome.stderr).toMatchObject({ code: 0 });
  expect(Number(outcome.stdout)).toBeGreaterThan(0);
  const inPackage = /.*\/node_modules\/((?:@[^/]+\/)?[^/]+)\//;
  const urls = (await readFile(list, "utf8")).split("\n");
  return new Set(urls.flatMap((url) => inPackage.exec(url)?.[1] ?? []));
}

const backends = publishable().filter(({ manifest }) => manifest.peerDependencies?.["@laila/pool"]);

it("knows the backends", () => {
  const names = backends.map(({ manifest }) => manifest.name);
  expect(names).toEqual(expect.arrayContaining(["@laila/pool-hdf5", "@laila/pool-s3"]));
});

it.each(publishable().map(({ manifest }) => manifest.name))(
  "%s loads no backend but itself, nor the SDK of another",
  async (name) => {
    const loaded = await loadedBy(name);
    expect(loaded).toContain(name);
    const own = new Set(Object.keys(ownDependencies(name)));
    const foreign = backends
      .filter(({ manifest }) => manifest.name !== name)
      .flatMap(({ manifest }) => [manifest.name, ...Object.keys(manifest.dependencies ?? {})])
      .filter((dependency) => !own.has(dependency) && !shared.has(dependency));
    expect(foreign.length).toBeGreaterThan(0);
    expect(foreign.filter((dependency) => loaded.has(dependency))).toEqual([]);
  },
);

/** What `@laila/pool` itself brings along belongs to everybody. */
const shared = new Set(Object.keys(ownDependencies("@laila/pool")));

function ownDependencies(name: string): Record<string, string> {
  return publishable().find(({ manifest }) => manifest.name === name)?.manifest.dependencies ?? {};
}
