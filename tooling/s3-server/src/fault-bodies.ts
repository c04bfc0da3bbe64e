import type { ServerResponse } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import type { Fault } from "./faults.js";
import { type Reply, streamSlice } from "./reply.js";

/** Thrown where a request's body breaks off because somebody asked for it. */
export const brokenOff = Symbol("broken off");

/** A request's body, with what a fault does to it. `length` is the declared one. */
export function faultyRequestBody(
  body: AsyncIterable<Uint8Array>,
  length: number,
  fault: Fault | undefined,
): AsyncIterable<Uint8Array> {
  if (fault !== "reset-in-request" && fault !== "flip-request") return body;
  return (async function* () {
    const middle = Math.floor(length / 2);
    let passed = 0;
    for await (const chunk of body) {
      const at = middle - passed;
      passed += chunk.length;
      const hit = at >= 0 && at < chunk.length;
      if (hit && fault === "reset-in-request") throw brokenOff;
      yield hit ? flipped(chunk, at) : chunk;
    }
  })();
}

/** What the fault leaves of a reply that is sent as if nothing were wrong. */
export async function faultyReply(reply: Reply, fault: Fault | undefined): Promise<Reply> {
  if (fault !== "flip" && fault !== "shorten") return reply;
  const bytes = await bytesOf(reply);
  const middle = bytes.length >> 1;
  const body = fault === "flip" ? flipped(bytes, middle) : bytes.subarray(0, middle);
  const { "content-length": _, ...headers } = reply.headers ?? {};
  return bytes.length === 0 ? reply : { ...reply, headers, body };
}

/** True if the fault is one of how a reply's body travels. */
export const isSlowOrCut = (fault: Fault | undefined): boolean =>
  fault === "truncate" ||
  fault === "reset-in-reply" ||
  (typeof fault === "object" && "bodyMs" in fault);

/** Sends a body slowly, or only half of it. Not for replies without one. */
export async function sendSlowOrCut(
  response: ServerResponse,
  reply: Reply,
  fault: Fault | undefined,
  signal: AbortSignal,
): Promise<void> {
  const bytes = await bytesOf(reply);
  response.writeHead(reply.status, { "content-length": bytes.length, ...reply.headers });
  if (typeof fault === "object" && "bodyMs" in fault) {
    const pieces = 8;
    const size = Math.ceil(bytes.length / pieces);
    for (let start = 0; start < bytes.length && response.writable; start += size) {
      await written(response, bytes.subarray(start, start + size));
      await sleep(fault.bodyMs / pieces, undefined, { signal });
    }
    response.end();
    return;
  }
  await written(response, bytes.subarray(0, bytes.length >> 1));
  if (fault === "truncate") response.socket?.destroySoon();
  else response.socket?.resetAndDestroy();
}

/** Reads it whole and closes its file. */
async function bytesOf({ body }: Reply): Promise<Uint8Array> {
  if (body === undefined || typeof body === "string") return Buffer.from(body ?? "");
  if (body instanceof Uint8Array) return body;
  try {
    const chunks: Uint8Array[] = [];
    for await (const chunk of streamSlice(body)) chunks.push(chunk);
    return Buffer.concat(chunks);
  } finally {
    await body.handle.close();
  }
}

/** Resolves when the bytes are with the system, or when the connection is gone. */
const written = (response: ServerResponse, bytes: Uint8Array): Promise<void> =>
  new Promise((resolve) => {
    response.write(bytes, () => resolve());
  });

function flipped(bytes: Uint8Array, at: number): Uint8Array {
  const copy = Uint8Array.from(bytes);
  copy[at] = (copy[at] ?? 0) ^ 1;
  return copy;
}
