import { Policy } from "@laila/policy";
import { exempt, type PoolConfig, secret } from "@laila/pool";
import { type EnvironmentDocument, globalIdOf } from "@laila/schema";
import { beforeEach, describe, expect, it } from "vitest";
import * as z from "zod";
import { captureEnvironment, type RecoverOptions, recoverPolicy } from "../src/index.js";
import { failure, secrets } from "./support/policies.js";
import { type VaultConfig, VaultPool } from "./support/vault-pool.js";

const vaultId = globalIdOf("vault", { scope: "POOL" });
const keys = { keyId: secrets.VAULT_KEY_ID, keyValue: secrets.VAULT_KEY_VALUE };
const home = "https://vault.example.org";
const evil = "https://evil.example.net";

beforeEach(() => {
  VaultPool.made = [];
});

function documentOf(
  config: VaultConfig,
  change: (vault: Record<string, unknown>) => void = () => undefined,
): EnvironmentDocument {
  const policy = new Policy();
  policy.central.memory.extend(new VaultPool({ nickname: "vault", ...config }));
  const document = structuredClone(captureEnvironment(policy, { args: secrets }));
  change(document.policy.central.memory.pool_router.pools[vaultId] as Record<string, unknown>);
  VaultPool.made = [];
  return document;
}

function recover(
  environment: EnvironmentDocument,
  more: RecoverOptions & { from?: VaultPool } = {},
): Promise<Policy> {
  return recoverPolicy({
    environment,
    poolClasses: [VaultPool],
    args: { ...secrets, DATABASE_PASSWORD: "correct horse" },
    ...more,
  });
}

async function expectUntrusted(promise: Promise<unknown>, details: object): Promise<Error> {
  const made = VaultPool.made.length;
  const error = await failure(promise);
  expect(error).toMatchObject({
    code: "UNTRUSTED",
    details: { pools: [{ pool: vaultId, ...details }] },
  });
  expect(VaultPool.made).toHaveLength(made);
  return error;
}

describe("destination binding", () => {
  it("(a) class, origin and secret names of the pool it was read from: trusted", async () => {
    const from = new VaultPool({ endpoint: `${home}/`, ...keys });
    const policy = await recover(documentOf({ endpoint: home, ...keys }), { from });
    expect(VaultPool.made.at(-1)?.settings).toMatchObject(keys);
    await policy.close();
  });

  it.each([
    ["another host", evil],
    ["another port", "https://vault.example.org:8443"],
  ])(
    "%s than where it was read: UNTRUSTED with secrets, destination and the fix",
    async (_, endpoint) => {
      const from = new VaultPool({ endpoint: home, ...keys });
      const error = await expectUntrusted(recover(documentOf({ endpoint, ...keys }), { from }), {
        destination: endpoint,
        secrets: ["VAULT_KEY_ID", "VAULT_KEY_VALUE"],
      });
      expect(error.message).toContain(`{ secret: "VAULT_KEY_VALUE", origin: "${endpoint}" }`);
      expect(error.message).toContain("nothing was opened");
    },
  );

  it("an endpoint where there was none, and none where there was one", async () => {
    const plain = new VaultPool(keys);
    await expectUntrusted(recover(documentOf({ endpoint: evil, ...keys }), { from: plain }), {
      destination: evil,
    });
    const custom = new VaultPool({ endpoint: home, ...keys });
    // (b): the class's own names, where the class goes by itself.
    await (await recover(documentOf(keys), { from: custom })).close();
  });

  it("other secrets to the same place, by any name that args have", async () => {
    const from = new VaultPool({ endpoint: home, ...keys });
    const swap = (vault: Record<string, unknown>) =>
      (vault.key_id = { $secret: "DATABASE_PASSWORD" });
    await expectUntrusted(recover(documentOf({ endpoint: home, ...keys }, swap), { from }), {
      secrets: ["DATABASE_PASSWORD", "VAULT_KEY_VALUE"],
    });
    await expectUntrusted(recover(documentOf(keys, swap)), { destination: null });
  });

  it("a secret key in the place of a key id would be sent in clear", async () => {
    const from = new VaultPool({ endpoint: home, ...keys });
    const swap = (vault: Record<string, unknown>) => {
      [vault.key_id, vault.key_value] = [vault.key_value, vault.key_id];
    };
    const error = await expectUntrusted(
      recover(documentOf({ endpoint: home, ...keys }, swap), { from }),
      {
        secrets: ["VAULT_KEY_VALUE", "VAULT_KEY_ID"],
      },
    );
    expect(error.message).toContain('"VAULT_KEY_VALUE" (as keyId)');
    await expectUntrusted(recover(documentOf(keys, swap)), { destination: null });
  });

  it("more or fewer secrets than that pool sends", async () => {
    const { keyId } = keys;
    const one = new VaultPool({ endpoint: home, keyId });
    await expectUntrusted(recover(documentOf({ endpoint: home, ...keys }), { from: one }), {});
    const both = new VaultPool({ endpoint: home, ...keys });
    await expectUntrusted(recover(documentOf({ endpoint: home, keyId }), { from: both }), {});
  });

  it("the caller's own secret takes the place of one that the pool it was read from sends", async () => {
    const from = new VaultPool({ endpoint: home, ...keys });
    const overrides = { vault: { keyValue: "another value" } };
    await (await recover(documentOf({ endpoint: home, ...keys }), { from, overrides })).close();
    expect(VaultPool.made.at(-1)?.settings).toMatchObject({ ...keys, keyValue: "another value" });
  });

  it("without `from`, only (b) and (c) are left", async () => {
    await expectUntrusted(recover(documentOf({ endpoint: home, ...keys })), { destination: home });
    await (await recover(documentOf(keys))).close();
  });

  it("(c) what the caller says: every secret, with that very origin", async () => {
    const document = documentOf({ endpoint: home, ...keys });
    const rule = (secret: string, origin = home) => ({ secret, origin });
    const both = [rule("VAULT_KEY_ID", `${home}/path`), rule("VAULT_KEY_VALUE")];
    await (await recover(document, { trust: both })).close();
    await expectUntrusted(recover(document, { trust: both.slice(1) }), {});
    await expectUntrusted(
      recover(document, { trust: [...both.slice(1), rule("VAULT_KEY_ID", evil)] }),
      {},
    );
  });

  it("an endpoint that is malformed is INVALID_DOCUMENT", async () => {
    expect(await failure(recover(documentOf({ endpoint: "no url", ...keys })))).toMatchObject({
      code: "INVALID_DOCUMENT",
    });
  });

  it("a destination of the caller's own choice takes the class's own secrets, no others", async () => {
    const document = documentOf({ endpoint: evil, ...keys });
    await (await recover(document, { overrides: { vault: { endpoint: home } } })).close();
    expect(VaultPool.made.at(-1)?.settings).toMatchObject({ endpoint: home, ...keys });
    const other = documentOf(
      { endpoint: evil, ...keys },
      (vault) => (vault.key_id = { $secret: "DATABASE_PASSWORD" }),
    );
    await expectUntrusted(recover(other, { overrides: { vault: { endpoint: home } } }), {
      destination: home,
    });
    // The caller's own secret does not go where the document says either.
    await expectUntrusted(recover(document, { overrides: { vault: keys } }), { destination: evil });
    await (
      await recover(document, { overrides: { vault: { ...keys, endpoint: home } }, args: {} })
    ).close();
  });
});

describe("a pool with a ready client", () => {
  it("is no pool without a destination: a document read from it proves nothing", async () => {
    const from = new ClientVault({ client: {} });
    const error = await expectUntrusted(
      recover(clientDocument({}), { poolClasses: [ClientVault], from }),
      { destination: null, secrets: [] },
    );
    expect(error.message).toContain("credentials of this machine");
  });

  it("comes back with the caller's client, which needs no trust", async () => {
    const document = clientDocument({ client: {} });
    const client = { mine: true };
    const policy = await recover(document, {
      poolClasses: [ClientVault],
      overrides: { vault: { client } },
      args: {},
    });
    expect(captureEnvironment(policy)).toEqual(document);
    await policy.close();
  });
});

const clientSchema = z.object({
  endpoint: z.string().optional(),
  keyId: secret(z.string(), "VAULT_KEY_ID").optional(),
  client: exempt(z.custom<object>()).optional(),
  readyClient: z.literal(true).optional(),
});

/** A pool that a ready client may be given to, as the S3 pool. */
class ClientVault extends VaultPool {
  static override readonly configSchema = clientSchema as never;
  static override readonly classToken = "ClientVault";
  static override readonly packageName = "@laila/pool-vault";

  static override destination(config: Readonly<Record<string, unknown>>): never {
    const sent = config.client || config.readyClient ? null : (config.endpoint as string);
    return sent as never;
  }

  readonly #ready: boolean;

  constructor(config: { client?: object; nickname?: string }, options = {}) {
    super(config as VaultConfig, options);
    this.#ready = config.client !== undefined;
  }

  override toConfig(): PoolConfig {
    return { ...super.toConfig(), ...(this.#ready ? { ready_client: true } : {}) };
  }
}

function clientDocument(config: { client?: object }): EnvironmentDocument {
  const policy = new Policy();
  policy.central.memory.extend(new ClientVault({ nickname: "vault", ...config }));
  VaultPool.made = [];
  return captureEnvironment(policy);
}

describe("the machine's own credentials", () => {
  it("are off: a document without references is UNTRUSTED, with and without an endpoint", async () => {
    const error = await expectUntrusted(recover(documentOf({ endpoint: evil })), {
      destination: evil,
      secrets: [],
    });
    expect(error.message).toContain(`{ secret: "ambient", origin: "${evil}" }`);
    await expectUntrusted(recover(documentOf({})), { destination: null, secrets: [] });
    const from = new VaultPool({ endpoint: home, ...keys });
    await expectUntrusted(recover(documentOf({ endpoint: home }), { from }), { destination: home });
  });

  it("are used where the pool it was read from uses them, or where the caller says", async () => {
    const from = new VaultPool({ endpoint: home });
    const trust = [
      { secret: "ambient", origin: home },
      { secret: "ambient", origin: "VaultPool" },
    ];
    const ways: [VaultConfig, object][] = [
      [{ endpoint: home }, { from }],
      [{ endpoint: home }, { trust }],
      [{}, { trust }],
    ];
    for (const [config, more] of ways) {
      await (await recover(documentOf(config), more)).close();
      expect(VaultPool.made).toHaveLength(1);
      expect(VaultPool.made[0]?.settings.ambientCredentials).toBeUndefined();
    }
  });

  it("do not fill the gap that a document with some references leaves", async () => {
    const { keyId } = keys;
    await (await recover(documentOf({ keyId }))).close();
    expect(VaultPool.made.at(-1)?.settings).toMatchObject({ keyId, ambientCredentials: false });
  });
});
