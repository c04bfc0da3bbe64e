import { MemoryPool } from "@laila/pool";
import { ClassRegistry, globalIdOf, namespaceFor } from "@laila/schema";
import { describe, expect, it } from "vitest";
import * as exported from "../src/index.js";
import { AsyncTaskForce, constant, Policy } from "../src/index.js";
import { TestPool, unavailable } from "./pools.js";

it("exports what it says", () => {
  expect(Object.keys(exported).sort()).toMatchInlineSnapshot(`
    [
      "AsyncTaskForce",
      "CentralCommand",
      "CentralCommunication",
      "CentralMemory",
      "Entry",
      "Future",
      "GcTask",
      "GroupFuture",
      "Guarantee",
      "LailaError",
      "Manifest",
      "ManifestBase",
      "MemoryPool",
      "Policy",
      "PoolRouter",
      "RepairTask",
      "Transfer",
      "VerifyTask",
      "constant",
      "copyPool",
      "failedCopyChannel",
      "gc",
      "isEntry",
      "isLailaError",
      "isManifestLike",
      "mirror",
      "movePool",
      "operationChannel",
      "recallManifest",
      "repairManifest",
      "unobservedFailureChannel",
      "variable",
      "verifyManifest",
    ]
  `);
});

describe("identity", () => {
  it("is the nickname's, a given one, or a fresh one", () => {
    const namespace = namespaceFor("mine");
    expect(new Policy().globalId).not.toBe(new Policy().globalId);
    expect(new Policy({ nickname: "p", namespace }).globalId).toBe(
      globalIdOf("p", { scope: "POLICY", namespace }),
    );
    const { globalId } = new Policy();
    expect(new Policy({ globalId }).globalId).toBe(globalId);
    expect(() => new Policy({ globalId: constant(1).globalId })).toThrow(
      expect.objectContaining({ code: "INVALID_ID" }),
    );
    expect(() => new Policy({ namespace: "mine" })).toThrow(
      expect.objectContaining({ code: "INVALID_ARGUMENT" }),
    );
  });

  it("gives its parts theirs, the same for the same policy", () => {
    const ids = (policy: Policy): string[] => {
      const { memory, command, communication } = policy.central;
      return [
        memory,
        memory.poolRouter,
        command,
        communication,
        command.alphaTaskforce,
        memory.alphaPool,
      ].map(({ globalId }) => globalId);
    };
    const policy = new Policy();
    const scopes = ids(policy).map((id) => id.split(":")[1]);
    expect(scopes).toEqual([
      "CENTRAL_MEMORY",
      "POOL_ROUTER",
      "CENTRAL_COMMAND",
      "CENTRAL_COMMUNICATION",
      "TASK_FORCE",
      "POOL",
    ]);
    expect(new Set(ids(policy)).size).toBe(6);
    expect(ids(new Policy({ globalId: policy.globalId }))).toEqual(ids(policy));
    expect(ids(new Policy())).not.toEqual(ids(policy));
  });

  it("takes every id and part that it is given", () => {
    const other = new Policy();
    const { memory, command, communication } = other.central;
    const alphaPool = new MemoryPool({ nickname: "alpha" });
    const alphaTaskforce = new AsyncTaskForce({ maxConcurrency: 3 });
    const classes = new ClassRegistry();
    const policy = new Policy({
      alphaPool,
      alphaTaskforce,
      classes,
      globalIds: {
        centralMemory: memory.globalId,
        centralCommand: command.globalId,
        centralCommunication: communication.globalId,
        poolRouter: memory.poolRouter.globalId,
      },
    });
    expect(policy.central.memory.globalId).toBe(memory.globalId);
    expect(policy.central.memory.alphaPool).toBe(alphaPool);
    expect(policy.central.memory.poolRouter.nicknames.get("alpha")).toBe(alphaPool.globalId);
    expect(policy.central.command.alphaTaskforce).toBe(alphaTaskforce);
    expect(policy.classes).toBe(classes);
    expect(() => new Policy({ globalIds: { poolRouter: memory.globalId } })).toThrow(
      expect.objectContaining({ code: "INVALID_ID" }),
    );
  });

  it("is in the records it writes, and registered classes come back", async () => {
    class Point {
      readonly x: number;
      readonly y: number;
      constructor(x: number, y: number) {
        this.x = x;
        this.y = y;
      }
    }
    const classes = new ClassRegistry();
    classes.register({
      class: Point,
      name: "Point",
      version: 1,
      encode: ({ x, y }) => [x, y],
      decode: (data) => new Point(...(data as [number, number])),
    });
    const alphaPool = new TestPool();
    const policy = new Policy({ classes, alphaPool });
    const [plain, point] = [constant("text"), constant(new Point(1, 2))];
    await policy.central.memory.memorize([plain, point]);
    const record = JSON.parse(new TextDecoder().decode(alphaPool.values.get(plain.globalId)));
    expect(record.recorder).toBe(policy.globalId);
    expect((await policy.central.memory.remember(point.globalId)).data).toEqual(new Point(1, 2));
    expect((await policy.central.memory.remember(point)).data).toBeInstanceOf(Point);
  });
});

describe("close", () => {
  it("lets what is under way land, closes everything, and takes nothing more", async () => {
    const [alpha, other, replaced] = [new TestPool(), new TestPool(), new TestPool()];
    const policy = new Policy({ alphaPool: alpha });
    const { memory, communication } = policy.central;
    memory.extend(replaced, { poolNickname: "n" });
    await replaced.open();
    memory.extend(other, { poolNickname: "n", replace: true });
    let disconnected = 0;
    communication.extend({
      globalId: "c",
      toConfig: () => ({ class_token: "C" }),
      close: async () => {
        disconnected++;
      },
    });
    const release = alpha.hold();
    const [one, many] = [
      memory.memorize(constant(1)),
      memory.memorize(Array.from({ length: 200 }, (_, i) => constant(i))),
    ];
    const elsewhere = memory.memorize(constant(2), { poolNickname: "n" });
    const closing = policy.close();
    await expect(memory.memorize(constant(3))).rejects.toMatchObject({ code: "CLOSED" });
    await expect(memory.remember([constant(3)])).rejects.toMatchObject({ code: "CLOSED" });
    expect(() => memory.extend(new TestPool())).toThrow(
      expect.objectContaining({ code: "CLOSED" }),
    );
    expect(alpha.closings).toBe(0);
    release();
    await closing;
    await Promise.all([one, many, elsewhere]);
    expect(alpha.values.size).toBe(201);
    expect([alpha.closings, other.closings, replaced.closings, disconnected]).toEqual([1, 1, 1, 1]);
    await policy.close();
    await policy[Symbol.asyncDispose]();
    expect([alpha.closings, disconnected]).toEqual([1, 1]);
  });

  it("closes the others when one cannot be closed, and tells of all that went wrong", async () => {
    const [alpha, bad, good] = [new TestPool(), new TestPool(), new TestPool()];
    const policy = new Policy({ alphaPool: alpha });
    const failure = unavailable("disk full");
    bad.failing.set("close", failure);
    for (const pool of [bad, good]) {
      await pool.open();
      policy.central.memory.extend(pool);
    }
    const lost = unavailable("lost");
    const entry = constant(1);
    alpha.failing.set(entry.globalId, lost);
    policy.central.memory.memorize(entry);
    await expect(policy.close()).rejects.toMatchObject({
      code: "MULTIPLE",
      errors: [lost, failure],
    });
    expect([alpha.closings, good.closings]).toEqual([1, 1]);
  });

  it("says nothing of what it holds", () => {
    const policy = new Policy({ nickname: "p" });
    expect(JSON.parse(JSON.stringify(policy))).toEqual({
      globalId: policy.globalId,
      nickname: "p",
    });
  });
});

describe("closing after a failure that nobody awaited", () => {
  it.each([
    ["keeps the code of a LAILA error", unavailable("away"), "UNAVAILABLE"],
    ["gives what is no LAILA error as MULTIPLE", new Error("away"), "MULTIPLE"],
  ])("%s, with the original as its cause", async (_, failure, code) => {
    const pool = new TestPool();
    const policy = new Policy({ alphaPool: pool });
    const entry = constant(1);
    pool.failing.set(entry.globalId, failure);
    policy.central.memory.memorize(entry);
    const error: unknown = await policy.close().catch((reason: unknown) => reason);
    expect(error).toMatchObject({
      code,
      message: "The policy is closed; an operation that nobody awaited had failed: away",
      cause: failure,
    });
  });
});
