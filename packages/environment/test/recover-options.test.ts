import { generateKeyPairSync } from "node:crypto";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { inspect } from "node:util";
import { AsyncTaskForce } from "@laila/policy";
import { decodeRecord, encodeRecord, globalIdOf } from "@laila/schema";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import {
  captureEnvironment,
  commands,
  environmentHistory,
  formatPlan,
  planRecovery,
  recoverPolicy,
  rollbackEnvironment,
  saveEnvironment,
  variables,
} from "../src/index.js";
import { BucketPool } from "./support/bucket.js";
import { failure, open, secrets, somePolicy } from "./support/policies.js";
import { VaultPool } from "./support/vault-pool.js";

const vaultId = globalIdOf("vault", { scope: "POOL" });
const origin = "https://vault.example.org";
const trust = Object.keys(secrets).map((secret) => ({ secret, origin }));
const options = { poolClasses: [VaultPool], args: secrets, trust } as const;
const environment = () => captureEnvironment(somePolicy(), { args: secrets });

beforeEach(() => {
  VaultPool.made = [];
});

describe("only", () => {
  it("recovers some pools, with the alpha pool and the origins of caches", async () => {
    const before = somePolicy();
    before.central.memory.extend(new VaultPool({ nickname: "broken", region: "broken" }));
    before.central.command.extend(new AsyncTaskForce({ nickname: "slow" }));
    const document = captureEnvironment(before, { args: secrets });
    const { memory } = document.policy.central;
    VaultPool.made = [];
    const policy = await recoverPolicy({ environment: document, ...options, only: ["cache"] });
    const { pools, nicknames } = policy.central.memory.poolRouter;
    const cache = policy.central.memory.poolRouter.route({ poolNickname: "cache" });
    expect([...pools.keys()].sort()).toEqual([memory.alpha_pool, cache.globalId, vaultId].sort());
    expect([...nicknames.keys()].sort()).toEqual(["archive", "cache", "vault"]);
    expect(cache.proxy?.globalId).toBe(vaultId);
    expect(policy.central.command.taskforces.size).toBe(2);
    await policy.close();
  });

  it("asks for nothing that the others need: no class, no secret, no trust", async () => {
    const document = open(environment());
    const alpha = document.policy.central.memory.alpha_pool;
    const policy = await recoverPolicy({ environment: document, only: [alpha] });
    expect([...policy.central.memory.poolRouter.pools.keys()]).toEqual([alpha]);
    expect(policy.central.memory.poolRouter.nicknames.size).toBe(0);
    await policy.close();
  });

  it("knows names, nicknames and ids, and says which there are", async () => {
    for (const name of ["archive", "vault", vaultId]) {
      const policy = await recoverPolicy({ environment: environment(), ...options, only: [name] });
      expect(policy.central.memory.poolRouter.pools.has(vaultId)).toBe(true);
      await policy.close();
    }
    const error = await failure(
      recoverPolicy({ environment: environment(), ...options, only: ["valt"] }),
    );
    expect(error).toMatchObject({ code: "INVALID_ARGUMENT" });
    expect(error.message).toContain('"vault"');
  });
});

describe("dryRun", () => {
  it("says which secret would go where, and makes and opens nothing", async () => {
    const document = environment();
    VaultPool.made = [];
    const plan = await recoverPolicy({ environment: document, ...options, dryRun: true });
    expect(VaultPool.made).toEqual([]);
    expect(plan).toMatchObject({ ok: true, problems: [], changes: [], name: null, version: null });
    expect(plan.pools.find(({ id }) => id === vaultId)).toEqual({
      id: vaultId,
      names: ["vault", "archive"],
      classToken: "VaultPool",
      package: "@laila/pool-vault",
      alpha: false,
      origin: null,
      action: "make",
      encrypted: false,
      paths: {},
      destination: origin,
      secrets: [
        { field: "keyId", name: "VAULT_KEY_ID", source: "args", destination: origin },
        { field: "keyValue", name: "VAULT_KEY_VALUE", source: "args", destination: origin },
      ],
      trust: "trust",
    });
    const text = formatPlan(plan);
    expect(text).toContain(`"VAULT_KEY_ID" as keyId (from args) -> "${origin}"`);
    expect(text).toContain("Nothing stands in the way.");
    for (const secret of Object.values(secrets)) expect(JSON.stringify(plan)).not.toContain(secret);
  });

  it("says all that stands in the way, without control characters", async () => {
    const document = open(environment());
    const vault = document.policy.central.memory.pool_router.pools[vaultId] ?? {};
    vault.endpoint = "http://10.0.0.1";
    document.policy.central.memory.pool_router.pools[globalIdOf("x", { scope: "POOL" })] = {
      class_token: "Strange\u001b[2JPool",
      nickname: "x\u001b[31m",
    };
    const plan = await planRecovery({ environment: document, poolClasses: [VaultPool], args: {} });
    expect(plan.ok).toBe(false);
    expect(plan.problems.map(({ code }) => code).sort()).toEqual([
      "MISSING_PACKAGE",
      "MISSING_SECRET",
      "MISSING_SECRET",
      "UNTRUSTED",
    ]);
    expect(plan.pools.find(({ id }) => id === vaultId)?.trust).toBe("plain_http");
    const text = formatPlan(plan);
    expect(text).not.toContain("\u001b");
    expect(text).toContain("MISSING");
    expect(text).toContain("It would not be recovered.");
  });

  it("tells overrides, adopted and skipped pools, and the machine's own credentials", async () => {
    const live = somePolicy();
    const document = captureEnvironment(live, { args: secrets });
    const alpha = document.policy.central.memory.alpha_pool;
    const adopted = await planRecovery({ environment: document, ...options, reuse: live });
    expect(adopted.pools.map(({ action }) => action)).toEqual(["adopt", "adopt", "adopt"]);
    const skipped = await planRecovery({ environment: document, only: [alpha] });
    expect(skipped.pools.filter(({ action }) => action === "skip")).toHaveLength(2);
    const given = await planRecovery({
      environment: document,
      ...options,
      overrides: { vault: { keyId: "typed" } },
    });
    const vault = given.pools.find(({ id }) => id === vaultId);
    expect(vault?.secrets.map(({ source }) => source)).toEqual(["args", "overrides"]);
    const bare = open(document);
    delete bare.policy.central.memory.pool_router.pools[vaultId]?.key_id;
    delete bare.policy.central.memory.pool_router.pools[vaultId]?.key_value;
    const ambient = await planRecovery({ environment: bare, poolClasses: [VaultPool] });
    expect(ambient.pools.find(({ id }) => id === vaultId)).toMatchObject({
      secrets: [{ field: null, name: "ambient", source: "machine", destination: origin }],
      trust: "untrusted",
    });
  });
});

describe("verify", () => {
  const { publicKey, privateKey } = generateKeyPairSync("ed25519");
  const pem = {
    verify: publicKey.export({ type: "spki", format: "pem" }) as string,
    sign: privateKey.export({ type: "pkcs8", format: "pem" }) as string,
  };
  const pool = () => new BucketPool();

  it("takes what the owner of the key signed, as PEM or KeyObject", async () => {
    const bucket = pool();
    const byName = { name: "prod", pool: bucket } as const;
    const document = environment();
    await saveEnvironment(document, { ...byName, sign: privateKey });
    for (const verify of [publicKey, pem.verify])
      await (await recoverPolicy({ ...byName, ...options, verify })).close();
    expect((await environmentHistory(byName)).versions[0]).toMatchObject({ signed: true });
    // Unchanged, and signed already: no new version. With a rollback, the new version is signed.
    expect(await saveEnvironment(document, { ...byName, sign: pem.sign })).toMatchObject({
      created: false,
    });
    await saveEnvironment(document, { ...byName, force: true });
    expect(
      await failure(recoverPolicy({ ...byName, ...options, verify: publicKey })),
    ).toMatchObject({ code: "UNTRUSTED" });
    await rollbackEnvironment({ ...byName, version: 1, force: true, sign: privateKey });
    await (await recoverPolicy({ ...byName, ...options, verify: publicKey })).close();
    // The same document again, this time to be signed.
    await saveEnvironment(document, { ...byName, force: true });
    expect(await saveEnvironment(document, { ...byName, sign: privateKey })).toMatchObject({
      created: true,
    });
  });

  it("refuses another key, name, number, document, and no signature at all", async () => {
    const bucket = pool();
    const document = environment();
    const byName = { name: "prod", pool: bucket } as const;
    const { manifestId } = await saveEnvironment(document, { ...byName, sign: privateKey });
    await saveEnvironment(document, { name: "dev", pool: bucket });
    const other = generateKeyPairSync("ed25519").publicKey;
    const refusals = [
      { ...byName, verify: other },
      { name: "dev", pool: bucket, verify: publicKey },
      { environment: document, verify: publicKey },
    ];
    for (const one of refusals) {
      VaultPool.made = [];
      expect(await failure(recoverPolicy({ ...options, ...one }))).toMatchObject({
        code: "UNTRUSTED",
      });
      expect(VaultPool.made).toEqual([]);
    }
    // The signature of prod's version 1 under dev's name, and as another number.
    type State = { head: number; versions: Record<string, unknown>[] };
    const rewrite = async (id: typeof manifestId, change: (state: State) => void) => {
      const found = await bucket.read(id);
      const { entry, extra } = decodeRecord(found?.bytes as Uint8Array, { key: id });
      const state = structuredClone(extra.environment) as State;
      change(state);
      await bucket.write(
        id,
        encodeRecord(entry, { recorder: null, extra: { environment: state } }),
      );
    };
    let signature: unknown;
    await rewrite(manifestId, (state) => {
      signature = state.versions[0]?.signature;
    });
    const dev = globalIdOf("dev", { scope: "MANIFEST" });
    await rewrite(dev, (state) => {
      for (const version of state.versions) version.signature = signature;
    });
    const named = { name: "dev", pool: bucket, verify: publicKey };
    expect(await failure(recoverPolicy({ ...options, ...named }))).toMatchObject({
      code: "UNTRUSTED",
    });
    await rewrite(manifestId, (state) => {
      state.head = 2;
      for (const version of state.versions) version.n = 2;
    });
    const error = await failure(recoverPolicy({ ...options, ...byName, verify: publicKey }));
    expect(error).toMatchObject({ code: "UNTRUSTED" });
    expect(error.message).toContain("number");
  });

  it("refuses an older signed version that was put back, unless it is asked for or approved", async () => {
    const bucket = pool();
    const byName = { name: "prod", pool: bucket } as const;
    const directory = await mkdtemp(join(tmpdir(), "laila-verify-"));
    const trustFile = join(directory, "trust.json");
    const recover = (more: object = {}) =>
      recoverPolicy({ ...byName, ...options, verify: publicKey, trustFile, ...more });
    await saveEnvironment(environment(), { ...byName, sign: privateKey });
    const { manifestId } = await saveEnvironment(environment(), { ...byName, sign: privateKey });
    const old = await bucket.read(manifestId);
    await saveEnvironment(environment(), { ...byName, sign: privateKey });
    const approve = ["alpha_pool", "proxies"] as const;
    await (await recover({ approve })).close();
    await (await recover({ version: 2, approve })).close();
    await (await recover({ approve })).close();
    await bucket.write(manifestId, old?.bytes as Uint8Array);
    expect(await failure(recover({ approve }))).toMatchObject({
      code: "UNTRUSTED",
      details: { changes: [{ kind: "version" }] },
    });
    await (await recover({ approve: [...approve, "version"] })).close();
    await rm(directory, { recursive: true });
  });

  it("refuses keys that are none, without showing them", async () => {
    const bucket = pool();
    const byName = { name: "prod", pool: bucket } as const;
    await saveEnvironment(environment(), { ...byName, sign: privateKey });
    const rsa = generateKeyPairSync("rsa", { modulusLength: 2048 });
    const wrong = [
      () => recoverPolicy({ ...byName, ...options, verify: "no key at all" }),
      () => recoverPolicy({ ...byName, ...options, verify: rsa.publicKey }),
      () => saveEnvironment(environment(), { ...byName, sign: "no key at all" }),
      () => saveEnvironment(environment(), { ...byName, sign: rsa.privateKey }),
    ];
    for (const call of wrong) {
      const error = await failure(call());
      expect(error, String(call)).toMatchObject({ code: "INVALID_ARGUMENT" });
      expect(inspect(error, { depth: 9 })).not.toContain("no key at all");
    }
  });
});

describe("resolvers", () => {
  const { VAULT_KEY_ID, VAULT_KEY_VALUE } = secrets;
  const document = () => {
    const one = environment();
    VaultPool.made = [];
    return one;
  };
  let directory: string;
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), "laila-resolvers-"));
  });
  afterEach(() => rm(directory, { recursive: true }));

  const node = (script: string, ...args: string[]) => ({
    command: [process.execPath, "-e", script, ...args],
  });

  it("are asked in order for what args do not have", async () => {
    const policy = await recoverPolicy({
      environment: document(),
      ...options,
      args: { VAULT_KEY_ID },
      resolvers: [
        variables(
          { VAULT_KEY_ID: "not this one", OTHER: "x" },
          { allow: ["VAULT_KEY_ID", "OTHER"] },
        ),
        commands({ VAULT_KEY_VALUE: node(`console.log(${JSON.stringify(VAULT_KEY_VALUE)})`) }),
      ],
    });
    expect(VaultPool.made[0]?.settings).toMatchObject({
      keyId: VAULT_KEY_ID,
      keyValue: VAULT_KEY_VALUE,
    });
    // A recovered secret keeps its name.
    expect(JSON.stringify(captureEnvironment(policy))).toContain('{"$secret":"VAULT_KEY_VALUE"}');
    await policy.close();
  });

  it("variables give what is allowed, whatever a document asks for", async () => {
    const one = open(document());
    (one.policy.central.memory.pool_router.pools[vaultId] ?? {}).key_value = {
      $secret: "AWS_SECRET_ACCESS_KEY",
    };
    const env = Object.assign(Object.create({ P: "inherited" }) as Record<string, string>, {
      AWS_SECRET_ACCESS_KEY: "of this machine",
      VAULT_KEY_ID,
    });
    const error = await failure(
      recoverPolicy({
        environment: one,
        poolClasses: [VaultPool],
        trust: [...trust, { secret: "AWS_SECRET_ACCESS_KEY", origin }],
        resolvers: [variables(env, { allow: ["VAULT_KEY_ID", "P", "constructor"] })],
      }),
    );
    expect(error).toMatchObject({
      code: "MISSING_SECRET",
      details: { secrets: ["AWS_SECRET_ACCESS_KEY"] },
    });
    expect(VaultPool.made).toEqual([]);
  });

  it("no command runs for a document that is not trusted, nor in a dry run, nor of a document's choice", async () => {
    const mark = join(directory, "ran");
    const touch = node(
      `require("fs").appendFileSync(process.argv[1], "x"); console.log("v")`,
      mark,
    );
    const resolvers = [commands({ VAULT_KEY_ID: touch, VAULT_KEY_VALUE: touch })];
    const bare = { poolClasses: [VaultPool], resolvers };
    expect(await failure(recoverPolicy({ environment: document(), ...bare }))).toMatchObject({
      code: "UNTRUSTED",
    });
    const plan = await planRecovery({ environment: document(), ...bare, trust });
    expect(plan.ok).toBe(true);
    expect(plan.pools.flatMap((pool) => pool.secrets.map(({ source }) => source))).toEqual([
      "resolvers",
      "resolvers",
    ]);
    await expect(readFile(mark)).rejects.toThrow();
    // A document that brings commands along: as a reference, as a field, as a secret's value.
    for (const value of [{ $secret: "A", command: touch.command }, { command: touch.command }]) {
      const one = open(document());
      (one.policy.central.memory.pool_router.pools[vaultId] ?? {}).key_value = value;
      expect(await failure(recoverPolicy({ environment: one, ...options }))).toMatchObject({
        code: "INVALID_DOCUMENT",
      });
    }
    await expect(readFile(mark)).rejects.toThrow();
    await (await recoverPolicy({ environment: document(), ...bare, trust })).close();
    expect(await readFile(mark, "utf8")).toBe("xx");
    await writeFile(mark, "");
  });

  it("a command gets no shell, and nothing it prints is in an error", async () => {
    const inert = ["$(touch pwned)", "; touch pwned", "`touch pwned`", "a b", "*"];
    const resolver = commands(
      { X: node("console.log(JSON.stringify(process.argv.slice(1)))", ...inert) },
      { directory },
    );
    expect(JSON.parse((await resolver.resolve("X", {})) ?? "")).toEqual(inert);
    expect(await resolver.resolve("Y", {})).toBeUndefined();
    await expect(readFile(join(directory, "pwned"))).rejects.toThrow();
    const leak = `console.error("s3cr3t on stderr"); console.log("s3cr3t on stdout");`;
    const failures: [object, string, object?][] = [
      [node(`${leak} process.exit(3)`), "MISSING_SECRET"],
      [node(`${leak} process.kill(process.pid, "SIGKILL")`), "MISSING_SECRET"],
      [node(`${leak} setInterval(() => 0, 1000)`), "TIMEOUT", { timeoutMs: 500 }],
      [node(`console.log("s3cr3t".repeat(20000))`), "TOO_LARGE"],
      [node(""), "MISSING_SECRET"],
      [{ command: ["/no/such/program", "s3cr3t"] }, "MISSING_SECRET"],
    ];
    for (const [command, code, more] of failures) {
      const asked = commands({ X: command as never }, more);
      const error = await failure(Promise.resolve(asked.resolve("X", {})));
      expect(error, JSON.stringify(command)).toMatchObject({ code });
      expect(`${inspect(error, { depth: 9 })}${JSON.stringify(error)}`).not.toContain("s3cr3t");
    }
    const controller = new AbortController();
    const waiting = commands({ X: node("setInterval(() => 0, 1000)") }).resolve("X", {
      signal: controller.signal,
    });
    controller.abort();
    expect(await failure(Promise.resolve(waiting))).toMatchObject({ code: "ABORTED" });
  });

  it.each([
    ["a text for a shell", () => commands({ X: "pass show x" as never })],
    ["no program", () => commands({ X: { command: [] } })],
    ["more than a command", () => commands({ X: { command: ["a"], shell: true } as never })],
    ["every variable", () => variables({}, {} as never)],
  ])("refuses %s", (_, make) => {
    expect(make).toThrowError(expect.objectContaining({ code: "INVALID_ARGUMENT" }));
  });

  it("is asked again after a failure, and at most once for the same name otherwise", async () => {
    const counter = join(directory, "count");
    const script = `const fs = require("fs"); const n = fs.existsSync(process.argv[1]); fs.appendFileSync(process.argv[1], "x"); if (!n) process.exit(1); console.log("v")`;
    const resolver = commands({ X: node(script, counter) });
    expect(await failure(Promise.resolve(resolver.resolve("X", {})))).toMatchObject({
      code: "MISSING_SECRET",
    });
    expect(await resolver.resolve("X", {})).toBe("v");
    expect(await resolver.resolve("X", {})).toBe("v");
    expect(await readFile(counter, "utf8")).toBe("xx");
  });
});

it("refuses options that only JavaScript lets through", async () => {
  const given = { environment: environment(), ...options };
  const wrong: object[] = [
    { only: "vault" },
    { approve: ["everything"] },
    { approve: "proxies" },
    { resolvers: [{}] },
    { trustFile: 5 },
    { identities: "AGE-SECRET-KEY-1" },
    { passphrase: 5 },
    { dryrun: true },
  ];
  for (const one of wrong) {
    expect(await failure(recoverPolicy({ ...given, ...one })), JSON.stringify(one)).toMatchObject({
      code: "INVALID_ARGUMENT",
    });
  }
});
