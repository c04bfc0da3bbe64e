import { MemoryPool, type PoolLike } from "@laila/pool";
import { withTransforms } from "@laila/pool/layers";
import { describe, expect, it, vi } from "vitest";
import { bytesOf, textOf } from "./support/scripted-pool.js";

const code = (expected: string) => expect.objectContaining({ code: expected });

async function keysOf(pool: MemoryPool): Promise<string[]> {
  const all: string[] = [];
  for await (const key of pool.keys()) all.push(key);
  return all.sort();
}

/** How many more bytes go in, found by trying: the accounting as a user sees it. */
async function room(pool: MemoryPool, maxBytes: number): Promise<number> {
  for (let bytes = maxBytes; bytes >= 0; bytes--) {
    try {
      await pool.write("probe", new Uint8Array(bytes));
      await pool.delete("probe");
      return bytes;
    } catch (error) {
      expect(error).toEqual(code("NO_SPACE"));
    }
  }
  return -1;
}

describe("a full pool", () => {
  it("refuses with NO_SPACE and keeps the old value", async () => {
    const pool = new MemoryPool({ maxBytes: 10 });
    await pool.write("a", bytesOf("12345"));
    const version = await pool.write("b", bytesOf("12345"));
    await expect(pool.write("c", bytesOf("1"))).rejects.toEqual(code("NO_SPACE"));
    await expect(pool.write("b", bytesOf("123456"))).rejects.toEqual(code("NO_SPACE"));
    expect(textOf(await pool.read("b"))).toBe("12345");
    expect((await pool.read("b"))?.version).toBe(version);
    await pool.write("c", new Uint8Array(0));
    await expect(pool.write("d", new Uint8Array(11))).rejects.toEqual(code("TOO_LARGE"));
    expect(await keysOf(pool)).toEqual(["a", "b", "c"]);
  });

  it("counts right after overwrites, deletes and refused writes", async () => {
    const pool = new MemoryPool({ maxBytes: 20 });
    expect(await room(pool, 20)).toBe(20);
    await pool.write("a", new Uint8Array(8));
    await pool.write("a", new Uint8Array(3));
    expect(await room(pool, 20)).toBe(17);
    await pool.write("a", new Uint8Array(20));
    await expect(pool.write("b", new Uint8Array(1))).rejects.toEqual(code("NO_SPACE"));
    await expect(
      pool.write("a", new Uint8Array(1), { condition: { ifAbsent: true } }),
    ).rejects.toEqual(code("CONFLICT"));
    expect(await room(pool, 20)).toBe(0);
    await pool.delete("a");
    await pool.delete("a");
    expect(await room(pool, 20)).toBe(20);
    const outcomes = await pool.writeMany([
      { key: "x", bytes: new Uint8Array(15) },
      { key: "y", bytes: new Uint8Array(15) },
      { key: "z", bytes: new Uint8Array(5) },
    ]);
    expect(outcomes.map(({ error }) => error)).toEqual([undefined, code("NO_SPACE"), undefined]);
    expect(await room(pool, 20)).toBe(0);
  });

  it("says what to do", async () => {
    const pool = new MemoryPool({ maxBytes: 1, nickname: "small" });
    await pool.write("a", new Uint8Array(1));
    await expect(pool.write("b", new Uint8Array(1))).rejects.toThrow(
      /small is full.*1 of 1.*maxBytes/,
    );
  });
});

describe("eviction", () => {
  it("is declared, and only when asked for", () => {
    expect(new MemoryPool().supports.evicts).toBe(false);
    expect(new MemoryPool({ maxBytes: 10 }).supports.evicts).toBe(false);
    expect(new MemoryPool({ maxBytes: 10, evict: "lru" }).supports.evicts).toBe(true);
  });

  it("lets go what was used least recently; a read is a use, exists is none", async () => {
    const pool = new MemoryPool({ maxBytes: 3, evict: "lru" });
    for (const key of ["a", "b", "c"]) await pool.write(key, new Uint8Array(1));
    await pool.read("a");
    await pool.exists("b");
    await pool.write("d", new Uint8Array(1));
    expect(await keysOf(pool)).toEqual(["a", "c", "d"]);
    await pool.write("e", new Uint8Array(2));
    expect(await keysOf(pool)).toEqual(["d", "e"]);
  });

  it("makes room for a longer value without letting go that key", async () => {
    const pool = new MemoryPool({ maxBytes: 4, evict: "lru" });
    await pool.write("a", new Uint8Array(1));
    await pool.write("b", new Uint8Array(1));
    await pool.write("a", new Uint8Array(4).fill(7));
    expect(await keysOf(pool)).toEqual(["a"]);
    expect((await pool.read("a"))?.bytes).toEqual(new Uint8Array(4).fill(7));
  });

  it("lets nothing go for a write that loses its condition", async () => {
    const pool = new MemoryPool({ maxBytes: 2, evict: "lru" });
    await pool.write("a", new Uint8Array(1));
    await pool.write("b", new Uint8Array(1));
    const condition = { ifVersion: "no version" };
    await expect(pool.write("b", new Uint8Array(2), { condition })).rejects.toEqual(
      code("CONFLICT"),
    );
    expect(await keysOf(pool)).toEqual(["a", "b"]);
  });
});

describe("values", () => {
  it("have a version of their own, never one that was there before", async () => {
    const pool = new MemoryPool();
    const versions = new Set<string | undefined>();
    for (let i = 0; i < 50; i++) {
      versions.add(await pool.write("a", bytesOf("same")));
      if (i % 3 === 0) await pool.delete("a");
    }
    expect(versions.size).toBe(50);
  });

  it("are not a window that keeps a larger buffer alive", async () => {
    const pool = new MemoryPool();
    const large = new Uint8Array(1000);
    await pool.write("a", large.subarray(0, 10), { handOver: true });
    large.fill(1);
    expect((await pool.read("a"))?.bytes).toEqual(new Uint8Array(10));
  });

  it("are gone when it is closed", async () => {
    const pool = new MemoryPool();
    await pool.write("a", bytesOf("a"));
    await pool.close();
    await expect(pool.read("a")).rejects.toEqual(code("CLOSED"));
  });
});

describe("a listing", () => {
  it("is that of the moment it began, whatever is written, read or deleted meanwhile", async () => {
    const pool = new MemoryPool({ maxBytes: 1000, evict: "lru" });
    for (let i = 0; i < 10; i++) await pool.write(`${i}`, bytesOf("x"));
    const seen: string[] = [];
    for await (const key of pool.keys()) {
      seen.push(key);
      await pool.write(key, bytesOf("rewritten"));
      await pool.write(`new ${key}`, bytesOf("x"));
      await pool.read("3");
    }
    expect(seen).toHaveLength(10);
    expect(new Set(seen).size).toBe(10);
  });
});

describe("its configuration", () => {
  it("is checked", () => {
    for (const wrong of [
      { maxBytes: 0 },
      { maxBytes: -1 },
      { maxBytes: 1.5 },
      { maxBytes: Number.NaN },
      { evict: "fifo" },
      { maxByte: 1 },
    ]) {
      expect(() => new MemoryPool(wrong as object)).toThrow(code("INVALID_CONFIG"));
    }
  });

  it("refuses eviction without a limit, which would never happen", () => {
    expect(() => new MemoryPool({ evict: "lru" })).toThrow(code("INVALID_CONFIG"));
  });

  it("captures only what was given", () => {
    expect(new MemoryPool().toConfig()).toEqual({
      class_token: "MemoryPool",
      package: "@laila/pool",
    });
    expect(new MemoryPool({ maxBytes: 5, evict: "lru", nickname: "m" }).toConfig()).toEqual({
      class_token: "MemoryPool",
      package: "@laila/pool",
      nickname: "m",
      max_bytes: 5,
      evict: "lru",
    });
  });
});

it("lends its bytes to a caller who borrows, and to no other", async () => {
  const pool = new MemoryPool();
  await pool.write("a", bytesOf("value"));
  const lent = await pool.read("a", { borrow: true });
  expect(lent?.lent).toBe(true);
  expect((await pool.read("a", { borrow: true }))?.bytes).toBe(lent?.bytes);
  const own = await pool.read("a");
  expect(own?.lent).toBeUndefined();
  own?.bytes.fill(0);
  expect(textOf((await pool.read("a")) ?? { bytes: new Uint8Array() })).toBe("value");
});

describe("a lazy value", () => {
  const lazy = (text: string) => ({ toBytes: vi.fn(() => bytesOf(text)) });
  const opened = async <P extends PoolLike>(pool: P): Promise<P> => {
    await pool.open();
    return pool;
  };

  it("is kept as it is, and its bytes are made for those who ask for them", async () => {
    const pool = await opened(new MemoryPool());
    const value = lazy("value");
    expect(pool.keepLazy("a", value)).toBe(true);
    expect(pool.keptLazy("a")).toBe(value);
    expect(value.toBytes).not.toHaveBeenCalled();
    expect(await pool.read("a", { borrow: true })).toMatchObject({ bytes: bytesOf("value") });
    expect(value.toBytes).toHaveBeenCalledOnce();
  });

  it("is kept where nobody has opened the pool yet, and gone when it is closed", async () => {
    const pool = new MemoryPool();
    expect(pool.keepLazy("a", lazy("value"))).toBe(true);
    expect(await pool.exists("a")).toBe(true);
    await pool.close();
    expect(pool.keptLazy("a")).toBeUndefined();
    await expect(pool.read("a")).rejects.toThrow(code("CLOSED"));
  });

  it("is not kept where bytes are counted", async () => {
    const pool = await opened(new MemoryPool({ maxBytes: 10 }));
    expect(pool.keepLazy("a", lazy("12345678"))).toBe(false);
    expect(await pool.exists("a")).toBe(false);
  });

  it("is not kept in a cache, whose origin may be filling it", async () => {
    const pool = await opened(new MemoryPool());
    pool.proxyTo(new MemoryPool());
    expect(pool.keepLazy("a", lazy("value"))).toBe(false);
  });

  it("is not kept by a subclass, which may do with the bytes what it likes", async () => {
    class Own extends MemoryPool {
      static override readonly classToken: string = "Own";
      static override readonly configSchema = MemoryPool.configSchema;
      static override readonly packageName: string = "@laila/pool";
    }
    expect((await opened(new Own())).keepLazy("a", lazy("value"))).toBe(false);
  });

  it("is not kept by a layer, which is to see its bytes", async () => {
    const pool = await opened(withTransforms(new MemoryPool(), [{ gzip: { level: 1 } }]));
    expect(pool.keepLazy?.("a", lazy("value"))).toBe(false);
  });
});
