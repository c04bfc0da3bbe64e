import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describePool } from "@laila/pool/testing";
import { FilesystemPool } from "@laila/pool-fs";
import { afterAll, describe, it } from "vitest";

const program = new URL("../node_modules/.laila-test/durability-child.mjs", import.meta.url);

async function newDirectory() {
  const directory = await mkdtemp(join(tmpdir(), "laila-fs-suite-"));
  return { directory, dispose: () => rm(directory, { recursive: true, force: true }) };
}

describePool(
  "FilesystemPool",
  {
    supports: {
      conditionalWrites: true,
      durable: true,
      persistent: true,
      batch: false,
      streams: false,
      sharedBetweenProcesses: true,
      evicts: false,
      maxValueBytes: 2 ** 30,
      maxKeyBytes: 1024,
    },
    create: async () => {
      const { directory, dispose } = await newDirectory();
      return { pool: new FilesystemPool({ directory }), dispose };
    },
    child: { command: process.execPath, args: [fileURLToPath(program)] },
    unreachable: async () => {
      const { directory, dispose } = await newDirectory();
      await writeFile(join(directory, "file"), "no directory");
      return { pool: new FilesystemPool({ directory: join(directory, "file") }), dispose };
    },
  },
  { describe, it, afterAll },
);
