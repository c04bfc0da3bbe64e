import type { DatasetLayout, ElementForm } from "./layout.js";

/** Moves data between the order in which a value has them and that of its dataset, any part of it. */
export interface DataMover {
  /** Fills `into` with the dataset's bytes from `start` on: whole elements. */
  toDataset(value: Uint8Array, start: number, into: Uint8Array): void;
  /** Puts the dataset's bytes from `start` on to their places in the value; may change `from`. */
  toValue(from: Uint8Array, start: number, value: Uint8Array): void;
}

const straight: DataMover = {
  toDataset: (value, start, into) => into.set(value.subarray(start, start + into.length)),
  toValue: (from, start, value) => value.set(from, start),
};

/** For the data of a value with that layout, without its prefix. */
export function dataMover({ form, element, shape }: DatasetLayout): DataMover {
  if (!form) return straight;
  const order = form.fortranOrder ? fortranMover(shape, element.size) : straight;
  return {
    toDataset: (value, start, into) => {
      order.toDataset(value, start, into);
      turn(into, form);
      if (form.text) eachElement(into, element.size, utf32ToUtf8);
    },
    toValue: (from, start, value) => {
      if (form.text) eachElement(from, element.size, utf8ToUtf32);
      turn(from, form);
      order.toValue(from, start, value);
    },
  };
}

function turn(bytes: Uint8Array, { swap }: ElementForm): void {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (swap === 2) buffer.swap16();
  else if (swap === 4) buffer.swap32();
  else if (swap === 8) buffer.swap64();
}

type Lanes = Uint8Array | Uint16Array | Uint32Array;

/** The bytes in the largest units that are aligned and make up an element. */
function lanesOf(arrays: readonly Uint8Array[], size: number): readonly Lanes[] {
  for (const Unit of [Uint32Array, Uint16Array]) {
    const bytes = Unit.BYTES_PER_ELEMENT;
    if (size % bytes !== 0 || arrays.some(({ byteOffset }) => byteOffset % bytes !== 0)) continue;
    return arrays.map(
      ({ buffer, byteOffset, byteLength }) =>
        new Unit(buffer as ArrayBuffer, byteOffset, byteLength / bytes),
    );
  }
  return arrays;
}

/** Between Fortran order, in the value, and C order, in the dataset. */
function fortranMover(shape: readonly number[], size: number): DataMover {
  /** How many elements one step along each axis is in Fortran order. */
  const strides: number[] = [];
  let stride = 1;
  for (const extent of shape) {
    strides.push(stride);
    stride *= extent;
  }
  const last = shape.length - 1;
  const [lastExtent = 1, lastStride = 1] = [shape[last], strides[last]];
  /** Calls for each run along the last axis: its first element's place in Fortran order, and its length. */
  const runs = (first: number, count: number, run: (at: number, length: number) => void): void => {
    for (let done = 0; done < count; ) {
      let rest = Math.floor((first + done) / lastExtent);
      const column = (first + done) % lastExtent;
      let at = column * lastStride;
      for (let axis = last - 1; axis >= 0; axis--) {
        const extent = shape[axis] as number;
        at += (rest % extent) * (strides[axis] as number);
        rest = Math.floor(rest / extent);
      }
      const length = Math.min(lastExtent - column, count - done);
      run(at, length);
      done += length;
    }
  };
  return {
    toDataset: (value, start, into) => {
      const [from, to] = lanesOf([value, into], size) as [Lanes, Lanes];
      const lanes = size / from.BYTES_PER_ELEMENT;
      let write = 0;
      runs(start / size, into.length / size, (at, length) => {
        let read = at * lanes;
        for (let i = 0; i < length; i++, read += lastStride * lanes) {
          for (let lane = 0; lane < lanes; lane++) to[write++] = from[read + lane] as number;
        }
      });
    },
    toValue: (bytes, start, value) => {
      const [from, to] = lanesOf([bytes, value], size) as [Lanes, Lanes];
      const lanes = size / from.BYTES_PER_ELEMENT;
      let read = 0;
      runs(start / size, bytes.length / size, (at, length) => {
        let write = at * lanes;
        for (let i = 0; i < length; i++, write += lastStride * lanes) {
          for (let lane = 0; lane < lanes; lane++) to[write + lane] = from[read++] as number;
        }
      });
    },
  };
}

function eachElement(
  bytes: Uint8Array,
  size: number,
  change: (element: Buffer) => Buffer | string,
): void {
  for (let at = 0; at < bytes.length; at += size) {
    const element = Buffer.from(bytes.buffer, bytes.byteOffset + at, size);
    const changed = change(element);
    if (typeof changed === "string") element.fill(0, element.write(changed, "utf8"));
    else element.fill(0, changed.copy(element));
  }
}

/** Both end in NULs, which are no part of the text. What is no text does not come back, and is noticed by that. */
function utf32ToUtf8(element: Buffer): string {
  let end = element.length;
  while (end > 0 && element.readUInt32LE(end - 4) === 0) end -= 4;
  let text = "";
  for (let at = 0; at < end; at += 4) {
    const point = element.readUInt32LE(at);
    text += point > 0x10ffff ? "\ufffd" : String.fromCodePoint(point);
  }
  return text;
}

function utf8ToUtf32(element: Buffer): Buffer {
  let end = element.length;
  while (end > 0 && element[end - 1] === 0) end--;
  const points = Array.from(element.toString("utf8", 0, end), (mark) => mark.codePointAt(0) ?? 0);
  const cells = Buffer.alloc(4 * points.length);
  for (const [i, point] of points.entries()) cells.writeUInt32LE(point, 4 * i);
  return cells;
}
