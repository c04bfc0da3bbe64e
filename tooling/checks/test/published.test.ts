import { existsSync } from "node:fs";
import { readdir, readFile } from "node:fs/promises";
import { join, sep } from "node:path";
import { describe, expect, inject, it } from "vitest";
import { type Manifest, packagesIn, publishable, root } from "../src/packages.mjs";

const installed = (name: string) => join(inject("everything"), "node_modules", name);

async function filesOf(name: string): Promise<string[]> {
  const entries = await readdir(installed(name), { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(installed(name).length + 1))
    .map((path) => path.split(sep).join("/"))
    .filter((path) => !path.startsWith("node_modules/"));
}

describe.each(publishable().map(({ manifest }) => manifest))("$name, as published", (source) => {
  const { name } = source;

  it("has its code, its licence and its prose, and nothing else", async () => {
    const files = await filesOf(name);
    const prose = (source.files ?? []).filter((file) => file !== "dist");
    expect(prose.filter((file) => !/^[A-Z]+\.md$/.test(file))).toEqual([]);
    const expected = ["LICENSE", "README.md", "package.json", ...prose].sort();
    expect(files.filter((file) => !file.startsWith("dist/")).sort()).toEqual(expected);
    expect(files.filter((file) => /\.(test|spec)\.|__fixtures__/.test(file))).toEqual([]);
  });

  it("tells no path of the machine it was built on", async () => {
    const telling: string[] = [];
    for (const file of await filesOf(name)) {
      if ((await readFile(join(installed(name), file), "utf8")).includes(root)) telling.push(file);
    }
    expect(telling).toEqual([]);
  });

  it("has a manifest made for npm", async () => {
    const text = await readFile(join(installed(name), "package.json"), "utf8");
    expect(text).not.toMatch(/workspace:|catalog:|@laila\/source/);
    const manifest: Manifest = JSON.parse(text);
    expect(manifest).toMatchObject({
      type: "module",
      license: "MIT",
      sideEffects: false,
      engines: { node: ">=20.19" },
    });
    const shipped = { ...manifest.dependencies, ...manifest.peerDependencies };
    expect(Object.keys(shipped).filter((one) => one.startsWith("@laila-"))).toEqual([]);
  });

  it("exports files that are there, types first", async () => {
    const manifest: Manifest = JSON.parse(
      await readFile(join(installed(name), "package.json"), "utf8"),
    );
    const exported = Object.entries(manifest.exports ?? {});
    expect(exported.map(([path]) => path)).toContain("./package.json");
    for (const [path, target] of exported) {
      const conditions = typeof target === "string" ? { default: target } : target;
      const missing = Object.values(conditions).filter(
        (file) => !existsSync(join(installed(name), file)),
      );
      expect(missing).toEqual([]);
      const expected = path.endsWith(".json") ? ["default"] : ["types", "default"];
      expect(Object.keys(conditions)).toEqual(expected);
    }
  });

  it("publishes the same entries that the workspace resolves to source", () => {
    const withoutSource = Object.entries(source.exports ?? {}).map(([path, target]) => {
      if (typeof target === "string") return [path, target];
      const { "@laila/source": file = "", ...rest } = target;
      expect(file).toMatch(/^\.\/src\/.*\.ts$/);
      return [path, rest];
    });
    expect(source.publishConfig?.exports).toEqual(Object.fromEntries(withoutSource));
  });
});

it("keeps tooling out of what users install", () => {
  for (const { manifest } of [...packagesIn("packages"), ...packagesIn("apps")]) {
    const shipped = Object.keys({ ...manifest.dependencies, ...manifest.peerDependencies });
    expect(shipped.filter((name) => name.startsWith("@laila-tooling/"))).toEqual([]);
  }
});
