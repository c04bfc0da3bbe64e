// How much memory a stream of so many GiB needs: pnpm measure:streams [GiB]
// The server and the writer and the reader are processes of their own, so that each has only its own memory.
import { fork } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const at = (path) => fileURLToPath(new URL(path, import.meta.url));
const gib = Number(process.argv[2] ?? 4);
// Beside the package, where its dependencies are found.
const directory = await mkdtemp(at("../node_modules/.laila-streams-"));
const data = await mkdtemp(join(tmpdir(), "laila-streams-"));
const outfile = join(directory, "streams-child.mjs");
try {
  await build({
    entryPoints: [at("./streams-child.ts")],
    outfile,
    bundle: true,
    platform: "node",
    format: "esm",
    target: "node20",
    conditions: ["@laila/source"],
    banner: {
      js: 'import { createRequire } from "node:module"; const require = createRequire(import.meta.url);',
    },
    logLevel: "error",
  });
  const start = (...args) =>
    fork(outfile, args, {
      execArgv: ["--expose-gc"],
      env: { ...process.env, AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: "true" },
    });
  const server = start("server", data);
  const [place] = await once(server, "message");
  for (const role of ["idle", "write", "read"]) {
    const child = start(role, JSON.stringify(place), String(gib * 1024 ** 3));
    child.on("message", (told) => console.log(JSON.stringify(told)));
    const [code] = await once(child, "exit");
    if (code !== 0) process.exitCode = 1;
  }
  server.kill();
  await once(server, "exit");
} finally {
  await rm(directory, { recursive: true, force: true });
  await rm(data, { recursive: true, force: true });
}
