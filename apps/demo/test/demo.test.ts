import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { startS3Server } from "@laila-tooling/s3-server";
import { expect, test } from "vitest";

const main = fileURLToPath(new URL("../dist/main.js", import.meta.url));
const run = promisify(execFile);

test("tells the main job in two processes, and ends well", async () => {
  const { stdout } = await run(process.execPath, [main, "--terminal"], {
    env: { PATH: process.env.PATH },
  });
  expect(stdout).toContain("A fresh process, with credentials, a bucket, and one nickname");
  expect(stdout).toContain("✓ captured again, it equals the saved one");
  expect(stdout).toContain("✓ grid: a Float32Array with a shape, equal and of the same type");
  expect(stdout).toContain("✓ the recovered environment is deeply equal");
  expect(stdout).toContain("✓ no secret is in any of the");
});

test("--json prints one object with the facts and nothing else, on a given endpoint", async () => {
  const server = await startS3Server({ buckets: ["mine"] });
  const temporary = await mkdtemp(join(tmpdir(), "laila-demo-test-"));
  try {
    const { stdout } = await run(
      process.execPath,
      [main, "--json", "--endpoint", server.endpoint],
      {
        env: {
          PATH: process.env.PATH,
          TMPDIR: temporary,
          AWS_ACCESS_KEY_ID: server.accessKeyId,
          AWS_SECRET_ACCESS_KEY: server.secretAccessKey,
          AWS_BUCKET_NAME: "mine",
          AWS_REGION: server.region,
        },
      },
    );
    const facts = JSON.parse(stdout);
    expect(facts).toMatchObject({
      ok: true,
      environmentEqual: true,
      rebuiltEqual: true,
      equal: { station: true, grid: true, calendar: true },
      bucket: { secretsFound: [] },
    });
    expect(facts.pools.map((pool: { classToken: string }) => pool.classToken).sort()).toEqual([
      "HDF5Pool",
      "MemoryPool",
      "S3Pool",
    ]);
    // Manifest, environment, station.
    expect(await server.listObjects("mine")).toHaveLength(3);
    expect(stdout).not.toContain(server.secretAccessKey);
    expect(await readdir(temporary)).toEqual([]);
  } finally {
    await server.close();
    await rm(temporary, { recursive: true });
  }
});

test("Ctrl-C in the middle of the story leaves no process and no secrets", async () => {
  const temporary = await mkdtemp(join(tmpdir(), "laila-demo-test-"));
  const child = spawn(process.execPath, [main, "--terminal"], {
    env: { PATH: process.env.PATH, TMPDIR: temporary },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const end = once(child, "close"); // when nobody has its output open, its own children among them
  let said = "";
  for await (const chunk of child.stdout) {
    said += String(chunk);
    if (said.includes("1. Register")) child.kill("SIGINT");
  }
  expect(await end).toEqual([1, null]);
  const left = (await readdir(temporary)).filter((name) => name !== "node-compile-cache");
  expect(left).toEqual([]);
  await rm(temporary, { recursive: true });
});

test("what goes wrong is told in one sentence, and as JSON with its code", async () => {
  const server = await startS3Server();
  const env = {
    PATH: process.env.PATH,
    AWS_ENDPOINT: server.endpoint,
    AWS_ACCESS_KEY_ID: server.accessKeyId,
    AWS_SECRET_ACCESS_KEY: server.secretAccessKey,
    AWS_BUCKET_NAME: "none-such",
  };
  try {
    const told = await run(process.execPath, [main, "--terminal"], { env }).catch((error) => error);
    expect(told.code).toBe(1);
    expect(told.stderr).toContain("NO_SUCH_STORE: ");
    expect(told.stderr).not.toContain("    at ");
    const json = await run(process.execPath, [main, "--json"], { env }).catch((error) => error);
    expect(JSON.parse(json.stdout)).toMatchObject({ ok: false, error: { code: "NO_SUCH_STORE" } });
  } finally {
    await server.close();
  }
});
