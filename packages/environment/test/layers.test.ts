import { inspect } from "node:util";
import { Policy } from "@laila/policy";
import { innermost, MemoryPool, type PoolLike, Secret } from "@laila/pool";
import {
  withRetry,
  withThrottle,
  withTimeout,
  withTracing,
  withTransforms,
} from "@laila/pool/layers";
import { constant, globalIdOf } from "@laila/schema";
import { beforeEach, describe, expect, it } from "vitest";
import { captureEnvironment, type RecoverOptions, recoverPolicy } from "../src/index.js";
import { type Config, failure, type OpenDocument, open, secrets } from "./support/policies.js";
import { VaultPool } from "./support/vault-pool.js";

const keys = {
  K1: Buffer.alloc(32, 1).toString("base64"),
  K0: Buffer.alloc(32, 9).toString("hex"),
};
const args = { ...secrets, ...keys };
const vaultId = globalIdOf("vault", { scope: "POOL" });
const trust = Object.keys(secrets).map((secret) => ({
  secret,
  origin: "https://vault.example.org",
}));
const options = { poolClasses: [VaultPool], args, trust } satisfies RecoverOptions;

beforeEach(() => {
  VaultPool.made = [];
});

function vault(): VaultPool {
  return new VaultPool({
    endpoint: "https://vault.example.org",
    keyId: secrets.VAULT_KEY_ID,
    keyValue: secrets.VAULT_KEY_VALUE,
    nickname: "vault",
  });
}

/** Every layer there is, around a vault. */
function layered(pool: PoolLike = vault()): PoolLike {
  const transformed = withTransforms(pool, [
    { gzip: { level: 9 } },
    { encrypt: { keyId: "2026-02", key: keys.K1, oldKeys: { "2026-01": keys.K0 } } },
  ]);
  const limited = withThrottle(transformed, { requestsPerSecond: 1000 });
  return withTracing(withRetry(withTimeout(limited, { timeoutMs: 60_000 }), { attempts: 2 }));
}

function somePolicy(pool = layered()): Policy {
  const policy = new Policy();
  policy.central.memory.extend(pool, { poolNickname: "vault" });
  return policy;
}

function changed(change: (layers: Config[], vault: Config) => void): OpenDocument {
  const document = open(captureEnvironment(somePolicy(), { args }));
  const stored = document.policy.central.memory.pool_router.pools[vaultId] as Config;
  change(stored.layers as Config[], stored);
  VaultPool.made = [];
  return document;
}

describe("a layered pool in an environment", () => {
  it("is captured with its layers, innermost first, keys by the names of their arguments", () => {
    const environment = captureEnvironment(somePolicy(), { args });
    const stored = environment.policy.central.memory.pool_router.pools[vaultId];
    expect(stored).toMatchObject({
      class_token: "VaultPool",
      package: "@laila/pool-vault",
      nickname: "vault",
      key_id: { $secret: "VAULT_KEY_ID" },
      layers: [
        {
          class_token: "Encrypt",
          key_id: "2026-02",
          key: { $secret: "K1" },
          old_keys: { "2026-01": { $secret: "K0" } },
        },
        { class_token: "Gzip", level: 9 },
        { class_token: "Throttle", requests_per_second: 1000 },
        { class_token: "Timeout", timeout_ms: 60_000 },
        { class_token: "Retry", attempts: 2 },
        { class_token: "Tracing" },
      ],
    });
    for (const secret of Object.values(args))
      expect(JSON.stringify(environment)).not.toContain(secret);
  });

  it("names the keys that came from nowhere after their place", () => {
    const environment = captureEnvironment(somePolicy());
    const { layers } = environment.policy.central.memory.pool_router.pools[vaultId] ?? {};
    expect(layers?.[0]).toMatchObject({
      key: { $secret: expect.stringMatching(/^LAILA_SECRET_.*_LAYERS_0_KEY$/) as string },
    });
  });

  it("comes back layered: the same document, the same bytes, the old key too", async () => {
    const before = somePolicy();
    const pool = before.central.memory.poolRouter.route({ poolNickname: "vault" });
    const environment = captureEnvironment(before, { args });
    await pool.write("now", new TextEncoder().encode("hello"));
    const old = withTransforms(vault(), [
      { gzip: true },
      { encrypt: { keyId: "2026-01", key: keys.K0 } },
    ]);
    await old.write("then", new TextEncoder().encode("long ago"));
    VaultPool.made = [];

    const policy = await recoverPolicy({ environment, ...options });
    const again = policy.central.memory.poolRouter.route({ poolNickname: "vault" });
    expect(again.globalId).toBe(vaultId);
    const inside = innermost(again);
    expect(VaultPool.made).toEqual([inside]);
    expect(VaultPool.made[0]?.events).toEqual(["open"]);
    // Also without args: the keys keep their names.
    expect(JSON.stringify(captureEnvironment(policy))).toBe(JSON.stringify(environment));
    for (const [key, from] of [
      ["now", pool],
      ["then", old],
    ] as const) {
      await inside.write(key, (await innermost(from).read(key))?.bytes ?? new Uint8Array());
    }
    const read = async (key: string) => new TextDecoder().decode((await again.read(key))?.bytes);
    expect([await read("now"), await read("then")]).toEqual(["hello", "long ago"]);
    const entry = constant({ any: "thing" }, { nickname: "one" });
    await policy.central.memory.memorize(entry, { poolNickname: "vault" });
    const raw = (await inside.read(entry.globalId))?.bytes ?? new Uint8Array();
    expect(new TextDecoder().decode(raw.subarray(0, 5))).toBe("LAILX");
    const found = await policy.central.memory.remember(entry.globalId, { poolNickname: "vault" });
    expect(found.data).toEqual({ any: "thing" });
    await policy.close();
    await expect(inside.read("now")).rejects.toMatchObject({ code: "CLOSED" });
  });

  it("comes back as a cache whose layers hold what is kept, and as the alpha pool", async () => {
    const alpha = withRetry(new MemoryPool());
    const cache = withTransforms(new MemoryPool({ maxBytes: 10_000, evict: "lru" }), [
      { encrypt: { keyId: "k", key: new Secret(keys.K1, "K1") } },
    ]);
    cache.proxyTo(alpha);
    const before = new Policy({ alphaPool: alpha });
    before.central.memory.extend(cache, { poolNickname: "cache" });
    const environment = captureEnvironment(before);
    const policy = await recoverPolicy({ environment, args });
    const { memory } = policy.central;
    const again = memory.poolRouter.route({ poolNickname: "cache" });
    expect(again.proxy).toBe(memory.alphaPool);
    expect(memory.alphaPool.toConfig().layers).toEqual([{ class_token: "Retry" }]);
    const entry = constant("from afar");
    await memory.memorize(entry);
    await memory.remember(entry.globalId, { poolNickname: "cache" });
    const kept = (await innermost(again).read(entry.globalId))?.bytes ?? new Uint8Array();
    expect(new TextDecoder().decode(kept.subarray(0, 5))).toBe("LAILX");
  });

  it("is taken over by reuse when its layers are the same, and only then", async () => {
    const live = somePolicy();
    const pool = live.central.memory.poolRouter.route({ poolNickname: "vault" });
    const environment = captureEnvironment(live, { args });
    const other = changed(([encrypt]) => {
      if (encrypt) encrypt.allow_plain = true;
    });
    const apart = await recoverPolicy({ environment: other, ...options, reuse: live });
    expect(apart.central.memory.poolRouter.route({ poolNickname: "vault" })).not.toBe(pool);
    const policy = await recoverPolicy({ environment, ...options, reuse: live });
    expect(policy.central.memory.poolRouter.route({ poolNickname: "vault" })).toBe(pool);
  });

  it("is trusted as the pool inside when the document was read from it", async () => {
    const environment = captureEnvironment(somePolicy(), { args });
    const bound = { environment, poolClasses: [VaultPool], args };
    expect(await failure(recoverPolicy(bound))).toMatchObject({ code: "UNTRUSTED" });
    await recoverPolicy({ ...bound, from: withRetry(vault()) });
    await recoverPolicy({ ...bound, from: layered() });
  });

  it("tells the keys that are missing, with everything else that is", async () => {
    const environment = changed(() => undefined);
    const error = await failure(
      recoverPolicy({ environment, ...options, args: { ...secrets, K1: keys.K1 } }),
    );
    expect(error).toMatchObject({ code: "MISSING_SECRET", details: { secrets: ["K0"] } });
    expect(error.message).toContain("sends it nowhere");
    const none = await failure(recoverPolicy({ environment, args: {} }));
    expect(none).toMatchObject({ code: "MISSING_PACKAGE" });
    expect(none.details.secrets).toEqual(expect.arrayContaining(["K0", "K1", "VAULT_KEY_ID"]));
    expect(VaultPool.made).toEqual([]);
  });

  it("does not take just any secret for a key, and does not show it", async () => {
    const environment = changed(([encrypt]) => {
      if (encrypt) encrypt.key = { $secret: "VAULT_KEY_VALUE" };
    });
    const error = await failure(recoverPolicy({ environment, ...options }));
    expect(error).toMatchObject({ code: "INVALID_CONFIG" });
    expect(inspect(error, { depth: 9 })).not.toContain(secrets.VAULT_KEY_VALUE);
    expect(VaultPool.made.flatMap(({ events }) => events)).toEqual([]);
  });

  const refused: Record<string, [path: string, change: (layers: Config[]) => void]> = {
    "an unknown layer": ["layers.6.class_token", (l) => l.push({ class_token: "Compress" })],
    "the class of an object": ["layers.6.class_token", (l) => l.push({ class_token: "toString" })],
    "an unknown field": ["layers.4.tries", ([, , , , retry = {}]) => (retry.tries = 3)],
    "a nickname of a layer": ["layers.5.nickname", ([, , , , , t = {}]) => (t.nickname = "x")],
    "a camelCase field": ["layers.4.minDelayMs", ([, , , , retry = {}]) => (retry.minDelayMs = 3)],
    "a key that is written out": ["layers.0.key", ([encrypt = {}]) => (encrypt.key = keys.K1)],
    "an old key that is written out": [
      "layers.0.old_keys",
      ([encrypt = {}]) => (encrypt.old_keys = { "2026-01": keys.K0 }),
    ],
    "a list of references": [
      "layers.0.old_keys",
      ([encrypt = {}]) => (encrypt.old_keys = [{ $secret: "K0" }]),
    ],
    "references further down": [
      "layers.0.old_keys",
      ([encrypt = {}]) => (encrypt.old_keys = { a: { b: { $secret: "K0" } } }),
    ],
    "a secret in a field that is none": [
      "layers.0.key_id",
      ([encrypt = {}]) => (encrypt.key_id = { $secret: "VAULT_KEY_VALUE" }),
    ],
    "a secret deep in a field that is none": [
      "layers.1.level",
      ([, gzip = {}]) => (gzip.level = [{ x: { $secret: "K1" } }]),
    ],
  };

  it.each(Object.entries(refused))("refuses %s, with the path", async (_, [path, change]) => {
    const environment = changed((layers) => {
      change(layers);
    });
    const error = await failure(recoverPolicy({ environment, ...options }));
    expect(error).toMatchObject({ code: "INVALID_DOCUMENT" });
    expect(error.details.path).toBe(
      `environment.policy.central.memory.pool_router.pools.${vaultId}.${path}`,
    );
    for (const key of Object.values(keys)) expect(inspect(error)).not.toContain(key);
    expect(VaultPool.made).toEqual([]);
  });

  it("refuses values of fields that the layer refuses", async () => {
    for (const change of [
      ([encrypt = {}]: Config[]) => (encrypt.key_id = ""),
      ([, , throttle = {}]: Config[]) => (throttle.requests_per_second = -1),
      (layers: Config[]) => layers.splice(1, 0, { class_token: "Gzip" }),
    ]) {
      const environment = changed((layers) => {
        change(layers);
      });
      const error = await failure(recoverPolicy({ environment, ...options }));
      expect(error).toMatchObject({ code: "INVALID_CONFIG" });
    }
  });
});
