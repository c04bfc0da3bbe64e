import { runDurabilityChild } from "@laila/pool/testing";
import { SQLitePool } from "@laila/pool-sqlite";

await runDurabilityChild(SQLitePool);
