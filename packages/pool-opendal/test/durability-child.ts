import { runDurabilityChild } from "@laila/pool/testing";
import { OpenDALPool } from "@laila/pool-opendal";

await runDurabilityChild(OpenDALPool);
