import type { NdArray } from "@laila/schema";
import { isJsonExact } from "@laila/schema/codecs";
import { bytesOf, isText, pictureOf } from "./bytes.js";
import { arrayOfLists, arrayShapeOf, asNdArray, pictureChannels } from "./numbers.js";
import type { Shape, View } from "./protocol.js";
import { typeOf } from "./tree.js";

/** What a value is, and in which ways it can be shown. */
export function shapeOf(node: number, value: unknown): { shape: Shape; array: NdArray | null } {
  const plain: Shape = {
    node,
    type: typeOf(value),
    views: ["tree"],
    array: null,
    length: 0,
    mime: null,
    isJson: isJsonExact(value),
  };
  if (typeof value === "string")
    return { shape: { ...plain, views: ["text"], length: value.length }, array: null };
  const bytes = bytesOf(value);
  if (bytes) {
    const mime = pictureOf(bytes);
    const views: View[] = bytes.length === 0 ? [] : ["hex"];
    if (isText(bytes)) views.unshift("text");
    if (mime !== null) views.unshift("image");
    const array = value instanceof Uint8Array ? (asNdArray(value) ?? null) : null;
    if (array && bytes.length > 1) views.push("plot");
    const arrayShape = array && arrayShapeOf(array);
    return { shape: { ...plain, views, length: bytes.length, mime, array: arrayShape }, array };
  }
  const array = asNdArray(value) ?? null;
  if (array)
    return { shape: { ...plain, views: viewsOf(array), array: arrayShapeOf(array) }, array };
  const numbers = arrayOfLists(value);
  if (!numbers) return { shape: plain, array: null };
  const views: readonly View[] = ["plot", "table", "tree"];
  return { shape: { ...plain, views, array: arrayShapeOf(numbers) }, array: numbers };
}

function viewsOf(array: NdArray): readonly View[] {
  const { dtype, shape, size } = array;
  if (size === 0) return [];
  if (size === 1) return ["scalar", "table"];
  if (dtype === "str") return ["table"];
  const channels = pictureChannels(array);
  if (channels === 0) return ["plot", "table"];
  return shape.length === 2 ? ["plot", "image", "table"] : ["image", "plot", "table"];
}

/** A picture's pixels, as a canvas takes them. */
export function pixelsOf(array: NdArray): ImageData {
  const { shape, order } = array;
  const channels = pictureChannels(array);
  const [height = 0, width = 0] = shape;
  const data = array.data as Uint8Array;
  const pixels = new Uint8ClampedArray(width * height * 4);
  const [down, right, deep] =
    order === "C" ? [width * channels, channels, 1] : [1, height, height * width];
  for (let y = 0, out = 0; y < height; y++) {
    for (let x = 0; x < width; x++, out += 4) {
      const at = y * (down as number) + x * (right as number);
      for (let c = 0; c < 3; c++)
        pixels[out + c] = data[channels === 1 ? at : at + c * (deep as number)] as number;
      pixels[out + 3] = channels === 4 ? (data[at + 3 * (deep as number)] as number) : 255;
    }
  }
  return new ImageData(pixels, width, height);
}
