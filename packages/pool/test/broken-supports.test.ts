import type { Pool, ReadResult, Supports, WriteOptions } from "@laila/pool";
import { LailaError } from "@laila/pool";
import type { DescribePoolOptions } from "@laila/pool/testing";
import { describe, expect, it } from "vitest";
import { failures, own } from "./support/broken.js";
import { ScriptedPool, settled } from "./support/scripted-pool.js";
import { SlowPool } from "./support/slow-pool.js";

const { supports } = new ScriptedPool();

/** A good pool with conditions, which says of itself what it likes. */
function saying(lie: Partial<Supports>): Pool {
  return new (class Says extends own() {
    override readonly supports: Supports = { ...supports, ...lie };
  })();
}

function slow(lie: Partial<Supports>): Pool {
  const pool = SlowPool.onNewStorage({ conditional: true });
  Object.assign(pool.supports, lie);
  return pool;
}

const slowSupports = slow({}).supports;

/** What each says that is not so, and the test that finds it out. */
const lies: Record<string, { lie: Partial<Supports>; found: RegExp[]; slow?: true }> = {
  "to be durable, with no child to prove it": {
    lie: { durable: true, persistent: true },
    found: [/^gives a child to kill, because it says that it is durable$/],
  },
  "to be durable, and not persistent": {
    lie: { durable: true },
    found: [/^is persistent if it is durable or shared$/],
  },
  "to persist": {
    lie: { persistent: true },
    found: [/^has everything when it is opened again$/],
  },
  "not to persist": {
    slow: true,
    lie: { persistent: false, sharedBetweenProcesses: false },
    found: [/^has nothing when it is opened again, as it denies to persist$/],
  },
  "to be shared": {
    lie: { persistent: true, sharedBetweenProcesses: true },
    found: [/^two pools on one storage see each other's values$/],
  },
  "not to be shared": {
    slow: true,
    lie: { sharedBetweenProcesses: false },
    found: [/^refuses a second pool on its storage, as it denies to share$/],
  },
  "to do many at once cheaply": {
    lie: { batch: true },
    found: [/^does many with less than a call for each, as batch says$/],
  },
  "to have streams": {
    lie: { streams: true },
    found: [/^has the streams it says it has, and no others$/],
  },
  "to have no conditions": {
    lie: { conditionalWrites: false },
    found: [/^ifAbsent writes once$/],
  },
  "to take keys of three bytes": {
    lie: { maxKeyBytes: 3 },
    found: [/^declares a maxKeyBytes of at least 256$/],
  },
  "that values have no largest size": {
    lie: { maxValueBytes: Number.POSITIVE_INFINITY },
    found: [/^says every ability, of its type, before it opens and after$/],
  },
};

describe("the conformance suite finds a pool that says", () => {
  for (const [what, { lie, found, slow: persists }] of Object.entries(lies)) {
    // Conditions are denied to the suite only: the base class would keep the promise for the pool.
    const denies = lie.conditionalWrites === false;
    const options: DescribePoolOptions = {
      supports: persists ? { ...slowSupports, ...lie } : { ...supports, ...(denies ? {} : lie) },
      create: () => ({ pool: persists ? slow(lie) : saying(lie) }),
      ...(persists
        ? { reopen: (pool) => slowAgain(pool.toConfig().storage_name, lie, pool.globalId) }
        : {}),
    };
    it(`${what}, by "${found[0]?.source}"`, async () => {
      const failed = await failures(options, found);
      for (const name of found) expect(failed).toContainEqual(expect.stringMatching(name));
    });
  }

  it("that a value may be larger than it may", async () => {
    const TakesAll = class extends own() {
      override readonly supports: Supports = { ...supports, maxValueBytes: 2 ** 27 };
      override async write(key: string, bytes: Uint8Array, options: WriteOptions) {
        return bytes.byteLength > 2 ** 27 ? "refused nothing" : super.write(key, bytes, options);
      }
    };
    const options = {
      supports: { ...supports, maxValueBytes: 2 ** 27 },
      create: () => ({ pool: new TakesAll() }),
    };
    const name = "refuses a value of one byte more than maxValueBytes";
    expect(await failures(options, [new RegExp(name)])).toEqual([name]);
  });

  it("that it evicts, and refuses when it is full", async () => {
    const most = 2 ** 24;
    const Full = class extends own() {
      override readonly supports: Supports = { ...supports, evicts: true, maxValueBytes: most };
      protected override async _write(key: string, bytes: Uint8Array, options: WriteOptions) {
        let size = bytes.byteLength;
        for (const value of this.values.values()) size += value.bytes.byteLength;
        if (size > 3 * most) throw new LailaError("NO_SPACE", "The pool is full of values.");
        return super._write(key, bytes, options);
      }
    };
    const options = {
      supports: { ...supports, evicts: true, maxValueBytes: most },
      create: () => ({ pool: new Full() }),
    };
    const name = "never refuses for want of room, and what it has is whole";
    expect(await failures(options, [new RegExp(name)])).toEqual([name]);
  });
});

describe("the conformance suite finds a pool that, of storage it cannot reach,", () => {
  const broken: Record<string, { pool: () => Pool; found: string[] }> = {
    "says that nothing is there": {
      pool: () =>
        new (class Nothing extends own() {
          protected override async _open(): Promise<void> {
            await settled();
          }
          protected override async _exists(): Promise<boolean> {
            return false;
          }
          protected override async _read(): Promise<ReadResult | undefined> {
            return undefined;
          }
          protected override async *_keys(): AsyncGenerator<string> {
            yield* [];
          }
        })(),
      found: ["exists", "read", "keys", "readMany", "open"],
    },
    "speaks in words of its own": {
      pool: () =>
        new (class Raw extends own() {
          protected override _open(): Promise<void> {
            return Promise.reject(new Error("connect ECONNREFUSED"));
          }
        })(),
      found: ["open", "read", "write", "delete", "exists", "keys", "readMany", "writeMany"],
    },
  };
  for (const [what, { pool, found }] of Object.entries(broken)) {
    it(`${what}, by "${found[0]} fails, and says why"`, async () => {
      const options = {
        supports,
        create: () => ({ pool: new (own())() }),
        unreachable: () => ({ pool: pool() }),
      };
      const failed = await failures(options, [/fails, and says why$/]);
      expect(failed).toEqual(
        expect.arrayContaining(found.map((name) => `${name} fails, and says why`)),
      );
    });
  }
});

function slowAgain(
  storageName: unknown,
  lie: Partial<Supports>,
  globalId: Pool["globalId"],
): SlowPool {
  const pool = new SlowPool({ conditional: true, storageName: String(storageName) }, { globalId });
  Object.assign(pool.supports, lie);
  return pool;
}
