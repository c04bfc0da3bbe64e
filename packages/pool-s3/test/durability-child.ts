import { runDurabilityChild } from "@laila/pool/testing";
import { S3Pool } from "@laila/pool-s3";

await runDurabilityChild(S3Pool);
