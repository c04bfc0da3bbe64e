import type { Context } from "hono";
import type { Failure } from "../api.js";
import { setupTokenHeader } from "../messages.js";
import type { Address } from "./life.js";

const down: Failure = {
  code: "DOWN",
  message: "The set-up is down: its process does not run. Recover it from the bucket.",
};
const requestHeaders = ["content-type", "content-length"];
const answerHeaders = ["content-type", "content-length"];

/** Passes a request on to the process of the set-up and streams its answer back; 503 when there is none. */
export async function passOn(c: Context, address: Address | undefined): Promise<Response> {
  if (!address) return c.json(down, 503);
  const { method, body, signal } = c.req.raw;
  const { pathname, search } = new URL(c.req.url);
  const hasBody = method !== "GET" && method !== "HEAD" && body !== null;
  let answer: Response;
  try {
    answer = await fetch(`http://127.0.0.1:${address.port}${pathname}${search}`, {
      method,
      headers: { ...picked(c.req.raw.headers, requestHeaders), [setupTokenHeader]: address.token },
      ...(hasBody ? { body, duplex: "half" } : {}),
      redirect: "manual",
      signal,
    });
  } catch (error) {
    // A page that has gone needs no answer; a process that has died is told of by its exit, too.
    if (!signal.aborted) console.error(`${method} ${pathname}: ${messageOf(error)}`);
    return c.json(down, 503);
  }
  return new Response(answer.body, {
    status: answer.status,
    headers: { ...picked(answer.headers, answerHeaders), "cache-control": "no-store" },
  });
}

function picked(headers: Headers, names: readonly string[]): Record<string, string> {
  const found = names.map((name) => [name, headers.get(name)] as const);
  return Object.fromEntries(
    found.filter((one): one is readonly [string, string] => one[1] !== null),
  );
}

function messageOf(error: unknown): string {
  const cause = error instanceof Error ? (error.cause ?? error) : error;
  return cause instanceof Error ? cause.message : String(cause);
}
