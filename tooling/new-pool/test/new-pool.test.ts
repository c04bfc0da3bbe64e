import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Refusal } from "../src/names.mjs";
import { newPool } from "../src/new-pool.mjs";
import { Workspace } from "./workspace.js";

let workspace: Workspace;
beforeAll(() => {
  workspace = new Workspace();
});
afterAll(() => workspace.remove());

const read = (path: string): string => readFileSync(join(workspace.root, path), "utf8");

describe("a new pool", () => {
  // So long that lines break where the template's do not.
  const name = "much-longer-than-any-other";
  const directory = `packages/pool-${name}`;
  const there = (command: string, ...args: string[]) => workspace.run(command, args, directory);
  let written: readonly string[];

  beforeAll(async () => {
    await workspace.run("pnpm", ["install", "--no-frozen-lockfile", "--prefer-offline"]);
    written = newPool({ root: workspace.root, name }).written;
    await workspace.run("pnpm", ["install", "--no-frozen-lockfile", "--prefer-offline"]);
  });

  it("has its own name everywhere, and the template's nowhere", () => {
    for (const file of written)
      expect(read(file)).not.toMatch(/ExamplePool|example-pool|pool-example/);
    expect(JSON.parse(read(`${directory}/package.json`)).name).toBe(`@laila/pool-${name}`);
    expect(read(`${directory}/src/${name}-pool.ts`)).toContain("class MuchLongerThanAnyOtherPool ");
    expect(read(`${directory}/README.md`)).toContain("```ts run\n");
  });

  it("has its place in the workspace", () => {
    expect(read("pnpm-lock.yaml")).toContain(`\n  ${directory}:\n`);
    expect(read("README.md")).toContain(`\n| [\`@laila/pool-${name}\`](${directory}) | `);
    expect(read(`.changeset/pool-${name}.md`)).toContain(`"@laila/pool-${name}": minor\n`);
    expect(JSON.parse(read(`${directory}/turbo.json`)).tags).toEqual(["backend"]);
  });

  it("is formatted and linted", async () => {
    await workspace.run("pnpm", ["exec", "biome", "check", "--error-on-warnings", directory]);
  });

  it("keeps to the boundaries", async () => {
    const report = await workspace.run("pnpm", ["exec", "turbo", "boundaries"]);
    expect(report).toContain("no issues found");
  });

  it("type-checks", async () => {
    await there("pnpm", "exec", "tsc");
  });

  it("passes the conformance suite", async () => {
    const report = await there("pnpm", "exec", "vitest", "run", "--reporter=json");
    const { success, numPassedTests, numTotalTests } = JSON.parse(report);
    expect({ success, numPassedTests }).toEqual({ success: true, numPassedTests: numTotalTests });
    expect(numTotalTests).toBeGreaterThan(100);
  });

  it("builds", async () => {
    await workspace.run("pnpm", ["exec", "turbo", "run", "build", `--filter=./${directory}`]);
    const built = readdirSync(join(workspace.root, directory, "dist"));
    expect(built).toEqual(expect.arrayContaining(["index.d.ts", "index.js"]));
    const script = `import("@laila/pool-${name}").then((all) => console.log(Object.keys(all)))`;
    expect(await there("node", "-e", script)).toContain("MuchLongerThanAnyOtherPool");
  });
});

describe("what is refused", () => {
  const entries = () =>
    ["packages", ".changeset"].flatMap((folder) => readdirSync(join(workspace.root, folder)));

  it.each([
    [undefined, "pnpm new:pool redis"],
    ["", "pnpm new:pool redis"],
    ["Redis", "cannot name a pool"],
    ["my_pool", "cannot name a pool"],
    ["a--b", "cannot name a pool"],
    ["1st", "cannot name a pool"],
    ["../core", "cannot name a pool"],
    ["a/b", "cannot name a pool"],
    ["x".repeat(41), "at most 40"],
    ["pool-redis", "Leave the prefix out: pnpm new:pool redis"],
    ["@laila/pool-redis", "Leave the prefix out: pnpm new:pool redis"],
    ["s3", "packages/pool-s3 is there already"],
    ["memory", "@laila/pool has a class MemoryPool already"],
  ])("%s", (name, message) => {
    const before = entries();
    const make = () => newPool({ root: workspace.root, name });
    expect(make).toThrow(Refusal);
    expect(make).toThrow(message);
    expect(entries()).toEqual(before);
  });

  it.each(["redisPool", "Redis", "Redis-Pool"])("the class %s", (poolClass) => {
    const make = () => newPool({ root: workspace.root, name: "redis", poolClass });
    expect(make).toThrow("cannot name the class");
  });
});
