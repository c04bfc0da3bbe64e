import { laila, MemoryPool } from "@laila/core";
import { names } from "../../names.js";

const atOnce = 5_000;

/** A pool for a number of small entries, to see how a long list behaves. */
export function addMany(): void {
  laila.memory.extend(laila.create(MemoryPool, { nickname: names.many }));
}

export async function memorizeMany(count: number): Promise<void> {
  for (let first = 0; first < count; first += atOnce) {
    const entries = Array.from({ length: Math.min(atOnce, count - first) }, (_, i) =>
      laila.constant({ number: first + i }, { nickname: `item ${first + i}` }),
    );
    await laila.memorize(entries, { poolNickname: names.many });
  }
}
