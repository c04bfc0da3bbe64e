import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { SQLitePool } from "@laila/pool-sqlite";
import { afterEach, beforeEach, expect, it } from "vitest";

const program = fileURLToPath(new URL("../node_modules/.laila/opening-child.mjs", import.meta.url));

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "laila-sqlite-processes-"));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

function start(filePath: string) {
  const child = spawn(process.execPath, [program, filePath], { stdio: "pipe" });
  let said = "";
  let errors = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    said += text;
  });
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    errors += text;
  });
  return {
    ready: once(child.stdout, "data"),
    go: () => child.stdin.write("go\n"),
    done: once(child, "close").then(([code]) => ({ code, errors, won: Number(said.slice(6)) })),
  };
}

it("may be opened for the first time by several processes at once", async () => {
  for (let round = 0; round < 10; round++) {
    const filePath = join(directory, `new ${round}`, "pool.sqlite");
    const children = Array.from({ length: 4 }, () => start(filePath));
    await Promise.all(children.map(({ ready }) => ready));
    for (const child of children) child.go();
    const outcomes = await Promise.all(children.map(({ done }) => done));
    for (const { code, errors } of outcomes)
      expect({ code, errors }).toEqual({ code: 0, errors: "" });
    // Each key was won by exactly one of them.
    expect(outcomes.reduce((all, { won }) => all + won, 0)).toBe(20);
    const pool = new SQLitePool({ filePath });
    let count = 0;
    for await (const _ of pool.keys()) count++;
    await pool.close();
    expect(count).toBe(20);
  }
  // Forty processes, on a machine that may have other work.
});
