import { createContext, runInContext } from "node:vm";
import { build } from "esbuild";
import { describe, expect, it } from "vitest";

const root = new URL("..", import.meta.url).pathname;

async function bundle(contents: string) {
  const { outputFiles, metafile } = await build({
    stdin: { contents, resolveDir: root, loader: "ts" },
    bundle: true,
    write: false,
    metafile: true,
    platform: "browser",
    format: "iife",
    globalName: "bundled",
    target: "es2022",
    conditions: ["@laila/source"],
  });
  return {
    code: outputFiles[0]?.text ?? "",
    inputs: Object.keys(metafile.inputs),
    imports: Object.values(metafile.outputs).flatMap((output) => output.imports),
  };
}

describe("in a browser", () => {
  it.each(["@laila/schema", "@laila/schema/codecs"])(
    "%s is bundled without anything of Node",
    async (name) => {
      const { code, inputs, imports } = await bundle(`export * from ${JSON.stringify(name)}`);
      expect(code).not.toMatch(/["']node:/);
      expect(code).not.toMatch(/\brequire\(/);
      expect(imports).toEqual([]);
      expect(inputs.filter((input) => input.includes("crc32/node"))).toEqual([]);
      expect(code.length).toBeGreaterThan(1000);
    },
  );

  it("records are written and read with nothing but what browsers have", async () => {
    const { code } = await bundle('export * from "@laila/schema"');
    const context = createContext({ TextEncoder, TextDecoder, URL, btoa, crypto });
    const program = `${code};
      const { constant, decodeRecord, encodeRecord, NdArray } = bundled;
      const values = [{ a: [1, "é"] }, new Map([["k", new Date(5)]]), new Float32Array([1, 2]), new Uint8Array([1, 2, 3]), new NdArray({ dtype: "int8", shape: [1, 2], data: new Int8Array(2) }), undefined, new RangeError("x")];
      const names = [];
      for (const digest of ["crc32", "sha256"]) {
        for (const value of values) {
          const entry = constant(value);
          const { entry: found } = decodeRecord(encodeRecord(entry, { digest }), { key: entry.globalId });
          names.push(found.data === undefined ? "undefined" : found.data.constructor.name);
        }
      }
      names.join();`;
    const names = "Object,Map,Float32Array,Uint8Array,NdArray,undefined,RangeError";
    expect(runInContext(program, context)).toBe(`${names},${names}`);
  });
});
