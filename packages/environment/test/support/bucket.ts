import { MemoryPool, type Supports } from "@laila/pool";

/** A pool that says of itself that it persists, as a bucket does. */
export class BucketPool extends MemoryPool {
  static override readonly configSchema = MemoryPool.configSchema;
  static override readonly classToken: string = "BucketPool";
  static override readonly packageName: string = "@laila/pool-bucket";

  override readonly supports: Supports = {
    conditionalWrites: true,
    durable: false,
    persistent: true,
    batch: false,
    streams: false,
    sharedBetweenProcesses: false,
    evicts: false,
    maxValueBytes: 2 ** 30,
    maxKeyBytes: 1024,
  };
}
