import { tracingChannel } from "node:diagnostics_channel";
import * as z from "zod";
import type { CallOptions, ManyResult, PoolLike, ReadResult } from "../contract.js";
import { type Call, Layer } from "./layer.js";
import { type PoolTrace, type PoolTraceResult, poolTracingChannel } from "./trace.js";

const configSchema = z.object({});

const traces = tracingChannel<unknown, PoolTrace>(poolTracingChannel);

/** Tells of every call on a diagnostics channel; see {@link withTracing}. */
export class Tracing extends Layer {
  static readonly configSchema = configSchema;
  static readonly classToken: string = "Tracing";
  static readonly packageName: string = "@laila/pool";

  protected override async call<T>(
    call: Call,
    options: CallOptions,
    act: (options: CallOptions) => Promise<T>,
  ): Promise<T> {
    let value!: T;
    const told = async (): Promise<PoolTraceResult> => {
      value = await act(options);
      return resultOf(call, value);
    };
    // Subscribers get what `told` gives: the value itself is not theirs to see.
    await traces.tracePromise(told, this.#trace(call));
    return value;
  }

  protected override async *iterate<T>(
    call: Call,
    options: CallOptions,
    act: (options: CallOptions) => AsyncIterable<T>,
  ): AsyncGenerator<T> {
    let end: (result: PoolTraceResult) => void = () => undefined;
    let fail: (error: unknown) => void = () => undefined;
    const ended = new Promise<PoolTraceResult>((resolve, reject) => {
      end = resolve;
      fail = reject;
    });
    const traced = traces.tracePromise(() => ended, this.#trace(call));
    let items = 0;
    let errors = 0;
    try {
      for await (const item of act(options)) {
        items++;
        if (hasError(item)) errors++;
        yield item;
      }
    } catch (error) {
      fail(error);
      await traced;
    } finally {
      end({ items, ...(call.operation === "readMany" ? { errors } : {}) });
      await traced;
    }
  }

  #trace(call: Call): PoolTrace {
    return { ...call, poolId: this.globalId, nickname: this.nickname };
  }
}

function resultOf({ operation }: Call, value: unknown): PoolTraceResult {
  switch (operation) {
    case "read": {
      const found = value as ReadResult | undefined;
      return found ? { found: true, bytes: found.bytes.byteLength } : { found: false };
    }
    case "exists":
      return { found: value as boolean };
    case "writeMany":
    case "deleteMany": {
      const outcomes = value as readonly ManyResult[];
      return { items: outcomes.length, errors: outcomes.filter(hasError).length };
    }
    default:
      return {};
  }
}

function hasError(item: unknown): boolean {
  return typeof item === "object" && item !== null && "error" in item && item.error !== undefined;
}

/**
 * A pool that tells of every call on the tracing channel `laila:pool` of `node:diagnostics_channel`: which pool,
 * operation and key, how many bytes, how it ended; never a value. Costs next to nothing while nobody listens.
 * `@laila/pool/opentelemetry` makes spans of it.
 */
export function withTracing(pool: PoolLike): PoolLike {
  return new Tracing(pool, {});
}
