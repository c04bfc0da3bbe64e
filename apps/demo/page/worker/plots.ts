import type { Plain, Plane } from "./numbers.js";
import type { Line, Region, Stats } from "./protocol.js";

/** Of all numbers; null when there are none. */
export function statsOf(numbers: Plain, bins = 64): Stats | null {
  const count = numbers.length;
  if (count === 0) return null;
  let min = Number.POSITIVE_INFINITY;
  let max = Number.NEGATIVE_INFINITY;
  let sum = 0;
  let finite = 0;
  let nan = 0;
  for (let i = 0; i < count; i++) {
    const value = numbers[i] as number;
    // True for finite numbers only.
    if (value - value === 0) {
      finite++;
      sum += value;
      if (value < min) min = value;
      if (value > max) max = value;
    } else if (Number.isNaN(value)) nan++;
  }
  const infinite = count - finite - nan;
  if (finite === 0) {
    const none = Number.NaN;
    const empty = { min: none, max: none, mean: none, deviation: none, histogram: [] };
    return { count, finite, nan, infinite, ...empty };
  }
  const mean = Math.min(max, Math.max(min, sum / finite));
  const histogram = new Array<number>(bins).fill(0);
  // Halves, for the width of what goes from -1e308 to 1e308 is more than there is.
  const scale = max > min ? bins / (max / 2 - min / 2) : 0;
  let squares = 0;
  for (let i = 0; i < count; i++) {
    const value = numbers[i] as number;
    if (value - value !== 0) continue;
    const bin = Math.min(bins - 1, Math.floor((value / 2 - min / 2) * scale));
    histogram[bin] = (histogram[bin] as number) + 1;
    squares += (value - mean) * (value - mean);
  }
  const deviation = Math.sqrt(squares / finite);
  return { count, finite, nan, infinite, min, max, mean, deviation, histogram };
}

/**
 * A row as points: each element while there is room for them, else the least and the greatest number
 * of each pixel, so that no peak is lost.
 */
export function lineOf(
  numbers: Plain,
  { start, columns, columnStride }: Plane,
  { from, to, width }: { readonly from: number; readonly to: number; readonly width: number },
): Line {
  const first = Math.max(0, Math.floor(from));
  const end = Math.min(columns, Math.ceil(to));
  const length = Math.max(0, end - first);
  const each = length <= 2 * width ? 1 : Math.ceil(length / width);
  const points = Math.ceil(length / each);
  const line = {
    x: new Float64Array(points),
    min: new Float64Array(points),
    max: new Float64Array(points),
    each,
  };
  for (let p = 0; p < points; p++) {
    const begin = first + p * each;
    const stop = Math.min(end, begin + each);
    let min = Number.NaN;
    let max = Number.NaN;
    for (let i = begin; i < stop; i++) {
      const value = numbers[start + i * columnStride] as number;
      if (value - value !== 0) continue;
      if (!(value >= min)) min = value;
      if (!(value <= max)) max = value;
    }
    line.x[p] = each === 1 ? begin : (begin + stop - 1) / 2;
    line.min[p] = min;
    line.max[p] = max;
  }
  return line;
}

export interface TileSize {
  readonly region: Region;
  readonly width: number;
  readonly height: number;
}

/**
 * A part of a plane as a number for each pixel: the mean of the elements that a pixel covers, or the
 * element that covers it. NaN where there is none.
 */
export function tileOf(
  numbers: Plain,
  plane: Plane,
  { region, width, height }: TileSize,
): Float64Array {
  const { start, columns, columnStride, rows, rowStride } = plane;
  const tile = new Float64Array(width * height);
  const [left, right] = cover(region.x0, region.x1, width, columns);
  const [top, bottom] = cover(region.y0, region.y1, height, rows);
  const sums = new Float64Array(width);
  const counts = new Uint32Array(width);
  for (let py = 0; py < height; py++) {
    const out = py * width;
    // Where elements are larger than pixels, many lines are the same.
    if (py > 0 && top[py] === top[py - 1] && bottom[py] === bottom[py - 1]) {
      tile.copyWithin(out, out - width, out);
      continue;
    }
    sums.fill(0);
    counts.fill(0);
    for (let row = top[py] as number; row < (bottom[py] as number); row++) {
      const line = start + row * rowStride;
      for (let px = 0; px < width; px++) {
        const end = right[px] as number;
        for (let column = left[px] as number; column < end; column++) {
          const value = numbers[line + column * columnStride] as number;
          if (value - value !== 0) continue;
          sums[px] = (sums[px] as number) + value;
          counts[px] = (counts[px] as number) + 1;
        }
      }
    }
    for (let px = 0; px < width; px++)
      tile[out + px] = (sums[px] as number) / (counts[px] as number);
  }
  return tile;
}

/** The elements that each pixel covers: from, and to which (not included). */
function cover(from: number, to: number, pixels: number, length: number): [Int32Array, Int32Array] {
  const begin = new Int32Array(pixels);
  const end = new Int32Array(pixels);
  const step = (to - from) / pixels;
  for (let p = 0; p < pixels; p++) {
    const low = from + p * step;
    // Of elements larger than a pixel, the one in the pixel's middle.
    const first = step < 1 ? Math.floor(low + step / 2) : Math.round(low);
    const last = step < 1 ? first + 1 : Math.max(first + 1, Math.round(low + step));
    begin[p] = Math.max(0, first);
    end[p] = Math.min(length, last);
  }
  return [begin, end];
}

/** Numbers as colours; those that are none are transparent. */
export function coloured(
  tile: Float64Array,
  {
    colours,
    from,
    to,
  }: { readonly colours: Uint32Array; readonly from: number; readonly to: number },
): Uint32Array<ArrayBuffer> {
  const pixels = new Uint32Array(tile.length);
  const last = colours.length - 1;
  const scale = to > from ? last / (to - from) : 0;
  for (let i = 0; i < tile.length; i++) {
    const value = tile[i] as number;
    if (Number.isNaN(value)) continue;
    const index = scale === 0 ? last >> 1 : Math.round((value - from) * scale);
    pixels[i] = colours[Math.max(0, Math.min(last, index))] as number;
  }
  return pixels;
}
