import { tracingChannel } from "node:diagnostics_channel";
import { inspect } from "node:util";
import { LailaError, MemoryPool, type PoolLike } from "@laila/pool";
import { type PoolTrace, poolTracingChannel, withTracing } from "@laila/pool/layers";
import { spansFromPools } from "@laila/pool/opentelemetry";
import { context, SpanKind, SpanStatusCode, trace } from "@opentelemetry/api";
import { AsyncLocalStorageContextManager } from "@opentelemetry/context-async-hooks";
import {
  BasicTracerProvider,
  InMemorySpanExporter,
  SimpleSpanProcessor,
} from "@opentelemetry/sdk-trace-base";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { FlakyPool } from "../support/flaky-pool.js";
import { collect } from "../support/pair.js";
import { bytesOf } from "../support/scripted-pool.js";

/** Every kind of call once, on two keys of which one is there. */
async function everyCall(pool: PoolLike): Promise<void> {
  await pool.open();
  await pool.write("a", bytesOf("hello"));
  await pool.write("b", bytesOf("x"), { condition: { ifAbsent: true } });
  await pool.read("a");
  await pool.read("missing");
  await pool.exists("a");
  await collect(pool.keys({ prefix: "a" }));
  await collect(pool.readMany(["a", "b", "c"]));
  await pool.writeMany([{ key: "c", bytes: bytesOf("12345678") }]);
  await pool.delete("b");
  await pool.deleteMany(["a", "c"]);
}

describe("withTracing", () => {
  const events: (PoolTrace & { event: string })[] = [];
  const tell = (event: string) => (call: PoolTrace) => {
    events.push({ event, ...call });
  };
  const subscribers = {
    start: tell("start"),
    end: tell("end"),
    asyncStart: tell("asyncStart"),
    asyncEnd: tell("asyncEnd"),
    error: tell("error"),
  };
  const channel = tracingChannel<unknown, PoolTrace>(poolTracingChannel);
  beforeEach(() => {
    events.length = 0;
    channel.subscribe(subscribers);
  });
  afterEach(() => {
    channel.unsubscribe(subscribers);
  });

  it("tells of every call, of its end and of what came of it, and of no value", async () => {
    const pool = withTracing(new MemoryPool({ nickname: "scratch" }));
    await everyCall(pool);
    const ended = events.filter(({ event }) => event === "asyncEnd");
    const poolId = pool.globalId;
    const common = { event: "asyncEnd", poolId, nickname: "scratch" };
    expect(ended).toEqual([
      { ...common, operation: "open", result: {} },
      { ...common, operation: "write", key: "a", bytes: 5, conditional: false, result: {} },
      { ...common, operation: "write", key: "b", bytes: 1, conditional: true, result: {} },
      { ...common, operation: "read", key: "a", result: { found: true, bytes: 5 } },
      { ...common, operation: "read", key: "missing", result: { found: false } },
      { ...common, operation: "exists", key: "a", result: { found: true } },
      { ...common, operation: "keys", prefix: "a", result: { items: 1 } },
      { ...common, operation: "readMany", count: 3, result: { items: 3, errors: 0 } },
      {
        ...common,
        operation: "writeMany",
        count: 1,
        bytes: 8,
        conditional: false,
        result: { items: 1, errors: 0 },
      },
      { ...common, operation: "delete", key: "b", result: {} },
      { ...common, operation: "deleteMany", count: 2, result: { items: 2, errors: 0 } },
    ]);
    expect(events.filter(({ event }) => event === "start")).toHaveLength(ended.length);
    expect(inspect(events)).not.toContain("Uint8Array");
  });

  it("tells of failures, of each item's too", async () => {
    const error = new LailaError("ACCESS_DENIED", "Not you.");
    const inner = new FlakyPool();
    const pool = withTracing(inner);
    inner.failing("read", 1, error);
    await expect(pool.read("a")).rejects.toBe(error);
    inner.failing("keys", 1, error);
    await expect(collect(pool.keys())).rejects.toBe(error);
    inner.failing("read b", 1, error);
    await collect(pool.readMany(["a", "b"]));
    inner.failing("write a", 1, error);
    await pool.writeMany([{ key: "a", bytes: bytesOf("x") }]);
    const ended = events.filter(({ event }) => event === "asyncEnd");
    expect(ended.map((call) => [call.operation, call.error, call.result?.errors])).toEqual([
      ["read", error, undefined],
      ["keys", error, undefined],
      ["readMany", undefined, 1],
      ["writeMany", undefined, 1],
    ]);
  });

  it("ends the trace of a listing that somebody leaves", async () => {
    const pool = withTracing(new MemoryPool());
    await pool.writeMany(["a", "b", "c"].map((key) => ({ key, bytes: bytesOf(key) })));
    events.length = 0;
    for await (const _ of pool.keys()) break;
    expect(events.at(-1)).toMatchObject({ event: "asyncEnd", result: { items: 1 } });
  });

  it("works as well while nobody listens", async () => {
    channel.unsubscribe(subscribers);
    const pool = withTracing(new MemoryPool());
    await everyCall(pool);
    expect(events).toEqual([]);
    expect(await collect(pool.keys())).toEqual([]);
  });
});

describe("spansFromPools", () => {
  const exporter = new InMemorySpanExporter();
  const provider = new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] });
  const tracer = provider.getTracer("test");
  const contexts = new AsyncLocalStorageContextManager().enable();
  beforeEach(() => {
    exporter.reset();
    context.setGlobalContextManager(contexts);
  });
  afterEach(() => {
    context.disable();
  });

  it("makes a span of every call, under the span that is active", async () => {
    const stop = spansFromPools({ tracer });
    const pool = withTracing(new MemoryPool({ nickname: "scratch" }));
    const parent = tracer.startSpan("work");
    await context.with(trace.setSpan(context.active(), parent), () => everyCall(pool));
    parent.end();
    stop();
    const spans = exporter.getFinishedSpans().filter(({ name }) => name !== "work");
    expect(spans.map(({ name }) => name)).toEqual(
      [
        ...["open", "write", "write", "read", "read", "exists", "keys", "readMany"],
        ...["writeMany", "delete", "deleteMany"],
      ].map((operation) => `laila.pool ${operation}`),
    );
    for (const span of spans) {
      expect(span.kind).toBe(SpanKind.CLIENT);
      expect(span.parentSpanContext?.spanId).toBe(parent.spanContext().spanId);
      expect(span.status.code).toBe(SpanStatusCode.UNSET);
    }
    expect(spans[3]?.attributes).toEqual({
      "laila.pool.id": pool.globalId,
      "laila.pool.nickname": "scratch",
      "laila.key": "a",
      "laila.found": true,
      "laila.bytes": 5,
    });
  });

  it("marks a failed call with the error's code", async () => {
    const stop = spansFromPools({ tracer });
    const inner = new FlakyPool().failing("read", 1, new LailaError("ACCESS_DENIED", "Not you."));
    await expect(withTracing(inner).read("a")).rejects.toMatchObject({ code: "ACCESS_DENIED" });
    stop();
    const [span] = exporter.getFinishedSpans();
    expect(span?.status).toEqual({ code: SpanStatusCode.ERROR, message: "Not you." });
    expect(span?.attributes).toMatchObject({ "error.type": "ACCESS_DENIED" });
  });

  it("makes none any more when it was stopped, and none of pools without tracing", async () => {
    const stop = spansFromPools({ tracer });
    await new MemoryPool().read("a");
    stop();
    await withTracing(new MemoryPool()).read("a");
    expect(exporter.getFinishedSpans()).toEqual([]);
  });
});
