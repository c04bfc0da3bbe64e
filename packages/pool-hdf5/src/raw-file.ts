import { crc32 } from "node:zlib";
import { systemCode } from "./errors.js";
import { files } from "./files.js";
import type { Stretch } from "./snapshot-index.js";

/** What is read, and summed up, before the event loop has its turn. */
const pieceBytes = 4 << 20;
const readAttempts = 3;

/** A file that is read by position, and closed once no read holds it. */
export class RawFile {
  readonly #fd: number;
  #readers = 0;
  #idle: (() => void) | undefined;

  constructor(fd: number) {
    this.#fd = fd;
  }

  /** The bytes of these stretches; undefined when they are not those of the checksum. */
  async read(stretches: readonly Stretch[], crc: number): Promise<Uint8Array | undefined> {
    const bytes = Buffer.allocUnsafeSlow(stretches.reduce((sum, { length }) => sum + length, 0));
    if ((await this.#sum(stretches, bytes)) !== crc) return undefined;
    return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  /** Whether the stretches have this checksum; takes the memory of one piece. */
  async check(stretches: readonly Stretch[], crc: number): Promise<boolean> {
    return (await this.#sum(stretches)) === crc;
  }

  /** The checksum of all; undefined when the file ends before. */
  #sum(stretches: readonly Stretch[], into?: Buffer): Promise<number | undefined> {
    return this.hold(async () => {
      const scratch = into ?? Buffer.allocUnsafe(pieceBytes);
      let crc = 0;
      let filled = 0;
      for (const { offset, length } of stretches) {
        for (let done = 0; done < length; ) {
          const wanted = Math.min(pieceBytes, length - done);
          const piece = scratch.subarray(filled, filled + wanted);
          const count = await this.#readSome(piece, offset + done);
          if (count === 0) return undefined;
          crc = crc32(piece.subarray(0, count), crc);
          done += count;
          if (into) filled += count;
        }
      }
      return crc;
    });
  }

  /** Keeps the file open until the work is done. */
  async hold<T>(work: () => Promise<T>): Promise<T> {
    this.#readers++;
    try {
      return await work();
    } finally {
      this.#readers--;
      if (this.#readers === 0) this.#idle?.();
    }
  }

  stat(): ReturnType<typeof files.fstat> {
    return files.fstat(this.#fd);
  }

  async release(): Promise<void> {
    if (this.#readers > 0) {
      await new Promise<void>((resolve) => {
        this.#idle = resolve;
      });
    }
    await files.close(this.#fd);
  }

  /** Bytes that the disk cannot read, however often one tries, are damaged. */
  async #readSome(into: Buffer, position: number): Promise<number> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await files.read(this.#fd, into, position);
      } catch (error) {
        if (systemCode(error) !== "EIO") throw error;
        if (attempt === readAttempts) return 0;
      }
    }
  }
}
