import { generateKeyPairSync } from "node:crypto";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import {
  AsyncTaskForce,
  createLaila,
  doctor,
  type EnvironmentDocument,
  fieldsOfClass,
  globalIdOf,
  type Laila,
  laila,
  MemoryPool,
  newIdentity,
  recoverPolicy,
  unsealEnvironment,
} from "../src/index.js";

let directory: string;
let l: Laila;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "laila-core-"));
  l = createLaila({ directory, home: join(directory, "home") });
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await l.close();
  await rm(directory, { recursive: true });
});

const routerOf = ({ policy }: EnvironmentDocument) => policy.central.memory.pool_router;

describe("laila.environment", () => {
  it("cannot lag: it follows every change of pools, names, proxies, taskforces and connections", () => {
    const { memory, command, communication } = l;
    const a = l.create(MemoryPool, { nickname: "a" });
    const b = l.create(MemoryPool, { nickname: "b" });
    const now = () => routerOf(l.environment);
    expect(Object.keys(now().pools)).toEqual([memory.alphaPool.globalId]);
    memory.extend(a);
    expect(now().pools_nicknames).toEqual({ a: a.globalId });
    memory.extend(b, { poolNickname: "other", affinity: 2 });
    expect([now().pools_nicknames.other, now().affinities[b.globalId]]).toEqual([b.globalId, 2]);
    memory.extend(b, { affinity: 3 });
    expect(now().affinities[b.globalId]).toBe(3);
    // Another name for it, and a name that moves on.
    memory.extend(a, { poolNickname: "other", replace: true });
    expect(now().pools_nicknames).toEqual({ a: a.globalId, b: b.globalId, other: a.globalId });
    a.proxyTo(b);
    expect(now().proxies).toEqual({ [a.globalId]: b.globalId });
    a.proxyTo(undefined);
    expect(now().proxies).toEqual({});
    memory.extend(b, { alpha: true });
    expect(l.environment.policy.central.memory.alpha_pool).toBe(b.globalId);
    memory.detach(a);
    expect(now().pools_nicknames).toEqual({ b: b.globalId });
    const taskforce = l.create(AsyncTaskForce, { nickname: "slow", maxConcurrency: 2 });
    command.extend(taskforce, { alpha: true });
    expect(l.environment.policy.central.command).toMatchObject({
      alpha_taskforce: taskforce.globalId,
      taskforces: { [taskforce.globalId]: { max_concurrency: 2 } },
    });
    const globalId = globalIdOf("peer", { scope: "COMM_PROTOCOL" });
    communication.extend({ globalId, toConfig: () => ({ class_token: "Peer", port: 1 }) });
    expect(l.environment.policy.central.communication.connections).toEqual({
      [globalId]: { class_token: "Peer", port: 1 },
    });
    communication.detach(globalId);
    expect(l.environment.policy.central.communication.connections).toEqual({});
    // What was given out before stays as it was.
    const before = l.environment;
    memory.extend(l.create(MemoryPool, { nickname: "late" }));
    expect(Object.keys(routerOf(before).pools)).not.toContain(
      globalIdOf("late", { scope: "POOL" }),
    );
  });
});

describe("create", () => {
  it("takes explicit values, then arguments, then the environment, then defaults; what it took is captured", async () => {
    vi.stubEnv("LAILA_MEMORYPOOL_MAX_BYTES", "3000");
    await writeFile(
      join(directory, "laila.toml"),
      "[policy.central.memory.pool_router.pools.m]\nmax_bytes = 2000\n",
    );
    const captured = (pool: MemoryPool) => pool.toConfig().max_bytes;
    expect(captured(l.create(MemoryPool, { nickname: "m" }))).toBe(3000);
    await l.readArgs("laila.toml");
    expect(captured(l.create(MemoryPool, { nickname: "m" }))).toBe(2000);
    expect(captured(l.create(MemoryPool, { nickname: "m", maxBytes: 1000 }))).toBe(1000);
    expect(captured(l.create(MemoryPool, { nickname: "another" }))).toBe(3000);
    vi.stubEnv("LAILA_MEMORYPOOL_MAX_BYTES", undefined);
    expect(captured(l.create(MemoryPool))).toBeUndefined();
    expect(l.configure(MemoryPool, { nickname: "m" }).origins.maxBytes?.text).toBe("laila.toml:2");
    const pool = l.create(MemoryPool, { nickname: "m" });
    l.memory.extend(pool);
    const policy = await l.recoverPolicy({ environment: l.environment });
    expect(policy.central.memory.poolRouter.route({ poolNickname: "m" }).toConfig()).toEqual(
      pool.toConfig(),
    );
    await policy.close();
  });

  it("says where a wrong value came from", async () => {
    vi.stubEnv("LAILA_MEMORYPOOL_EVICT", "sometimes");
    expect(() => l.create(MemoryPool, {})).toThrowError(
      /evict comes from the variable LAILA_MEMORYPOOL_EVICT/,
    );
    expect(() => l.create({} as never)).toThrowError(
      expect.objectContaining({ code: "INVALID_ARGUMENT" }),
    );
  });
});

describe("arguments", () => {
  it("from variables and commands, explained with secrets masked", async () => {
    vi.stubEnv("SOME_PASSWORD", "hunter2hunter2");
    vi.stubEnv("LAILA_MEMORYPOOL_MAX_BYTES", "10");
    l.readVariables("SOME_PASSWORD");
    expect(l.args.SOME_PASSWORD).toBe("hunter2hunter2");
    await writeFile(
      join(directory, "a.toml"),
      `KEY = { command = [${JSON.stringify(process.execPath)}, "-p", "6*7"] }\n`,
    );
    await l.readArgs("a.toml", { commands: true });
    expect(l.args.KEY).toBe("42");
    expect(() => l.readVariables("NOT_SET")).toThrowError(
      expect.objectContaining({ code: "MISSING_ARG" }),
    );
    await expect(l.readArgs("a.toml", { command: true } as never)).rejects.toMatchObject({
      code: "INVALID_ARGUMENT",
    });
    const explained = l.explainArgs({ classes: [MemoryPool] });
    expect(explained.map(({ name, value, origin }) => [name, value, origin])).toEqual(
      expect.arrayContaining([
        ["SOME_PASSWORD", "[masked]", "the variable SOME_PASSWORD"],
        ["KEY", "[masked]", `a.toml:1 (printed by ${process.execPath})`],
        ["LAILA_MEMORYPOOL_MAX_BYTES", "10", "the variable LAILA_MEMORYPOOL_MAX_BYTES"],
      ]),
    );
  });

  it("fields of a class are there as data", () => {
    expect(fieldsOfClass(MemoryPool).map(({ variable }) => variable)).toEqual([
      "LAILA_MEMORYPOOL_MAX_BYTES",
      "LAILA_MEMORYPOOL_EVICT",
    ]);
  });
});

describe("a home remembers what was accepted", () => {
  /** A pool that keeps its values, as far as anybody is told. */
  class Bucket extends MemoryPool {
    static override readonly configSchema = MemoryPool.configSchema;
    static override readonly classToken: string = "Bucket";
    static override readonly packageName: string = "@laila/pool-bucket";
    override readonly supports = { ...this.own, persistent: true };
    get own() {
      return new MemoryPool().supports;
    }
  }

  it("and what is saved here needs no approval here", async () => {
    const pool = new Bucket();
    const byName = { name: "prod", pool } as const;
    const file = join(directory, "home", "trust.json");
    await l.saveEnvironment(l.environment, byName);
    await expect(readFile(file)).rejects.toThrow();
    await (await l.recoverPolicy(byName)).close();
    const first = await readFile(file, "utf8");
    await (await l.recoverPolicy(byName)).close();
    expect(await readFile(file, "utf8")).toBe(first);
    l.memory.extend(l.create(MemoryPool, { nickname: "new" }), { alpha: true });
    await l.saveEnvironment(l.environment, byName);
    await (await l.recoverPolicy(byName)).close();
    // Somebody else saved this one.
    const other = createLaila({ home: join(directory, "other") });
    await other.saveEnvironment(other.environment, byName);
    await expect(l.recoverPolicy(byName)).rejects.toMatchObject({
      code: "UNTRUSTED",
      details: { changes: [{ kind: "alpha_pool" }] },
    });
    await (await l.recoverPolicy({ ...byName, trustFile: null })).close();
    expect(await l.recoverPolicy({ ...byName, dryRun: true })).toMatchObject({ ok: false });
    expect(await l.doctor(byName)).toMatchObject({
      ok: false,
      findings: [{ code: "NOT_APPROVED" }],
    });
    await (await l.recoverPolicy({ ...byName, approve: ["alpha_pool"] })).close();
    await other.close();
  });

  it("that cannot be written does not keep anybody from saving", async () => {
    const pool = new Bucket();
    const byName = { name: "prod", pool } as const;
    await l.saveEnvironment(l.environment, byName);
    await (await l.recoverPolicy(byName)).close();
    await writeFile(join(directory, "home", "trust.json"), "broken");
    const warned = vi.spyOn(process, "emitWarning").mockImplementation(() => undefined);
    l.memory.extend(new MemoryPool({ nickname: "x" }));
    expect(await l.saveEnvironment(l.environment, byName)).toMatchObject({ version: 2 });
    expect(warned).toHaveBeenCalledTimes(1);
    warned.mockRestore();
  });
});

describe("sealing, signing, looking", () => {
  it("seals the active policy's secrets, and looks at it", async () => {
    await l.readArgs({ UNUSED: "x" });
    const { identity, recipient } = await newIdentity();
    const sealed = await l.seal({ recipients: [recipient] });
    expect(await unsealEnvironment(sealed, { identities: [identity] })).toEqual({});
    expect(await l.doctor()).toMatchObject({ ok: true, pools: 1, opened: 1 });
    expect(await l.doctor({ environment: sealed, identities: [identity] })).toMatchObject({
      ok: true,
    });
    await expect(l.doctor(null as never)).rejects.toMatchObject({ code: "INVALID_ARGUMENT" });
  });

  it("the default laila has the same", async () => {
    const { publicKey, privateKey } = generateKeyPairSync("ed25519");
    const pool = new MemoryPool();
    await laila.saveEnvironment(laila.environment, { name: "prod", pool, sign: privateKey });
    const byName = { name: "prod", pool, verify: publicKey } as const;
    expect(await recoverPolicy({ ...byName, dryRun: true })).toMatchObject({
      ok: true,
      version: 1,
    });
    await (await recoverPolicy(byName)).close();
    expect(await doctor()).toMatchObject({ ok: true });
    expect(await doctor(byName)).toMatchObject({ ok: true, version: 1 });
    await laila.close();
  });
});
