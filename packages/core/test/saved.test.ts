import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as plain from "@laila/environment";
import { Policy } from "@laila/policy";
import { expect, it, vi } from "vitest";
import {
  diffEnvironments,
  environmentHistory,
  labelEnvironment,
  laila,
  latestVersion,
  loadEnvironment,
  MemoryPool,
  namespaceFor,
  pruneEnvironment,
  rollbackEnvironment,
  saveEnvironment,
  versionAt,
} from "../src/index.js";

it("what is done with saved environments goes by the names of the active policy", async () => {
  const pool = new MemoryPool();
  const before = laila.activate(new Policy({ namespace: namespaceFor("acme") }));
  const saved = { name: "prod", pool };
  await saveEnvironment(laila.environment, saved);
  const first = laila.environment;
  laila.memory.extend(new MemoryPool({ nickname: "m" }));
  expect(diffEnvironments(first, laila.environment)).toMatchObject({ added: 2, removed: 0 });
  await saveEnvironment(laila.environment, saved);
  expect((await environmentHistory(saved)).versions).toHaveLength(2);
  await labelEnvironment({ ...saved, labels: { live: 1 } });
  expect(await versionAt({ ...saved, label: "live" })).toMatchObject({ version: 1 });
  expect(await rollbackEnvironment({ ...saved, version: 1 })).toMatchObject({ version: 3 });
  expect(await latestVersion(saved)).toMatchObject({ version: 3, rollbackOf: 1 });
  expect(await pruneEnvironment({ ...saved, keep: 1 })).toMatchObject({ left: 2 });
  expect((await loadEnvironment(saved)).environment).toEqual(first);
  await expect(plain.environmentHistory(saved)).rejects.toMatchObject({ code: "NOT_FOUND" });
  const namespace = namespaceFor("acme");
  expect(await plain.latestVersion({ ...saved, namespace })).toMatchObject({ version: 3 });
  await expect(latestVersion({ ...saved, namespace: namespaceFor("other") })).rejects.toMatchObject(
    { code: "NOT_FOUND" },
  );
  await expect(environmentHistory("prod" as never)).rejects.toMatchObject({
    code: "INVALID_ARGUMENT",
  });
  await laila.activate(before).close();
  await pool.close();
});

it("what is rolled back here needs no approval here", async () => {
  /** A pool that keeps its values, as far as anybody is told. */
  class Bucket extends MemoryPool {
    static override readonly configSchema = MemoryPool.configSchema;
    static override readonly classToken: string = "Bucket";
    static override readonly packageName: string = "@laila/pool-bucket";
    override readonly supports = { ...new MemoryPool().supports, persistent: true };
  }
  const home = await mkdtemp(join(tmpdir(), "laila-home-"));
  vi.stubEnv("LAILA_HOME", home);
  const pool = new Bucket();
  const before = laila.activate(new Policy());
  const saved = { name: "prod", pool };
  try {
    await saveEnvironment(laila.environment, saved);
    laila.memory.extend(new MemoryPool({ nickname: "new" }), { alpha: true });
    await saveEnvironment(laila.environment, saved);
    await (await laila.recoverPolicy(saved)).close();
    await rollbackEnvironment({ ...saved, version: 1 });
    await (await laila.recoverPolicy(saved)).close();
    // By somebody else it does.
    const namespace = laila.namespace;
    await plain.rollbackEnvironment({ ...saved, namespace, version: 2 });
    await expect(laila.recoverPolicy(saved)).rejects.toMatchObject({
      code: "UNTRUSTED",
      details: { changes: [{ kind: "alpha_pool" }] },
    });
  } finally {
    await laila.activate(before).close();
    await pool.close();
    vi.unstubAllEnvs();
    await rm(home, { recursive: true });
  }
});
