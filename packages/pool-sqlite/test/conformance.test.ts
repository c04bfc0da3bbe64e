import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describePool } from "@laila/pool/testing";
import { SQLitePool } from "@laila/pool-sqlite";
import { afterAll, describe, it } from "vitest";

const program = new URL("../node_modules/.laila/durability-child.mjs", import.meta.url);

describePool(
  "SQLitePool",
  {
    supports: {
      conditionalWrites: true,
      durable: true,
      persistent: true,
      batch: true,
      streams: false,
      sharedBetweenProcesses: true,
      evicts: false,
      maxValueBytes: 2 ** 29,
      maxKeyBytes: 1024,
    },
    create: async () => {
      const directory = await mkdtemp(join(tmpdir(), "laila-sqlite-"));
      return {
        pool: new SQLitePool({ filePath: join(directory, "pool.sqlite") }),
        dispose: () => rm(directory, { recursive: true, force: true }),
      };
    },
    unreachable: () => ({ pool: new SQLitePool({ filePath: "/dev/null/pool.sqlite" }) }),
    child: { command: process.execPath, args: [fileURLToPath(program)] },
  },
  { describe, it, afterAll },
);
