import { decodeMulti } from "@msgpack/msgpack";
import { LailaError } from "../errors.js";
import { maxStructuredNodes, structuredVersion, tags } from "./structured-tags.js";
import { viewBytes } from "./views.js";

export function corruptStructured(why: string, cause?: unknown): LailaError {
  return new LailaError(
    "CORRUPT",
    `The structured value is damaged: ${why}. Restore it from a copy or write it again.`,
    cause === undefined ? {} : { cause },
  );
}

/** Stands for a value that is not complete yet. */
export const pending = Symbol("pending");

/** Reads the tokens of a structured payload one by one; see structured-tags. */
export class TokenReader {
  readonly #tokens: Iterator<unknown>;
  readonly #total: number;
  #consumed = 0;
  #nodes = 0;

  constructor(given: Uint8Array) {
    const bytes = viewBytes(given);
    const [total, start] = arrayHeader(bytes);
    this.#total = total;
    // Only scalars may follow, so the reader has no depth and makes room for nothing that is not there.
    this.#tokens = decodeMulti(bytes.subarray(start), {
      maxArrayLength: 0,
      maxMapLength: 0,
      maxExtLength: 0,
    });
    const version = this.next();
    if (version === structuredVersion) return;
    if (typeof version !== "number" || !(version > structuredVersion))
      throw corruptStructured("it has no version");
    throw new LailaError(
      "UNSUPPORTED_VERSION",
      `The structured value has version ${version}; this version of @laila/schema reads ${structuredVersion}. Update it.`,
    );
  }

  next(): unknown {
    if (this.#consumed >= this.#total) throw corruptStructured("it breaks off");
    const { value, done } = this.#tokens.next();
    if (done === true) throw corruptStructured("it breaks off");
    this.#consumed += 1;
    return value;
  }

  end(): void {
    if (this.#consumed !== this.#total || this.#tokens.next().done !== true)
      throw corruptStructured("it goes on behind its end");
  }

  /** Counts values, of which there may be 10⁷ in all. */
  count(nodes: number): void {
    this.#nodes += nodes;
    if (this.#nodes > maxStructuredNodes)
      throw corruptStructured(`it has more than ${maxStructuredNodes} parts`);
  }

  /** The primitive value that a token begins, or `pending` when it begins something else. */
  primitive(token: unknown): unknown {
    if (token === null || typeof token === "string" || typeof token === "boolean") return token;
    switch (token) {
      case tags.number:
        return this.number();
      case tags.undefined:
        return undefined;
      case tags.negativeZero:
        return -0;
      case tags.bigint:
        return this.#bigint();
      case tags.utf16:
        return this.#utf16();
      default:
        return pending;
    }
  }

  number(): number {
    const token = this.next();
    if (typeof token !== "number") throw corruptStructured("a number is missing");
    return token;
  }

  natural(): number {
    const number = this.number();
    if (!Number.isSafeInteger(number) || number < 0)
      throw corruptStructured("a count is no whole number from 0");
    return number;
  }

  /** How many parts a container has, each of so many tokens: no more than are left. */
  size(tokensEach: number): number {
    const size = this.natural();
    if (size * tokensEach > this.#total - this.#consumed)
      throw corruptStructured("a count is larger than what is there");
    this.count(size);
    return size;
  }

  string(): string {
    const token = this.next();
    if (typeof token !== "string") throw corruptStructured("a text is missing");
    return token;
  }

  /** A text in either form. */
  text(): string {
    const token = this.next();
    if (token === tags.utf16) return this.#utf16();
    if (typeof token !== "string") throw corruptStructured("a text is missing");
    return token;
  }

  /** Bytes, in memory of their own. */
  bytes(): Uint8Array<ArrayBuffer> {
    const token = this.next();
    if (!(token instanceof Uint8Array)) throw corruptStructured("bytes are missing");
    return new Uint8Array(token);
  }

  #bigint(): bigint {
    const [, minus, digits] = /^(-?)([0-9a-f]+)$/.exec(this.string()) ?? [];
    if (digits === undefined) throw corruptStructured("a bigint has other than hexadecimal digits");
    const magnitude = BigInt(`0x${digits}`);
    return minus === "-" ? -magnitude : magnitude;
  }

  #utf16(): string {
    const bytes = this.bytes();
    if (bytes.length % 2 !== 0) throw corruptStructured("a text is cut off");
    const units = new Uint16Array(bytes.buffer);
    let text = "";
    for (let i = 0; i < units.length; i += 4096)
      text += String.fromCharCode(...units.subarray(i, i + 4096));
    return text;
  }
}

/** The number of elements of the MessagePack array, and where they start. */
function arrayHeader(bytes: Uint8Array): [total: number, start: number] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const head = bytes[0] ?? 0;
  if (head >= 0x90 && head <= 0x9f) return [head & 0x0f, 1];
  if (head === 0xdc && bytes.length >= 3) return [view.getUint16(1), 3];
  if (head === 0xdd && bytes.length >= 5) return [view.getUint32(1), 5];
  throw corruptStructured("it does not begin as one");
}
