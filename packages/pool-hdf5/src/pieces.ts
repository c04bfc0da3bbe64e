interface Piece {
  readonly offset: bigint[];
  readonly count: bigint[];
  /** In bytes of the array in C order. */
  readonly start: number;
  readonly length: number;
}

/** Cuts an array into blocks that are contiguous in C order and at most that many bytes large. */
export function* pieces(
  shape: readonly number[],
  elementSize: number,
  most: number,
): Generator<Piece> {
  let axis = 0;
  let inner = shape.slice(1).reduce((product, extent) => product * extent, elementSize);
  while (inner > most) inner /= shape[++axis] as number;
  const rows = Math.max(1, Math.floor(most / inner));
  const extent = shape[axis] as number;
  const index = new Array<number>(axis).fill(0);
  let start = 0;
  do {
    for (let row = 0; row < extent; row += rows) {
      const taken = Math.min(rows, extent - row);
      const outer = index.map(BigInt);
      yield {
        offset: [...outer, BigInt(row), ...shape.slice(axis + 1).map(() => 0n)],
        count: [...outer.map(() => 1n), BigInt(taken), ...shape.slice(axis + 1).map(BigInt)],
        start,
        length: taken * inner,
      };
      start += taken * inner;
    }
  } while (advance(index, shape));
}

/** Counts an index up in C order; false when it has been everywhere. */
function advance(index: number[], shape: readonly number[]): boolean {
  for (let axis = index.length - 1; axis >= 0; axis--) {
    index[axis] = (index[axis] as number) + 1;
    if ((index[axis] as number) < (shape[axis] as number)) return true;
    index[axis] = 0;
  }
  return false;
}

/** A shape of chunks that are contiguous in C order and at most that many bytes large. */
export function chunkShape(shape: readonly number[], elementSize: number, most: number): number[] {
  let left = Math.max(1, Math.floor(most / elementSize));
  return shape
    .toReversed()
    .map((extent) => {
      const taken = Math.min(extent, left);
      left = Math.max(1, Math.floor(left / Math.max(1, taken)));
      return taken;
    })
    .toReversed();
}
