import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describePool } from "@laila/pool/testing";
import { HDF5Pool } from "@laila/pool-hdf5";
import { afterAll, describe, it } from "vitest";

const program = new URL("../node_modules/.laila-durability-child.js", import.meta.url);

async function newDirectory() {
  const directory = await mkdtemp(join(tmpdir(), "laila-hdf5-suite-"));
  return { directory, dispose: () => rm(directory, { recursive: true, force: true }) };
}

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
      const { directory, dispose } = await newDirectory();
      const filePath = join(directory, "pool.h5");
      // A small journal, so that the suite goes through checkpoints too.
      return { pool: new HDF5Pool({ filePath, checkpointBytes: 64 * 1024 }), dispose };
    },
    // A round takes about a second: the child and then this process open the file, and close it with a checkpoint.
    rounds: 20,
    child: { command: process.execPath, args: [fileURLToPath(program)] },
    unreachable: async () => {
      const { directory, dispose } = await newDirectory();
      await writeFile(join(directory, "file"), "no directory");
      return { pool: new HDF5Pool({ filePath: join(directory, "file", "pool.h5") }), dispose };
    },
  },
  { describe, it, afterAll },
);
