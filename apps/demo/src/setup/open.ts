import type { PoolLike } from "@laila/core";

/** The bytes under a key, on their way. */
export interface Opened {
  readonly chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>;
  /** In bytes; undefined where it is not known beforehand. */
  readonly size: number | undefined;
}

/** Chunk by chunk where the pool can, so that the size comes before the bytes; undefined when there are none. */
export async function open(pool: PoolLike, key: string): Promise<Opened | undefined> {
  // A plain read of a cache keeps a copy of what it brings; a stream does not.
  if (pool.supports.streams && pool.readStream) {
    const found = await pool.readStream(key);
    return found && { chunks: found.stream, size: found.size };
  }
  const found = await pool.read(key);
  return found && { chunks: [found.bytes], size: found.bytes.length };
}
