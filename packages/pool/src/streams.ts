import { abortError, LailaError } from "@laila/schema";
import type { ByteSource, ReadResult, ReadStreamResult, Supports } from "./contract.js";

type Given = Partial<AsyncIterable<Uint8Array> & Iterable<Uint8Array>> | null;

/** What `writeStream` was given, of which it has to be known whether anybody began to read it. */
export class Source {
  readonly #source: Given;
  #begun = false;

  constructor(source: ByteSource) {
    this.#source = source as Given;
  }

  /**
   * The chunks, until the signal fires, even while the source itself has nothing to give. Whoever leaves
   * early ends the source. INVALID_ARGUMENT for what is no source of bytes; ABORTED, TIMEOUT.
   */
  chunks(key: string, signal: AbortSignal | undefined): AsyncGenerator<Uint8Array> {
    const begin = this.#iterator();
    if (begin) return chunks(key, begin, signal);
    throw new LailaError(
      "INVALID_ARGUMENT",
      `The source of ${JSON.stringify(key)} must be an iterable of Uint8Array, such as a stream. Bytes that are all there are written by write().`,
    );
  }

  /** Ends a source that nobody began to read: a stream would keep what it holds. Never rejects. */
  async leave(): Promise<void> {
    if (this.#begun) return;
    const { destroy } = (this.#source ?? {}) as { destroy?: unknown };
    try {
      // A Node stream's iterator that never took a step does not end the stream.
      if (typeof destroy === "function") destroy.call(this.#source);
      else await this.#iterator()?.().return?.();
    } catch {
      // Why it is left is told already.
    }
  }

  #iterator(): (() => Chunks) | undefined {
    const source = this.#source;
    if (typeof source !== "object" || source === null || source instanceof Uint8Array) return;
    const name =
      typeof source[Symbol.asyncIterator] === "function" ? Symbol.asyncIterator : Symbol.iterator;
    if (typeof source[name] !== "function") return;
    return () => {
      this.#begun = true;
      return (source as Record<typeof name, () => Chunks>)[name]();
    };
  }
}

type Chunks = AsyncIterator<Uint8Array> | Iterator<Uint8Array>;

async function* chunks(
  key: string,
  begin: () => Chunks,
  signal: AbortSignal | undefined,
): AsyncGenerator<Uint8Array> {
  if (signal?.aborted) throw abortError(signal, "The write");
  const iterator = begin();
  // Not a race with one promise for all steps: that would keep every chunk until the end.
  let stop: ((error: unknown) => void) | undefined;
  const abort = (): void => stop?.(abortError(signal as AbortSignal, "The write"));
  const next = (): Promise<IteratorResult<Uint8Array>> =>
    new Promise((resolve, reject) => {
      stop = reject;
      Promise.resolve(iterator.next()).then(resolve, reject);
    });
  signal?.addEventListener("abort", abort, { once: true });
  let waiting = false;
  let ended = false;
  try {
    for (;;) {
      waiting = true;
      const step = await next();
      waiting = false;
      if (signal?.aborted) throw abortError(signal, "The write");
      if (step.done) {
        ended = true;
        return;
      }
      if (!(step.value instanceof Uint8Array)) {
        throw new LailaError(
          "INVALID_ARGUMENT",
          `The source of ${JSON.stringify(key)} gave a chunk that is no Uint8Array. Encode text first.`,
        );
      }
      yield step.value;
    }
  } finally {
    signal?.removeEventListener("abort", abort);
    if (!ended) {
      const leaving = (async () => iterator.return?.())();
      // A source that has not answered yet would not answer this either, and why we leave is told already.
      if (waiting) leaving.catch(() => undefined);
      else await leaving;
    }
  }
}

/** All bytes of a source. TOO_LARGE as soon as they are more than the pool takes. */
export async function gathered(
  key: string,
  source: AsyncIterable<Uint8Array>,
  { maxValueBytes }: Supports,
): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of source) {
    length += chunk.byteLength;
    if (length > maxValueBytes) {
      throw new LailaError(
        "TOO_LARGE",
        `The value for ${JSON.stringify(key)} has more than ${maxValueBytes} bytes, the most that this pool takes.`,
        { details: { key, maxValueBytes } },
      );
    }
    // The source may use its buffer again.
    parts.push(new Uint8Array(chunk));
  }
  const bytes = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.byteLength;
  }
  return bytes;
}

/** A value that was read whole, as one chunk. */
export function streamOf(found: ReadResult | undefined): ReadStreamResult | undefined {
  if (!found) return undefined;
  const { bytes, version } = found;
  const stream = (async function* () {
    if (bytes.byteLength > 0) yield bytes;
  })();
  return { stream, size: bytes.byteLength, version };
}
