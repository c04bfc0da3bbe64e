import { fileURLToPath } from "node:url";
import * as exported from "@laila/pool-s3";
import { build } from "esbuild";
import { expect, it } from "vitest";

it("exports this and nothing else", () => {
  expect(Object.keys(exported)).toMatchInlineSnapshot(`
    [
      "BackblazePool",
      "CloudflarePool",
      "S3Pool",
    ]
  `);
});

it("loads no other backend, and nothing above the pool", async () => {
  const { metafile } = await build({
    entryPoints: [fileURLToPath(new URL("../src/index.ts", import.meta.url))],
    bundle: true,
    write: false,
    metafile: true,
    format: "esm",
    platform: "node",
    conditions: ["@laila/source"],
    logLevel: "silent",
  });
  const modules = Object.keys(metafile.inputs);
  expect(modules.some((path) => path.includes("@aws-sdk/client-s3"))).toBe(true);
  expect(
    modules.filter((path) => /h5wasm|pool-hdf5|packages\/(policy|environment|core)\//.test(path)),
  ).toEqual([]);
});
