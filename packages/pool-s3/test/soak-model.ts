/** What a value is known by: its bytes follow from it. */
export interface Mark {
  readonly id: number;
  readonly size: number;
}

/** `undefined`: not there. */
type State = Mark | undefined;

const headBytes = 16;

/** The mark, and then bytes that follow from it and from where they are. */
export function bytesOf({ id, size }: Mark): Uint8Array {
  const bytes = Buffer.alloc(size);
  // 251 and the id: a piece of another value, or of another place, is another one.
  const period = Buffer.alloc(251);
  for (let i = 0; i < period.length; i++) period[i] = Math.imul(i + 1, id * 2 + 1) >>> 7;
  bytes.fill(period);
  if (size >= headBytes) {
    bytes.writeUInt32LE(id, 0);
    bytes.writeUInt32LE(size, 4);
  }
  return bytes;
}

/** The mark that these bytes are of; an error for bytes that nobody wrote. */
export function markOf(bytes: Uint8Array, known: readonly State[]): Mark {
  for (const mark of known) {
    if (mark && bytes.byteLength === mark.size && Buffer.compare(bytes, bytesOf(mark)) === 0) {
      return mark;
    }
  }
  const head = Buffer.from(bytes.subarray(0, headBytes)).toString("hex");
  throw new Error(`${bytes.byteLength} bytes (${head}…) are none of ${JSON.stringify(known)}.`);
}

/**
 * What may be at each key of one writer. A call that failed leaves two possibilities, and the next look
 * at the key tells which it was.
 */
export class Model {
  readonly #states = new Map<string, readonly State[]>();

  possible(key: string): readonly State[] {
    return this.#states.get(key) ?? [undefined];
  }

  keys(): IterableIterator<string> {
    return this.#states.keys();
  }

  is(key: string, state: State): void {
    this.#states.set(key, [state]);
  }

  mayBe(key: string, state: State): void {
    this.#states.set(key, [...this.possible(key), state]);
  }

  /** Somebody has looked: what was found has to be possible, and is now what is known. */
  found(key: string, bytes: Uint8Array | undefined): void {
    if (bytes === undefined) this.there(key, false);
    else this.is(key, markOf(bytes, this.possible(key)));
  }

  /** Somebody has looked whether there is anything. */
  there(key: string, there: boolean): void {
    const left = this.possible(key).filter((state) => (state !== undefined) === there);
    if (left.length === 0) {
      const what = JSON.stringify(this.possible(key));
      throw new Error(there ? `${key} is there, and was deleted.` : `${key} is lost: ${what}`);
    }
    this.#states.set(key, left);
  }
}
