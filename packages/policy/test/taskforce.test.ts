import { describe, expect, it } from "vitest";
import {
  AsyncTaskForce,
  CentralCommand,
  CentralCommunication,
  constant,
  Policy,
} from "../src/index.js";
import { TestPool } from "./pools.js";

/** An operation that runs until it is told to end. */
function operation(log: string[], name: string) {
  let end = (): void => undefined;
  const ended = new Promise<void>((resolve) => {
    end = resolve;
  });
  const run = async (): Promise<string> => {
    log.push(name);
    await ended;
    return name;
  };
  return { run, end };
}

type Operation = ReturnType<typeof operation>;

describe("an async taskforce", () => {
  it("runs so many at a time, first come, first served", async () => {
    const force = new AsyncTaskForce({ maxConcurrency: 2 });
    const log: string[] = [];
    const operations = ["a", "b", "c", "d"].map((name) => operation(log, name));
    const results = operations.map(({ run }) => force.submit(run));
    expect(log).toEqual(["a", "b"]);
    expect([force.running, force.waiting]).toEqual([2, 2]);
    operations[1]?.end();
    await results[1];
    expect(log).toEqual(["a", "b", "c"]);
    for (const { end } of operations) end();
    expect(await Promise.all(results)).toEqual(["a", "b", "c", "d"]);
    expect(log).toEqual(["a", "b", "c", "d"]);
    expect([force.running, force.waiting]).toEqual([0, 0]);
  });

  it("goes on after an operation that fails, also one that throws at once", async () => {
    const force = new AsyncTaskForce({ maxConcurrency: 1 });
    const failure = new Error("no");
    const results = await Promise.allSettled([
      force.submit(() => {
        throw failure;
      }),
      force.submit(() => Promise.reject(failure)),
      force.submit(async () => "fine"),
    ]);
    expect(results).toEqual([
      { status: "rejected", reason: failure },
      { status: "rejected", reason: failure },
      { status: "fulfilled", value: "fine" },
    ]);
  });

  it("gives an operation the places it asks for, all at once, and nobody overtakes it", async () => {
    const force = new AsyncTaskForce({ maxConcurrency: 3 });
    const log: string[] = [];
    const [one, batch, late] = ["one", "batch", "late"].map((name) => operation(log, name));
    const first = force.submit((one as Operation).run);
    const second = force.submit((batch as Operation).run, { places: 3 });
    const third = force.submit((late as Operation).run);
    expect(log).toEqual(["one"]);
    expect([force.running, force.waiting]).toEqual([1, 2]);
    one?.end();
    await first;
    expect(log).toEqual(["one", "batch"]);
    expect([force.running, force.waiting]).toEqual([3, 1]);
    batch?.end();
    await second;
    expect(log).toEqual(["one", "batch", "late"]);
    late?.end();
    await third;
    // More than there are is all of them.
    expect(await force.submit(async () => force.running, { places: 100 })).toBe(3);
    await force.close();
  });

  it("lets those behind it in when a large one leaves the line", async () => {
    const force = new AsyncTaskForce({ maxConcurrency: 2 });
    const log: string[] = [];
    const one = operation(log, "one");
    const running = force.submit(one.run);
    const controller = new AbortController();
    const large = force.submit(async () => "large", { places: 2, signal: controller.signal });
    const small = force.submit(async () => "small");
    controller.abort();
    await expect(large).rejects.toMatchObject({ code: "ABORTED" });
    expect(await small).toBe("small");
    one.end();
    await running;
    expect(force.running).toBe(0);
  });

  it("lets go of what is aborted while it waits", async () => {
    const force = new AsyncTaskForce({ maxConcurrency: 1 });
    const log: string[] = [];
    const first = operation(log, "first");
    const running = force.submit(first.run);
    const controller = new AbortController();
    const waiting = force.submit(operation(log, "never").run, { signal: controller.signal });
    const last = force.submit(async () => "last");
    controller.abort(new Error("enough"));
    await expect(waiting).rejects.toMatchObject({ code: "ABORTED", cause: { message: "enough" } });
    await expect(force.submit(async () => 1, { signal: controller.signal })).rejects.toMatchObject({
      code: "ABORTED",
    });
    expect(force.waiting).toBe(1);
    first.end();
    await running;
    expect(await last).toBe("last");
    expect(log).toEqual(["first"]);
  });

  it("tells a time limit from an abort", async () => {
    const force = new AsyncTaskForce({ maxConcurrency: 1 });
    const first = operation([], "first");
    const running = force.submit(first.run);
    const late = force.submit(async () => 1, { signal: AbortSignal.timeout(1) });
    await expect(late).rejects.toMatchObject({ code: "TIMEOUT" });
    first.end();
    await running;
  });

  it("drains on close, then takes nothing", async () => {
    const force = new AsyncTaskForce({ maxConcurrency: 1, nickname: "f" });
    const log: string[] = [];
    const [a, b] = [operation(log, "a"), operation(log, "b")];
    const results = [force.submit(a.run), force.submit(b.run)];
    let closed = false;
    const closing = force.close().then(() => {
      closed = true;
    });
    await expect(force.submit(async () => 1)).rejects.toMatchObject({ code: "CLOSED" });
    a.end();
    await results[0];
    expect(closed).toBe(false);
    b.end();
    await closing;
    await force.close();
    expect(await Promise.all(results)).toEqual(["a", "b"]);
    await new AsyncTaskForce().close();
  });

  it("closes when the last one in line was aborted", async () => {
    const force = new AsyncTaskForce({ maxConcurrency: 1 });
    const first = operation([], "first");
    const running = force.submit(first.run);
    const controller = new AbortController();
    const waiting = force.submit(async () => 1, { signal: controller.signal });
    const closing = force.close();
    controller.abort();
    await expect(waiting).rejects.toMatchObject({ code: "ABORTED" });
    first.end();
    await running;
    await closing;
  });

  it("has an identity and a form as data", () => {
    const named = new AsyncTaskForce({ maxConcurrency: 8, nickname: "io" });
    expect(named.toConfig()).toEqual({
      class_token: "AsyncTaskForce",
      max_concurrency: 8,
      nickname: "io",
    });
    expect(new AsyncTaskForce({ nickname: "io" }).globalId).toBe(named.globalId);
    expect(named.globalId).toMatch(/^LAILA:TASK_FORCE:GLOBAL_ID:/);
    expect(new AsyncTaskForce({}, { globalId: named.globalId }).globalId).toBe(named.globalId);
    expect(new AsyncTaskForce().toConfig()).toEqual({
      class_token: "AsyncTaskForce",
      max_concurrency: 64,
    });
    for (const maxConcurrency of [0, -1, 1.5, Number.NaN]) {
      expect(() => new AsyncTaskForce({ maxConcurrency })).toThrow(
        expect.objectContaining({ code: "INVALID_CONFIG" }),
      );
    }
    expect(() => new AsyncTaskForce({}, { globalId: new Policy().globalId })).toThrow(
      expect.objectContaining({ code: "INVALID_ID" }),
    );
  });
});

describe("central command", () => {
  it("is what every pool operation runs on", async () => {
    const pool = new TestPool();
    const policy = new Policy({
      alphaPool: pool,
      alphaTaskforce: new AsyncTaskForce({ maxConcurrency: 3 }),
    });
    const { memory, command } = policy.central;
    await memory.memorize(Array.from({ length: 50 }, (_, i) => constant(i)));
    await Promise.all(Array.from({ length: 50 }, (_, i) => memory.memorize(constant(i))));
    expect(pool.mostAtOnce).toBe(3);
    const wide = new AsyncTaskForce({ maxConcurrency: 7 });
    command.extend(wide, { alpha: true });
    expect(command.alphaTaskforce).toBe(wide);
    await Promise.all(Array.from({ length: 50 }, (_, i) => memory.memorize(constant(i))));
    expect(pool.mostAtOnce).toBe(7);
    await policy.close();
    await expect(wide.submit(async () => 1)).rejects.toMatchObject({ code: "CLOSED" });
  });

  it("refuses another taskforce of an id it has", () => {
    const first = new AsyncTaskForce({ nickname: "a" });
    const command = new CentralCommand("LAILA:CENTRAL_COMMAND:GLOBAL_ID:x", first);
    command.extend(first);
    expect(() => command.extend(new AsyncTaskForce({ nickname: "a" }))).toThrow(
      expect.objectContaining({ code: "CONFLICT" }),
    );
    expect([...command.taskforces.values()]).toEqual([first]);
  });
});

describe("central communication", () => {
  it("keeps connections by id", async () => {
    const communication = new CentralCommunication("LAILA:CENTRAL_COMMUNICATION:GLOBAL_ID:x");
    const connection = { globalId: "c", toConfig: () => ({ class_token: "Test" }) };
    communication.extend(connection);
    communication.extend(connection);
    expect([...communication.connections.values()]).toEqual([connection]);
    expect(() => communication.extend({ ...connection })).toThrow(
      expect.objectContaining({ code: "CONFLICT" }),
    );
    expect(communication.detach("c")).toBe(connection);
    expect(() => communication.detach("c")).toThrow(expect.objectContaining({ code: "NOT_FOUND" }));
  });
});
