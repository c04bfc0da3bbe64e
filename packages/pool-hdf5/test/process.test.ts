import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { describe, expect, it } from "vitest";
import { Child } from "./children.js";
import { companions, newFile, poolAt, text } from "./rooms.js";

describe("a process", () => {
  it("ends by itself after the pool is closed", async () => {
    const file = await newFile();
    const child = new Child({ do: "write and end", filePath: file, close: true });
    expect(await child.end()).toEqual({ code: 0, errors: "" });
    expect(await companions(file)).toEqual(["", ".sum"]);
  });

  it("ends by itself although nobody closed the pool, with what was acknowledged kept", async () => {
    const file = await newFile();
    const child = new Child({ do: "write and end", filePath: file, close: false });
    expect(await child.end()).toEqual({ code: 0, errors: "" });
    expect(await companions(file), "the lock is released").toEqual([".journal.1"]);
    const pool = poolAt(file);
    expect(text(await pool.read("kept"))).toBe("by the child");
    await pool.close();
    // Now with a snapshot, and so with a worker.
    const second = new Child({ do: "write and end", filePath: file, close: false });
    expect(await second.end()).toEqual({ code: 0, errors: "" });
  });
});

it("imports neither the HDF5 library nor another backend", async () => {
  const { metafile } = await build({
    entryPoints: [fileURLToPath(new URL("../src/index.ts", import.meta.url))],
    bundle: true,
    platform: "node",
    format: "esm",
    conditions: ["@laila/source"],
    metafile: true,
    write: false,
  });
  const inputs = Object.keys(metafile.inputs);
  expect(inputs.some((path) => path.includes("pool-hdf5/src") || path === "src/store.ts")).toBe(
    true,
  );
  expect(inputs.filter((path) => /h5wasm|aws-sdk|smithy|pool-s3|pool-fs/.test(path))).toEqual([]);
});
