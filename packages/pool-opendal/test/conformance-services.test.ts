import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describePool } from "@laila/pool/testing";
import { OpenDALPool } from "@laila/pool-opendal";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { WebDAVServer } from "./webdav-server.js";

const nothing = {
  conditionalWrites: false,
  durable: false,
  persistent: false,
  batch: false,
  streams: false,
  sharedBetweenProcesses: false,
  evicts: false,
  maxValueBytes: 2 ** 30,
  maxKeyBytes: 256,
};

for (const [scheme, evicts] of [
  ["dashmap", false],
  ["moka", true],
  ["mini-moka", true],
] as const) {
  describePool(
    `OpenDALPool on ${scheme}`,
    { supports: { ...nothing, evicts }, create: () => ({ pool: new OpenDALPool({ scheme }) }) },
    { describe, it, afterAll },
  );
}

async function newDirectory() {
  const directory = await mkdtemp(join(tmpdir(), "laila-opendal-"));
  return { directory, dispose: () => rm(directory, { recursive: true, force: true }) };
}

describePool(
  "OpenDALPool on sled",
  {
    supports: { ...nothing, persistent: true },
    create: async () => {
      const { directory, dispose } = await newDirectory();
      return { pool: new OpenDALPool({ scheme: "sled", directory }), dispose };
    },
    unreachable: async () => {
      const { directory, dispose } = await newDirectory();
      await writeFile(join(directory, "file"), "no directory");
      return {
        pool: new OpenDALPool({ scheme: "sled", directory: join(directory, "file") }),
        dispose,
      };
    },
  },
  { describe, it, afterAll },
);

const password = "hunter22/webdav+hunter22";
const secretOptions = JSON.stringify({ username: "laila", password });
const server = new WebDAVServer("laila", password);
let endpoint: string;
let roots = 0;
beforeAll(async () => {
  endpoint = await server.listen();
});
afterAll(() => server.close());
const onWebDAV = (options: Readonly<Record<string, string>> = {}) =>
  new OpenDALPool({
    scheme: "webdav",
    options: { endpoint, root: `/pool-${++roots}/`, ...options },
    secretOptions,
  });

describePool(
  "OpenDALPool on webdav",
  {
    supports: { ...nothing, persistent: true, sharedBetweenProcesses: true },
    create: () => ({ pool: onWebDAV() }),
    // Nobody listens on port 1.
    unreachable: () => ({ pool: onWebDAV({ endpoint: "http://127.0.0.1:1" }) }),
    secrets: [password],
  },
  { describe, it, afterAll },
);

it("leaves nothing of its renaming behind on webdav, and lists nothing of others", async () => {
  const pool = onWebDAV({ root: "/clean/" });
  await Promise.all(["a", "b", "Ä".repeat(128)].map((key) => pool.write(key, Buffer.alloc(99))));
  const names = server.paths().filter((path) => path.startsWith("/clean/"));
  expect(names).toHaveLength(3);
  expect(names.join()).not.toContain("temporary");
  await pool.close();
});
