import { constant, encodeRecord } from "@laila/schema";

/** @typedef {{ readonly key: string, readonly bytes: Uint8Array, readonly floats?: Float32Array }} Item */

/** Bytes that no compression makes smaller, the same in every run. */
const noise = (/** @type {number} */ length, /** @type {number} */ seed) => {
  const words = new Uint32Array(Math.ceil(length / 4));
  let state = (0x9e3779b9 ^ (seed << 1)) | 1;
  for (let i = 0; i < words.length; i++) {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    words[i] = state;
  }
  return new Uint8Array(words.buffer, 0, length);
};

/** @returns {Item[]} */
export const smallItems = (/** @type {number} */ count) =>
  Array.from({ length: count }, (_, i) => ({ key: `item-${i}`, bytes: noise(1024, i) }));

/**
 * The numbers, and the record of them that a policy would give a pool.
 *
 * @returns {Item[]}
 */
export const arrayItems = (/** @type {number} */ count, /** @type {number} */ bytes) =>
  Array.from({ length: count }, (_, i) => {
    const floats = Float32Array.from({ length: bytes / 4 }, (_, k) => k * 0.5 + i);
    return { key: `array-${i}`, floats, bytes: encodeRecord(constant(floats)) };
  });

/** The numbers 0 … count - 1 in an order that is no order, the same in every run. */
export const shuffled = (/** @type {number} */ count) => {
  const order = Array.from({ length: count }, (_, i) => i);
  const random = new Uint32Array(noise(4 * count, 7).buffer);
  for (let i = count - 1; i > 0; i--) {
    const k = (random[i] ?? 0) % (i + 1);
    [order[i], order[k]] = [order[k] ?? 0, order[i] ?? 0];
  }
  return order;
};
