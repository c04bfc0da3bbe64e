import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describePool } from "@laila/pool/testing";
import { FilesystemPool } from "@laila/pool-fs";
import { afterAll, describe, it } from "vitest";

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
      const directory = await mkdtemp(join(tmpdir(), "laila-fs-suite-"));
      return {
        pool: new FilesystemPool({ directory }),
        dispose: () => rm(directory, { recursive: true, force: true }),
      };
    },
  },
  { describe, it, afterAll },
);
