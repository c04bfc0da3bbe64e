import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { HeadBucketCommand, S3Client } from "@aws-sdk/client-s3";
import { build } from "tsup";
import { afterAll, beforeAll, expect, test } from "vitest";

// A child process cannot load TypeScript on Node 20: the program is bundled first.
let directory: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "s3-server-main-"));
  const entry = { main: fileURLToPath(new URL("../src/main.ts", import.meta.url)) };
  const quiet = { config: false, silent: true, dts: false, splitting: false } as const;
  const outExtension = () => ({ js: ".mjs" });
  await build({
    entry,
    outDir: directory,
    format: "esm",
    target: "node20",
    outExtension,
    ...quiet,
  });
});
afterAll(() => rm(directory, { recursive: true }));

const start = (args: readonly string[]): ChildProcess =>
  spawn(process.execPath, [join(directory, "main.mjs"), ...args], {
    env: { ...process.env, AWS_ACCESS_KEY_ID: "AKID", AWS_SECRET_ACCESS_KEY: "secret" },
    stdio: ["ignore", "pipe", "pipe"],
  });

test.each(["SIGTERM", "SIGINT"] as const)("starts from flags and ends on %s", async (signal) => {
  const child = start(["--json", "--bucket", "one", "--bucket", "two", "--region", "eu-north-1"]);
  const [line] = (await once(child.stdout ?? child, "data")) as [Buffer];
  const { endpoint, accessKeyId, secretAccessKey, region } = JSON.parse(line.toString());
  expect({ accessKeyId, secretAccessKey, region }).toEqual({
    accessKeyId: "AKID",
    secretAccessKey: "secret",
    region: "eu-north-1",
  });
  const credentials = { accessKeyId, secretAccessKey };
  const client = new S3Client({ endpoint, region, credentials, forcePathStyle: true });
  await client.send(new HeadBucketCommand({ Bucket: "two" }));
  client.destroy();
  child.kill(signal);
  const [code] = await once(child, "exit");
  expect(code).toBe(0);
});

test("a wrong flag is told, with the usage", async () => {
  const child = start(["--port", "many"]);
  const [text] = (await once(child.stderr ?? child, "data")) as [Buffer];
  expect(text.toString()).toContain("--port must be a number");
  const [code] = await once(child, "exit");
  expect(code).toBe(1);
});
