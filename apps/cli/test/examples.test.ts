import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { helpOf } from "../src/help.js";
import { commands } from "../src/specs/index.js";
import type { Folder } from "./support/folder.js";
import { makeProject } from "./support/project.js";

let folder: Folder;

beforeAll(async () => {
  folder = await makeProject();
});
afterAll(() => folder.close());

test("every command has an example, and its help shows it", () => {
  for (const spec of commands) {
    const help = helpOf(spec.path);
    expect(spec.examples.length, spec.path.join(" ")).toBeGreaterThan(0);
    for (const { line } of spec.examples) expect(help).toContain(line);
    for (const flag of Object.keys(spec.flags)) expect(help).toContain(`--${flag}`);
    expect(help).toContain(`--json: ${spec.json}`);
  }
});

// One after the other: some build on what those before them did.
test.each(commands.flatMap(({ examples }) => examples.map(({ line }) => line)))(
  "%s",
  async (line) => {
    const where = line.startsWith("laila init") ? "cd ../fresh && " : "";
    await mkdir(join(folder.path, "fresh"), { recursive: true });
    const { code, out } = await folder.shell(where + line);
    expect(code, out).toBe(0);
    expect(out).not.toBe("");
    expect(out).not.toContain(folder.secret);
  },
);
