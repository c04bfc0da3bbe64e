import { spawnSync } from "node:child_process";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Out, runLaila } from "../src/cli.js";
import type { Folder } from "./support/folder.js";
import { makeProject } from "./support/project.js";

let folder: Folder;

beforeAll(async () => {
  folder = await makeProject();
});
afterAll(() => folder.close());

/** In this process, with outputs that are terminals or not. */
async function run(isTTY: boolean, ...argv: string[]) {
  const heard = { out: "", err: "" };
  const to = (name: keyof typeof heard): Out => ({
    isTTY,
    columns: 40,
    write: (chunk) => {
      heard[name] += typeof chunk === "string" ? chunk : new TextDecoder().decode(chunk);
    },
  });
  const code = await runLaila(argv, {
    env: {},
    cwd: folder.file(""),
    stdout: to("out"),
    stderr: to("err"),
    stdin: () => Promise.resolve(new Uint8Array()),
    signal: new AbortController().signal,
  });
  return { code, ...heard };
}

/** What steers a terminal begins so. */
const csi = "\u001b[";

test("progress is drawn on one line while a person watches, and not otherwise", async () => {
  const watched = await run(true, "pool", "cp", "s3", "archive", "--on-conflict", "overwrite");
  expect(watched.code).toBe(0);
  const drawn = watched.err.split(`\r${csi}2K`);
  expect(drawn.join("")).toContain("Copied: ");
  expect(drawn.every((line) => line.length < 40)).toBe(true);
  expect(watched.err.endsWith(`\r${csi}2K`)).toBe(true);
  expect(await run(false, "pool", "verify")).toMatchObject({ code: 0, err: "" });
  expect(await run(true, "pool", "verify", "--json")).toMatchObject({ code: 0, err: "" });
});

test("colours: on a terminal, by FORCE_COLOR, never with NO_COLOR or in JSON", async () => {
  const diff = ["env", "diff", "prod@1", "prod@2"];
  expect((await run(true, ...diff)).out).toContain(csi);
  expect((await folder.laila(...diff)).out).not.toContain(csi);
  expect((await folder.with({ FORCE_COLOR: "1" }).laila(...diff)).out).toContain(csi);
  const both = folder.with({ FORCE_COLOR: "1", NO_COLOR: "1" });
  expect((await both.laila(...diff)).out).not.toContain(csi);
  expect((await folder.with({ FORCE_COLOR: "1" }).laila(...diff, "--json")).out).not.toContain(
    escape,
  );
});

test("completion in bash: commands, flags of the command, and what begins so", async () => {
  const complete = async (...words: string[]) => {
    const list = words.map((word) => `"${word}"`).join(" ");
    const line = `eval "$(laila completion bash)"; COMP_WORDS=(${list}); COMP_CWORD=${words.length - 1}; _laila; echo "\${COMPREPLY[@]}"`;
    return (await folder.shell(line)).out.trim().split(" ");
  };
  expect(await complete("laila", "")).toEqual(expect.arrayContaining(["env", "pool", "doctor"]));
  expect(await complete("laila", "env", "r")).toEqual(["rollback", "recover"]);
  expect(await complete("laila", "env", "save", "--me")).toEqual(["--message"]);
  expect(await complete("laila", "doctor", "--no")).toEqual(["--no-probe"]);
  expect(await complete("laila", "env", "save", "x")).toEqual([""]);
});

test("the scripts of the other shells name every command", async () => {
  const [zsh, fish] = [
    await folder.laila("completion", "zsh"),
    await folder.laila("completion", "fish"),
  ];
  expect(zsh.out).toMatch(/^#compdef laila\n/);
  expect(fish.out).toContain("-l message -r -d 'Why, for the history'");
  expect(spawnSync("bash", ["-n"], { input: zsh.out }).status).toBe(0);
});

test("help loads nothing but itself", async () => {
  // What is loaded decides how fast it starts.
  const loaded = async (line: string) => {
    const { out } = await folder.shell(
      `NODE_DEBUG=esm ${line} 2>&1 | grep -cE '/(packages|node_modules)/'`,
    );
    return Number(out);
  };
  expect(await loaded("laila pool list")).toBeGreaterThan(0);
  expect(await loaded("laila env save --help")).toBe(0);
});
