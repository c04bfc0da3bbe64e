import { NdArray } from "@laila/core";

/** Noise that is the same in every process, between -1 and 1. */
function noise(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 31 - 1;
  };
}

/** A sine that fades, with noise on it. */
export function signal(length = 5_000): Float64Array {
  const random = noise(7);
  return Float64Array.from(
    { length },
    (_, i) => Math.exp(-i / 3_000) * Math.sin(i / 40) + 0.08 * random(),
  );
}

/** Waves over a plane, in degrees: what is made when somebody asks for a field of any size. */
export function field(rows: number, columns: number): NdArray<"float32"> {
  const data = new Float32Array(rows * columns);
  for (let y = 0, i = 0; y < rows; y++) {
    const v = (y / rows) * 2 - 1;
    for (let x = 0; x < columns; x++, i++) {
      const u = (x / columns) * 2 - 1;
      const far = Math.sqrt((u - 0.3) ** 2 + (v + 0.2) ** 2); // many times faster than hypot
      data[i] = 15 + 9 * Math.cos(far * 14) * Math.exp(-far * 1.5) + 4 * u * v - 6 * v * v;
    }
  }
  return new NdArray({ dtype: "float32", shape: [rows, columns], data });
}

/** A ripple that moves with the month and grows with the height. */
export function waves(): NdArray<"float32"> {
  const shape = [12, 24, 48, 48] as const;
  const [months, heights, rows, columns] = shape;
  const data = new Float32Array(months * heights * rows * columns);
  let i = 0;
  for (let month = 0; month < months; month++) {
    for (let height = 0; height < heights; height++) {
      const phase = (month / months) * 2 * Math.PI;
      const strength = 1 + height / heights;
      for (let y = 0; y < rows; y++) {
        for (let x = 0; x < columns; x++) {
          const far = Math.hypot(x - columns / 2, y - rows / 2);
          data[i++] = strength * Math.sin(far / (3 + height / 6) - phase) * Math.exp(-far / 30);
        }
      }
    }
  }
  return new NdArray({ dtype: "float32", shape, data });
}

/** A resonance: real and imaginary part in turn. */
export function spectrum(length = 512): NdArray<"complex128"> {
  const data = new Float64Array(length * 2);
  for (let i = 0; i < length; i++) {
    const detuned = (i - length / 2) / 40;
    const size = 1 / (1 + detuned * detuned);
    data[2 * i] = size;
    data[2 * i + 1] = -detuned * size;
  }
  return new NdArray({ dtype: "complex128", shape: [length], data });
}

/** How often a particle was seen in each cell: whole numbers beyond what a double can count. */
export function counts(side = 64): NdArray<"int64"> {
  const random = noise(11);
  const data = BigInt64Array.from({ length: side * side }, (_, i) => {
    const [x, y] = [(i % side) - side / 2, Math.floor(i / side) - side / 2];
    const seen = 4_000 * Math.exp(-(x * x + y * y) / 200) + 20 * (1 + random());
    return 2n ** 53n + BigInt(Math.round(seen));
  });
  return new NdArray({ dtype: "int64", shape: [side, side], data });
}

/** Where there is land. */
export function mask(side = 128): NdArray<"bool"> {
  const data = Uint8Array.from({ length: side * side }, (_, i) => {
    const [x, y] = [(i % side) / side - 0.5, Math.floor(i / side) / side - 0.5];
    const shore =
      0.3 + 0.06 * Math.sin(5 * Math.atan2(y, x)) + 0.03 * Math.sin(11 * Math.atan2(y, x));
    return Math.hypot(x, y) < shore ? 1 : 0;
  });
  return new NdArray({ dtype: "bool", shape: [side, side], data });
}
