import { execFile } from "node:child_process";
import { cp, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { cleanEnv } from "@laila-tooling/bootstrap/env";
import { afterEach, beforeEach, expect, it } from "vitest";
import { packagesIn, root } from "../src/packages.mjs";

// A copy of the workspace without its sources: the rules and the manifests they speak of.
let copy: string;

beforeEach(async () => {
  copy = await mkdtemp(join(tmpdir(), "laila-boundaries-"));
  const files = ["package.json", "pnpm-lock.yaml", "pnpm-workspace.yaml", "turbo.json"];
  for (const file of files) await cp(join(root, file), join(copy, file));
  for (const folder of ["packages", "apps", "tooling"] as const) {
    for (const { directory } of packagesIn(folder)) {
      const target = join(copy, directory.slice(root.length));
      await mkdir(join(target, "src"), { recursive: true });
      for (const file of ["package.json", "turbo.json"]) {
        await cp(join(directory, file), join(target, file));
      }
    }
  }
  await symlink(join(root, "node_modules"), join(copy, "node_modules"), "junction");
});
afterEach(() => rm(copy, { recursive: true, force: true }));

async function boundaries(): Promise<{ code: number; report: string }> {
  const turbo = join(root, "node_modules/turbo/bin/turbo");
  const options = { cwd: copy, env: { ...cleanEnv(), NO_COLOR: "1", COLUMNS: "200" } };
  try {
    const { stdout, stderr } = await promisify(execFile)(
      process.execPath,
      [turbo, "boundaries", "--skip-infer"],
      options,
    );
    return { code: 0, report: stdout + stderr };
  } catch (error) {
    const { code, stdout, stderr } = error as { code: number; stdout: string; stderr: string };
    return { code, report: `${stdout}${stderr}`.replace(/\s*\n\s*\|\s*/g, " ") };
  }
}

const write = (pkg: string, code: string) =>
  writeFile(join(copy, "packages", pkg, "src/x.ts"), code);

/** Lets one package of `packages/` depend on another and import it. */
async function depend(from: string, on: string, field = "dependencies"): Promise<void> {
  const file = join(copy, "packages", from, "package.json");
  const manifest = JSON.parse(await readFile(file, "utf8"));
  manifest[field] = { ...manifest[field], [on]: "workspace:*" };
  await writeFile(file, JSON.stringify(manifest));
  await write(from, `export * from ${JSON.stringify(on)};\n`);
}

it("finds nothing wrong with the workspace as it is", async () => {
  expect(await boundaries()).toMatchObject({ code: 0 });
});

it.each([
  ["schema", "@laila/pool"],
  ["pool", "@laila/policy"],
  ["pool", "@laila/pool-s3"],
  ["pool-s3", "@laila/pool-hdf5"],
  ["pool-hdf5", "@laila/policy"],
  ["policy", "@laila/pool-s3"],
  ["policy", "@laila/environment"],
  ["environment", "@laila/pool-hdf5"],
  ["environment", "@laila/core"],
  ["core", "@laila/pool-s3"],
  ["core", "@laila-apps/demo"],
  ["core", "@laila-tooling/e2e"],
])("refuses an arrow from %s to %s", async (from, on) => {
  await depend(from, on);
  const { code, report } = await boundaries();
  expect(code).toBe(1);
  expect(report).toContain(
    `\`${on}\` found without any tag listed in allowlist for \`@laila/${from}\``,
  );
});

it("refuses the arrow in development too", async () => {
  await depend("policy", "@laila/pool-s3", "devDependencies");
  expect(await boundaries()).toMatchObject({ code: 1 });
});

it("refuses a package that was not declared", async () => {
  await write("policy", `import "@laila/pool-s3";\n`);
  const { code, report } = await boundaries();
  expect(code).toBe(1);
  expect(report).toContain("cannot import package `@laila/pool-s3` because it is not a dependency");
});

it("refuses a path into another package", async () => {
  await write("policy", `import "../../pool/src/index.js";\n`);
  const { code, report } = await boundaries();
  expect(code).toBe(1);
  expect(report).toContain("`../../pool/src/index.js` leaves the package");
});
