// Starts the built server, runs the matrix and the race against it, and ends with their verdict.
import { spawn } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { startS3Server } from "../dist/index.js";

const here = (name) => fileURLToPath(new URL(name, import.meta.url));

const run = (script, args, env = {}) =>
  new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [here(script), ...args], {
      stdio: "inherit",
      env: { ...process.env, ...env },
    });
    child.on("error", reject);
    child.on("exit", (code) => resolve(code));
  });

const scratch = await mkdtemp(join(tmpdir(), "s3-matrix-"));
const server = await startS3Server();
try {
  const { endpoint, accessKeyId, secretAccessKey } = server;
  const out = join(scratch, "matrix.json");
  const account = ["--ak", accessKeyId, "--sk", secretAccessKey];
  const flags = ["--name", "s3-server", "--endpoint", endpoint, ...account, "--out", out];
  const matrix = await run("matrix.mjs", [...flags, ...process.argv.slice(2)]);
  const race = await run("race.mjs", ["40", "4", "4"], {
    S3_ENDPOINT: endpoint,
    S3_ACCESS_KEY: accessKeyId,
    S3_SECRET_KEY: secretAccessKey,
  });
  const { R } = JSON.parse(await readFile(out, "utf8"));
  const failed = Object.entries(R).filter(([, result]) => String(result).startsWith("FAIL"));
  for (const [name, result] of failed) console.error(`${name}: ${result}`);
  process.exitCode = matrix === 0 && race === 0 && failed.length === 0 ? 0 : 1;
} finally {
  await server.close();
  await rm(scratch, { recursive: true });
}
