import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { type AddressInfo, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { startS3Server } from "@laila-tooling/s3-server";
import { expect, test } from "vitest";
import type { RecoverStep, Setup } from "../src/api.js";
import { startDemo } from "./server.js";

const main = fileURLToPath(new URL("../dist/main.js", import.meta.url));
const run = promisify(execFile);

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

test("a set-up whose keeper is killed ends, too", async () => {
  const demo = await startDemo();
  const { pid, folder } = await demo.life();
  demo.process.kill("SIGKILL");
  await once(demo.process, "exit");
  while (isAlive(pid as number)) await new Promise((resolve) => setTimeout(resolve, 20));
  await rm(join(folder, ".."), { recursive: true });
});

test("on an S3 of the caller's own it stays below a prefix, and comes back from there", async () => {
  const server = await startS3Server({ buckets: ["mine"] });
  const demo = await startDemo({
    AWS_ACCESS_KEY_ID: server.accessKeyId,
    AWS_SECRET_ACCESS_KEY: server.secretAccessKey,
    AWS_BUCKET_NAME: "mine",
    AWS_ENDPOINT: server.endpoint,
  });
  try {
    expect(await demo.life()).toMatchObject({ endpoint: server.endpoint, bucket: "mine" });
    const { pools } = await demo.json<Setup>("/api/setup");
    const { place } = pools[await demo.pool("bucket")] ?? {};
    expect(place).toMatch(/^s3:\/\/mine\/laila-demo-\d+\/$/);
    await demo.json("/api/life/kill", { body: { deleteFiles: true } });
    const body = { name: "demo" };
    const steps = await demo.lines<RecoverStep>("/api/life/recover", { body });
    expect(steps.at(-1)).toMatchObject({ step: "remember", requests: 1 });
    expect(steps.at(-1)?.failure).toBeUndefined();
    for (const key of await server.listObjects("mine")) expect(key).toMatch(/^laila-demo-\d+\//);
  } finally {
    await demo.stop();
    await server.close();
  }
});

test("what keeps it from starting is told in one sentence", async () => {
  const server = await startS3Server();
  const env = {
    PATH: process.env.PATH,
    AWS_ENDPOINT: server.endpoint,
    AWS_ACCESS_KEY_ID: server.accessKeyId,
    AWS_SECRET_ACCESS_KEY: server.secretAccessKey,
    AWS_BUCKET_NAME: "none-such",
  };
  const failed = await run(process.execPath, [main], { env }).catch((error) => error);
  await server.close();
  expect(failed.code).toBe(1);
  expect(failed.stdout).toBe("");
  expect(failed.stderr).toMatch(/^NO_SUCH_STORE: .+\n$/);
  for (const flags of [["--port", "x"], ["--pools", "-1"], ["--unknown"]]) {
    const wrong = await run(process.execPath, [main, ...flags]).catch((error) => error);
    expect(wrong.code).toBe(2);
    expect(wrong.stderr).toContain("npm run demo");
  }
});

test("a port that is taken, and a folder of somebody else's, are told of and left alone", async () => {
  const folder = await mkdtemp(join(tmpdir(), "laila-demo-theirs-"));
  const file = join(folder, "secrets.toml");
  await writeFile(file, "MINE = 1");
  const taken = createServer().listen(0, "127.0.0.1");
  await once(taken, "listening");
  const { port } = taken.address() as AddressInfo;
  for (const [flags, said] of [
    [["--port", String(port)], "--port"],
    [["--folder", folder], "is not empty"],
  ] as const) {
    const { code, stderr } = await run(process.execPath, [main, ...flags]).catch((error) => error);
    expect(code).toBe(1);
    expect(stderr).toMatch(/^INVALID_ARGUMENT: .+\n$/);
    expect(stderr).toContain(said);
  }
  expect(await readdir(folder)).toEqual(["secrets.toml"]);
  expect(await readFile(file, "utf8")).toBe("MINE = 1");
  taken.close();
  await rm(folder, { recursive: true });
});

test("Ctrl-C while it is being built ends it, and leaves nothing", async () => {
  const temporary = await mkdtemp(join(tmpdir(), "laila-demo-early-"));
  const env = { PATH: process.env.PATH, TMPDIR: temporary };
  const child = spawn(process.execPath, [main, "--entries", "1000000"], { env, stdio: "ignore" });
  // Node keeps there what it has compiled.
  const left = async () =>
    (await readdir(temporary)).filter((name) => name !== "node-compile-cache");
  while (!(await left()).some((name) => name.startsWith("laila-demo-")))
    await new Promise((resolve) => setTimeout(resolve, 20));
  child.kill("SIGINT");
  // As npm and pnpm pass it on, beside the terminal.
  child.kill("SIGINT");
  expect(await once(child, "exit")).toEqual([0, null]);
  expect(await left()).toEqual([]);
  await rm(temporary, { recursive: true });
});
