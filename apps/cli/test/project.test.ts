import { stat } from "node:fs/promises";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { configFiles } from "../src/project/find.js";
import { Folder } from "./support/folder.js";

let folder: Folder;

beforeAll(async () => {
  folder = await Folder.make();
});
afterAll(() => folder.close());
beforeEach(async () => {
  await folder.shell(`rm -f ${configFiles.join(" ")} secrets.toml .gitignore`);
  await folder.write("secrets.toml", `${folder.credentials}ARCHIVE_SECRET = "${folder.secret}"\n`);
});

test.each(["json", "js", "ts"])("init --format %s makes a project that works", async (format) => {
  await folder.shell("rm -f secrets.toml");
  const { endpoint } = folder.server;
  const made = await folder.laila(
    ...["init", `made-${format}`, "--format", format, "--bucket", "things", "--endpoint", endpoint],
  );
  expect(made).toMatchObject({
    code: 0,
    out: `laila.config.${format}\nsecrets.toml\n.gitignore\n`,
  });
  expect((await stat(folder.file("secrets.toml"))).mode & 0o777).toBe(0o600);
  expect(await folder.laila("init")).toMatchObject({ code: 4, out: "" });
  await folder.write("secrets.toml", folder.credentials);
  const saved = await folder.laila("env", "save");
  expect(saved).toMatchObject({ code: 0, out: `made-${format}, version 1\n` });
  // Found from a folder below, too.
  const below = await folder.shell("mkdir -p a/b && cd a/b && laila env save --json");
  expect(JSON.parse(below.out)).toMatchObject({ version: 1, created: false });
});

test("TypeScript: types, references, a class of the project's own, proxies and setup", async () => {
  await folder.write(
    "laila.config.ts",
    `import { arg, defineConfig, type ProjectConfig, secret } from "@laila/cli";
     import { HDF5Pool } from "@laila/pool-hdf5";
     class OwnPool extends HDF5Pool {
       static override readonly classToken = "OwnPool";
       static override readonly configSchema = HDF5Pool.configSchema;
       static override readonly packageName: string = "@acme/own-pool";
     }
     const config: ProjectConfig = {
       name: "typed",
       secrets: ["secrets.toml"],
       pools: {
         own: { class: "OwnPool", filePath: "own.h5" },
         far: {
           class: "S3Pool", bucketName: "archive", endpoint: arg("AWS_ENDPOINT"), regionName: "us-east-1",
           accessKeyId: secret("AWS_ACCESS_KEY_ID"), secretAccessKey: secret("ARCHIVE_SECRET"),
         },
       },
       proxies: { own: "far" },
       alpha: "own",
       store: "far",
         poolClasses: [OwnPool],
       setup: async (laila) => { laila.memory.poolRouter.nicknames.size === 2 || process.exit(9); },
     };
     export default defineConfig(config);`,
  );
  const { code, out, err } = await folder.laila("pool", "list", "--json");
  expect(code, err).toBe(0);
  expect(JSON.parse(out)).toEqual(
    expect.arrayContaining([
      expect.objectContaining({ name: "own", class: "OwnPool", alpha: true, proxy: "far" }),
      expect.objectContaining({ name: "far", class: "S3Pool", store: true, alpha: false }),
    ]),
  );
  expect((await folder.laila("env", "save")).code).toBe(0);
  const shown = await folder.laila("env", "show");
  expect(shown.out).toContain('"$secret": "ARCHIVE_SECRET"');
  expect(shown.out + shown.err).not.toContain(folder.secret);
  expect(await folder.laila("env", "recover")).toMatchObject({ code: 0 });
});

const pool = { class: "MemoryPool" };

test.each([
  ["no JSON", "{", "cannot be loaded"],
  ["no name", { pools: { pool } }, "name must be"],
  ["no pools", { name: "x", pools: {} }, "pools must have"],
  [
    "a field that there is not",
    { name: "x", pools: { pool }, stroe: "pool" },
    "Did you mean store?",
  ],
  ["a store that there is not", { name: "x", pools: { pool }, store: "s3" }, "there are pool"],
  ["a pool without a class", { name: "x", pools: { pool: {} } }, "pools.pool"],
  ["a class that there is not", { name: "x", pools: { pool: { class: "S4Pool" } } }, "S3Pool"],
  [
    "a field that the class does not have",
    { name: "x", pools: { pool: { class: "HDF5Pool", filPath: "x" } } },
    "filPath",
  ],
  [
    "an argument that there is not",
    { name: "x", pools: { pool: { class: "HDF5Pool", filePath: { $arg: "NOWHERE" } } } },
    "NOWHERE",
  ],
])("a configuration with %s is exit code 2", async (_, config, told) => {
  await folder.write("laila.config.json", config);
  const { code, out, err } = await folder.laila("pool", "ls");
  expect({ code, out }).toEqual({ code: 2, out: "" });
  expect(err).toContain(told);
});

test("a pool package that is not installed is told of with the line that installs it", async () => {
  await folder.write("laila.config.json", {
    name: "x",
    pools: { db: { class: "SQLitePool", filePath: "x.sqlite" } },
  });
  const { code, err } = await folder.laila("pool", "ls");
  expect(code).toBe(1);
  expect(err).toContain("npm install @laila/pool-sqlite");
  const report = await folder.laila("doctor", "--json");
  expect(report).toMatchObject({ code: 1, err: "" });
  expect(JSON.parse(report.out)).toMatchObject({
    ok: false,
    findings: [{ code: "MISSING_PACKAGE" }],
  });
});
