import * as plain from "@laila/environment";
import { Policy } from "@laila/policy";
import { expect, it } from "vitest";
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
