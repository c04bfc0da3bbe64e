import { MemoryPool, type Supports, tiers } from "@laila/pool";
import { describePool } from "@laila/pool/testing";
import { afterAll, describe, it } from "vitest";
import { filePools } from "./support/file-pools.js";
import { SlowPool } from "./support/slow-pool.js";

const runner = { describe, it, afterAll };
const maxBytes = 2 ** 30;
const supports: Supports = {
  conditionalWrites: true,
  durable: false,
  persistent: false,
  batch: false,
  streams: false,
  sharedBetweenProcesses: false,
  evicts: false,
  maxValueBytes: 2 ** 31,
  maxKeyBytes: 4096,
};

describePool("MemoryPool", { supports, create: () => ({ pool: new MemoryPool() }) }, runner);

describePool(
  "MemoryPool with a limit",
  {
    supports: { ...supports, maxValueBytes: maxBytes },
    create: () => ({ pool: new MemoryPool({ maxBytes }) }),
  },
  runner,
);

// Small enough for the suite to fill it.
const fewBytes = 2 ** 25;

describePool(
  "MemoryPool that evicts",
  {
    supports: { ...supports, evicts: true, maxValueBytes: fewBytes },
    create: () => ({
      pool: new MemoryPool({ maxBytes: fewBytes, evict: "lru", nickname: "cache" }),
    }),
  },
  runner,
);

describePool(
  "tiers of two MemoryPools",
  {
    supports,
    create: () => {
      const origin = new MemoryPool();
      return { pool: tiers(new MemoryPool(), origin), dispose: () => origin.close() };
    },
  },
  runner,
);

describePool(
  "a pool that persists, is shared, has no conditions and takes a millisecond",
  {
    supports: {
      ...supports,
      conditionalWrites: false,
      persistent: true,
      sharedBetweenProcesses: true,
      maxValueBytes: 2 ** 25,
      maxKeyBytes: 256,
    },
    create: () => ({ pool: SlowPool.onNewStorage({ password: "hunter22-hunter22" }) }),
    secrets: ["hunter22-hunter22"],
  },
  runner,
);

describePool(
  "a shared pool with conditions, without a hook for the end",
  {
    supports: {
      ...supports,
      persistent: true,
      sharedBetweenProcesses: true,
      maxValueBytes: 2 ** 25,
      maxKeyBytes: 256,
    },
    create: () => ({ pool: SlowPool.onNewStorage({ conditional: true }) }),
    reopen: (pool) =>
      new SlowPool(
        { conditional: true, storageName: String(pool.toConfig().storage_name) },
        { globalId: pool.globalId },
      ),
  },
  { describe, it },
);

describePool("a durable pool in one file", filePools(), runner);
