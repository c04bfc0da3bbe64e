import { runDurabilityChild } from "@laila/pool/testing";
import { ExamplePool } from "@laila/pool-example";

await runDurabilityChild(ExamplePool);
