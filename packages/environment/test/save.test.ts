import { Policy } from "@laila/policy";
import { MemoryPool, type WriteOptions } from "@laila/pool";
import {
  constant,
  decodeRecord,
  documentDigest,
  type EnvironmentDocument,
  encodeRecord,
  entryAt,
  globalIdOf,
  LailaError,
  namespaceFor,
} from "@laila/schema";
import { afterEach, describe, expect, it, vi } from "vitest";
import { captureEnvironment, loadEnvironment, saveEnvironment } from "../src/index.js";
import { FaultyPool, keysOf } from "./support/faulty-pool.js";
import { failure } from "./support/policies.js";
import { VaultPool } from "./support/vault-pool.js";

afterEach(() => {
  vi.restoreAllMocks();
});

/** A document unlike every other. */
function environment(): EnvironmentDocument {
  return captureEnvironment(new Policy());
}

const headId = globalIdOf("prod", { scope: "MANIFEST" });
const unknownOutcome = { outcome: "unknown", op: expect.any(String) };

interface Version {
  readonly n: number;
  readonly op: string;
  readonly config: string;
  readonly parent: number | null;
}

async function headOf(
  pool: MemoryPool,
): Promise<{ data: unknown; environment: Record<string, unknown> & { versions: Version[] } }> {
  const found = await pool.read(headId);
  const { entry, extra } = decodeRecord(found?.bytes ?? new Uint8Array(), { key: headId });
  return { data: entry.data, environment: extra.environment as never };
}

describe("saveEnvironment", () => {
  it("writes a leaf and a head, which the name alone finds again", async () => {
    const pool = new MemoryPool();
    const document = environment();
    const saved = await saveEnvironment(document, {
      name: "prod",
      pool,
      author: "ann",
      message: "first",
    });
    expect(saved).toEqual({
      version: 1,
      name: "prod",
      manifestId: headId,
      leafId: expect.stringMatching(/^LAILA:ENTRY:GLOBAL_ID:/),
      digest: documentDigest(document),
      created: true,
    });
    const head = await headOf(pool);
    expect(head.data).toEqual({ config: saved.leafId });
    expect(head.environment).toEqual({
      head: 1,
      versions: [
        {
          n: 1,
          config: saved.leafId,
          digest: saved.digest,
          parent: null,
          op: expect.stringMatching(/^[0-9a-f-]{36}$/),
          author: "ann",
          time: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/),
          message: "first",
        },
      ],
      labels: {},
      trash: [],
    });
    expect(await loadEnvironment({ name: "prod", pool })).toEqual({
      environment: document,
      version: 1,
      manifestId: headId,
      leafId: saved.leafId,
      info: expect.objectContaining({ version: 1, digest: saved.digest, author: "ann" }),
    });
  });

  it("counts versions, and makes none of an unchanged environment unless forced", async () => {
    const pool = new MemoryPool();
    const first = environment();
    const second = environment();
    await saveEnvironment(first, { name: "prod", pool });
    const two = await saveEnvironment(second, { name: "prod", pool });
    expect(await saveEnvironment(second, { name: "prod", pool })).toEqual({
      ...two,
      created: false,
    });
    expect(await keysOf(pool)).toHaveLength(3);
    expect(await saveEnvironment(second, { name: "prod", pool, force: true })).toMatchObject({
      version: 3,
      created: true,
    });
    // Unchanged means against the current version: going back is a change.
    expect(await saveEnvironment(first, { name: "prod", pool })).toMatchObject({
      version: 4,
      created: true,
    });
    expect((await headOf(pool)).environment.versions.map(({ n, parent }) => [n, parent])).toEqual([
      [1, null],
      [2, 1],
      [3, 2],
      [4, 3],
    ]);
  });

  it("a namespace has its own names", async () => {
    const pool = new MemoryPool();
    const namespace = namespaceFor("acme");
    const saved = await saveEnvironment(environment(), { name: "prod", pool, namespace });
    expect(saved.manifestId).toBe(globalIdOf("prod", { scope: "MANIFEST", namespace }));
    expect(await failure(loadEnvironment({ name: "prod", pool }))).toMatchObject({
      code: "NOT_FOUND",
    });
    expect(await loadEnvironment({ name: "prod", pool, namespace })).toMatchObject({ version: 1 });
  });

  it("takes two round trips, and two more for a lost race", async () => {
    const pool = new FaultyPool();
    await saveEnvironment(environment(), { name: "prod", pool });
    expect(pool.log.sort()).toEqual(["read MANIFEST", "write ENTRY", "write MANIFEST"]);
    let others = 1;
    pool.before = async (operation, key) => {
      if (operation === "write" && key === headId && others-- === 1)
        await saveEnvironment(environment(), { name: "prod", pool });
    };
    pool.log.length = 0;
    expect(await saveEnvironment(environment(), { name: "prod", pool })).toMatchObject({
      version: 3,
    });
    expect(pool.log.filter((line) => line === "read MANIFEST")).toHaveLength(3);
    expect(pool.log.filter((line) => line === "write MANIFEST")).toHaveLength(3);
  });

  it("20 who save at once get the versions 1 to 20", async () => {
    const pool = new MemoryPool();
    const saved = await Promise.all(
      Array.from({ length: 20 }, (_, i) =>
        saveEnvironment(environment(), { name: "prod", pool, author: `${i}` }),
      ),
    );
    const expected = Array.from({ length: 20 }, (_, i) => i + 1);
    expect(saved.map(({ version }) => version).sort((a, b) => a - b)).toEqual(expected);
    const { versions } = (await headOf(pool)).environment;
    expect(versions.map(({ n }) => n)).toEqual(expected);
    for (const { version, leafId } of saved) expect(versions[version - 1]?.config).toBe(leafId);
  });

  it("20 who save the same at once make one version and leave no leaf behind", async () => {
    const pool = new MemoryPool();
    const document = environment();
    const saved = await Promise.all(
      Array.from({ length: 20 }, () => saveEnvironment(document, { name: "prod", pool })),
    );
    expect(saved.filter(({ created }) => created)).toHaveLength(1);
    expect(new Set(saved.map(({ leafId }) => leafId)).size).toBe(1);
    expect(await keysOf(pool)).toHaveLength(2);
  });

  it("keeps what it does not know in the head", async () => {
    const pool = new MemoryPool();
    const document = environment();
    const saved = await saveEnvironment(document, { name: "prod", pool });
    const { entry, extra } = decodeRecord((await pool.read(headId))?.bytes ?? new Uint8Array());
    const state = extra.environment as { versions: object[] };
    const changed = {
      ...extra,
      seen: [1],
      environment: {
        ...state,
        versions: state.versions.map((version) => ({ ...version, signed: "yes" })),
        labels: { live: 1 },
        later: "LAILA:ENTRY:…",
      },
    };
    await pool.write(headId, encodeRecord(entry, { extra: changed }));
    await saveEnvironment(environment(), { name: "prod", pool });
    const after = decodeRecord((await pool.read(headId))?.bytes ?? new Uint8Array()).extra;
    expect(after.seen).toEqual([1]);
    expect(after.environment).toMatchObject({
      head: 2,
      labels: { live: 1 },
      later: "LAILA:ENTRY:…",
      versions: [{ n: 1, config: saved.leafId, signed: "yes" }, { n: 2 }],
    });
  });
});

describe("faults while saving", () => {
  it.each(["lost-reply", "lost-reply-as-conflict"] as const)(
    "a %s of the commit is found to have happened",
    async (fault) => {
      const pool = new FaultyPool();
      let faults = 1;
      pool.fault = (operation, key) =>
        operation === "write" && key === headId && faults-- > 0 ? fault : undefined;
      expect(await saveEnvironment(environment(), { name: "prod", pool })).toMatchObject({
        version: 1,
        created: true,
      });
      expect((await headOf(pool)).environment.versions).toHaveLength(1);
      expect(await keysOf(pool)).toHaveLength(2);
    },
  );

  it("a lost request of the commit is tried again", async () => {
    const pool = new FaultyPool();
    let faults = 3;
    pool.fault = (operation, key) =>
      operation === "write" && key === headId && faults-- > 0 ? "lost-request" : undefined;
    expect(await saveEnvironment(environment(), { name: "prod", pool })).toMatchObject({
      version: 1,
      created: true,
    });
  });

  it("with requests and replies lost, every version that was reported is there, once", async () => {
    const pool = new FaultyPool();
    let seed = 7;
    const random = () => {
      seed = (seed * 48271) % 2147483647;
      return seed / 2147483647;
    };
    pool.fault = (operation) => {
      const drawn = random();
      if (drawn < 0.1) return "lost-request";
      if (operation === "read" || drawn > 0.35) return undefined;
      return drawn < 0.22 ? "lost-reply" : "lost-reply-as-conflict";
    };
    vi.spyOn(process, "emitWarning").mockReturnValue(undefined);
    const outcomes = await Promise.allSettled(
      Array.from({ length: 30 }, () => saveEnvironment(environment(), { name: "prod", pool })),
    );
    pool.fault = () => undefined;
    const { versions } = (await headOf(pool)).environment;
    expect(versions.map(({ n }) => n)).toEqual(versions.map((_, i) => i + 1));
    expect(new Set(versions.map(({ op }) => op)).size).toBe(versions.length);
    const reported = outcomes.flatMap((outcome) =>
      outcome.status === "fulfilled" ? [outcome.value] : [],
    );
    expect(reported.length).toBeGreaterThan(10);
    for (const { version, leafId } of reported) expect(versions[version - 1]?.config).toBe(leafId);
    // Whoever was told of a failure was told the truth or "unknown", and no version dangles.
    for (const { config } of versions) expect(await pool.exists(config)).toBe(true);
  });

  it("a failure before the commit leaves nothing behind", async () => {
    const pool = new FaultyPool();
    pool.fault = (operation, key) =>
      operation === "read" && key === headId ? "lost-request" : undefined;
    expect(await failure(saveEnvironment(environment(), { name: "prod", pool }))).toMatchObject({
      code: "UNAVAILABLE",
    });
    expect(await keysOf(pool)).toEqual([]);
  });

  it("a storage that cannot be reached is told of once, without another try or a warning", async () => {
    const warn = vi.spyOn(process, "emitWarning").mockReturnValue(undefined);
    const pool = new FaultyPool();
    pool.fault = () => "lost-request";
    const error = await failure(saveEnvironment(environment(), { name: "prod", pool }));
    expect(error).toMatchObject({ code: "UNAVAILABLE" });
    expect(pool.log.sort()).toEqual(["read MANIFEST", "write ENTRY"]);
    expect(warn).not.toHaveBeenCalled();
  });

  it("when it cannot be known, the error says so and the leaf stays", async () => {
    const pool = new FaultyPool();
    let down = false;
    pool.fault = (operation, key) => {
      if (key !== headId) return undefined;
      if (operation === "write") {
        down = true;
        return "lost-reply";
      }
      return down ? "lost-request" : undefined;
    };
    expect(await failure(saveEnvironment(environment(), { name: "prod", pool }))).toMatchObject({
      code: "UNAVAILABLE",
      message: expect.stringContaining("may or may not have been saved"),
      details: { outcome: "unknown", op: expect.any(String), leafId: expect.any(String) },
    });
    pool.fault = () => undefined;
    expect(await loadEnvironment({ name: "prod", pool })).toMatchObject({ version: 1 });
  });

  it("a race that is lost to its own earlier try is no failure that is certain", async () => {
    const writes: { bytes: Uint8Array; options: WriteOptions }[] = [];
    class LatePool extends MemoryPool {
      static override readonly configSchema = MemoryPool.configSchema;
      static override readonly classToken: string = "LatePool";
      static override readonly packageName: string = "@laila/pool-late";
      protected override async _read(key: string) {
        if (key === headId && writes.length > 1)
          throw new LailaError("UNAVAILABLE", "The network is down.");
        return super._read(key);
      }
      protected override async _write(key: string, bytes: Uint8Array, options: WriteOptions) {
        if (key !== headId) return super._write(key, bytes, options);
        writes.push({ bytes, options });
        // The first arrives late, just before the second.
        if (writes.length === 1) throw new LailaError("TIMEOUT", "No reply came.");
        const late = writes[0];
        if (late) await super._write(key, late.bytes, late.options);
        return super._write(key, bytes, options);
      }
    }
    const pool = new LatePool();
    expect(await failure(saveEnvironment(environment(), { name: "prod", pool }))).toMatchObject({
      code: "UNAVAILABLE",
      details: { outcome: "unknown", op: expect.any(String) },
    });
    writes.length = 0;
    expect(await loadEnvironment({ name: "prod", pool })).toMatchObject({ version: 1 });
  });

  it.each(["done-and-refused", "done-and-refused-unmarked"] as const)(
    "a commit that is %s never loses its document, whether or not the head can be read",
    async (fault) => {
      for (const readable of [true, false]) {
        const pool = new FaultyPool();
        let committed = false;
        pool.fault = (operation, key) => {
          if (key !== headId) return undefined;
          if (operation === "write") {
            committed = true;
            return fault;
          }
          return committed && !readable ? "refused" : undefined;
        };
        const outcome = await failure(saveEnvironment(environment(), { name: "prod", pool }));
        if (readable) expect(outcome).toMatchObject({ version: 1, created: true });
        else expect(outcome).toMatchObject({ code: "CREDENTIALS_EXPIRED" });
        pool.fault = () => undefined;
        expect(await loadEnvironment({ name: "prod", pool })).toMatchObject({ version: 1 });
      }
    },
  );

  it("a refused commit that was marked unknown says so, and keeps the leaf while it may still land", async () => {
    const pool = new FaultyPool();
    pool.fault = (operation, key) =>
      operation === "write" && key === headId ? "done-and-refused" : undefined;
    pool.before = async (operation, key) => {
      // The head that is read is still without it: another replica, or a request on its way.
      if (operation === "read" && key === headId) await pool.delete(headId);
    };
    const error = await failure(saveEnvironment(environment(), { name: "prod", pool }));
    expect(error).toMatchObject({
      code: "CREDENTIALS_EXPIRED",
      message: expect.stringContaining("may or may not have been saved"),
      details: { outcome: "unknown", op: expect.any(String), leafId: expect.any(String) },
    });
    pool.before = () => undefined;
    expect(await keysOf(pool)).toEqual([error.details.leafId]);
  });

  it("a commit that was refused for certain takes its leaf with it", async () => {
    const pool = new FaultyPool();
    pool.fault = (operation, key) =>
      operation === "write" && key === headId ? "refused" : undefined;
    expect(await failure(saveEnvironment(environment(), { name: "prod", pool }))).toMatchObject({
      code: "CREDENTIALS_EXPIRED",
    });
    expect(await keysOf(pool)).toEqual([]);
  });

  it("a head that vanishes meanwhile is NOT_FOUND and never made anew", async () => {
    const pool = new FaultyPool();
    await saveEnvironment(environment(), { name: "prod", pool });
    let first = true;
    pool.before = async (operation, key) => {
      if (operation !== "write" || key !== headId || !first) return;
      first = false;
      await pool.delete(headId);
    };
    expect(await failure(saveEnvironment(environment(), { name: "prod", pool }))).toMatchObject({
      code: "NOT_FOUND",
    });
    expect(await pool.exists(headId)).toBe(false);
  });

  it("64 lost races are CONFLICT, and the leaf goes", async () => {
    vi.spyOn(Math, "random").mockReturnValue(0);
    const pool = new FaultyPool();
    let own = true;
    pool.before = async (operation, key) => {
      if (operation !== "write" || key !== headId || !own) return;
      own = false;
      await saveEnvironment(environment(), { name: "prod", pool });
      own = true;
    };
    expect(await failure(saveEnvironment(environment(), { name: "prod", pool }))).toMatchObject({
      code: "CONFLICT",
      message: expect.stringContaining("64 times"),
      details: { outcome: "lost" },
    });
    pool.before = () => undefined;
    expect(await keysOf(pool)).toHaveLength(65);
  });

  it.each([
    ["ABORTED", undefined],
    ["TIMEOUT", new DOMException("Too long.", "TimeoutError")],
  ])("a signal during the commit is %s, and says that it may be done", async (code, reason) => {
    const pool = new FaultyPool();
    const controller = new AbortController();
    pool.before = (operation, key) => {
      if (operation === "write" && key === headId) controller.abort(reason);
    };
    const options = { name: "prod", pool, signal: controller.signal };
    const error = await failure(saveEnvironment(environment(), options));
    expect(error).toMatchObject({ code, details: unknownOutcome });
    expect(error.message).toContain("may or may not have been saved");
    pool.before = () => undefined;
    expect(await loadEnvironment({ name: "prod", pool })).toMatchObject({ version: 1 });
  });

  it.each(["the pause", "the look at the head", "a race that is lost"])(
    "an abort of %s after a commit without reply says that it may be done",
    async (when) => {
      const pool = new FaultyPool();
      const controller = new AbortController();
      let writes = 0;
      pool.fault = (operation, key) => {
        if (key !== headId || operation !== "write") return undefined;
        writes++;
        if (when === "the pause") setImmediate(() => controller.abort());
        if (when === "a race that is lost" && writes === 2) {
          controller.abort();
          throw new LailaError("CONFLICT", "Somebody else was faster.");
        }
        return "lost-request";
      };
      pool.before = (operation, key) => {
        if (when === "the look at the head" && writes === 1 && operation === "read")
          if (key === headId) controller.abort();
      };
      const options = { name: "prod", pool, signal: controller.signal };
      expect(await failure(saveEnvironment(environment(), options))).toMatchObject({
        code: "ABORTED",
        details: unknownOutcome,
      });
    },
  );

  it("an abort before the commit is certain, and leaves nothing", async () => {
    const pool = new FaultyPool();
    const controller = new AbortController();
    pool.fault = (operation, key) => {
      if (operation === "write" && key !== headId) controller.abort();
      return undefined;
    };
    const options = { name: "prod", pool, signal: controller.signal };
    const error = await failure(saveEnvironment(environment(), options));
    expect(error).toMatchObject({ code: "ABORTED" });
    expect(error.details.outcome).toBeUndefined();
    expect(pool.log).not.toContain("write MANIFEST");
  });
});

describe("what is refused", () => {
  it("a pool without conditional writes, unless told otherwise", async () => {
    const pool = new VaultPool();
    expect(await failure(saveEnvironment(environment(), { name: "prod", pool }))).toMatchObject({
      code: "UNSUPPORTED",
      message: expect.stringContaining("unsafe: true"),
    });
    expect(
      await saveEnvironment(environment(), { name: "prod", pool, unsafe: true }),
    ).toMatchObject({ version: 1 });
    expect(
      await saveEnvironment(environment(), { name: "prod", pool, unsafe: true }),
    ).toMatchObject({ version: 2 });
  });

  it("what is no environment, an empty name, a URL with a password", async () => {
    const pool = new MemoryPool();
    expect(
      await failure(saveEnvironment({} as EnvironmentDocument, { name: "prod", pool })),
    ).toMatchObject({ code: "INVALID_DOCUMENT" });
    expect(await failure(saveEnvironment(environment(), { name: "", pool }))).toMatchObject({
      code: "INVALID_ARGUMENT",
    });
    const leaky = structuredClone(environment());
    const { pools } = leaky.policy.central.memory.pool_router;
    for (const config of Object.values(pools))
      (config as Record<string, unknown>).at = "https://u:p@h/";
    expect(await failure(saveEnvironment(leaky, { name: "prod", pool }))).toMatchObject({
      code: "INVALID_DOCUMENT",
    });
    expect(await keysOf(pool)).toEqual([]);
  });

  it.each([
    [undefined, /plain object/],
    [{ name: "prod" }, /needs a pool/],
    [{ name: "prod", pool: "s3" }, /poolNickname/],
    [{ name: "prod", poolNickname: "s3" }, /no option "poolNickname"/],
    [{ naem: "prod" }, /Did you mean name\?/],
  ])("options that only JavaScript lets through: %j", async (options, message) => {
    for (const call of [
      saveEnvironment(environment(), options as never),
      loadEnvironment(options as never),
    ]) {
      expect(await failure(call)).toMatchObject({
        code: "INVALID_ARGUMENT",
        message: expect.stringMatching(message),
      });
    }
  });

  it("a name that belongs to a manifest of another kind", async () => {
    const pool = new MemoryPool();
    const other = entryAt(headId, { weights: globalIdOf("w") });
    await pool.write(headId, encodeRecord(other));
    expect(await failure(saveEnvironment(environment(), { name: "prod", pool }))).toMatchObject({
      code: "INVALID_DOCUMENT",
    });
    const plain = entryAt(headId, { config: globalIdOf("w") });
    await pool.write(headId, encodeRecord(plain));
    expect(await failure(saveEnvironment(environment(), { name: "prod", pool }))).toMatchObject({
      code: "INVALID_DOCUMENT",
      message: expect.stringContaining("memorized as a manifest"),
    });
    expect(await keysOf(pool)).toEqual([headId]);
  });

  it("a head that somebody wrote over is CORRUPT", async () => {
    const pool = new MemoryPool();
    const saved = await saveEnvironment(environment(), { name: "prod", pool });
    const { extra } = decodeRecord((await pool.read(headId))?.bytes ?? new Uint8Array());
    const state = extra.environment as { head: number; versions: object[] };
    const [version] = state.versions;
    const wrong: [object, object][] = [
      [{ config: constant(0).globalId }, state],
      [{ config: saved.leafId }, { ...state, head: 2 }],
      [{ config: saved.leafId }, { ...state, versions: [] }],
      [{ config: saved.leafId }, { ...state, versions: [version, { ...version }] }],
      [{ config: saved.leafId }, { ...state, versions: [{ ...version, digest: 5 }] }],
      [{ config: saved.leafId }, { ...state, versions: "none" }],
    ];
    for (const [data, environmentState] of wrong) {
      await pool.write(
        headId,
        encodeRecord(entryAt(headId, data), { extra: { environment: environmentState } }),
      );
      expect(await failure(loadEnvironment({ name: "prod", pool }))).toMatchObject({
        code: "CORRUPT",
        details: { headId },
      });
      expect(await failure(saveEnvironment(environment(), { name: "prod", pool }))).toMatchObject({
        code: "CORRUPT",
      });
    }
  });
});

describe("loadEnvironment", () => {
  it("a name that was never saved is NOT_FOUND and says so", async () => {
    const pool = new MemoryPool({ nickname: "bucket" });
    expect(await failure(loadEnvironment({ name: "prd", pool }))).toMatchObject({
      code: "NOT_FOUND",
      message: expect.stringMatching(/ever saved under the name "prd" in the pool bucket/),
    });
  });

  it("a leaf that is gone is NOT_FOUND and named", async () => {
    const pool = new MemoryPool();
    const { leafId } = await saveEnvironment(environment(), { name: "prod", pool });
    await pool.delete(leafId);
    expect(await failure(loadEnvironment({ name: "prod", pool }))).toMatchObject({
      code: "NOT_FOUND",
      message: expect.stringContaining(leafId),
      details: { leafId },
    });
  });

  it("a leaf that is gone because another version came is found by reading the head once more", async () => {
    const pool = new FaultyPool();
    const { leafId } = await saveEnvironment(environment(), { name: "prod", pool });
    const next = environment();
    let first = true;
    pool.before = async (operation, key) => {
      if (operation !== "read" || key !== leafId || !first) return;
      first = false;
      await saveEnvironment(next, { name: "prod", pool });
      await pool.delete(leafId);
    };
    expect(await loadEnvironment({ name: "prod", pool })).toMatchObject({
      version: 2,
      environment: next,
    });
  });

  it("flipped bits of the leaf and of the head are found", async () => {
    const pool = new MemoryPool();
    const { leafId } = await saveEnvironment(environment(), { name: "prod", pool });
    for (const key of [leafId, headId]) {
      const bytes = (await pool.read(key))?.bytes ?? new Uint8Array();
      for (let at = 0; at < bytes.length; at += 7) {
        const flipped = bytes.slice();
        flipped[at] = (flipped[at] ?? 0) ^ (1 << (at % 8));
        await pool.write(key, flipped);
        const error = await failure(loadEnvironment({ name: "prod", pool }));
        expect([at, error.code]).toEqual([
          at,
          expect.stringMatching(/^(CORRUPT|UNSUPPORTED|UNSUPPORTED_VERSION)$/),
        ]);
      }
      await pool.write(key, bytes);
    }
  });

  it("another document under the leaf's key is CORRUPT by its digest", async () => {
    const pool = new MemoryPool();
    const { leafId } = await saveEnvironment(environment(), { name: "prod", pool });
    await pool.write(leafId, encodeRecord(entryAt(leafId, environment())));
    expect(await failure(loadEnvironment({ name: "prod", pool }))).toMatchObject({
      code: "CORRUPT",
      message: expect.stringContaining("digest"),
    });
  });

  it("an environment of a later format is UNSUPPORTED_VERSION", async () => {
    const pool = new MemoryPool();
    const leaf = constant({ ...environment(), laila_environment: 2 });
    await pool.write(leaf.globalId, encodeRecord(leaf));
    await pool.write(headId, encodeRecord(entryAt(headId, { config: leaf.globalId })));
    expect(await failure(loadEnvironment({ name: "prod", pool }))).toMatchObject({
      code: "UNSUPPORTED_VERSION",
    });
  });
});
