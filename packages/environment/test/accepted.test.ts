import { chmod, mkdtemp, readFile, rm, stat, symlink, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Policy } from "@laila/policy";
import { MemoryPool } from "@laila/pool";
import { withTransforms } from "@laila/pool/layers";
import { type EnvironmentDocument, globalIdOf } from "@laila/schema";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import {
  captureEnvironment,
  type RecoverOptions,
  recoverPolicy,
  saveEnvironment,
} from "../src/index.js";
import { acceptedKey } from "../src/recover/accepted.js";
import { storedPlace } from "../src/recover/stored-place.js";
import { BucketPool } from "./support/bucket.js";
import { failure, type OpenDocument, open, secrets } from "./support/policies.js";
import { VaultPool } from "./support/vault-pool.js";

const home = "https://vault.example.org";
const evil = "https://evil.example.net";
const keys = { keyId: secrets.VAULT_KEY_ID, keyValue: secrets.VAULT_KEY_VALUE };
const vaultId = globalIdOf("vault", { scope: "POOL" });
const trustAt = (origin: string) => Object.keys(secrets).map((secret) => ({ secret, origin }));
const K1 = Buffer.alloc(32, 7).toString("base64");

let directory: string;
let trustFile: string;
let policy: Policy;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "laila-trust-"));
  trustFile = join(directory, "home", "trust.json");
  policy = new Policy();
  const vault = new VaultPool({ nickname: "vault", endpoint: home, ...keys });
  const encrypted = withTransforms(new MemoryPool({ nickname: "safe" }), [
    { encrypt: { keyId: "k1", key: K1 } },
  ]);
  const cache = new MemoryPool({ nickname: "cache", maxBytes: 1000, evict: "lru" });
  for (const pool of [vault, encrypted, cache]) policy.central.memory.extend(pool);
  cache.proxyTo(vault);
  VaultPool.made = [];
});
afterEach(() => rm(directory, { recursive: true }));

function changed(change: (document: OpenDocument) => void = () => undefined): EnvironmentDocument {
  const document = open(captureEnvironment(policy, { args: { ...secrets, K1 } }));
  change(document);
  return document as unknown as EnvironmentDocument;
}

const vaultOf = (document: OpenDocument) => routerOf(document).pools[vaultId] ?? {};
const routerOf = (document: OpenDocument) => document.policy.central.memory.pool_router;

async function recover(environment: unknown, more: RecoverOptions = {}): Promise<void> {
  const recovered = await recoverPolicy({
    environment,
    poolClasses: [VaultPool],
    args: { ...secrets, K1, K2: K1, OTHER: "another secret" },
    trustFile,
    ...more,
  });
  await recovered.close();
}

const refused = (environment: unknown, more: RecoverOptions = {}) =>
  failure(recover(environment, more));

describe("(d) what was accepted before", () => {
  it("is accepted again, from a file that only its owner can read", async () => {
    expect(await refused(changed())).toMatchObject({ code: "UNTRUSTED" });
    await expect(stat(trustFile)).rejects.toThrow();
    await recover(changed(), { trust: trustAt(home) });
    await recover(changed());
    const { mode } = await stat(trustFile);
    expect(mode & 0o777).toBe(0o600);
    const text = await readFile(trustFile, "utf8");
    for (const secret of [...Object.values(secrets), K1]) expect(text).not.toContain(secret);
    // A failed recovery accepts nothing, and another file knows nothing of it.
    expect(await refused(changed(), { trustFile: join(directory, "other.json") })).toMatchObject({
      code: "UNTRUSTED",
    });
    expect(await refused(changed(), { trustFile: null })).toMatchObject({ code: "UNTRUSTED" });
  });

  it("is that very thing: no other host, secret, field, pool or environment", async () => {
    await recover(changed(), { trust: trustAt(home) });
    const changes: ((document: OpenDocument) => void)[] = [
      (document) => (vaultOf(document).endpoint = evil),
      (document) => (vaultOf(document).endpoint = `${home}:8443`),
      (document) => (vaultOf(document).key_value = { $secret: "OTHER" }),
      (document) => delete vaultOf(document).key_id,
      (document) => {
        const vault = vaultOf(document);
        [vault.key_id, vault.key_value] = [vault.key_value, vault.key_id];
      },
      (document) => {
        const { pools } = routerOf(document);
        pools[globalIdOf("thief", { scope: "POOL" })] = {
          ...structuredClone(vaultOf(document)),
          nickname: "thief",
        };
      },
      (document) => {
        (document.policy as unknown as { global_id: string }).global_id = globalIdOf("x", {
          scope: "POLICY",
        });
      },
    ];
    for (const change of changes) {
      VaultPool.made = [];
      expect(await refused(changed(change)), String(change)).toMatchObject({ code: "UNTRUSTED" });
      expect(VaultPool.made).toEqual([]);
    }
  });

  it("never gives the machine's own credentials", async () => {
    const ambient = changed((document) => {
      delete vaultOf(document).key_id;
      delete vaultOf(document).key_value;
    });
    await recover(ambient, { trust: [{ secret: "ambient", origin: home }] });
    expect(await refused(ambient)).toMatchObject({ code: "UNTRUSTED" });
  });

  it("does not make up for what is refused flatly", async () => {
    const http = changed((document) => (vaultOf(document).endpoint = "http://10.0.0.5:9000"));
    const trust = trustAt("http://10.0.0.5:9000");
    expect(await refused(http, { trust })).toMatchObject({
      code: "UNTRUSTED",
      details: { pools: [{ pool: vaultId, reason: "plain_http" }] },
    });
    const from = new VaultPool({ endpoint: "http://10.0.0.5:9000", ...keys });
    VaultPool.made = [];
    expect(await refused(http, { from } as never)).toMatchObject({ code: "UNTRUSTED" });
    const imds = changed((document) => (vaultOf(document).endpoint = "https://169.254.169.254"));
    expect(await refused(imds, { trust: trustAt("https://169.254.169.254") })).toMatchObject({
      details: { pools: [{ pool: vaultId, reason: "link_local" }] },
    });
    expect(VaultPool.made).toEqual([]);
    // The caller's own word is no document's.
    await recover(http, { overrides: { vault: { endpoint: "http://10.0.0.5:9000" } } });
  });

  it("stays known for pools that `only` leaves out", async () => {
    await recover(changed(), { trust: trustAt(home) });
    await recover(changed(), { only: ["safe"] });
    await recover(changed());
  });
});

describe("what changed against the version accepted last", () => {
  const safeId = globalIdOf("safe", { scope: "POOL" });
  const cacheId = globalIdOf("cache", { scope: "POOL" });
  const changes: [string, string, (document: OpenDocument) => void][] = [
    ["an encryption removed", "encryption", (d) => delete routerOf(d).pools[safeId]?.layers],
    [
      "an encryption that lets plain values through",
      "encryption",
      (d) => {
        const [layer] = (routerOf(d).pools[safeId]?.layers ?? []) as Record<string, unknown>[];
        if (layer) layer.allow_plain = true;
      },
    ],
    [
      "an encryption with another key",
      "encryption",
      (d) => {
        const [layer] = (routerOf(d).pools[safeId]?.layers ?? []) as Record<string, unknown>[];
        if (layer) layer.key_id = "k2";
      },
    ],
    [
      "an encryption with another secret",
      "encryption",
      (d) => {
        const [layer] = (routerOf(d).pools[safeId]?.layers ?? []) as Record<string, unknown>[];
        if (layer) layer.key = { $secret: "K2" };
      },
    ],
    [
      "a name that means a pool without encryption now",
      "encryption",
      (d) => {
        const { pools, pools_nicknames, affinities } = routerOf(d);
        const other = globalIdOf("other", { scope: "POOL" });
        pools[other] = { class_token: "MemoryPool" };
        affinities[other] = 0;
        pools_nicknames.safe = other;
        delete pools[safeId];
        delete affinities[safeId];
      },
    ],
    ["a proxy removed", "proxies", (d) => (routerOf(d).proxies = {})],
    ["a proxy turned to another pool", "proxies", (d) => (routerOf(d).proxies[cacheId] = safeId)],
    ["a proxy added", "proxies", (d) => (routerOf(d).proxies[safeId] = vaultId)],
    [
      "an origin of the same id in another place",
      "proxies",
      (d) => (vaultOf(d).file_path = "elsewhere"),
    ],
    [
      "an origin of the same id of another class",
      "proxies",
      (d) => (routerOf(d).pools[vaultId] = { class_token: "MemoryPool", nickname: "vault" }),
    ],
    ["another alpha pool", "alpha_pool", (d) => (d.policy.central.memory.alpha_pool = safeId)],
  ];

  it.each(changes)("%s needs approval", async (name, kind, change) => {
    await recover(changed(), { trust: trustAt(home) });
    VaultPool.made = [];
    const error = await refused(changed(change));
    expect(error).toMatchObject({ code: "UNTRUSTED", details: { changes: [{ kind }] } });
    expect(error.message).toContain(`approve: ["${kind}"]`);
    expect(VaultPool.made).toEqual([]);
    // Another approval does not do.
    const others = ["encryption", "proxies", "alpha_pool"].filter((one) => one !== kind);
    expect(await refused(changed(change), { approve: others as never })).toMatchObject({
      code: "UNTRUSTED",
    });
    await recover(changed(change), { approve: [kind as never] });
    // That is the one accepted last now.
    await recover(changed(change));
    // What makes it weaker needs approval; what makes it stronger again does not.
    const isKey = name.startsWith("an encryption with another");
    if (kind === "encryption" && !isKey) await recover(changed());
    else expect(await refused(changed())).toMatchObject({ code: "UNTRUSTED" });
  });

  it("an alpha pool of the same id in another place needs approval; another setting of it does not", async () => {
    const alphaWith = (fields: Record<string, unknown>) =>
      changed((d) => {
        d.policy.central.memory.alpha_pool = vaultId;
        routerOf(d).proxies = {};
        Object.assign(vaultOf(d), fields);
      });
    await recover(alphaWith({}), { trust: trustAt(home) });
    await recover(alphaWith({ region: "there" }));
    const elsewhere = alphaWith({ file_path: "elsewhere" });
    expect(await refused(elsewhere)).toMatchObject({
      code: "UNTRUSTED",
      details: { changes: [{ kind: "alpha_pool" }] },
    });
    // Its credentials may go there, and still nobody said that the values may.
    const other = alphaWith({ endpoint: evil });
    expect(await refused(other, { trust: trustAt(evil) })).toMatchObject({
      code: "UNTRUSTED",
      details: { changes: [{ kind: "alpha_pool" }] },
    });
    await recover(elsewhere, { approve: ["alpha_pool"] });
    await recover(elsewhere);
  });

  it("is told of by name, wherever the policy's id points", async () => {
    const pool = new BucketPool();
    const save = (environment: EnvironmentDocument) =>
      saveEnvironment(environment, { name: "prod", pool });
    const byName = { name: "prod", pool, poolClasses: [VaultPool], trustFile } as const;
    const args = { ...secrets, K1 };
    await save(changed());
    await (await recoverPolicy({ ...byName, args, trust: trustAt(home) })).close();
    await save(
      changed((document) => {
        (document.policy as unknown as { global_id: string }).global_id = globalIdOf("new", {
          scope: "POLICY",
        });
        delete routerOf(document).pools[safeId]?.layers;
      }),
    );
    expect(await failure(recoverPolicy({ ...byName, args }))).toMatchObject({
      code: "UNTRUSTED",
      details: { changes: [{ kind: "encryption" }] },
    });
  });
});

describe("the place an environment was read from", () => {
  class Shelf extends VaultPool {
    static override readonly configSchema = VaultPool.configSchema;
    static override readonly classToken: string = "Shelf";
    static override readonly packageName: string = "@laila/pool-shelf";
    override readonly supports = { ...new BucketPool().supports, conditionalWrites: false };
  }
  const keyOf = (config: ConstructorParameters<typeof VaultPool>[0]) =>
    acceptedKey(changed(), new Shelf(config), "prod", undefined)?.key;

  it("is its class, destination and path, however it is tuned", () => {
    const key = keyOf({ endpoint: home, filePath: "a", ...keys });
    expect(keyOf({ endpoint: home, filePath: "a", region: "there", tags: { path: 1 } })).toBe(key);
    expect(keyOf({ endpoint: evil, filePath: "a", ...keys })).not.toBe(key);
    expect(keyOf({ endpoint: home, filePath: "b", ...keys })).not.toBe(key);
    expect(acceptedKey(changed(), new BucketPool(), "prod", undefined)?.key).not.toBe(key);
  });

  it("of a bucket is the bucket and the prefix", () => {
    const place = { bucket_name: "b", prefix: "p/", endpoint: home, file_path: "f" };
    const secret = { $secret: "X" };
    const options = { root: "/r", bucket: "b" };
    const tuned = { region_name: "r", request_timeout_ms: 1, max_connections: 2, bucket: secret };
    expect(storedPlace({ ...place, ...tuned, options: { ...options, timeout: "9" } })).toEqual({
      ...place,
      options,
    });
  });
});

describe("the trust file", () => {
  it("is not believed when others can write it", async () => {
    await recover(changed(), { trust: trustAt(home) });
    await chmod(trustFile, 0o620);
    const error = await refused(changed());
    expect(error).toMatchObject({ code: "ACCESS_DENIED" });
    expect(error.message).toContain("chmod 600");
    await chmod(trustFile, 0o644);
    await recover(changed());
  });

  it.each([
    "",
    "{",
    "[]",
    '{"laila_trust":2,"environments":{}}',
    '{"laila_trust":1,"environments":5}',
  ])("is refused when it is malformed: %j", async (text) => {
    await recover(changed(), { trust: trustAt(home) });
    await writeFile(trustFile, text);
    expect(await refused(changed())).toMatchObject({ code: "INVALID_DOCUMENT" });
  });

  it("loses nothing when several write it, and takes over the lock of a dead process", async () => {
    await recover(changed(), { trust: trustAt(home) });
    await writeFile(`${trustFile}.lock`, "");
    await utimes(`${trustFile}.lock`, new Date(0), new Date(0));
    const documents = Array.from({ length: 8 }, (_, i) =>
      changed((document) => {
        (document.policy as unknown as { global_id: string }).global_id = globalIdOf(`p${i}`, {
          scope: "POLICY",
        });
      }),
    );
    await Promise.all(documents.map((one) => recover(one, { trust: trustAt(home) })));
    for (const one of [changed(), ...documents]) await recover(one);
  });

  it("that cannot be written is told of, and the recovery holds", async () => {
    await writeFile(join(directory, "home"), "a file where the directory should be");
    const warned = vi.spyOn(process, "emitWarning").mockImplementation(() => undefined);
    trustFile = join(directory, "home", "deeper", "trust.json");
    expect(await refused(changed(), { trust: trustAt(home) })).toMatchObject({
      code: "ACCESS_DENIED",
    });
    const dangling = join(directory, "dangling");
    await symlink(join(directory, "nowhere"), dangling);
    trustFile = join(dangling, "trust.json");
    await recover(changed(), { trust: trustAt(home) });
    expect(warned).toHaveBeenCalledWith(
      expect.stringContaining("could not be written"),
      expect.objectContaining({ code: "LAILA_TRUST_FILE" }),
    );
    warned.mockRestore();
  });
});
