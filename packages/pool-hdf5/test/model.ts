export { check, follow, type Model } from "@laila-tooling/vitest/crash-model";

/** `<number>:` and as many dots as make the length. */
export function numbered(number: number, length: number): Uint8Array {
  return Buffer.from(`${number}:`.padEnd(length, "."));
}
