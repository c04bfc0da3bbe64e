import { MemoryPool } from "@laila/pool";
import { describePool } from "@laila/pool/testing";
import { afterAll, describe, it } from "vitest";

const supports = new MemoryPool().supports;

describePool(
  "MemoryPool",
  { supports, create: () => ({ pool: new MemoryPool() }) },
  { describe, it, afterAll },
);
