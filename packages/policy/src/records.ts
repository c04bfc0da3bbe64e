import type { LazyValue, PoolLike, ReadResult, WriteManyItem, WriteOptions } from "@laila/pool";
import { type GlobalId, RecordSnapshot } from "@laila/schema";

/** In bytes: one call's `writeMany` is given no more, unless it is one value. */
const longestRound = 8 * 1024 * 1024;

/** A record on its way into a pool. */
export interface EncodedEntry {
  readonly id: GlobalId;
  readonly record: Uint8Array | RecordSnapshot;
}

export function bytesOf(record: Uint8Array | RecordSnapshot): Uint8Array {
  return record instanceof RecordSnapshot ? record.toBytes() : record;
}

/** Those of a record that was read. */
export function foundBytes(found: ReadResult | LazyValue): Uint8Array {
  return "toBytes" in found ? found.toBytes() : found.bytes;
}

/** Writes a record; the pool decides whether its bytes are needed. */
export function put(
  pool: PoolLike,
  id: GlobalId,
  record: Uint8Array | RecordSnapshot,
  options: WriteOptions,
): Promise<unknown> {
  return pool.writeLazy && record instanceof RecordSnapshot
    ? pool.writeLazy(id, record, options)
    : pool.write(id, bytesOf(record), options);
}

/** The records as a pool takes them, so many at a time as are together no longer than a round may be. */
export function* madeInRounds(records: readonly EncodedEntry[]): Generator<WriteManyItem[]> {
  let round: WriteManyItem[] = [];
  let length = 0;
  for (const { id, record } of records) {
    const bytes = bytesOf(record);
    if (round.length > 0 && length + bytes.byteLength > longestRound) {
      yield round;
      round = [];
      length = 0;
    }
    round.push({ key: id, bytes, handOver: true });
    length += bytes.byteLength;
  }
  if (round.length > 0) yield round;
}
