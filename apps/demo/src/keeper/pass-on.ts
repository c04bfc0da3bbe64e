import { once } from "node:events";
import { type IncomingHttpHeaders, type IncomingMessage, request } from "node:http";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import type { ReadableStream as WebStream } from "node:stream/web";
import type { HttpBindings } from "@hono/node-server";
import type { Context } from "hono";
import type { Failure } from "../api.js";
import { setupTokenHeader } from "../messages.js";
import { streamOf } from "../stream.js";
import type { Address } from "./life.js";

type KeeperContext = Context<{ Bindings: HttpBindings }>;

const down: Failure = {
  code: "DOWN",
  message: "The set-up is down: its process does not run. Recover it from the bucket.",
};
const passed = ["content-type", "content-length"];

/** Passes a request on to the process of the set-up and streams its answer back; 503 when there is none. */
export async function passOn(c: KeeperContext, address: Address | undefined): Promise<Response> {
  if (!address) return c.json(down, 503);
  const { signal } = c.req.raw;
  try {
    const answer = await send(c.req.raw, address);
    return new Response(streamOf(untilItBreaks(answer, c.env.outgoing)), {
      status: answer.statusCode ?? 502,
      headers: { ...picked(answer.headers), "cache-control": "no-store" },
    });
  } catch (error) {
    // A page that has gone needs no answer; a process that has died is told of by its exit, too.
    if (!signal.aborted) console.error(`${c.req.method} ${c.req.path}: ${String(error)}`);
    return c.json(down, 503);
  }
}

/** A process that dies in the middle of an answer: then this one breaks off, too, and does not seem whole. */
async function* untilItBreaks(
  answer: IncomingMessage,
  outgoing: KeeperContext["env"]["outgoing"],
): AsyncGenerator<Uint8Array> {
  try {
    yield* answer;
  } catch {
    outgoing.destroy();
  }
}

/** On a connection of its own: one that is kept may be closed by the other side at any moment. */
async function send(
  { method, url, headers, body, signal }: Request,
  { port, token }: Address,
): Promise<IncomingMessage> {
  const { pathname, search } = new URL(url);
  const sent = request({
    ...{ host: "127.0.0.1", port, method, path: pathname + search, signal, agent: false },
    headers: {
      ...picked(Object.fromEntries(headers)),
      [setupTokenHeader]: token,
      // Who closes it is this side, when it has the answer: not the other one over a body that it refuses.
      connection: "keep-alive",
    },
  });
  const answered = once(sent, "response");
  // Who refuses a request need not read all of it: what counts is the answer.
  if (body) pipeline(Readable.fromWeb(body as WebStream), sent).catch(() => undefined);
  else sent.end();
  const [answer] = (await answered) as [IncomingMessage];
  return answer;
}

function picked(headers: IncomingHttpHeaders): Record<string, string> {
  return Object.fromEntries(
    passed.flatMap((name) => {
      const value = headers[name];
      return typeof value === "string" ? [[name, value]] : [];
    }),
  );
}
