import type { PoolLike } from "@laila/pool";
import { text } from "./rooms.js";

export { check, follow, type Model } from "@laila-tooling/vitest/crash-model";

/** `<number>:` and as many dots as make the length. */
export function numbered(number: number, length: number): Uint8Array {
  return Buffer.from(`${number}:`.padEnd(length, "."));
}

/** The state that a key is in; `torn` for a value that nobody wrote. */
export async function stateOf(pool: PoolLike, key: string): Promise<string> {
  const value = text(await pool.read(key));
  return value === undefined ? "gone" : (/^(\d+):\.*$/.exec(value)?.[1] ?? "torn");
}
