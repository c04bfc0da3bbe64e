import { inspect } from "node:util";
import { innermost, MemoryPool, type PoolLike, Secret, tiers } from "@laila/pool";
import {
  layerDeclarations,
  withLayers,
  withRetry,
  withThrottle,
  withTimeout,
  withTracing,
  withTransforms,
} from "@laila/pool/layers";
import { describe, expect, it } from "vitest";
import { bytesOf, ScriptedPool, textOf } from "../support/scripted-pool.js";

const [k1, k0] = [1, 0].map((n) => Buffer.alloc(32, n + 7).toString("base64")) as [string, string];

function everyLayer(pool: PoolLike): PoolLike {
  const encrypted = withTransforms(pool, [
    { gzip: { level: 3 } },
    { encrypt: { keyId: "k1", key: new Secret(k1, "K1"), oldKeys: { k0: new Secret(k0, "K0") } } },
  ]);
  const limited = withTimeout(withThrottle(encrypted, { requestsPerSecond: 5 }), { timeoutMs: 9 });
  return withTracing(withRetry(limited, { attempts: 2, minDelayMs: 3 }));
}

describe("a layered pool", () => {
  it("is the pool it wraps to everybody: id, nickname, and the pool inside", () => {
    const inner = new MemoryPool({ nickname: "scratch" });
    const pool = everyLayer(inner);
    expect(pool.globalId).toBe(inner.globalId);
    expect(pool.nickname).toBe("scratch");
    expect(innermost(pool)).toBe(inner);
    expect(innermost(inner)).toBe(inner);
  });

  it("is captured as the pool with its layers, innermost first, secrets as Secret", () => {
    const pool = everyLayer(new MemoryPool({ nickname: "scratch", maxBytes: 1000 }));
    const config = pool.toConfig();
    expect(JSON.parse(JSON.stringify(config))).toEqual({
      class_token: "MemoryPool",
      package: "@laila/pool",
      nickname: "scratch",
      max_bytes: 1000,
      layers: [
        {
          class_token: "Encrypt",
          key_id: "k1",
          key: "[secret K1]",
          old_keys: { k0: "[secret K0]" },
        },
        { class_token: "Gzip", level: 3 },
        { class_token: "Throttle", requests_per_second: 5 },
        { class_token: "Timeout", timeout_ms: 9 },
        { class_token: "Retry", attempts: 2, min_delay_ms: 3 },
        { class_token: "Tracing" },
      ],
    });
    const [encrypt] = config.layers ?? [];
    const keys = [encrypt?.key, ...Object.values(encrypt?.old_keys ?? {})];
    expect(keys.map((key) => Secret.is(key))).toEqual([true, true]);
  });

  it("shows no secret, given as text either", () => {
    const pool = withRetry(
      withTransforms(new MemoryPool(), [{ encrypt: { keyId: "k1", key: k1, oldKeys: { k0 } } }]),
    );
    for (const shown of [
      inspect(pool, { depth: 9, showHidden: true, getters: true }),
      inspect(pool, { depth: 9, showHidden: true, getters: true, customInspect: false }),
      inspect(pool.toConfig(), { depth: 9 }),
      JSON.stringify(pool),
      JSON.stringify(pool.toConfig()),
    ]) {
      expect(shown).not.toContain(k1);
      expect(shown).not.toContain(k0);
    }
  });

  it("comes back from its capture, and reads what it wrote", async () => {
    const inner = new MemoryPool();
    const pool = withRetry(
      withTransforms(inner, [
        { brotli: true },
        { encrypt: { keyId: "k1", key: new Secret(k1, "K1"), oldKeys: { k0 } } },
      ]),
    );
    await pool.write("a", bytesOf("x"));
    const again = withLayers(inner, pool.toConfig().layers ?? []);
    expect(textOf(await again.read("a"))).toBe("x");
    expect(JSON.stringify(again.toConfig())).toBe(JSON.stringify(pool.toConfig()));
  });

  it("keeps two envelopes apart that another layer separates", async () => {
    const inner = new MemoryPool();
    const pool = withTransforms(
      withRetry(withTransforms(inner, [{ encrypt: { keyId: "k1", key: k1 } }])),
      [{ gzip: true }],
    );
    await pool.write("a", bytesOf("x"));
    const again = withLayers(inner, pool.toConfig().layers ?? []);
    expect(textOf(await again.read("a"))).toBe("x");
  });

  it("names every layer, and refuses others and their fields", () => {
    expect(layerDeclarations.map(({ classToken }) => classToken).sort()).toEqual([
      "Brotli",
      "Encrypt",
      "Gzip",
      "Retry",
      "Throttle",
      "Timeout",
      "Tracing",
    ]);
    for (const layer of [
      { class_token: "Compress" },
      { class_token: "toString" },
      { class_token: "Transforms" },
      { class_token: "Retry", max_attempts: 1 },
      { class_token: "Retry", minDelayMs: 1, nickname: "x" },
      { class_token: "Gzip", nickname: "x" },
      { class_token: "Encrypt", key_id: "k1" },
    ]) {
      expect(() => withLayers(new MemoryPool(), [layer])).toThrow(
        expect.objectContaining({ code: "INVALID_CONFIG" }),
      );
    }
  });

  it("passes on what the inner pool supports, streams excepted", () => {
    const inner = new ScriptedPool({ supports: { streams: true, batch: true, durable: true } });
    expect(withRetry(inner).supports).toEqual({ ...inner.supports, streams: false });
    const plain = new MemoryPool();
    expect(withTracing(plain).supports).toEqual(plain.supports);
  });

  it("closes the pool inside, also when nothing was ever opened", async () => {
    const inner = new MemoryPool();
    await withTracing(withRetry(inner)).close();
    await expect(inner.read("a")).rejects.toMatchObject({ code: "CLOSED" });
  });

  it("asks the pool inside to open when it is asked itself, and only then", async () => {
    const inner = new ScriptedPool();
    const pool = withTimeout(withRetry(inner), { timeoutMs: 60_000 });
    await pool.open();
    expect(inner.log).toEqual(["open"]);
    const error = new Error("not there");
    const broken = new ScriptedPool();
    broken.failures.set("open", error);
    await expect(withRetry(broken).open()).rejects.toBe(error);
  });

  it("is put around pools only", () => {
    for (const wrong of [undefined, null, {}, "pool", () => undefined]) {
      expect(() => withRetry(wrong as unknown as PoolLike)).toThrow(
        expect.objectContaining({ code: "INVALID_ARGUMENT" }),
      );
    }
  });
});

describe("an origin behind a layered pool", () => {
  it("is read through all layers: what is kept is kept as the layers keep it", async () => {
    const inner = new MemoryPool();
    const origin = new MemoryPool();
    await origin.write("a", bytesOf("far"));
    const cache = withTransforms(inner, [{ encrypt: { keyId: "k1", key: k1 } }]);
    tiers(cache, withRetry(origin));
    expect(textOf(await cache.read("a"))).toBe("far");
    expect(textOf(await inner.read("a"))).toMatch(/^LAILX/);
    expect(cache.proxy?.globalId).toBe(origin.globalId);
    await origin.delete("a");
    expect(textOf(await cache.read("a"))).toBe("far");
  });

  it("cannot be the pool itself in another layer", () => {
    const inner = new MemoryPool();
    const pool = withRetry(inner);
    expect(() => pool.proxyTo(inner)).toThrow(
      expect.objectContaining({ code: "INVALID_ARGUMENT" }),
    );
  });

  it("belongs to the outermost layer: inside, it is refused, and so is the capture", () => {
    const cache = new MemoryPool();
    const before = withRetry(cache);
    cache.proxyTo(new MemoryPool());
    for (const wrong of [() => withRetry(cache), () => before.toConfig()]) {
      expect(wrong).toThrow(expect.objectContaining({ code: "INVALID_ARGUMENT" }));
    }
  });
});
