import { execFile } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { startS3Server } from "@laila-tooling/s3-server";
import { transform } from "esbuild";
import { afterAll, beforeAll, describe, expect, inject, it } from "vitest";
import { root } from "../src/packages.mjs";
import { Consumer, node } from "./support/consumer.js";
import { type Block, blocksOf, readmes } from "./support/readme.js";

const consumer = new Consumer(inject("everything"));
let server: Awaited<ReturnType<typeof startS3Server>>;

beforeAll(async () => {
  server = await startS3Server({ buckets: readmes().map(bucketOf) });
});
afterAll(() => server.close());

const bucketOf = ({ name }: { name: string }) => `readme-${name}`;
const is = (word: string) => (block: Block) => block.info.includes(word);

it("finds the blocks of a Markdown text, with what is to become of them", () => {
  const text = "# x\n```ts run\nawait 1;\n```\n\n```sh\nls\n```\n```ts\nlet a: string;\n```\n";
  expect(blocksOf(text)).toEqual([
    { info: ["run"], line: 2, code: "await 1;\n" },
    { info: [], line: 9, code: "let a: string;\n" },
  ]);
});

describe.each(readmes())("the README of $name", ({ name, blocks }) => {
  it("has an example that runs", () => {
    expect(blocks.filter(is("run"))).not.toEqual([]);
  });

  it("runs its examples, one after the other, in one folder", async () => {
    const args = {
      AWS_BUCKET_NAME: bucketOf({ name }),
      AWS_ACCESS_KEY_ID: server.accessKeyId,
      AWS_SECRET_ACCESS_KEY: server.secretAccessKey,
      AWS_REGION: server.region,
      AWS_ENDPOINT: server.endpoint,
    };
    const toml = Object.entries(args).map(([key, value]) => `${key} = ${JSON.stringify(value)}\n`);
    const cwd = await consumer.folder(`run-${name}`, { "secrets.toml": toml.join("") });
    const home = await mkdtemp(join(tmpdir(), "laila-home-"));
    const env = { ...args, AWS_ENDPOINT_URL: server.endpoint, HOME: home, USERPROFILE: home };
    try {
      for (const { line, code } of blocks.filter(is("run"))) {
        const { code: script } = await transform(code, { loader: "ts", target: "node20" });
        const file = `line-${line}.mjs`;
        await consumer.folder(`run-${name}`, { [file]: script });
        const outcome = await node([file], { cwd, env });
        expect(outcome, `the block at line ${line}\n${outcome.stderr}`).toMatchObject({ code: 0 });
      }
    } finally {
      await rm(home, { recursive: true, force: true });
    }
  });

  it("parses its fragments", async () => {
    const fragments = blocks.filter(is("fragment"));
    const parsed = fragments.map(({ code }) => transform(code, { loader: "ts" }));
    await expect(Promise.all(parsed)).resolves.toHaveLength(fragments.length);
  });
});

it("has examples that type-check against the installed packages", async () => {
  const files = readmes().flatMap(({ name, blocks }) =>
    blocks
      .filter((block) => !is("fragment")(block))
      .map(({ line, code }) => [`${name}-line-${line}.ts`, code] as const),
  );
  const compilerOptions = {
    target: "ES2022",
    lib: ["ES2023", "ESNext.Disposable"],
    module: "NodeNext",
    moduleDetection: "force",
    strict: true,
    noEmit: true,
    skipLibCheck: true,
    types: ["node"],
    typeRoots: [join(root, "node_modules/@types")],
  };
  const cwd = await consumer.folder("types", {
    ...Object.fromEntries(files),
    "tsconfig.json": JSON.stringify({ compilerOptions, include: ["*.ts"] }),
  });
  const tsc = join(root, "node_modules/typescript/bin/tsc");
  const checked = promisify(execFile)(process.execPath, [tsc, "--pretty", "false"], { cwd }).then(
    () => "",
    (error: { stdout: string }) => error.stdout,
  );
  expect(await checked).toBe("");
});
