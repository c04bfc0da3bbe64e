import { runDurabilityChild } from "@laila/pool/testing";
import { FilesystemPool } from "@laila/pool-fs";

await runDurabilityChild(FilesystemPool);
