import { inspect } from "node:util";
import { AsyncTaskForce } from "@laila/policy";
import { MemoryPool } from "@laila/pool";
import { layerDeclarations } from "@laila/pool/layers";
import { globalIdOf, namespaceFor, Secret } from "@laila/schema";
import { describe, expect, it } from "vitest";
import {
  fieldsOfClass,
  makeArgs,
  readArgs,
  resolveConfig,
  type TierOptions,
  withOrigins,
} from "../src/index.js";
import { VaultPool } from "./support/vault-pool.js";

const vaultId = globalIdOf("v", { scope: "POOL" });
const inPools = (key: string, fields: object) => ({
  policy: { central: { memory: { pool_router: { pools: { [key]: fields } } } } },
});

/** What comes of a field in each tier, with everything below it there too. */
function region(explicit: object, options: TierOptions): unknown {
  const { config, origins } = resolveConfig(VaultPool, { nickname: "v", ...explicit }, options);
  return [config.region, origins.region];
}

describe("the four tiers", () => {
  const args = inPools("v", { region: "of args" });
  const env = { LAILA_VAULTPOOL_REGION: "of the variable" };

  it("explicit before args before the variable before the default", () => {
    expect(region({ region: "explicit" }, { args, env })).toEqual([
      "explicit",
      { tier: "explicit", text: "given" },
    ]);
    expect(region({ region: undefined }, { args, env })).toMatchObject([
      "of args",
      { tier: "args" },
    ]);
    expect(region({}, { env })).toEqual([
      "of the variable",
      { tier: "variable", text: "the variable LAILA_VAULTPOOL_REGION" },
    ]);
    // The default stays the class's: a value that nobody gave is not captured.
    expect(region({}, {})).toEqual([undefined, { tier: "default", text: "default" }]);
    expect(new VaultPool(resolveConfig(VaultPool, {}, {}).config).settings.region).toBe("here");
  });

  it("by id before nickname, in the namespace given, and another place where that is said", () => {
    const both = makeArgs(inPools("v", { region: "by name", endpoint: "https://x.example" }));
    const byId = inPools(vaultId, { region: "by id" }) as never;
    const merged = {
      policy: {
        central: {
          memory: {
            pool_router: {
              pools: {
                ...inPools("v", { region: "by name", endpoint: "https://x.example" }).policy.central
                  .memory.pool_router.pools,
                ...(byId as ReturnType<typeof inPools>).policy.central.memory.pool_router.pools,
              },
            },
          },
        },
      },
    };
    expect(resolveConfig(VaultPool, { nickname: "v" }, { args: both }).config.region).toBe(
      "by name",
    );
    expect(resolveConfig(VaultPool, { nickname: "v" }, { args: merged }).config).toMatchObject({
      region: "by id",
      endpoint: "https://x.example",
    });
    const namespace = namespaceFor("acme");
    expect(region({}, { args: byId, namespace })).toMatchObject([undefined, { tier: "default" }]);
    expect(resolveConfig(VaultPool, {}, { args: byId }).config).toEqual({});
    const at = ["backup"];
    expect(region({}, { args: { backup: { region: "there" } }, at })).toMatchObject(["there", {}]);
  });

  it("say where a value stands: file and line, flag, variable", async () => {
    const into = makeArgs();
    await readArgs(["--policy.central.memory.pool_router.pools.v.region=flagged"], { into });
    await readArgs(
      [`policy.central.memory.pool_router.pools.${vaultId}.endpoint=https://e.example`],
      {
        into,
      },
    );
    const { config, origins } = resolveConfig(VaultPool, { nickname: "v" }, { args: into });
    expect(config).toEqual({ nickname: "v", region: "flagged", endpoint: "https://e.example" });
    expect(origins.region?.text).toBe(
      "the token policy.central.memory.pool_router.pools.v.region=…",
    );
  });

  it("keep secrets secret, with the name by which they are found again", async () => {
    const args = makeArgs({
      OWN: "0123456789abcdef",
      ...inPools("v", { key_id: "an id of mine", key_value: { $secret: "OWN" } }),
    });
    const { config } = resolveConfig(VaultPool, { nickname: "v" }, { args });
    expect([config.keyId, config.keyValue].map((one) => (one as Secret).name)).toEqual([
      "policy.central.memory.pool_router.pools.v.key_id",
      "OWN",
    ]);
    expect((config.keyValue as Secret).reveal()).toBe("0123456789abcdef");
    const fromEnv = resolveConfig(VaultPool, {}, { env: { LAILA_VAULTPOOL_KEY_ID: "from env" } });
    expect(Secret.is(fromEnv.config.keyId) && fromEnv.config.keyId.name).toBe(
      "LAILA_VAULTPOOL_KEY_ID",
    );
    expect(inspect([config, fromEnv], { depth: 9 })).not.toMatch(
      /0123456789|an id of mine|from env/,
    );
    expect(() =>
      resolveConfig(
        VaultPool,
        { nickname: "v" },
        { args: inPools("v", { key_id: { $secret: "NO" } }) },
      ),
    ).toThrowError(expect.objectContaining({ code: "MISSING_ARG", details: { name: "NO" } }));
  });

  it("text becomes what the class declares; what it is not is refused without being shown", () => {
    const env = {
      LAILA_MEMORYPOOL_MAX_BYTES: " 1024 ",
      LAILA_VAULTPOOL_TAGS: '{"a":[1]}',
      LAILA_RETRY_ATTEMPTS: "7",
      LAILA_ASYNCTASKFORCE_MAX_CONCURRENCY: "3",
      LAILA_VAULTPOOL_REGION: "",
    };
    expect(resolveConfig(MemoryPool, {}, { env }).config).toEqual({ maxBytes: 1024 });
    expect(resolveConfig(VaultPool, {}, { env }).config).toEqual({ tags: { a: [1] } });
    expect(resolveConfig(AsyncTaskForce, {}, { env }).config).toEqual({ maxConcurrency: 3 });
    const retry = layerDeclarations.find(({ classToken }) => classToken === "Retry");
    if (!retry) throw new Error("there is no Retry");
    expect(resolveConfig(retry, {}, { env }).config).toEqual({ attempts: 7 });
    const pool_router = { layers: { Retry: { attempts: "4" } } };
    const args = { policy: { central: { memory: { pool_router } } } };
    expect(resolveConfig(retry, {}, { env, args }).config).toEqual({ attempts: 4 });
    const wrong: [TierOptions, RegExp][] = [
      [
        { env: { LAILA_MEMORYPOOL_MAX_BYTES: "s3cr3t" } },
        /LAILA_MEMORYPOOL_MAX_BYTES must be a number/,
      ],
      [{ env: { LAILA_MEMORYPOOL_MAX_BYTES: "0x10" } }, /must be a number/],
    ];
    for (const [options, message] of wrong) {
      expect(() => resolveConfig(MemoryPool, {}, options)).toThrowError(
        expect.objectContaining({
          code: "INVALID_CONFIG",
          message: expect.stringMatching(message),
        }),
      );
    }
    expect(() =>
      resolveConfig(VaultPool, {}, { env: { LAILA_VAULTPOOL_TAGS: "{s3cr3t" } }),
    ).toThrowError(
      expect.objectContaining({
        code: "INVALID_CONFIG",
        message: expect.not.stringContaining("s3cr3t"),
      }),
    );
  });

  it("taskforces have a place of their own", () => {
    const taskforces = { slow: { max_concurrency: 2 } };
    const args = { policy: { central: { command: { taskforces } } } };
    const { config } = resolveConfig(AsyncTaskForce, { nickname: "slow" }, { args });
    expect(new AsyncTaskForce(config).maxConcurrency).toBe(2);
  });

  it("a mistyped field is told of with what was meant; what exists at run time only is explicit", async () => {
    const refused = (fields: object) => () =>
      resolveConfig(VaultPool, { nickname: "v" }, { args: inPools("v", fields) });
    expect(refused({ regoin: "x" })).toThrowError(/Did you mean region\?/);
    expect(refused({ ambient_credentials: true })).toThrowError(/takes no .*ambient_credentials/);
    expect(refused({ class_token: "Other" })).toThrowError(/class_token is not VaultPool/);
    expect(() =>
      resolveConfig(VaultPool, { nickname: "v" }, { args: inPools("v", 5 as never) }),
    ).toThrowError(/must be a table of fields/);
    // A pool as a document has it may be put there.
    const document = { class_token: "VaultPool", package: "x", nickname: "v", region: "r" };
    expect(region({}, { args: inPools("v", document) })).toMatchObject(["r", {}]);
    const env = { LAILA_VAULTPOOL_AMBIENT_CREDENTIALS: "true", LAILA_VAULTPOOL_LOGGER: "x" };
    expect(resolveConfig(VaultPool, {}, { env }).config).toEqual({});
  });

  it("what the class says of a value tells where it came from", async () => {
    const resolved = resolveConfig(MemoryPool, {}, { env: { LAILA_MEMORYPOOL_MAX_BYTES: "-1" } });
    let error: unknown;
    try {
      new MemoryPool(resolved.config);
    } catch (thrown) {
      error = withOrigins(thrown, resolved);
    }
    expect(error).toMatchObject({
      code: "INVALID_CONFIG",
      message: expect.stringContaining(
        "maxBytes comes from the variable LAILA_MEMORYPOOL_MAX_BYTES",
      ),
    });
  });
});

describe("the declaration as data", () => {
  it("each field with its names, type, default and mark", () => {
    const fields = fieldsOfClass(VaultPool);
    expect(fields.find(({ name }) => name === "keyId")).toEqual({
      name: "keyId",
      stored: "key_id",
      variable: "LAILA_VAULTPOOL_KEY_ID",
      type: "text",
      required: false,
      default: undefined,
      mark: "secret",
      secretName: "VAULT_KEY_ID",
      description: null,
    });
    expect(fields.map(({ name, type, mark }) => [name, type, mark])).toEqual([
      ["endpoint", "text", null],
      ["keyId", "text", "secret"],
      ["keyValue", "text", "secret"],
      ["filePath", "text", "path"],
      ["region", "text", null],
      ["tags", "data", null],
      ["logger", "object at run time", "exempt"],
      ["ambientCredentials", "true or false", "exempt"],
    ]);
    expect(fieldsOfClass(AsyncTaskForce)).toMatchObject([
      { name: "maxConcurrency", type: "number", default: 64, required: false },
    ]);
    for (const declaration of layerDeclarations)
      expect(fieldsOfClass(declaration).length + 1).toBeGreaterThan(0);
  });
});
