import { mkdtempSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { DescribePoolOptions } from "@laila/pool/testing";
import { afterAll } from "vitest";
import { FilePool, type faults } from "./file-pool.js";

const program = fileURLToPath(
  new URL("../../node_modules/.laila-file-pool-child.js", import.meta.url),
);

/** Made when it is needed: the suite's page loads these tests without running them. */
let folder: string | undefined;
// Also what broken pools leave behind, with which the suite does not come to its end.
afterAll(async () => {
  if (folder !== undefined) await rm(folder, { recursive: true, force: true });
});

/** All that the suite needs to know of a FilePool, good or broken. */
export function filePools(fault?: (typeof faults)[number]): DescribePoolOptions {
  return {
    supports: new FilePool({ directory: "" }).supports,
    create: async () => {
      folder ??= mkdtempSync(join(tmpdir(), "laila-file-pool-"));
      const directory = await mkdtemp(join(folder, "pool-"));
      const pool = new FilePool({ directory, fault, password: "hunter22-hunter22" });
      return { pool, dispose: () => rm(directory, { recursive: true }) };
    },
    child: { command: process.execPath, args: [program] },
    unreachable: () => ({ pool: new FilePool({ directory: "/dev/null/nowhere" }) }),
    secrets: ["hunter22-hunter22"],
  };
}
