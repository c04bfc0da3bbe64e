import { fileURLToPath } from "node:url";
import { describePool } from "@laila/pool/testing";
import { ExamplePool } from "@laila/pool-example";
import { afterAll, describe, it } from "vitest";

const program = new URL("../node_modules/.laila-durability-child.mjs", import.meta.url);

describePool(
  "ExamplePool",
  {
    supports: {
      conditionalWrites: true,
      durable: false,
      persistent: false,
      batch: false,
      streams: false,
      sharedBetweenProcesses: false,
      evicts: false,
      maxValueBytes: 2 ** 30,
      maxKeyBytes: 1024,
    },
    // On storage of its own each time; with `dispose`, if something is to be removed.
    create: () => ({ pool: new ExamplePool() }),
    // Killed while it writes, as soon as the pool says that it is durable.
    child: { command: process.execPath, args: [fileURLToPath(program)] },
  },
  { describe, it, afterAll },
);
