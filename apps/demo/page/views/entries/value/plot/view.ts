import type { Region } from "../../../../worker/protocol.js";

/** A stretch of an axis. */
export interface Span {
  readonly from: number;
  readonly to: number;
}

/** A span moved and cut so that it lies within limits, and holds at least `least`. */
export function within({ from, to }: Span, limits: Span, least: number): Span {
  const room = limits.to - limits.from;
  const length = Math.min(room, Math.max(Math.min(least, room), to - from));
  const middle = (from + to) / 2;
  const begin = Math.max(limits.from, Math.min(limits.to - length, middle - length / 2));
  return { from: begin, to: begin + length };
}

/** A span that is larger or smaller by a factor, around a point that stays where it is. */
export function zoomed({ from, to }: Span, factor: number, around: number): Span {
  return { from: around - (around - from) * factor, to: around + (to - around) * factor };
}

export function regionOf(x: Span, y: Span): Region {
  return { x0: x.from, x1: x.to, y0: y.from, y1: y.to };
}

/**
 * What to paint of a span that is shown on so many pixels, and on how many: where elements are larger than
 * pixels, one pixel for each that is touched, which the canvas enlarges; else a pixel for a pixel.
 */
export function painted(
  seen: Span,
  length: number,
  pixels: number,
): Span & { readonly size: number } {
  if (seen.to - seen.from >= pixels) return { ...seen, size: pixels };
  const from = Math.max(0, Math.floor(seen.from));
  const to = Math.min(length, Math.ceil(seen.to));
  return { from, to, size: to - from };
}
