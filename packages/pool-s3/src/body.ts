import { finished, type Readable } from "node:stream";
import { failureOf } from "./failure.js";

/** The body of an answer: a stream of bytes, in Node a Readable. */
export type Body = Readable;

interface Breakage {
  readonly cause: unknown;
  readonly received: number;
}

/** How a body that began to arrive did not arrive whole. */
export class BrokenBody extends Error {
  /** `mismatch`: not the bytes its checksum is of. `short`: it ended early. `lost`: anything else. */
  readonly kind: "mismatch" | "short" | "lost";
  /** How many bytes had arrived. */
  readonly received: number;

  /** `cause` is the stream's error. */
  constructor(kind: BrokenBody["kind"], { cause, received }: Breakage) {
    super(`The body is broken: ${kind}.`, { cause });
    this.kind = kind;
    this.received = received;
  }

  /** A stream's error, when so many bytes had arrived. */
  static of(cause: unknown, received: number): BrokenBody {
    return new BrokenBody(kindOf(cause), { cause, received });
  }

  /** It ended in good order, and too early. */
  static short(received: number, declared: number): BrokenBody {
    const cause = new Error(`${received} of ${declared} bytes arrived.`);
    return new BrokenBody("short", { cause, received });
  }

  /** All of it arrived, and it is not what its checksum is of. */
  static mismatch(received: number): BrokenBody {
    const cause = new Error("Checksum mismatch: the value is not what its checksum is of.");
    return new BrokenBody("mismatch", { cause, received });
  }
}

/** All bytes of a body. The stream is used up or destroyed, whatever happens. Rejects with {@link BrokenBody}. */
export async function collect(
  body: Body | undefined,
  declared: number | undefined,
): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  try {
    if (body) {
      // Half the cost of `for await`, which a small body is not worth.
      await new Promise<void>((resolve, reject) => {
        finished(body, { writable: false }, (error) => (error ? reject(error) : resolve()));
        body.on("data", (chunk: Uint8Array) => {
          chunks.push(chunk);
          length += chunk.byteLength;
        });
      });
    }
  } catch (error) {
    body?.destroy();
    throw BrokenBody.of(error, length);
  }
  if (declared !== undefined && length !== declared) throw BrokenBody.short(length, declared);
  const bytes = new Uint8Array(length);
  let offset = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, offset);
    offset += chunk.byteLength;
  }
  return bytes;
}

/** Whether the server or the network ended a connection early, Node reports in the same words. */
function kindOf(error: unknown): BrokenBody["kind"] {
  const { message, network } = failureOf(error);
  if (message.startsWith("Checksum mismatch")) return "mismatch";
  const ended =
    message === "aborted" ||
    message.startsWith("Connection lost or stream closed before") ||
    network === "ERR_STREAM_PREMATURE_CLOSE";
  return ended ? "short" : "lost";
}
