import type { FileHandle } from "node:fs/promises";
import type { ServerResponse } from "node:http";
import { pipeline } from "node:stream/promises";
import { document } from "./xml.js";

/** A slice of an opened file; whoever answers closes the handle. */
export interface FileSlice {
  readonly handle: FileHandle;
  readonly start: number;
  readonly length: number;
}

export interface Reply {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array | FileSlice;
}

export const xmlReply = (
  root: string,
  content: Parameters<typeof document>[1],
  headers: Record<string, string> = {},
): Reply => ({
  status: 200,
  headers: { "content-type": "application/xml", ...headers },
  body: document(root, content),
});

/** Gives back what a reply holds, whether it was sent or not. */
export async function release({ body }: Reply): Promise<void> {
  if (typeof body === "object" && "handle" in body) await body.handle.close();
}

const inMemoryBytes = 256 * 1024;

/** Sends a reply; a reply to HEAD keeps the headers of the body that it does not send. */
export async function sendReply(
  response: ServerResponse,
  reply: Reply,
  head: boolean,
): Promise<void> {
  const { body } = reply;
  try {
    const length = typeof body === "object" ? body.length : Buffer.byteLength(body ?? "");
    const hasLength = reply.status !== 204 && reply.status !== 304;
    response.writeHead(reply.status, {
      ...(hasLength ? { "content-length": length } : {}),
      ...reply.headers,
    });
    if (head || !hasLength || length === 0 || body === undefined) response.end();
    else if (typeof body === "string" || body instanceof Uint8Array) response.end(body);
    else if (length <= inMemoryBytes) response.end(await readSlice(body));
    else await pipeline(streamSlice(body), response);
  } finally {
    await release(reply);
  }
}

async function readSlice({ handle, start, length }: FileSlice): Promise<Buffer> {
  const bytes = Buffer.allocUnsafe(length);
  for (let done = 0; done < length; ) {
    const { bytesRead } = await handle.read(bytes, done, length - done, start + done);
    if (bytesRead === 0) throw new Error("An object's file is shorter than its description says.");
    done += bytesRead;
  }
  return bytes;
}

/** The bytes of a slice, block by block; the handle stays open. */
export async function* streamSlice(slice: FileSlice): AsyncGenerator<Buffer> {
  const block = 1 << 20;
  for (let done = 0; done < slice.length; done += block) {
    const length = Math.min(block, slice.length - done);
    yield await readSlice({ handle: slice.handle, start: slice.start + done, length });
  }
}
