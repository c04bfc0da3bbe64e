import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describePool } from "@laila/pool/testing";
import { OpenDALPool } from "@laila/pool-opendal";
import { type S3Server, startS3Server } from "@laila-tooling/s3-server";
import { afterAll, beforeAll, describe, it } from "vitest";
import { apart, bucket } from "./server.js";

const accessKeyId = "LAILAOPENDALKEYID";
const secretAccessKey = "opendal/hunter22+hunter22";
let server: S3Server;
beforeAll(async () => {
  server = await startS3Server({ buckets: [bucket], accessKeyId, secretAccessKey });
});
afterAll(() => server.close());

const program = new URL("../node_modules/.laila-durability-child.mjs", import.meta.url);
const changes = new Set(["PutObject", "DeleteObject"]);
const common = { batch: false, streams: false, evicts: false, maxValueBytes: 2 ** 30 };

describePool(
  "OpenDALPool on memory",
  {
    supports: {
      ...common,
      conditionalWrites: false,
      durable: false,
      persistent: false,
      sharedBetweenProcesses: false,
      maxKeyBytes: 256,
    },
    create: () => ({ pool: new OpenDALPool({ scheme: "memory" }) }),
  },
  { describe, it, afterAll },
);

async function newDirectory() {
  const directory = await mkdtemp(join(tmpdir(), "laila-opendal-"));
  return { directory, dispose: () => rm(directory, { recursive: true, force: true }) };
}

describePool(
  "OpenDALPool on fs",
  {
    supports: {
      ...common,
      conditionalWrites: false,
      durable: false,
      persistent: true,
      sharedBetweenProcesses: true,
      maxKeyBytes: 256,
    },
    create: async () => {
      const { directory, dispose } = await newDirectory();
      return { pool: new OpenDALPool({ scheme: "fs", directory }), dispose };
    },
    unreachable: async () => {
      const { directory, dispose } = await newDirectory();
      await writeFile(join(directory, "file"), "no directory");
      return {
        pool: new OpenDALPool({ scheme: "fs", directory: join(directory, "file") }),
        dispose,
      };
    },
  },
  { describe, it, afterAll },
);

describePool(
  "OpenDALPool on s3",
  {
    supports: {
      ...common,
      conditionalWrites: true,
      durable: true,
      persistent: true,
      sharedBetweenProcesses: true,
      // 1,024 bytes less a root of a uuid and a slash, in threes.
      maxKeyBytes: 329,
    },
    create: () => ({ pool: new OpenDALPool(apart(server)) }),
    // A round loads a binary of 43 MB.
    rounds: 20,
    child: { command: process.execPath, args: [fileURLToPath(program)] },
    // Nobody listens on port 1.
    unreachable: () => ({
      pool: new OpenDALPool(apart(server, { endpoint: "http://127.0.0.1:1" })),
    }),
    loseReply: () => {
      server.fault(({ operation }) => {
        if (!changes.has(operation)) return undefined;
        server.fault(undefined);
        return "reset-after-commit";
      });
    },
    secrets: [accessKeyId, secretAccessKey],
  },
  { describe, it, afterAll },
);
