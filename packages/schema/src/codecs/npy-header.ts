import { LailaError } from "../errors.js";
import { quote } from "../text.js";

/** What the header of a .npy file says. */
export interface NpyHeader {
  /** The array-protocol type string, such as `<f4`. */
  readonly descr: string;
  readonly fortranOrder: boolean;
  readonly shape: readonly number[];
}

export const maxNpyHeader = 64 * 1024;

export function corruptNpy(why: string): LailaError {
  return new LailaError(
    "CORRUPT",
    `The .npy data is damaged: ${why}. Restore it from a copy or write it again.`,
  );
}

const token = /\s*(?:(True|False)|(\d+)L?|'([^'\\\n]*)'|"([^"\\\n]*)"|([{}()[\]:,]))/y;

type Token = { readonly punctuation: string } | { readonly literal: boolean | string | number };

function tokenize(text: string): Token[] {
  const tokens: Token[] = [];
  token.lastIndex = 0;
  while (text.slice(token.lastIndex).trim() !== "") {
    const at = token.lastIndex;
    const match = token.exec(text);
    if (match === null) throw corruptNpy(`its header has something unexpected at ${at}`);
    const [, constant, digits, single, double, punctuation] = match;
    if (punctuation !== undefined) tokens.push({ punctuation });
    else if (constant !== undefined) tokens.push({ literal: constant === "True" });
    else if (digits !== undefined) tokens.push({ literal: Number(digits) });
    else tokens.push({ literal: single ?? double ?? "" });
  }
  return tokens;
}

/**
 * Reads the Python dictionary literal of a .npy header (NumPy's `numpy.lib.format`): exactly the keys
 * descr, fortran_order and shape. CORRUPT when it is not that, UNSUPPORTED_TYPE when descr is a list
 * (a structured dtype). Nothing is evaluated.
 */
export function parseNpyHeader(text: string): NpyHeader {
  const tokens = tokenize(text);
  let at = 0;
  const isNext = (punctuation: string): boolean => {
    const next = tokens[at];
    return next !== undefined && "punctuation" in next && next.punctuation === punctuation;
  };
  const expect = (punctuation: string): void => {
    if (!isNext(punctuation)) throw corruptNpy(`its header lacks a "${punctuation}"`);
    at += 1;
  };
  const literal = (): boolean | string | number => {
    const next = tokens[at];
    if (next === undefined || !("literal" in next)) throw corruptNpy("its header lacks a value");
    at += 1;
    return next.literal;
  };
  const tuple = (): number[] => {
    const items: number[] = [];
    expect("(");
    while (!isNext(")")) {
      const item = literal();
      if (typeof item !== "number" || !Number.isSafeInteger(item))
        throw corruptNpy("its shape is no tuple of whole numbers");
      items.push(item);
      // A tuple of one needs its comma, as in Python; the last comma of a longer one is optional.
      if (!isNext(")") || items.length === 1) expect(",");
    }
    expect(")");
    return items;
  };

  const members = new Map<string, unknown>();
  expect("{");
  while (!isNext("}")) {
    const name = literal();
    if (typeof name !== "string" || members.has(name))
      throw corruptNpy("its header has a wrong or repeated key");
    expect(":");
    if (name === "descr" && isNext("[")) {
      throw new LailaError(
        "UNSUPPORTED_TYPE",
        "This .npy file has a structured dtype, which cannot be read. Store each field as an array of its own.",
      );
    }
    members.set(name, name === "shape" ? tuple() : literal());
    if (!isNext("}")) expect(",");
  }
  expect("}");
  if (at !== tokens.length) throw corruptNpy("its header goes on behind its end");
  const descr = members.get("descr");
  const fortranOrder = members.get("fortran_order");
  const shape = members.get("shape");
  if (
    members.size !== 3 ||
    typeof descr !== "string" ||
    typeof fortranOrder !== "boolean" ||
    !Array.isArray(shape)
  ) {
    throw corruptNpy(
      `its header ${quote(text)} has other members than descr, fortran_order and shape`,
    );
  }
  return { descr, fortranOrder, shape: shape as number[] };
}

/** Writes a .npy preamble and header, version 1.0, so that the data after it begin at a multiple of 64. */
export function formatNpyHeader({
  descr,
  fortranOrder,
  shape,
}: NpyHeader): Uint8Array<ArrayBuffer> {
  const tuple = shape.length === 1 ? `${shape[0]},` : shape.join(", ");
  const text = `{'descr': '${descr}', 'fortran_order': ${fortranOrder ? "True" : "False"}, 'shape': (${tuple}), }`;
  const length = Math.ceil((10 + text.length + 1) / 64) * 64;
  const bytes = new Uint8Array(length).fill(0x20);
  bytes.set([0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, 1, 0]);
  new DataView(bytes.buffer).setUint16(8, length - 10, true);
  for (let i = 0; i < text.length; i++) bytes[10 + i] = text.charCodeAt(i);
  bytes[length - 1] = 0x0a;
  return bytes;
}
