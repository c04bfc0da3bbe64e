import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describePool } from "@laila/pool/testing";
import { HDF5Pool } from "@laila/pool-hdf5";
import { afterAll, describe, it } from "vitest";

describePool(
  "HDF5Pool",
  {
    supports: {
      conditionalWrites: true,
      durable: true,
      persistent: true,
      batch: true,
      streams: false,
      sharedBetweenProcesses: false,
      evicts: false,
      maxValueBytes: 2 ** 30,
      maxKeyBytes: 1024,
    },
    create: async () => {
      const directory = await mkdtemp(join(tmpdir(), "laila-hdf5-suite-"));
      // A small journal, so that the suite goes through checkpoints too.
      const pool = new HDF5Pool({
        filePath: join(directory, "pool.h5"),
        checkpointBytes: 64 * 1024,
      });
      return { pool, dispose: () => rm(directory, { recursive: true, force: true }) };
    },
  },
  { describe, it, afterAll },
);
