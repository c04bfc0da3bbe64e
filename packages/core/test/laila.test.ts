import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";
import { inspect } from "node:util";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import {
  createLaila,
  globalIdOf,
  isLailaError,
  laila,
  Manifest,
  MemoryPool,
  namespaceFor,
  Policy,
  recoverPolicy,
  Secret,
  saveEnvironment,
} from "../src/index.js";

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "laila-core-"));
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await rm(directory, { recursive: true });
});

describe("createLaila", () => {
  it("gives instances that share nothing", async () => {
    const [a, b] = [createLaila(), createLaila()];
    await a.readArgs({ A: 1 });
    expect("A" in b.args).toBe(false);
    expect(a.policy).not.toBe(b.policy);
    await a.memorize(a.constant(1, { nickname: "x" }));
    expect(
      await b.remember({ nickname: "x" }).then(
        () => "found",
        (e: unknown) => isLailaError(e, "NOT_FOUND"),
      ),
    ).toBe(true);
    await Promise.all([a.close(), b.close()]);
  });

  it.each([
    [{ namspace: "x" }, /no option "namspace"\. Did you mean namespace\?/],
    [{ args: 5 }, /args must be an object/],
    [{ args: "./secrets.toml" }, /laila\.readArgs/],
    [{ home: 5 }, /home must be text/],
    ["x", /plain object/],
    [null, /plain object/],
  ])("refuses options that only JavaScript lets through: %j", (options, message) => {
    expect(() => createLaila(options as never)).toThrowError(
      expect.objectContaining({
        code: "INVALID_ARGUMENT",
        message: expect.stringMatching(message),
      }),
    );
  });

  it("refuses mistyped options of its verbs", async () => {
    const l = createLaila();
    const wrong: (() => unknown)[] = [
      () => l.create(new MemoryPool() as never, {} as never),
      () => l.create("MemoryPool" as never, {} as never),
      () => l.constant(1, { nicname: "x" } as never),
      () => l.variable(1, "x" as never),
      () => l.manifest({}, { nicname: "x" } as never),
      () => l.recallManifest("x", { shema: 1 } as never),
      () => l.saveEnvironment(l.environment, undefined as never),
      () => l.saveEnvironment(l.environment, { name: "prod" } as never),
      () => l.recoverPolicy(undefined as never),
      () => l.recoverPolicy({ environment: l.environment, homes: "x" } as never),
    ];
    for (const call of wrong) {
      const refused = await Promise.resolve()
        .then(call)
        .catch((error: unknown) => error);
      expect(refused, String(call)).toMatchObject({ code: "INVALID_ARGUMENT" });
    }
  });

  it("knows its home, its directory and its namespace", async () => {
    vi.stubEnv("LAILA_HOME", undefined);
    expect(createLaila().home).toBe(join(homedir(), ".laila"));
    vi.stubEnv("LAILA_HOME", "/from/variable");
    expect(createLaila().home).toBe("/from/variable");
    expect(createLaila({ home: "/given" }).home).toBe("/given");
    expect(createLaila().directory).toBe(process.cwd());
    const namespace = namespaceFor("acme");
    const l = createLaila({ namespace, directory });
    expect(l.constant(1, { nickname: "x" }).globalId).toBe(globalIdOf("x", { namespace }));
    expect(l.variable(1, { nickname: "x", evolution: 3 }).globalId).toBe(
      globalIdOf("x", { namespace, evolution: 3 }),
    );
    expect(l.policy.namespace).toBe(namespace);
    expect(l.create(MemoryPool, { nickname: "x" }).globalId).toBe(
      globalIdOf("x", { namespace, scope: "POOL" }),
    );
    expect(l.manifest({}, { nickname: "x" }).globalId).toBe(
      globalIdOf("x", { namespace, scope: "MANIFEST" }),
    );
    await writeFile(join(directory, "a.toml"), "A = 1\n");
    expect((await l.readArgs("a.toml")).A).toBe(1);
    await l.close();
  });

  it("close() without a policy does nothing, twice is fine, and another policy may be activated", async () => {
    const l = createLaila();
    await l.close();
    l.memory.extend(new MemoryPool({ nickname: "m" }));
    await l.close();
    await l.close();
    await expect(l.memorize(l.constant(1))).rejects.toMatchObject({ code: "CLOSED" });
    const next = new Policy();
    l.activate(next);
    await l.memorize(l.constant(1));
    await l[Symbol.asyncDispose]();
  });

  it("activate gives the policy before, and closes nothing", async () => {
    const l = createLaila();
    const first = l.policy;
    const second = new Policy();
    expect(l.activate(second)).toBe(first);
    expect(l.activePolicy).toBe(second);
    expect(l.memory).toBe(second.central.memory);
    const forgotten = Promise.resolve(first) as unknown as Policy;
    expect(() => l.activate(forgotten)).toThrowError(
      expect.objectContaining({
        code: "INVALID_ARGUMENT",
        message: expect.stringContaining("await"),
      }),
    );
    expect(l.command).toBe(second.central.command);
    expect(l.communication).toBe(second.central.communication);
    await first.central.memory.memorize(l.constant(1));
    await Promise.all([first.close(), l.close()]);
  });
});

describe("arguments and secrets", () => {
  it("a secret keeps its name, and is masked", () => {
    const l = createLaila({
      args: { KEY: "0123456789abcdef", t: { K: "fedcba98" }, n: 1, empty: "" },
    });
    const secret = l.secret("KEY");
    expect(Secret.is(secret)).toBe(true);
    expect([secret.name, secret.reveal()]).toEqual(["KEY", "0123456789abcdef"]);
    expect(inspect(secret)).toBe("[secret KEY]");
    expect(l.secret("t.K").reveal()).toBe("fedcba98");
    expect(() => l.secret("KYE")).toThrowError(
      expect.objectContaining({ code: "MISSING_ARG", details: { name: "KYE", near: ["KEY"] } }),
    );
    for (const name of ["n", "empty", "t"]) {
      expect(() => l.secret(name)).toThrowError(
        expect.objectContaining({ code: "INVALID_ARGUMENT" }),
      );
    }
    expect(inspect(l, { depth: 10, showHidden: true })).not.toMatch(/0123456789abcdef|fedcba98/);
  });
});

describe("the default laila, as in the tutorial", () => {
  it("captures, wraps, memorizes under guarantee, recalls, recovers", async () => {
    const bucket = new MemoryPool({ nickname: "bucket" });
    laila.memory.extend(bucket, { poolNickname: "bucket" });
    laila.memory.extend(laila.create(MemoryPool, { nickname: "local", maxBytes: 1000 }), {
      affinity: 3,
    });
    const env = laila.environment;
    expect(Object.keys(env.policy.central.memory.pool_router.pools)).toHaveLength(3);

    const config = laila.constant(env, { nickname: "my_environment_v1" });
    const manifest = new Manifest({ config }, { nickname: "env_manifest_v1" });
    expect(manifest.blueprint).toEqual({ config: config.globalId });
    expect([...manifest]).toEqual([config.globalId]);
    await laila.guarantee(() => {
      manifest.memorize({ poolNickname: "bucket" });
    });

    const found = await Manifest.recall("env_manifest_v1", { pool: bucket });
    const realized = await found.realize({ pool: bucket });
    expect(realized.config.data).toEqual(env);

    const policy = await recoverPolicy({
      environment: realized.config.data,
      args: laila.args,
      from: bucket,
      reuse: laila.policy,
    });
    const before = laila.activate(policy);
    await before.close();
    expect(laila.environment).toEqual(env);
    // Manifests follow the active policy.
    expect((await manifest.remember({ poolNickname: "bucket" }))[0]?.data).toEqual(env);

    expect(await saveEnvironment(laila.environment, { name: "prod", pool: bucket })).toMatchObject({
      version: 1,
    });
    expect(await saveEnvironment(laila.environment, { name: "prod", pool: bucket })).toMatchObject({
      version: 1,
      created: false,
    });
    await expect(recoverPolicy({ name: "dev", pool: bucket })).rejects.toMatchObject({
      code: "NOT_FOUND",
    });
    await laila.close();
  });

  it("an instance does the same with its own manifest()", async () => {
    const l = createLaila();
    const grid = l.constant(Float32Array.of(1, 2), { nickname: "grid" });
    await l.manifest({ layers: { grid } }, { nickname: "m" }).memorize();
    const found = await l.recallManifest("m");
    expect((await found.realize()).layers.grid.data).toEqual(Float32Array.of(1, 2));
    expect(await l.forget(grid)).toBe(grid.globalId);
    await l.close();
  });
});

it("names belong to the active policy: what was memorized by a nickname is found by it", async () => {
  const own = createLaila({ namespace: namespaceFor("mine") });
  const entry = own.constant(1, { nickname: "n" });
  own.activate(new Policy());
  const other = own.constant(2, { nickname: "n" });
  expect(other.globalId).not.toBe(entry.globalId);
  await own.memorize(other);
  expect((await own.remember({ nickname: "n" })).data).toBe(2);
  await own.close();
});
