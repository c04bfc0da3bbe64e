import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createLaila, saveEnvironment } from "@laila/core";
import { S3Pool } from "@laila/pool-s3";
import { type S3Server, startS3Server } from "@laila-tooling/s3-server";
import { afterAll, beforeAll, expect, test } from "vitest";
import { runLaila } from "../src/run.js";

let server: S3Server;
let folder: string;
let secrets: string;
const laila = createLaila();

beforeAll(async () => {
  server = await startS3Server({ buckets: ["things"] });
  folder = await mkdtemp(join(tmpdir(), "laila-cli-"));
  secrets = join(folder, "secrets.toml");
  const { accessKeyId, secretAccessKey, region, endpoint } = server;
  await writeFile(
    secrets,
    `AWS_ACCESS_KEY_ID = "${accessKeyId}"\nAWS_SECRET_ACCESS_KEY = "${secretAccessKey}"\nAWS_REGION = "${region}"\nAWS_BUCKET_NAME = "things"\nAWS_ENDPOINT = "${endpoint}"\n`,
  );
  await laila.readArgs(secrets);
  const pool = new S3Pool({
    bucketName: "things",
    accessKeyId,
    secretAccessKey,
    regionName: region,
    endpoint,
    nickname: "s3",
  });
  laila.memory.extend(pool, { poolNickname: "s3" });
  await saveEnvironment(laila.environment, { name: "prod", pool });
});

afterAll(async () => {
  await laila.close();
  await server.close();
  await rm(folder, { recursive: true });
});

async function run(...args: string[]) {
  const out: string[] = [];
  const err: string[] = [];
  const code = await runLaila(args, {
    out: (line) => out.push(line),
    err: (line) => err.push(line),
  });
  return { code, out: out.join("\n"), err: err.join("\n") };
}

test("env show prints the saved environment, and no secret", async () => {
  const { code, out } = await run("env", "show", "prod", "--secrets", secrets);
  expect(code).toBe(0);
  expect(JSON.parse(out)).toEqual(JSON.parse(JSON.stringify(laila.environment)));
  expect(out).not.toContain(server.secretAccessKey);
});

test("--json wraps it with its name and version", async () => {
  const { out } = await run("env", "show", "prod", "--secrets", secrets, "--json");
  expect(JSON.parse(out)).toMatchObject({ name: "prod", version: 1 });
});

test("a name that was never saved is exit code 3, on stderr", async () => {
  const { code, out, err } = await run("env", "show", "nope", "--secrets", secrets);
  expect({ code, out }).toEqual({ code: 3, out: "" });
  expect(err).toContain('"nope"');
});

test("pool ls lists the keys: the head and the document", async () => {
  const { code, out } = await run("pool", "ls", "--secrets", secrets);
  expect(code).toBe(0);
  expect(out.split("\n").sort()).toEqual([
    expect.stringMatching(/^LAILA:ENTRY:GLOBAL_ID:/),
    expect.stringMatching(/^LAILA:MANIFEST:GLOBAL_ID:/),
  ]);
});

test("a missing bucket is exit code 3; a wrong command and a missing flag are 2", async () => {
  expect((await run("pool", "ls", "--secrets", secrets, "--bucket", "none-such")).code).toBe(3);
  expect((await run("nothing")).code).toBe(2);
  expect((await run("pool", "ls")).code).toBe(2);
  expect((await run()).code).toBe(2);
});

test("a flag that does not exist is refused, and takes no default", async () => {
  const { code, out, err } = await run("pool", "ls", "--secrets", secrets, "--bukcet", "other");
  expect({ code, out }).toEqual({ code: 2, out: "" });
  expect(err).toContain("--bukcet");
  expect(err).toContain("--bucket");
});

test("--help shows the commands", async () => {
  const { code, out } = await run("--help");
  expect(code).toBe(0);
  expect(out).toContain("env");
  expect(out).toContain("pool");
});
