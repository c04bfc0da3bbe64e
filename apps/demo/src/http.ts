import { LailaError } from "@laila/schema";
import type { Context, Handler } from "hono";
import { bodyLimit } from "hono/body-limit";
import type * as z from "zod";
import type { FailureLine } from "./api.js";
import { failureOf, statusOf } from "./failure.js";
import { streamOf } from "./stream.js";

/** The request's JSON, checked. INVALID_ARGUMENT with the path of what is wrong. */
export async function bodyOf<S extends z.ZodType>(c: Context, schema: S): Promise<z.output<S>> {
  let json: unknown;
  try {
    json = await c.req.json();
  } catch (error) {
    throw unreadable(error);
  }
  return checked(json, schema);
}

/** A value from outside, checked. INVALID_ARGUMENT with the path of what is wrong. */
export function checked<S extends z.ZodType>(value: unknown, schema: S): z.output<S> {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const at = issue?.path.join(".") || "the request";
  throw new LailaError(
    "INVALID_ARGUMENT",
    `${at}: ${issue?.message ?? "is not what belongs there"}.`,
  );
}

/** Refuses larger bodies: TOO_LARGE. */
export function limit(maxSize: number): Handler {
  return bodyLimit({
    maxSize,
    onError: () => {
      throw tooLarge();
    },
  });
}

/** Answers what a route threw: its code, one sentence, and a status that fits. */
export function answerFailure(error: unknown, c: Context): Response {
  const failure = failureOf(error);
  // A request that was broken off fails, too: there is nothing to mend about that.
  if (failure.code === "FAILED" && !c.req.raw.signal.aborted) console.error(error);
  return c.json(failure, statusOf(failure));
}

const encoder = new TextEncoder();

/**
 * An answer that grows, a line of JSON for each item. The next item is asked for when the reader has taken
 * the last one. What goes wrong before the first line is thrown, and later is the last line.
 */
export async function lines(items: AsyncIterable<unknown>): Promise<Response> {
  const iterator = items[Symbol.asyncIterator]();
  const body = streamOf(jsonLines(await iterator.next(), iterator));
  return new Response(body, { headers: { "content-type": "application/x-ndjson" } });
}

async function* jsonLines(
  first: IteratorResult<unknown>,
  rest: AsyncIterator<unknown>,
): AsyncGenerator<Uint8Array> {
  const line = (value: unknown) => encoder.encode(`${JSON.stringify(value)}\n`);
  try {
    for (let item = first; !item.done; item = await rest.next()) yield line(item.value);
  } catch (error) {
    const failure = failureOf(error);
    if (failure.code === "FAILED") console.error(error);
    yield line({ failure } satisfies FailureLine);
  } finally {
    await rest.return?.();
  }
}

function unreadable(cause: unknown): LailaError {
  if (cause instanceof Error && cause.name === "BodyLimitError") return tooLarge(cause);
  return new LailaError("INVALID_ARGUMENT", "The request is no well-formed JSON.", { cause });
}

/** TOO_LARGE: what {@link limit} throws. */
export function tooLarge(cause?: unknown): LailaError {
  return new LailaError("TOO_LARGE", "The request is larger than this demo takes.", { cause });
}
