import { getEventListeners } from "node:events";
import { Readable } from "node:stream";
import { isLailaError, MemoryPool, type ReadOptions, type ReadStreamResult } from "@laila/pool";
import { describe, expect, it } from "vitest";

const bytes = (...values: number[]) => Uint8Array.from(values);

async function all(found: ReadStreamResult | undefined): Promise<number[]> {
  const parts: number[] = [];
  for await (const chunk of found?.stream ?? []) parts.push(...chunk);
  return parts;
}

async function codeOf(promise: Promise<unknown>): Promise<string> {
  const told = await promise.then(
    () => "resolved",
    (error: unknown) => error,
  );
  return isLailaError(told) ? told.code : String(told);
}

describe("streams of a pool that has none of its own", () => {
  it.each<[string, () => AsyncIterable<Uint8Array> | Iterable<Uint8Array>]>([
    ["an array", () => [bytes(1, 2), bytes(), bytes(3)]],
    ["a Node stream", () => Readable.from([Buffer.from([1, 2]), Buffer.from([3])])],
    ["a web stream", () => new Blob([bytes(1, 2), bytes(3)]).stream() as never],
    [
      "a generator that uses its buffer again",
      async function* () {
        const buffer = bytes(1);
        yield buffer;
        buffer[0] = 2;
        yield buffer;
        buffer[0] = 3;
        yield buffer;
      },
    ],
  ])("are written from %s", async (_, source) => {
    const pool = new MemoryPool({});
    const version = await pool.writeStream("k", source());
    const found = await pool.readStream("k");
    expect(found).toMatchObject({ size: 3, version });
    expect(await all(found)).toEqual([1, 2, 3]);
    expect((await pool.read("k"))?.bytes).toEqual(bytes(1, 2, 3));
  });

  it("have conditions", async () => {
    const pool = new MemoryPool({});
    const condition = { ifAbsent: true } as const;
    await pool.writeStream("k", [bytes(1)], { condition });
    expect(await codeOf(pool.writeStream("k", [bytes(2)], { condition }))).toBe("CONFLICT");
    expect(await all(await pool.readStream("k"))).toEqual([1]);
  });

  it("change nothing when the source fails, and reject with its own error", async () => {
    const pool = new MemoryPool({});
    await pool.write("k", bytes(1));
    const failing = (async function* () {
      yield bytes(2);
      throw new RangeError("dry");
    })();
    await expect(pool.writeStream("k", failing)).rejects.toThrow(new RangeError("dry"));
    expect((await pool.read("k"))?.bytes).toEqual(bytes(1));
  });

  it("end with their signal, also when the source gives nothing", async () => {
    const pool = new MemoryPool({});
    const { signal, abort } = (() => {
      const controller = new AbortController();
      return { signal: controller.signal, abort: () => controller.abort() };
    })();
    const never = new Promise<never>(() => undefined);
    const silent = { [Symbol.asyncIterator]: () => ({ next: () => never }) };
    const writing = codeOf(pool.writeStream("k", silent, { signal }));
    await new Promise(setImmediate);
    abort();
    expect(await writing).toBe("ABORTED");
    // Closing waits for what is under way: it is over.
    await pool.close();
    expect(getEventListeners(signal, "abort")).toEqual([]);
  });

  it("end a source that nobody began to read", async () => {
    const pool = new MemoryPool({});
    await pool.close();
    let cancelled = false;
    const web = new ReadableStream<Uint8Array>({
      cancel: () => {
        cancelled = true;
      },
    });
    expect(await codeOf(pool.writeStream("k", web as never))).toBe("CLOSED");
    expect(cancelled).toBe(true);
    const node = Readable.from([bytes(1)]);
    expect(await codeOf(pool.writeStream("", node))).toBe("INVALID_ARGUMENT");
    expect(node.destroyed).toBe(true);
    expect(await codeOf(pool.writeStream("k", 7 as never))).toBe("INVALID_ARGUMENT");
  });

  it("end a source that gives too much, or no bytes", async () => {
    const pool = new MemoryPool({ maxBytes: 10 });
    let ended = 0;
    const source = function* (chunk: unknown) {
      try {
        for (;;) yield chunk as Uint8Array;
      } finally {
        ended++;
      }
    };
    expect(await codeOf(pool.writeStream("k", source(bytes(1, 2, 3, 4))))).toBe("TOO_LARGE");
    expect(await codeOf(pool.writeStream("k", source("text")))).toBe("INVALID_ARGUMENT");
    expect(ended).toBe(2);
    for (const wrong of [bytes(1), "text", 1, null, {}])
      expect(await codeOf(pool.writeStream("k", wrong as never))).toBe("INVALID_ARGUMENT");
    expect(await pool.exists("k")).toBe(false);
  });

  it("are of nothing where nothing is, and of the origin where that has it", async () => {
    const [cache, origin] = [new MemoryPool({}), new MemoryPool({})];
    expect(await cache.readStream("k")).toBeUndefined();
    cache.proxyTo(origin);
    expect(await cache.readStream("k")).toBeUndefined();
    await origin.write("k", bytes(7));
    const found = await cache.readStream("k");
    expect(found).toMatchObject({ size: 1, version: undefined });
    expect(await all(found)).toEqual([7]);
    expect(await cache.exists("k")).toBe(false);
  });

  it("are the reader's own bytes, also of one who borrows", async () => {
    const origin = new MemoryPool();
    const cache = new MemoryPool();
    cache.proxyTo(origin);
    for (const pool of [origin, cache]) {
      await origin.write("k", bytes(1));
      const options: ReadOptions = { borrow: true };
      const found = await pool.readStream("k", options);
      for await (const chunk of found?.stream ?? []) chunk[0] = 9;
      expect([...((await origin.read("k"))?.bytes ?? [])]).toEqual([1]);
    }
  });

  it("are CLOSED after close", async () => {
    const pool = new MemoryPool({});
    await pool.write("k", bytes(1));
    const found = await pool.readStream("k");
    await pool.close();
    expect(await codeOf(all(found))).toBe("CLOSED");
    expect(await codeOf(pool.readStream("k"))).toBe("CLOSED");
    expect(await codeOf(pool.writeStream("k", [bytes(1)]))).toBe("CLOSED");
  });
});
