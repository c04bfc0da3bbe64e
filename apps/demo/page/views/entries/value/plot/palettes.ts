import {
  interpolateCividis,
  interpolateGreys,
  interpolateMagma,
  interpolateRdBu,
  interpolateSinebow,
  interpolateViridis,
} from "d3-scale-chromatic";
import type { Part, Stats } from "../../../../worker/protocol.js";

export interface Palette {
  readonly id: string;
  readonly title: string;
  readonly colour: (t: number) => string;
  /** `diverging`: the middle is zero. `cyclic`: both ends are the same. */
  readonly kind: "sequential" | "diverging" | "cyclic";
}

export const palettes: readonly Palette[] = [
  { id: "viridis", title: "Viridis", colour: interpolateViridis, kind: "sequential" },
  { id: "magma", title: "Magma", colour: interpolateMagma, kind: "sequential" },
  { id: "cividis", title: "Cividis", colour: interpolateCividis, kind: "sequential" },
  { id: "greys", title: "Grey", colour: (t) => interpolateGreys(1 - t), kind: "sequential" },
  {
    id: "rdbu",
    title: "Blue–red, zero in the middle",
    colour: (t) => interpolateRdBu(1 - t),
    kind: "diverging",
  },
  { id: "cyclic", title: "Cyclic", colour: interpolateSinebow, kind: "cyclic" },
];

/** The palette that fits what is plotted: a phase goes round, a field around zero has two sides. */
export function paletteFor(part: Part): Palette {
  const id = part === "phase" ? "cyclic" : "viridis";
  return palettes.find((palette) => palette.id === id) ?? (palettes[0] as Palette);
}

/** 256 colours, as ImageData has them. */
export function coloursOf({ colour }: Palette): Uint32Array<ArrayBuffer> {
  return Uint32Array.from({ length: 256 }, (_, i) => {
    const [red, green, blue] = channelsOf(colour(i / 255));
    return ((0xff << 24) | (blue << 16) | (green << 8) | red) >>> 0;
  });
}

function channelsOf(text: string): [number, number, number] {
  const hex = /^#(\w{2})(\w{2})(\w{2})$/.exec(text);
  const parts = hex
    ? hex.slice(1).map((digits) => Number.parseInt(digits, 16))
    : (text.match(/[\d.]+/g) ?? []).map((digits) => Math.round(Number(digits)));
  return [parts[0] ?? 0, parts[1] ?? 0, parts[2] ?? 0];
}

/** The numbers of a palette's first and last colour. */
export function rangeFor(
  { kind }: Palette,
  part: Part,
  { min, max }: Stats,
): { readonly from: number; readonly to: number } {
  if (part === "phase") return { from: -Math.PI, to: Math.PI };
  if (!Number.isFinite(min)) return { from: 0, to: 1 };
  if (kind !== "diverging") return { from: min, to: max };
  const most = Math.max(Math.abs(min), Math.abs(max));
  return { from: -most, to: most };
}
