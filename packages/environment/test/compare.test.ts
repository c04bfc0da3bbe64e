import { Policy } from "@laila/policy";
import { MemoryPool } from "@laila/pool";
import type { EnvironmentDocument } from "@laila/schema";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  captureEnvironment,
  diffEnvironments,
  environmentPatch,
  formatDiff,
  loadEnvironment,
  type PatchOperation,
  recoverPolicy,
  saveEnvironment,
} from "../src/index.js";
import { failure, open, secrets, somePolicy } from "./support/policies.js";
import { VaultPool } from "./support/vault-pool.js";

function capture(policy: Policy): EnvironmentDocument {
  return captureEnvironment(policy, { args: secrets });
}

/** What RFC 6902 says, no more: written for these tests, apart from what they test. */
function applied(document: unknown, operations: readonly PatchOperation[]): unknown {
  const root = { document: structuredClone(document) } as Record<string, unknown>;
  for (const operation of operations) {
    const steps = operation.path.split("/").slice(1);
    const names = steps.map((step) => step.replaceAll("~1", "/").replaceAll("~0", "~"));
    const last = names.pop();
    let at = (last === undefined ? root : root.document) as Record<string, unknown>;
    for (const name of names) {
      expect(Object.hasOwn(at, name)).toBe(true);
      at = at[name] as Record<string, unknown>;
    }
    const name = last ?? "document";
    const list = Array.isArray(at) ? (at as unknown[]) : undefined;
    if (operation.op !== "add") expect(Object.hasOwn(at, name)).toBe(true);
    if (operation.op === "remove") {
      if (list) list.splice(Number(name), 1);
      else delete at[name];
    } else if (operation.op === "add" && list) {
      expect(Number(name)).toBeLessThanOrEqual(list.length);
      list.splice(Number(name), 0, structuredClone(operation.value));
    } else at[name] = structuredClone(operation.value);
  }
  return root.document;
}

describe("diffEnvironments", () => {
  it("finds pools added, removed and changed, routing and proxies, by identity", () => {
    const policy = somePolicy();
    const { memory } = policy.central;
    const before = capture(policy);
    const { nicknames } = memory.poolRouter;
    const [vault, cache] = [nicknames.get("vault") as string, nicknames.get("cache") as string];
    const after = open(before);
    const router = after.policy.central.memory.pool_router;
    const extra = new MemoryPool({ nickname: "extra", maxBytes: 10 });
    Object.assign(router.pools[vault] as object, { region: "elsewhere", tags: { team: "a" } });
    router.pools[extra.globalId] = { class_token: "MemoryPool", nickname: "extra", max_bytes: 10 };
    router.pools_nicknames.extra = extra.globalId;
    router.affinities[extra.globalId] = 7;
    router.affinities[vault] = 3;
    delete router.pools[cache];
    delete router.pools_nicknames.cache;
    delete router.affinities[cache];
    delete router.proxies[cache];
    router.pools_nicknames.archive = extra.globalId;
    after.policy.central.memory.alpha_pool = extra.globalId;
    const diff = diffEnvironments(before, after as never);
    const alpha = before.policy.central.memory.alpha_pool;
    expect(diff).toMatchObject({
      equal: false,
      identical: false,
      added: 2,
      removed: 3,
      changed: 4,
    });
    expect(diff.pools.map(({ kind, name, classToken }) => [kind, name, classToken]).sort()).toEqual(
      [
        ["added", "archive", "MemoryPool"],
        ["changed", "archive", "VaultPool"],
        ["removed", "cache", "MemoryPool"],
      ].sort(),
    );
    expect(diff.pools.find(({ id }) => id === vault)?.fields).toEqual([
      { kind: "changed", path: "region", before: "there", after: "elsewhere" },
      { kind: "added", path: "tags", after: { team: "a" } },
    ]);
    expect(diff.pools.find(({ id }) => id === cache)?.fields).toEqual([
      { kind: "removed", path: "evict", before: "lru" },
      { kind: "removed", path: "max_bytes", before: 1000 },
    ]);
    expect(diff.routing).toEqual({
      alphaPool: { before: alpha, after: extra.globalId },
      nicknames: [
        { kind: "changed", key: "archive", before: vault, after: extra.globalId },
        { kind: "removed", key: "cache", before: cache },
        { kind: "added", key: "extra", after: extra.globalId },
      ],
      affinities: [{ kind: "changed", key: vault, before: 2, after: 3 }],
    });
    expect(diff.proxies).toEqual([{ kind: "removed", key: cache, before: vault }]);
    expect([diff.taskforces, diff.connections, diff.policy]).toEqual([[], [], []]);
    expect(JSON.parse(JSON.stringify(diff))).toEqual(diff);
    const back = diffEnvironments(after as never, before);
    expect(back).toMatchObject({ added: diff.removed, removed: diff.added, changed: diff.changed });
  });

  it("does not look at positions: the order of members and of pools is no difference", () => {
    const document = capture(somePolicy());
    const turned = JSON.parse(
      JSON.stringify(document, (_, value: unknown) =>
        typeof value === "object" && value !== null && !Array.isArray(value)
          ? Object.fromEntries(Object.entries(value).reverse())
          : value,
      ),
    ) as EnvironmentDocument;
    expect(diffEnvironments(document, turned)).toMatchObject({ equal: true, identical: true });
    expect(environmentPatch(document, turned)).toEqual([]);
  });

  it("layers are told apart by class, and a new order is told", () => {
    const document = open(capture(somePolicy()));
    const vault = Object.values(document.policy.central.memory.pool_router.pools).find(
      ({ class_token }) => class_token === "VaultPool",
    ) as Record<string, unknown>;
    const retry = { class_token: "Retry", attempts: 3 };
    const encrypt = { class_token: "Encrypt", key_id: "k1", key: { $secret: "K1" } };
    vault.layers = [retry, encrypt];
    const after = structuredClone(document);
    const other = Object.values(after.policy.central.memory.pool_router.pools).find(
      ({ class_token }) => class_token === "VaultPool",
    ) as Record<string, unknown>;
    other.layers = [{ ...encrypt, key_id: "k2" }, retry, { class_token: "Throttle", rate: 5 }];
    expect(diffEnvironments(document as never, after as never).pools[0]?.fields).toEqual([
      { kind: "changed", path: "layers[Encrypt].key_id", before: "k1", after: "k2" },
      { kind: "added", path: "layers[Throttle]", after: { class_token: "Throttle", rate: 5 } },
      {
        kind: "changed",
        path: "layers (order)",
        before: ["Retry", "Encrypt"],
        after: ["Encrypt", "Retry", "Throttle"],
      },
    ]);
  });

  it("taskforces and connections are compared like pools; sealed values are told of apart", () => {
    const before = open(capture(new Policy({ nickname: "p" })));
    const { command, communication } = before.policy.central;
    const link = "LAILA:COMM_PROTOCOL:GLOBAL_ID:00000000-0000-4000-8000-000000000001";
    const more = "LAILA:TASK_FORCE:GLOBAL_ID:00000000-0000-4000-8000-000000000002";
    communication.connections[link] = { class_token: "TcpLink", host: "a.example.org" };
    const after = structuredClone(before);
    const changed = after.policy.central;
    const alpha = command.alpha_taskforce;
    (changed.command.taskforces[alpha] as { max_concurrency: number }).max_concurrency = 8;
    changed.command.taskforces[more] = { class_token: "AsyncTaskForce", max_concurrency: 1 };
    changed.command.alpha_taskforce = more;
    delete changed.communication.connections[link];
    const sealed = { ...after, sealed: "-----BEGIN AGE ENCRYPTED FILE-----" };
    const diff = diffEnvironments(before as never, sealed as never);
    expect(diff).toMatchObject({ added: 1, removed: 1, changed: 2, sealed: "added" });
    expect(diff.taskforces).toEqual([
      expect.objectContaining({ kind: "added", id: more, classToken: "AsyncTaskForce" }),
      expect.objectContaining({
        kind: "changed",
        id: alpha,
        fields: [{ kind: "changed", path: "max_concurrency", before: 64, after: 8 }],
      }),
    ]);
    expect(diff.alphaTaskforce).toEqual({ before: alpha, after: more });
    expect(diff.connections).toMatchObject([{ kind: "removed", id: link, classToken: "TcpLink" }]);
    const same = diffEnvironments(after as never, sealed as never);
    expect(same).toMatchObject({ equal: true, identical: false, sealed: "added" });
    expect(formatDiff(same)).toBe("Sealed values\n  + added\nNo difference.\n");
    expect(applied(before, environmentPatch(before as never, sealed as never))).toEqual(sealed);
  });

  it("an unnamed policy has other ids in every process, and is no drift; a named one's id counts", () => {
    const [one, other] = [new Policy(), new Policy()];
    expect(diffEnvironments(capture(one), capture(other))).toMatchObject({
      equal: true,
      identical: false,
      names: {},
    });
    other.central.memory.extend(new MemoryPool({ nickname: "m" }), { alpha: true });
    const diff = diffEnvironments(capture(one), capture(other));
    expect(diff.routing.alphaPool?.before).toBe(one.central.memory.alphaPool.globalId);
    expect(diff.pools).toMatchObject([{ kind: "added", name: "m" }]);
    const named = capture(new Policy({ nickname: "p" }));
    expect(diffEnvironments(named, capture(new Policy({ nickname: "q" })))).toMatchObject({
      equal: false,
      policy: [{ path: "global_id" }, { path: "nickname", before: "p", after: "q" }],
    });
  });

  it("of a saved and the live one is the drift: none after a recovery, then what was changed", async () => {
    const pool = new MemoryPool();
    await saveEnvironment(capture(somePolicy()), { name: "prod", pool });
    const { environment } = await loadEnvironment({ name: "prod", pool });
    const trust = Object.keys(secrets).map((secret) => ({
      secret,
      origin: "https://vault.example.org",
    }));
    const policy = await recoverPolicy({
      name: "prod",
      pool,
      poolClasses: [VaultPool],
      args: secrets,
      trust,
    });
    expect(diffEnvironments(environment, capture(policy))).toMatchObject({ identical: true });
    policy.central.memory.extend(new MemoryPool({ nickname: "new" }));
    policy.central.memory.poolRouter.pools
      .get(policy.central.memory.poolRouter.nicknames.get("cache") as string)
      ?.proxyTo(undefined);
    const drift = diffEnvironments(environment, capture(policy));
    expect(drift).toMatchObject({ added: 2, removed: 1, changed: 0 });
    expect(formatDiff(drift, { before: "prod@1", after: "live" })).toMatch(/^prod@1 -> live\n/);
    await policy.close();
  });
});

describe("no secret is shown", () => {
  const hidden = "wJalrXUtnFEMI";
  const withLiterals = (value: string): EnvironmentDocument => {
    const document = open(capture(somePolicy()));
    for (const pool of Object.values(document.policy.central.memory.pool_router.pools)) {
      if (pool.class_token !== "VaultPool") continue;
      pool.api_key = value;
      pool.password = value;
      pool.tags = { db: { token: value, tokens_required: true } };
      pool.layers = [{ class_token: "Encrypt", key_id: "k1", key: value }];
      pool.mirror = `https://u:${value}@h.example.org/`;
    }
    return document as never;
  };

  it("nor where it is the name of a member, of a layer's class or of a pool", () => {
    const clean = capture(somePolicy());
    const named = (value: unknown): EnvironmentDocument => {
      const document = open(clean);
      const { pools, pools_nicknames } = document.policy.central.memory.pool_router;
      pools_nicknames[hidden] = Object.keys(pools)[0] ?? "";
      for (const pool of Object.values(pools)) {
        if (pool.class_token !== "VaultPool") continue;
        pool.tags = { [hidden]: value, deep: { list: [{ [`x${hidden}`]: value }] } };
        pool.layers = [{ class_token: hidden, size: value }];
        pool[`https://u:${hidden}@h.example.org/`] = value;
      }
      return document as never;
    };
    const args = { A_SECRET: hidden };
    for (const [a, b] of [
      [named(1), named(2)],
      [clean, named(1)],
      [named(1), clean],
      [capture(new Policy()), named(1)],
    ] as const) {
      const diff = diffEnvironments(a, b, { args });
      expect(diff.equal).toBe(false);
      expect(JSON.stringify(diff) + formatDiff(diff)).not.toContain(hidden);
    }
    const [vault] = diffEnvironments(named(1), named(2), { args }).pools;
    expect(vault?.fields.map(({ path }) => path)).toEqual([
      "(hidden)",
      "layers[(hidden)].size",
      "tags.deep.list",
      "tags.(hidden)",
    ]);
  });

  it("neither by name nor in a URL, in data or in text, whatever was put into the document", () => {
    const diff = diffEnvironments(withLiterals(`${hidden}1`), withLiterals(`${hidden}2`));
    const added = diffEnvironments(capture(new Policy()), withLiterals(hidden));
    for (const one of [diff, added]) {
      expect(JSON.stringify(one) + formatDiff(one)).toContain("(hidden)");
      expect(JSON.stringify(one) + formatDiff(one)).not.toContain(hidden);
    }
    // A field that is called anything, even a name: what is known as a secret is found there, too.
    const named = open(withLiterals(hidden));
    for (const pool of Object.values(named.policy.central.memory.pool_router.pools))
      Object.assign(pool, { nickname: `x${hidden}x`, comment: [encodeURIComponent(hidden)] });
    const args = { A_SECRET: hidden };
    const known = diffEnvironments(capture(new Policy()), named as never, { args });
    expect(known.pools[0]?.fields.find(({ path }) => path === "comment")).toMatchObject({
      after: ["(hidden)"],
    });
    expect(JSON.stringify(known) + formatDiff(known)).not.toContain(hidden);
    const vault = diff.pools.find(({ classToken }) => classToken === "VaultPool");
    expect(vault?.fields.map(({ path }) => path)).toEqual([
      "api_key",
      "layers[Encrypt].key",
      "mirror",
      "password",
      "tags.db.token",
    ]);
  });

  it("a patch that would carry one is refused, with the path and not the value", async () => {
    const clean = capture(somePolicy());
    const error = await failure((async () => environmentPatch(clean, withLiterals(hidden)))());
    expect(error).toMatchObject({
      code: "INVALID_DOCUMENT",
      details: { path: expect.any(String) },
    });
    expect(error.message).not.toContain(hidden);
    const leaky = open(clean);
    for (const pool of Object.values(leaky.policy.central.memory.pool_router.pools))
      pool.nickname = `x${hidden}x`;
    expect(() => environmentPatch(clean, leaky as never, { args: { A_SECRET: hidden } })).toThrow(
      /the secret A_SECRET/,
    );
  });

  it("references and switches stay readable", () => {
    const before = capture(somePolicy());
    const after = open(before);
    for (const pool of Object.values(after.policy.central.memory.pool_router.pools)) {
      if (pool.class_token !== "VaultPool") continue;
      pool.key_value = { $secret: "OTHER" };
      pool.tags = { tokens_required: true, token_url: "https://t.example.org" };
    }
    const text = formatDiff(diffEnvironments(before, after as never));
    expect(text).toContain("~ key_value: secret VAULT_KEY_VALUE -> secret OTHER");
    expect(text).toContain('+ tags: {"tokens_required":true,"token_url":"https://t.example.org"}');
  });
});

describe("as text", () => {
  it("reads like this", () => {
    const policy = new Policy({ nickname: "p" });
    const vault = new VaultPool({ nickname: "vault", region: "here" });
    policy.central.memory.extend(vault, { poolNickname: "vault", affinity: 1 });
    const before = capture(policy);
    policy.central.memory.extend(new MemoryPool({ nickname: "cache", maxBytes: 10 }));
    policy.central.memory.extend(vault, { poolNickname: "archive", affinity: 2, alpha: true });
    const after = open(capture(policy));
    (after.policy.central.memory.pool_router.pools[vault.globalId] as { region: string }).region =
      "there\u001b[2J\u202e";
    const diff = diffEnvironments(before, after as never);
    expect(formatDiff(diff, { before: "p@1", after: "live" })).toMatchInlineSnapshot(`
      "p@1 -> live
      Pools
        ~ VaultPool  vault  LAILA:POOL:GLOBAL_ID:b39945a7-8653-5557-9272-9de0690929a8
            ~ region: "here" -> "there\\u001b[2J\\u{202e}"
        + MemoryPool  cache  LAILA:POOL:GLOBAL_ID:b68ffd71-af6c-5366-962f-b21825eef2c7
            + max_bytes: 10
            + nickname: "cache"
      Routing
        ~ alpha pool: LAILA:POOL:GLOBAL_ID:2fef68f3-6d8c-5e8d-a9fa-2ac679e3dd37 -> vault
        + name archive: vault
        + name cache: cache
        ~ affinity of vault: 1 -> 2
      3 added, 0 removed, 3 changed.
      "
    `);
    expect(formatDiff(diff, { color: true })).toContain("\u001b[32m+ MemoryPool  cache");
    expect(formatDiff(diffEnvironments(before, before))).toBe("No difference.\n");
  });
});

describe("environmentPatch", () => {
  it("turns a into b: adding, removing and changing anything", () => {
    const names = fc.oneof(
      fc.constantFrom("a", "b", "a/b", "m~n", "~1", "", "0", "region", "x y"),
      // Of letters that spell no word for a secret: what is called so is refused.
      fc
        .string({ unit: fc.constantFrom(..."abxyz/~01é😀 "), maxLength: 4 })
        .map((text) => `f${text}`),
    );
    const { tree: json } = fc.letrec((tie) => ({
      tree: fc.oneof(
        { depthSize: "small", withCrossShrink: true },
        fc.oneof(fc.integer(), fc.boolean(), fc.constant(null), fc.string({ maxLength: 5 })),
        fc.array(tie("tree"), { maxLength: 5 }),
        fc.dictionary(names, tie("tree"), { maxKeys: 5, noNullPrototype: true }),
      ),
    }));
    const base = capture(new Policy({ nickname: "p" }));
    const pools = Array.from({ length: 4 }, (_, i) => new MemoryPool({ nickname: `pool ${i}` }));
    const document = fc
      .array(fc.option(fc.dictionary(names, json, { maxKeys: 6, noNullPrototype: true })), {
        maxLength: 4,
      })
      .map((fields) => {
        const made = open(base);
        const router = made.policy.central.memory.pool_router;
        for (const [i, own] of fields.entries()) {
          const id = pools[i]?.globalId as string;
          if (!own) continue;
          router.pools[id] = { ...own, class_token: "Some" };
          router.pools_nicknames[`n~/${i}`] = id;
        }
        return made as unknown as EnvironmentDocument;
      });
    fc.assert(
      fc.property(document, document, (a, b) => {
        const operations = environmentPatch(a, b);
        expect(applied(a, JSON.parse(JSON.stringify(operations)))).toEqual(b);
        const { identical, equal } = diffEnvironments(a, b);
        expect(operations.length === 0).toBe(identical);
        expect(equal).toBe(identical);
      }),
      { numRuns: 300 },
    );
  });

  it("touches no more than what differs", () => {
    const before = capture(somePolicy());
    const after = open(before);
    const [id] = Object.entries(after.policy.central.memory.pool_router.pools).find(
      ([, { class_token }]) => class_token === "VaultPool",
    ) as [string, unknown];
    (after.policy.central.memory.pool_router.pools[id] as { region: string }).region = "x";
    expect(environmentPatch(before, after as never)).toEqual([
      {
        op: "replace",
        path: `/policy/central/memory/pool_router/pools/${id}/region`,
        value: "x",
      },
    ]);
  });
});
