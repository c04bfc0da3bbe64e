import { createHash } from "node:crypto";
import { S3Error } from "./errors.js";
import type { ChunkSigner } from "./signature.js";

const maxLineBytes = 8192;
const maxTrailers = 16;

/**
 * Takes the aws-chunked framing off a body: `hex-size[;chunk-signature=…]CRLF data CRLF`, a last
 * chunk of size 0, then trailers (S3 API reference, "Signature calculations for the Authorization
 * header: transferring payload in multiple chunks" and "… including trailing headers").
 */
export class ChunkedBody implements AsyncIterable<Uint8Array> {
  /** What came behind the last chunk, by lower-case name; complete once the iteration is over. */
  readonly trailers = new Map<string, string>();
  readonly #source: AsyncIterator<Uint8Array>;
  readonly #signer: ChunkSigner | undefined;
  readonly #withTrailer: boolean;
  #buffer: Uint8Array = new Uint8Array(0);

  constructor(source: AsyncIterable<Uint8Array>, withTrailer: boolean, signer?: ChunkSigner) {
    this.#source = source[Symbol.asyncIterator]();
    this.#withTrailer = withTrailer;
    this.#signer = signer;
  }

  async *[Symbol.asyncIterator](): AsyncIterator<Uint8Array> {
    try {
      yield* this.#chunks();
    } finally {
      // Lets go of a body that is not read to its end, so that the rest of it can be drained.
      await this.#source.return?.();
    }
  }

  async *#chunks(): AsyncGenerator<Uint8Array> {
    for (;;) {
      const { size, signature } = parseHead(await this.#line());
      const hash = this.#signer === undefined ? undefined : createHash("sha256");
      let left = size;
      while (left > 0) {
        const part = await this.#take(left);
        hash?.update(part);
        left -= part.length;
        yield part;
      }
      if (hash !== undefined) this.#signer?.verifyChunk(hash.digest("hex"), signature ?? "");
      if (size === 0) break;
      if ((await this.#line()) !== "") throw incomplete("a chunk is longer than its size says");
    }
    await this.#readTrailers();
    if (this.#buffer.length > 0 || (await this.#more())) {
      throw incomplete("there are bytes behind the last chunk");
    }
  }

  async #readTrailers(): Promise<void> {
    let signed = "";
    // Without trailers some clients leave out the closing empty line.
    while (this.#buffer.length > 0 || (await this.#more())) {
      const line = await this.#line();
      if (line === "") break;
      const colon = line.indexOf(":");
      if (colon < 1 || !this.#withTrailer || this.trailers.size >= maxTrailers) {
        throw new S3Error(
          "MalformedTrailerError",
          "The request contained trailing data that was not well-formed.",
        );
      }
      const name = line.slice(0, colon).toLowerCase();
      const value = line.slice(colon + 1).trim();
      if (name === "x-amz-trailer-signature") {
        this.#signer?.verifyTrailer(signed, value);
        signed = "";
      } else {
        this.trailers.set(name, value);
        signed += `${name}:${value}\n`;
      }
    }
    if (this.#signer !== undefined && signed !== "") {
      throw new S3Error("SignatureDoesNotMatch", "The trailers are not signed.");
    }
  }

  async #more(): Promise<boolean> {
    for (;;) {
      const next = await this.#source.next();
      if (next.done === true) return false;
      if (next.value.length === 0) continue;
      this.#buffer =
        this.#buffer.length === 0 ? next.value : Buffer.concat([this.#buffer, next.value]);
      return true;
    }
  }

  async #take(max: number): Promise<Uint8Array> {
    if (this.#buffer.length === 0 && !(await this.#more())) {
      throw incomplete("the body ends inside a chunk");
    }
    const part = this.#buffer.subarray(0, max);
    this.#buffer = this.#buffer.subarray(part.length);
    return part;
  }

  async #line(): Promise<string> {
    for (;;) {
      const end = this.#buffer.indexOf(10);
      if (end >= 0) {
        const line = Buffer.from(this.#buffer.subarray(0, end)).toString("latin1");
        this.#buffer = this.#buffer.subarray(end + 1);
        return line.endsWith("\r") ? line.slice(0, -1) : line;
      }
      if (this.#buffer.length > maxLineBytes) throw incomplete("a line has no end");
      if (!(await this.#more())) throw incomplete("the body ends inside a line");
    }
  }
}

function parseHead(line: string): { size: number; signature: string | undefined } {
  const match = /^([0-9a-fA-F]{1,10})(?:;chunk-signature=([0-9a-f]{64}))?$/.exec(line);
  if (match === null) throw incomplete("a chunk has no size");
  return { size: Number.parseInt(match[1] ?? "", 16), signature: match[2] };
}

const incomplete = (why: string) =>
  new S3Error("IncompleteBody", `The request body is not well-formed aws-chunked: ${why}.`);
