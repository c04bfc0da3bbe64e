import { execFile } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { cleanEnv } from "@laila-tooling/bootstrap/env";
import type { TestProject } from "vitest/node";
import { pack, publishable, root } from "../../src/packages.mjs";
import { Consumer } from "./consumer.js";

declare module "vitest" {
  interface ProvidedContext {
    /** Package name -> tarball, as it would be published. */
    tarballs: Record<string, string>;
    /** The folder of a consumer who has installed them all. */
    everything: string;
  }
}

/** Builds, packs and installs every publishable package, once for all tests here. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const options = { cwd: root, env: cleanEnv(), shell: process.platform === "win32" };
  const build = ["exec", "turbo", "run", "build", "--filter=./packages/*"];
  await promisify(execFile)("pnpm", build, options);
  const folder = await mkdtemp(join(tmpdir(), "laila-tarballs-"));
  const packed = publishable().map(async (pkg) => [pkg.manifest.name, await pack(pkg, folder)]);
  const tarballs: Record<string, string> = Object.fromEntries(await Promise.all(packed));
  const everything = await Consumer.install(Object.values(tarballs));
  project.provide("tarballs", tarballs);
  project.provide("everything", everything.directory);
  return async () => {
    await everything.remove();
    await rm(folder, { recursive: true, force: true });
  };
}
