import { isLailaError, type NdArray } from "@laila/schema";
import { ApiError } from "../core/api.js";
import { bytesOf } from "./bytes.js";
import { exported, make } from "./files.js";
import { elementText, type Plain, plainOf, planeOf } from "./numbers.js";
import { type OpenedRecord, openRecord } from "./open.js";
import { coloured, lineOf, statsOf, tileOf } from "./plots.js";
import type { CallName, Calls, Message, Part, Progress, Reply, Shape } from "./protocol.js";
import { pixelsOf, shapeOf } from "./shape.js";
import { Tree } from "./tree.js";

/** What TypeScript's DOM library has only in another library, which does not go with it. */
interface WorkerScope {
  postMessage(message: Reply, transfer: Transferable[]): void;
  onmessage: ((event: MessageEvent<Message>) => void) | null;
}
const scope = self as unknown as WorkerScope;

type Handlers = {
  readonly [call in CallName]: (
    args: Calls[call][0],
    onProgress: (progress: Progress) => void,
  ) => Calls[call][1] | Promise<Calls[call][1]>;
};

let opened: OpenedRecord | undefined;
let tree = new Tree(undefined);
const shapes = new Map<number, { shape: Shape; array: NdArray | null }>();
/** The numbers that are plotted, of one array at a time. */
let plotted: { node: number; part: Part; numbers: Plain } | undefined;

function shaped(node: number): { shape: Shape; array: NdArray | null } {
  const known = shapes.get(node) ?? shapeOf(node, tree.valueAt(node));
  shapes.set(node, known);
  return known;
}

function arrayAt(node: number): NdArray {
  const { array } = shaped(node);
  if (!array) throw new Error("This is no array.");
  return array;
}

function numbersAt(node: number, part: Part): Plain {
  if (plotted?.node !== node || plotted.part !== part)
    plotted = { node, part, numbers: plainOf(arrayAt(node), part) };
  return plotted.numbers;
}

const handlers: Handlers = {
  open: async (args, onProgress) => {
    opened = await openRecord(args, onProgress);
    tree = new Tree(opened.data);
    shapes.clear();
    plotted = undefined;
    return { facts: opened.facts, shape: shaped(0).shape };
  },
  shape: ({ node }) => shaped(node).shape,
  children: ({ node, from, to }) => (from < 0 ? [tree.item(node)] : tree.children(node, from, to)),
  stats: ({ node, part }) => statsOf(numbersAt(node, part)),
  line: ({ node, cut, ...range }) =>
    lineOf(numbersAt(node, cut.part), planeOf(arrayAt(node), cut), range),
  tile: ({ node, cut, ...wanted }) => {
    const tile = tileOf(numbersAt(node, cut.part), planeOf(arrayAt(node), cut), wanted);
    const pixels = new Uint8ClampedArray(coloured(tile, wanted).buffer);
    return createImageBitmap(new ImageData(pixels, wanted.width, wanted.height));
  },
  cells: ({ node, cut, rows, columns }) => {
    const array = arrayAt(node);
    const { start, columnStride, rowStride } = planeOf(array, cut);
    const cells: string[][] = [];
    for (let row = rows[0]; row < rows[1]; row++) {
      const line: string[] = [];
      for (let column = columns[0]; column < columns[1]; column++)
        line.push(elementText(array, start + row * rowStride + column * columnStride));
      cells.push(line);
    }
    return cells;
  },
  bytes: ({ node, from, to }) => (bytesOf(tree.valueAt(node)) ?? new Uint8Array()).slice(from, to),
  text: ({ node, from, to }) => {
    const value = tree.valueAt(node);
    if (typeof value === "string") return value.slice(from, to);
    return new TextDecoder().decode((bytesOf(value) ?? new Uint8Array()).subarray(from, to));
  },
  image: ({ node }) =>
    new Blob([bytesOf(tree.valueAt(node)) ?? new Uint8Array()], {
      type: shaped(node).shape.mime ?? "",
    }),
  pixels: ({ node }) => createImageBitmap(pixelsOf(arrayAt(node))),
  export: (args) => exported(tree.valueAt(args.node), opened?.bytes ?? new Uint8Array(), args),
  make,
};

async function answer({ id, call, args }: Message): Promise<void> {
  const onProgress = (progress: Progress): void => scope.postMessage({ id, progress }, []);
  try {
    const handle = handlers[call] as (
      args: unknown,
      onProgress: (progress: Progress) => void,
    ) => unknown;
    const value = await handle(args, onProgress);
    scope.postMessage({ id, value }, transfersOf(value));
  } catch (error) {
    scope.postMessage({ id, failure: failureOf(error) }, []);
  }
}

/** Whatever of an answer need not be copied: handlers give memory that is nobody else's. */
function transfersOf(value: unknown): Transferable[] {
  if (value instanceof Uint8Array) return [value.buffer as ArrayBuffer];
  if (value instanceof ImageBitmap) return [value];
  if (typeof value !== "object" || value === null || Array.isArray(value)) return [];
  return Object.values(value).flatMap((member: unknown): Transferable[] => {
    if (member instanceof ImageBitmap) return [member];
    const isMemory = member instanceof Float64Array || member instanceof Uint8Array;
    return isMemory ? [member.buffer as ArrayBuffer] : [];
  });
}

function failureOf(error: unknown): { code: string; message: string } {
  const message = error instanceof Error ? error.message : String(error);
  const code = isLailaError(error) || error instanceof ApiError ? error.code : "FAILED";
  return { code, message };
}

scope.onmessage = ({ data }) => void answer(data);
