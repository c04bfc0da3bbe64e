import { runDurabilityChild } from "@laila/pool/testing";
import { FilePool } from "./file-pool.js";

await runDurabilityChild(FilePool);
