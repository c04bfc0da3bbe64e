import type { DataMover } from "./element-form.js";

/** IEEE 754 binary16. */
function half(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 0x1f;
  const fraction = bits & 0x3ff;
  if (exponent === 0x1f) return fraction ? Number.NaN : sign * Number.POSITIVE_INFINITY;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

let halves: Float32Array | undefined;

/** Fills a dataset of float32 from numbers of two bytes; each of them is exactly one. */
export function widened(dtype: "float16" | "bfloat16", narrow: DataMover): DataMover {
  if (dtype === "float16") halves ??= Float32Array.from({ length: 2 ** 16 }, (_, i) => half(i));
  const table = halves;
  return {
    toDataset: (value, start, into) => {
      const bits = new Uint16Array(into.length / 4);
      narrow.toDataset(value, start / 2, new Uint8Array(bits.buffer));
      if (dtype === "bfloat16" || !table) {
        const wide = new Uint32Array(into.buffer as ArrayBuffer, into.byteOffset, bits.length);
        for (let i = 0; i < bits.length; i++) wide[i] = (bits[i] as number) << 16;
        return;
      }
      const wide = new Float32Array(into.buffer as ArrayBuffer, into.byteOffset, bits.length);
      for (let i = 0; i < bits.length; i++) wide[i] = table[bits[i] as number] as number;
    },
    toValue: () => {
      throw new TypeError("Numbers that were made wider are not read back.");
    },
  };
}
