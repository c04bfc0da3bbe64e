import { existsSync, readFileSync } from "node:fs";
import { mkdir, readdir, writeFile } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";

/** The innermost package in `node_modules` that a file is of. */
const packageOf = /^(.*\/node_modules\/(?:@[^/]+\/)?[^/]+)\//;

/**
 * Writes the licences of the packages that were bundled to THIRD-PARTY-NOTICES.txt beside the built
 * files; nothing where none were.
 *
 * @returns {NonNullable<import("tsup").Options["esbuildPlugins"]>[number]}
 */
export const licences = () => ({
  name: "licences",
  setup: (build) => {
    build.onEnd(async ({ metafile }) => {
      const { absWorkingDir: from = ".", outdir = "dist" } = build.initialOptions;
      const files = Object.values(metafile?.outputs ?? {}).flatMap(({ inputs }) =>
        Object.entries(inputs).flatMap(([file, { bytesInOutput }]) =>
          bytesInOutput > 0 ? [resolve(from, file).replaceAll("\\", "/")] : [],
        ),
      );
      const folders = new Set(files.flatMap((file) => packageOf.exec(file)?.[1] ?? []));
      if (folders.size === 0) return;
      const texts = await Promise.all([...folders].sort().map(licenceOf));
      const target = join(resolve(from, outdir), "THIRD-PARTY-NOTICES.txt");
      await mkdir(dirname(target), { recursive: true });
      await writeFile(target, texts.join(`\n${"-".repeat(80)}\n\n`));
    });
  },
});

/** @param {string} folder */
const licenceOf = async (folder) => {
  const { name, version } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
  const file = (await readdir(folder)).find((one) => /^licen[cs]e/i.test(one));
  if (!file || !existsSync(join(folder, file))) {
    throw new Error(`${name} is bundled and has no licence file.`);
  }
  return `${name} ${version}\n\n${readFileSync(join(folder, file), "utf8").trim()}\n`;
};
