import { readFile } from "node:fs/promises";
import { build } from "esbuild";
import { expect, it } from "vitest";

const root = new URL("..", import.meta.url);
const readme = await readFile(new URL("README.md", root), "utf8");
const blocks = [...readme.matchAll(/^```ts run\n([\s\S]*?)^```$/gm)].map(
  ([, code]) => code as string,
);

it("the README has an example", () => {
  expect(blocks.length).toBeGreaterThan(0);
});

it.each(blocks)("the README's example runs", async (code) => {
  const { outputFiles } = await build({
    stdin: { contents: code, resolveDir: root.pathname, loader: "ts" },
    bundle: true,
    write: false,
    platform: "node",
    format: "esm",
    conditions: ["@laila/source"],
  });
  const program = Buffer.from(outputFiles[0]?.text ?? "").toString("base64");
  await import(/* @vite-ignore */ `data:text/javascript;base64,${program}`);
});
