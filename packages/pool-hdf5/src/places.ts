import { crc32 } from "node:zlib";
import { recordMagic } from "./layout.js";
import { blockBytes } from "./sums.js";

interface Sought {
  readonly length: number;
  readonly crc: number;
  found(offset: number): void;
}

/** How much of a value is compared with what is written. */
const comparedBytes = 256;
/** The library gathers what is not data, but never more than this in one write. */
const gatheredBytes = 1 << 20;
/** In a binary record, the checksum of its header: nearly every record has another. */
const headerCrcAt = 20;
const preambleBytes = 24;

/**
 * Watches the HDF5 library write, and so learns where the bytes of values come to lie in the file. It is a good guess,
 * no more: whoever uses a place compares checksums first.
 */
export class Places {
  /** The numbers of the blocks that were written to. */
  readonly touched = new Set<number>();
  readonly #sought = new Map<number, Sought[]>();
  #written: { readonly position: number; readonly length: number; readonly start: Buffer }[] = [];

  /** For `Hdf5.observer`. */
  readonly observe = (written: Uint8Array, position: number): void => {
    const bytes = Buffer.from(written.buffer, written.byteOffset, written.byteLength);
    const last = Math.floor((position + bytes.length - 1) / blockBytes);
    for (let block = Math.floor(position / blockBytes); block <= last; block++) {
      this.touched.add(block);
    }
    const start = Buffer.from(bytes.subarray(0, comparedBytes));
    this.#written.push({ position, length: bytes.length, start });
    if (this.#sought.size > 0 && bytes.length <= gatheredBytes) this.#search(bytes, position);
  };

  /** Forgets what was written so far, as far as {@link of} is concerned. */
  begin(): void {
    this.#written = [];
  }

  /** Where data lies that was written since {@link begin}; 0 when that was not seen. */
  of(data: Buffer): number {
    const found = this.#written.find(({ length, start }) => {
      if (length > data.length || (length < data.length && length < comparedBytes)) return false;
      return start.equals(data.subarray(0, start.length));
    });
    return found?.position ?? 0;
  }

  /** Calls back whenever the beginning of a binary record is written, which may be long after. */
  seek(prefix: Buffer, found: (offset: number) => void): void {
    if (prefix.length < preambleBytes) return;
    const mark = prefix.readUInt32LE(headerCrcAt);
    const sought = { length: prefix.length, crc: crc32(prefix), found };
    const others = this.#sought.get(mark);
    if (others) others.push(sought);
    else this.#sought.set(mark, [sought]);
  }

  #search(bytes: Buffer, position: number): void {
    for (let at = bytes.indexOf(recordMagic); at >= 0; at = bytes.indexOf(recordMagic, at + 1)) {
      if (at + preambleBytes > bytes.length) return;
      for (const { length, crc, found } of this.#sought.get(bytes.readUInt32LE(at + headerCrcAt)) ??
        []) {
        if (at + length <= bytes.length && crc32(bytes.subarray(at, at + length)) === crc)
          found(position + at);
      }
    }
  }
}
