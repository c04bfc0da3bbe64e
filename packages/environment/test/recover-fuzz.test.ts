import { inspect } from "node:util";
import { MemoryPool } from "@laila/pool";
import { withRetry, withTransforms } from "@laila/pool/layers";
import { isLailaError } from "@laila/schema";
import fc from "fast-check";
import { expect, it } from "vitest";
import { captureEnvironment, recoverPolicy } from "../src/index.js";
import { secrets, somePolicy } from "./support/policies.js";
import { VaultPool } from "./support/vault-pool.js";

const home = "https://vault.example.org";
const args = {
  ...secrets,
  DATABASE_PASSWORD: "correct horse battery",
  K0: Buffer.alloc(32, 7).toString("base64"),
  K1: Buffer.alloc(32, 8).toString("base64"),
};

/** What somebody with access to the bucket might write. */
const planted = fc.oneof(
  fc.constantFrom<unknown[]>(
    "https://evil.example.net",
    "http://169.254.169.254",
    "/etc/passwd",
    "../../x",
    "$LAILA_HOME/../x",
    "VaultPool",
    "MemoryPool",
    { $secret: "VAULT_KEY_VALUE" },
    { $secret: "VAULT_KEY_ID" },
    { $secret: "DATABASE_PASSWORD" },
    { $secret: "toString" },
    { $secret: "K0" },
    { class_token: "Encrypt", key_id: "k2", key: { $secret: "K0" } },
    [{ class_token: "Encrypt", key_id: "k2", key: { $secret: "DATABASE_PASSWORD" } }],
    "Retry",
    { $secret: ["VAULT_KEY_ID"] },
  ),
  fc.jsonValue({ maxDepth: 2 }),
);
const fieldNames = fc.constantFrom(
  "endpoint",
  "key_id",
  "key_value",
  "region",
  "file_path",
  "tags",
  "class_token",
  "nickname",
  "logger",
  "ambient_credentials",
  "layers",
  "key",
  "old_keys",
  "__proto__",
  "constructor",
  "x",
);

type Tree = Record<string, unknown>;

/** Every object in a document. */
function objectsIn(value: unknown): Tree[] {
  if (typeof value !== "object" || value === null) return [];
  return [value as Tree, ...Object.values(value).flatMap(objectsIn)];
}

const changes = fc.array(
  fc.record({
    where: fc.nat(),
    what: fc.constantFrom("replace", "add", "remove"),
    member: fc.nat(),
    name: fieldNames,
    value: planted,
  }),
  { minLength: 1, maxLength: 4 },
);

it("whatever is changed in a document, secrets stay in their fields and go to no other place", async () => {
  const live = somePolicy();
  const encrypted = withTransforms(new MemoryPool({ nickname: "safe" }), [
    { gzip: true },
    { encrypt: { keyId: "k1", key: args.K1, oldKeys: { k0: args.K0 } } },
  ]);
  live.central.memory.extend(withRetry(encrypted));
  const environment = captureEnvironment(live, { args });
  const from = live.central.memory.poolRouter.route({ poolNickname: "vault" });
  let recovered = 0;
  let refused = 0;
  const property = fc.asyncProperty(changes, async (edits) => {
    const document = JSON.parse(JSON.stringify(environment)) as Tree;
    for (const { where, what, member, name, value } of edits) {
      const objects = objectsIn(document);
      const target = objects[where % objects.length] as Tree;
      const names = Object.keys(target);
      const chosen = what === "add" ? name : (names[member % Math.max(1, names.length)] ?? name);
      if (what === "remove") delete target[chosen];
      else
        Object.defineProperty(target, chosen, {
          value: structuredClone(value),
          enumerable: true,
          configurable: true,
          writable: true,
        });
    }
    VaultPool.made = [];
    try {
      const policy = await recoverPolicy({
        environment: document,
        poolClasses: [VaultPool],
        args,
        from,
      });
      recovered++;
      for (const pool of policy.central.memory.poolRouter.pools.values()) {
        const shown = JSON.stringify(pool.toConfig());
        for (const secret of Object.values(args)) expect(shown).not.toContain(secret);
      }
      await policy.close();
    } catch (error) {
      refused++;
      if (!isLailaError(error)) throw error;
      const text = inspect(error, { depth: 10 });
      for (const secret of Object.values(args)) expect(text).not.toContain(secret);
    }
    for (const { settings } of VaultPool.made) {
      const { keyId, keyValue, endpoint, ...others } = settings;
      expect([undefined, args.VAULT_KEY_ID]).toContain(keyId);
      expect([undefined, args.VAULT_KEY_VALUE]).toContain(keyValue);
      if (keyId ?? keyValue) expect([undefined, home]).toContain(endpoint);
      for (const secret of Object.values(args))
        expect(JSON.stringify(others)).not.toContain(secret);
      expect(others.filePath ?? "").not.toMatch(/passwd|\.\./);
    }
  });
  await fc.assert(property, { numRuns: 3000 });
  // Both happen, or this test would say nothing.
  expect(recovered).toBeGreaterThan(20);
  expect(refused).toBeGreaterThan(200);
  expect(({} as Tree).$secret).toBeUndefined();
  await live.close();
});
