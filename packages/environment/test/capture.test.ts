import { resolve } from "node:path";
import { inspect } from "node:util";
import { AsyncTaskForce, Policy } from "@laila/policy";
import { MemoryPool, type PoolOptions, Secret } from "@laila/pool";
import { formatGlobalId, globalIdOf, parseGlobalId } from "@laila/schema";
import { afterEach, describe, expect, it, vi } from "vitest";
import { captureEnvironment, makeArgs } from "../src/index.js";
import { secrets, somePolicy } from "./support/policies.js";
import { type VaultConfig, VaultPool } from "./support/vault-pool.js";

afterEach(() => {
  vi.restoreAllMocks();
});

/** A pool that says where it lies, as those of files do. */
class PlacedPool extends VaultPool {
  static override readonly configSchema = VaultPool.configSchema;
  static override readonly classToken = "PlacedPool";
  static override readonly packageName = VaultPool.packageName;
  readonly filePath: string;

  constructor(config: VaultConfig, { home = "/none", directory = ".", ...more }: PoolOptions) {
    super(config, more);
    const { uuid } = parseGlobalId(this.globalId);
    this.filePath = resolve(directory, config.filePath ?? `${home}/pools/${uuid}/pool.h5`);
  }
}

function capturedVault(config: VaultConfig, args?: object, places = {}): Record<string, unknown> {
  const policy = new Policy();
  const vault = new VaultPool({ ...config });
  policy.central.memory.extend(vault);
  const { pools } = captureEnvironment(policy, { args, ...places }).policy.central.memory
    .pool_router;
  return pools[vault.globalId] as Record<string, unknown>;
}

describe("captureEnvironment", () => {
  it("gives the whole set-up as plain JSON", () => {
    const policy = somePolicy();
    const { memory, command } = policy.central;
    const vault = globalIdOf("vault", { scope: "POOL" });
    const cache = memory.poolRouter.nicknames.get("cache") ?? "";
    const alpha = memory.alphaPool.globalId;
    command.extend(new AsyncTaskForce({ maxConcurrency: 3, nickname: "slow" }));
    const document = captureEnvironment(policy, { args: secrets });
    expect(document).toEqual({
      laila_environment: 1,
      policy: {
        global_id: policy.globalId,
        central: {
          memory: {
            alpha_pool: alpha,
            pool_router: {
              pools: {
                [alpha]: { class_token: "MemoryPool", package: "@laila/pool" },
                [vault]: {
                  class_token: "VaultPool",
                  package: "@laila/pool-vault",
                  nickname: "vault",
                  endpoint: "https://vault.example.org",
                  key_id: { $secret: "VAULT_KEY_ID" },
                  key_value: { $secret: "VAULT_KEY_VALUE" },
                  region: "there",
                },
                [cache]: {
                  class_token: "MemoryPool",
                  package: "@laila/pool",
                  max_bytes: 1000,
                  evict: "lru",
                },
              },
              pools_nicknames: { archive: vault, cache, vault },
              affinities: { [alpha]: 0, [vault]: 2, [cache]: 0 },
              proxies: { [cache]: vault },
            },
          },
          command: {
            alpha_taskforce: command.alphaTaskforce.globalId,
            taskforces: {
              [command.alphaTaskforce.globalId]: {
                class_token: "AsyncTaskForce",
                max_concurrency: 64,
              },
              [globalIdOf("slow", { scope: "TASK_FORCE" })]: {
                class_token: "AsyncTaskForce",
                max_concurrency: 3,
                nickname: "slow",
              },
            },
          },
          communication: { connections: {} },
        },
      },
    });
    expect(JSON.parse(JSON.stringify(document))).toEqual(document);
  });

  it("is derived on every look, and the same text whatever the order of registration", () => {
    const pools = ["a", "b", "c"].map((nickname) => new MemoryPool({ nickname }));
    const make = (order: MemoryPool[]) => {
      const policy = new Policy({ nickname: "same" });
      for (const pool of order) policy.central.memory.extend(pool);
      return policy;
    };
    const one = make(pools);
    expect(JSON.stringify(captureEnvironment(one))).toBe(
      JSON.stringify(captureEnvironment(make(pools.toReversed()))),
    );
    one.central.memory.detach({ poolNickname: "b" });
    const { pools_nicknames } = captureEnvironment(one).policy.central.memory.pool_router;
    expect(Object.keys(pools_nicknames)).toEqual(["a", "c"]);
    const first = captureEnvironment(one);
    (first.policy.central.memory.pool_router.pools as object) = {};
    expect(captureEnvironment(one)).not.toEqual(first);
  });

  it("leaves out exempt fields, defaults and what is undefined", () => {
    expect(capturedVault({ logger: console, ambientCredentials: true, nickname: "v" })).toEqual({
      class_token: "VaultPool",
      package: "@laila/pool-vault",
      nickname: "v",
    });
  });

  it("captures paths relative to home and project", () => {
    const places = { home: "/h/.laila", directory: "/h/p" };
    expect(capturedVault({ filePath: "/h/.laila/x.h5" }, {}, places).file_path).toBe(
      "$LAILA_HOME/x.h5",
    );
    expect(capturedVault({ filePath: "/h/p/d/x.h5" }, {}, places).file_path).toBe("d/x.h5");
    expect(capturedVault({ filePath: "/o/x.h5" }, {}, places).file_path).toBe("/o/x.h5");
  });

  describe("of a pool that was made for another home or directory", () => {
    const home = "/h/.laila";
    const uuid = parseGlobalId(globalIdOf("placed", { scope: "POOL" })).uuid;
    const captured = (config: object, made: PoolOptions, places = { home, directory: "/h/p" }) => {
      const policy = new Policy();
      const pool = new PlacedPool({ nickname: "placed", ...config }, made);
      policy.central.memory.extend(pool);
      const { pools } = captureEnvironment(policy, places).policy.central.memory.pool_router;
      return pools[pool.globalId]?.file_path;
    };

    it("writes down the place where the data lies", () => {
      expect(captured({}, { home: "/other" })).toBe(`/other/pools/${uuid}/pool.h5`);
      expect(captured({}, { home: "/h/p/laila" })).toBe(`laila/pools/${uuid}/pool.h5`);
      expect(captured({ filePath: "x.h5" }, { directory: "/elsewhere" })).toBe("/elsewhere/x.h5");
      expect(captured({ filePath: "x.h5" }, { directory: "/h/.laila" })).toBe("$LAILA_HOME/x.h5");
    });

    it("leaves out the default place of the same home, and paths as they were given", () => {
      expect(captured({}, { home })).toBeUndefined();
      expect(captured({}, { home: "/h/p/../.laila" })).toBeUndefined();
      expect(captured({ filePath: "x.h5" }, { directory: "/h/p" })).toBe("x.h5");
    });

    it("without a home, the machine's own counts", () => {
      vi.stubEnv("LAILA_HOME", "/machine");
      const nowhere = { home: undefined, directory: undefined } as never;
      expect(captured({}, { home: "/machine" }, nowhere)).toBeUndefined();
      expect(captured({}, { home }, nowhere)).toBe(`${home}/pools/${uuid}/pool.h5`);
      expect(captured({ filePath: "x.h5" }, {}, nowhere)).toBe("x.h5");
      vi.unstubAllEnvs();
    });
  });

  it("captures connections, which may not hold secrets", () => {
    const policy = new Policy();
    const globalId = formatGlobalId({ scopes: ["COMM_PROTOCOL"], uuid: crypto.randomUUID() });
    const config = { class_token: "Line", host: "here" };
    policy.central.communication.extend({ globalId, toConfig: () => config });
    expect(captureEnvironment(policy).policy.central.communication.connections).toEqual({
      [globalId]: config,
    });
    const leaky = { class_token: "Line", key: new Secret("0123456789") };
    const other = formatGlobalId({ scopes: ["COMM_PROTOCOL"], uuid: crypto.randomUUID() });
    policy.central.communication.extend({ globalId: other, toConfig: () => leaky });
    expect(() => captureEnvironment(policy)).toThrowError(/only pools may have/);
  });

  it("refuses a proxy whose origin is not registered, and data that is no JSON", () => {
    const policy = new Policy();
    const cache = new MemoryPool({ nickname: "cache" });
    cache.proxyTo(new MemoryPool({ nickname: "away" }));
    policy.central.memory.extend(cache);
    expect(() => captureEnvironment(policy)).toThrowError(
      expect.objectContaining({
        code: "INVALID_ARGUMENT",
        message: expect.stringContaining("not registered"),
      }),
    );
    expect(() => capturedVault({ tags: { at: new Date() } })).toThrowError(
      expect.objectContaining({ code: "INVALID_DOCUMENT", details: { path: "tags_at" } }),
    );
  });
});

describe("names of secrets", () => {
  it("first the name that was said", () => {
    const keyValue = new Secret(secrets.VAULT_KEY_VALUE, "SAID");
    expect(capturedVault({ keyValue }, secrets).key_value).toEqual({ $secret: "SAID" });
  });

  it("then the one argument with that value, in tables too", () => {
    const { VAULT_KEY_VALUE: keyValue } = secrets;
    expect(capturedVault({ keyValue }, makeArgs({ t: { K: keyValue } })).key_value).toEqual({
      $secret: "t.K",
    });
  });

  it("among several the one that ends in the field's name, else the first, with one warning", () => {
    const warn = vi.spyOn(process, "emitWarning").mockReturnValue(undefined);
    const { VAULT_KEY_VALUE: keyValue } = secrets;
    const policy = new Policy();
    policy.central.memory.extend(new VaultPool({ keyValue, nickname: "v" }));
    const captured = (args: object) =>
      captureEnvironment(policy, { args }).policy.central.memory.pool_router.pools[
        globalIdOf("v", { scope: "POOL" })
      ];
    const args = { FIRST: keyValue, MY_KEY_VALUE: keyValue };
    expect(captured(args)).toMatchObject({ key_value: { $secret: "MY_KEY_VALUE" } });
    expect(captured(args)).toMatchObject({ key_value: { $secret: "MY_KEY_VALUE" } });
    expect(warn).toHaveBeenCalledTimes(1);
    expect(captured({ B: keyValue, A: keyValue })).toMatchObject({ key_value: { $secret: "B" } });
    expect(inspect(warn.mock.calls)).not.toContain(keyValue);
  });

  it("a literal from nowhere gets a name of its own, which recovery will ask for", () => {
    const uuid = parseGlobalId(globalIdOf("v", { scope: "POOL" })).uuid;
    expect(capturedVault({ keyValue: "from nowhere", nickname: "v" }, {}).key_value).toEqual({
      $secret: `LAILA_SECRET_${uuid}_KEY_VALUE`,
    });
  });
});

describe("the scan before a document is given out", () => {
  const keyValue = "s3cr3t/with+signs";
  const hiding: [string, VaultConfig][] = [
    ["a field", { region: `x${keyValue}y` }],
    ["a nested value", { tags: { a: { b: [keyValue] } } }],
    ["the name of a member", { tags: { [keyValue]: 1 } }],
    ["URL-encoded", { region: encodeURIComponent(keyValue) }],
    ["URL-encoded twice", { region: encodeURIComponent(encodeURIComponent(keyValue)) }],
    [
      "percent signs in lower case",
      { endpoint: `https://h/?k=${encodeURIComponent(keyValue).toLowerCase()}` },
    ],
    ["a nickname", { nickname: `pool-${keyValue}` }],
  ];
  it.each(hiding)("finds a secret in %s, and does not show it", (_, config) => {
    let error: unknown;
    try {
      capturedVault({ keyValue, ...config }, {});
    } catch (e) {
      error = e;
    }
    expect(error).toMatchObject({
      code: "INVALID_DOCUMENT",
      details: { path: expect.stringContaining("policy") },
    });
    const text = inspect(error, { depth: 10 });
    expect(text).not.toContain(keyValue);
    expect(text).not.toContain(encodeURIComponent(keyValue));
  });

  it.each([
    "DB_PASSWORD",
    "db.password",
    "GITHUB_TOKEN",
    "SIGNING_KEY",
    "appSecret",
    "my-credential",
  ])("finds an argument that no pool uses, when it is called %s", (name) => {
    const [leaf = "", table] = name.split(".").toReversed();
    const args = table ? { [table]: { [leaf]: keyValue } } : { [leaf]: keyValue };
    expect(() => capturedVault({ nickname: keyValue }, args)).toThrowError(
      expect.objectContaining({
        code: "INVALID_DOCUMENT",
        message: expect.stringContaining(`the secret ${name}`),
      }),
    );
  });

  it("takes what only stands among the arguments", () => {
    const args = {
      AWS_ACCESS_KEY_ID: "my-bucket",
      TOKEN_URL: "https://tokens.example.org",
      secrets: { region: "over-there" },
      BUCKET: "my-bucket",
    };
    const config = {
      region: "over-there",
      endpoint: "https://tokens.example.org",
      tags: { bucket: "my-bucket" },
    };
    expect(capturedVault(config, args)).toMatchObject(config);
  });

  it("shorter secrets may occur by chance", () => {
    expect(capturedVault({ keyValue: "there", region: "there" }).region).toBe("there");
  });

  it.each([
    "https://user:pass@host/",
    "https://token@host",
    "see s3://key:x@bucket/y",
    "https://h/x?X-Amz-Signature=0f&y=1",
    "https://h/x?a=1&sig=abc",
    "https://h/x?token=abc#f",
    encodeURIComponent("https://user:pass@host/"),
  ])("refuses %s", (url) => {
    expect(() => capturedVault({ tags: { url } })).toThrowError(
      expect.objectContaining({
        code: "INVALID_DOCUMENT",
        message: expect.stringMatching(/tags\.url holds a (signed URL|URL with user info)/),
      }),
    );
  });

  it("takes long texts as they are, and is done with them", () => {
    const text = "a".repeat(500_000);
    const other = "%41".repeat(100_000);
    expect(capturedVault({ tags: { text, other } }).tags).toEqual({ text, other });
  });

  it.each(["https://host/a@b?c=d@e", "mailto:me@example.org", "https://h/?page=2", "a@b.c"])(
    "takes %s",
    (url) => {
      expect(capturedVault({ tags: { url } }).tags).toEqual({ url });
    },
  );
});
