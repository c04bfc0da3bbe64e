import { tracingChannel } from "node:diagnostics_channel";
import { isLailaError } from "@laila/schema";
import { type Attributes, type Span, SpanKind, SpanStatusCode, trace } from "@opentelemetry/api";
import { type PoolTrace, poolTracingChannel } from "../layers/trace.js";

/** Makes spans; a tracer of OpenTelemetry is one. */
export type SpanMaker = Pick<import("@opentelemetry/api").Tracer, "startSpan">;

export interface SpansOptions {
  /** The global provider's tracer `@laila/pool` unless given. */
  readonly tracer?: SpanMaker | undefined;
}

/**
 * Makes an OpenTelemetry span of every call of every pool that has `withTracing`, as a child of the span that
 * is active where the call is made. A span is called `laila.pool <operation>`, is of the kind CLIENT, and has
 * the attributes `laila.pool.id`, `laila.pool.nickname`, `laila.key`, `laila.prefix`, `laila.count`,
 * `laila.bytes`, `laila.found`, `laila.items`, `laila.errors` and, of a failed call, `error.type`: the
 * error's `code`. Gives a function that ends it.
 */
export function spansFromPools({ tracer }: SpansOptions = {}): () => void {
  const maker = tracer ?? trace.getTracer("@laila/pool");
  const spans = new WeakMap<PoolTrace, Span>();
  const subscribers = {
    start(call: PoolTrace): void {
      const attributes = startAttributes(call);
      const name = `laila.pool ${call.operation}`;
      spans.set(call, maker.startSpan(name, { kind: SpanKind.CLIENT, attributes }));
    },
    end: ignore,
    asyncStart: ignore,
    error(call: PoolTrace): void {
      const { error } = call;
      const message = error instanceof Error ? error.message : String(error);
      const type = isLailaError(error)
        ? error.code
        : error instanceof Error
          ? error.name
          : "_OTHER";
      spans
        .get(call)
        ?.setAttribute("error.type", type)
        .setStatus({ code: SpanStatusCode.ERROR, message });
    },
    asyncEnd(call: PoolTrace): void {
      spans.get(call)?.setAttributes(endAttributes(call)).end();
      spans.delete(call);
    },
  };
  const channel = tracingChannel<unknown, PoolTrace>(poolTracingChannel);
  channel.subscribe(subscribers);
  return () => {
    channel.unsubscribe(subscribers);
  };
}

function startAttributes({ poolId, nickname, key, prefix, count, bytes }: PoolTrace): Attributes {
  return {
    "laila.pool.id": poolId,
    "laila.pool.nickname": nickname,
    "laila.key": key,
    "laila.prefix": prefix,
    "laila.count": count,
    "laila.bytes": bytes,
  };
}

function endAttributes({ result }: PoolTrace): Attributes {
  return {
    "laila.found": result?.found,
    ...(result?.bytes === undefined ? {} : { "laila.bytes": result.bytes }),
    "laila.items": result?.items,
    "laila.errors": result?.errors,
  };
}

function ignore(): void {
  // The channel wants a listener for each of its events; this one tells nothing new.
}
