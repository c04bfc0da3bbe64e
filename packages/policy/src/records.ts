import type { WriteManyItem } from "@laila/pool";
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
