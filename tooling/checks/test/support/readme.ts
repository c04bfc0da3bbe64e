import { existsSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { publishable, root } from "../../src/packages.mjs";

/** What becomes of a block: `run` is executed, `fragment` needs to parse only. All others are type-checked. */
export interface Block {
  readonly info: readonly string[];
  readonly line: number;
  readonly code: string;
}

export interface Readme {
  /** Short, and fit for a folder's name. */
  readonly name: string;
  readonly file: string;
  readonly blocks: readonly Block[];
}

/** The TypeScript blocks of a Markdown text, with their info strings. */
export function blocksOf(markdown: string): Block[] {
  const fence = /^```ts\b([^\n]*)\n([\s\S]*?)^```$/gm;
  return [...markdown.matchAll(fence)].map(({ 1: info = "", 2: code = "", index }) => ({
    info: info.trim().split(/\s+/).filter(Boolean),
    line: markdown.slice(0, index).split("\n").length,
    code,
  }));
}

/** The README of the repository and those of the published packages. */
export function readmes(): Readme[] {
  const files = [
    { name: "root", file: join(root, "README.md") },
    ...publishable().map(({ directory }) => ({
      name: basename(directory),
      file: join(directory, "README.md"),
    })),
  ];
  return files.map(({ name, file }) => ({
    name,
    file,
    blocks: existsSync(file) ? blocksOf(readFileSync(file, "utf8")) : [],
  }));
}
