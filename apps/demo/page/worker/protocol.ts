import type { CodecName } from "@laila/schema";

/**
 * What the page asks the worker, and what it answers. The worker holds one opened entry; every value in it
 * that was shown has a number, its node. The entry's own value is node 0.
 */
export interface Calls {
  open: [OpenRequest, Opened];
  shape: [NodeRequest, Shape];
  children: [ChildrenRequest, readonly TreeItem[]];
  stats: [StatsRequest, Stats | null];
  line: [LineRequest, Line];
  tile: [TileRequest, ImageBitmap];
  cells: [CellsRequest, readonly (readonly string[])[]];
  bytes: [BytesRequest, Uint8Array<ArrayBuffer>];
  text: [TextRequest, string];
  image: [NodeRequest, Blob];
  pixels: [NodeRequest, ImageBitmap];
  export: [ExportRequest, Exported];
  make: [MakeRequest, Made];
}

export type CallName = keyof Calls;

export interface Message {
  readonly id: number;
  readonly call: CallName;
  readonly args: unknown;
}

export type Reply =
  | { readonly id: number; readonly value: unknown }
  | { readonly id: number; readonly progress: Progress }
  | { readonly id: number; readonly failure: { readonly code: string; readonly message: string } };

export interface Progress {
  readonly loaded: number;
  /** Null where it is not known. */
  readonly total: number | null;
}

export interface OpenRequest {
  /** Absolute: a worker lies elsewhere than its page. */
  readonly url: string;
  readonly key: string;
}

export interface Opened {
  readonly facts: RecordFacts;
  readonly shape: Shape;
}

/** What a record says of itself, once its digest was found to be right. */
export interface RecordFacts {
  readonly globalId: string;
  readonly scopes: readonly string[];
  readonly uuid: string;
  readonly evolution: number | null;
  readonly nickname: string | null;
  readonly codec: CodecName;
  readonly timestamp: string;
  readonly recorder: string | null;
  readonly borrower: string | null;
  readonly digest: string | null;
  readonly bytes: number;
  readonly fetchMs: number;
  readonly decodeMs: number;
}

export type View = "scalar" | "plot" | "table" | "image" | "text" | "tree" | "hex";

/** What a value is, and the ways it can be looked at; the best first. */
export interface Shape {
  readonly node: number;
  /** For people: `float32 4096 × 4096`. */
  readonly type: string;
  readonly views: readonly View[];
  readonly array: ArrayShape | null;
  /** Bytes of bytes, characters of text. */
  readonly length: number;
  /** Of bytes that are a picture. */
  readonly mime: string | null;
  readonly isJson: boolean;
}

export interface ArrayShape {
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly order: "C" | "F";
  readonly parts: readonly Part[];
}

/** What of a number is plotted: a complex number has four of them. */
export type Part = "value" | "magnitude" | "phase" | "real" | "imaginary";

export interface NodeRequest {
  readonly node: number;
}

export interface ChildrenRequest extends NodeRequest {
  readonly from: number;
  readonly to: number;
}

/** A row of a tree. */
export interface TreeItem {
  readonly node: number;
  /** How it is found in its parent: a name, an index, a key of a Map; "" for the root. */
  readonly label: string;
  readonly type: string;
  readonly text: string;
  readonly children: number;
  /** Whether it is worth a view of its own: an array of numbers, bytes. */
  readonly isViewable: boolean;
}

export interface StatsRequest extends NodeRequest {
  readonly part: Part;
}

/** Of all finite numbers of an array. */
export interface Stats {
  readonly count: number;
  readonly finite: number;
  readonly nan: number;
  readonly infinite: number;
  readonly min: number;
  readonly max: number;
  readonly mean: number;
  readonly deviation: number;
  /** How many there are in each of equal parts from min to max. */
  readonly histogram: readonly number[];
}

/** Which dimensions are plotted, and where the others stand. */
export interface Cut {
  readonly part: Part;
  /** The dimension along x. */
  readonly x: number;
  /** The dimension along y, downwards; null for a line. */
  readonly y: number | null;
  /** An index for each dimension; that of x and y is not looked at. */
  readonly at: readonly number[];
}

export interface LineRequest extends NodeRequest {
  readonly cut: Cut;
  readonly from: number;
  readonly to: number;
  /** In pixels: no more than this many minima and maxima are given. */
  readonly width: number;
}

export interface Line {
  readonly x: Float64Array<ArrayBuffer>;
  /** NaN where there is no number. */
  readonly min: Float64Array<ArrayBuffer>;
  readonly max: Float64Array<ArrayBuffer>;
  /** How many elements each point stands for. */
  readonly each: number;
}

/** A part of a plane, in elements: edges, so a whole plane is from 0 to its length. */
export interface Region {
  readonly x0: number;
  readonly x1: number;
  readonly y0: number;
  readonly y1: number;
}

export interface TileRequest extends NodeRequest {
  readonly cut: Cut;
  readonly region: Region;
  readonly width: number;
  readonly height: number;
  /** 256 colours, ABGR as ImageData has them on little-endian machines. */
  readonly colours: Uint32Array<ArrayBuffer>;
  /** The numbers of the first and the last colour. */
  readonly from: number;
  readonly to: number;
}

export interface CellsRequest extends NodeRequest {
  readonly cut: Cut;
  readonly rows: readonly [number, number];
  readonly columns: readonly [number, number];
}

export interface BytesRequest extends NodeRequest {
  readonly from: number;
  readonly to: number;
}

export interface TextRequest extends NodeRequest {
  readonly from: number;
  readonly to: number;
}

export interface ExportRequest extends NodeRequest {
  readonly as: "npy" | "json" | "value" | "record";
}

export interface Exported {
  readonly blob: Blob;
  readonly extension: string;
}

export interface MakeRequest {
  readonly file: Blob;
  readonly name: string;
  readonly nickname: string;
  /** The policy that memorizes it. */
  readonly recorder: string | null;
}

/** A record made of a file, ready to be sent. */
export interface Made {
  readonly key: string;
  readonly type: string;
  readonly codec: CodecName;
  readonly record: Uint8Array<ArrayBuffer>;
}
