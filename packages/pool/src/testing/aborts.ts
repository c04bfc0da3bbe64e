import { setTimeout as wait } from "node:timers/promises";
import { isLailaError } from "@laila/schema";
import type { CallOptions, PoolLike } from "../contract.js";
import { check, collect, equal, equalBytes, fail, settles } from "./assertions.js";
import { numbered, numberOf } from "./numbered.js";
import { utf8 } from "./samples.js";
import type { Suite } from "./suite.js";

/** While the pool opens, in the queue, in the middle, after the commit: one abort is nobody else's. */
export function aborts(suite: Suite): void {
  suite.floor("aborts at every stage", () => {
    suite.it("while the pool opens: the others' calls go on", async ({ fresh }) => {
      for (let stage = 0; stage < 6; stage++) {
        const pool = await fresh();
        const controller = new AbortController();
        const impatient = calls.map(([name, call]) =>
          abortedOrDone(call(pool, `${name} ${stage}`, { signal: controller.signal }), name),
        );
        const patient = pool.write("patient", numbered(stage, 1000));
        await pause(stage);
        controller.abort();
        await settles(Promise.all([patient, ...impatient]), "calls while the pool opens");
        const found = await pool.read("patient");
        equal(found && numberOf(found.bytes), stage, "a value written while another gave up");
      }
    });

    suite.it("in the queue: what was not aborted is done", async ({ pool, key }) => {
      for (const length of [20, 20_000]) {
        const writes = Array.from({ length: 150 }, (_, i) => {
          const controller = new AbortController();
          const id = key(`queued ${length} ${i}`);
          const writing = pool.write(id, numbered(i, length), { signal: controller.signal });
          return { id, i, controller, outcome: abortedOrDone(writing, "write") };
        });
        await pause(length === 20 ? 0 : 2);
        for (const { i, controller } of writes) if (i % 3 === 0) controller.abort();
        const outcomes = Promise.all(writes.map(({ outcome }) => outcome));
        const all = await settles(outcomes, "writes of which every third was aborted");
        for (const { id, i } of writes) {
          const told = all[i];
          const found = await pool.read(id);
          if (i % 3 !== 0) equal(told, "done", `write ${i}, which nobody aborted`);
          if (found || told === "done")
            equal(found && numberOf(found.bytes), i, `the value of write ${i}`);
        }
      }
    });

    suite.it("in the middle of a large write: old bytes or new", async ({ pool, key }) => {
      const id = key();
      let held = 0;
      await pool.write(id, numbered(held, 3 * 2 ** 20));
      for (let stage = 0; stage < 10; stage++) {
        const controller = new AbortController();
        const next = stage + 1;
        const length = (stage % 2 ? 3 : 2) * 2 ** 20;
        const writing = pool.write(id, numbered(next, length), { signal: controller.signal });
        const outcome = abortedOrDone(writing, "write");
        await pause(stage);
        controller.abort();
        const told = await settles(outcome, "an aborted write");
        const found = await pool.read(id);
        const number = found && numberOf(found.bytes);
        check(
          number === next || (number === held && told === "aborted"),
          `after a write that was ${told}, the value is ${number ?? "torn or gone"}: ${held} was there, ${next} was written`,
        );
        // An aborted write may still be under way; the next one, awaited, comes after it or over it.
        held = next;
        await pool.write(id, numbered(held, length));
      }
    });

    suite.it("in the middle of many: each key old or new", async ({ pool, key }) => {
      const ids = Array.from({ length: 60 }, (_, i) => key(`batch ${i}`));
      const written = (first: number) =>
        ids.map((id, i) => ({ key: id, bytes: numbered(first + i, 5000) }));
      await pool.writeMany(written(0));
      for (let stage = 0; stage < 6; stage++) {
        const controller = new AbortController();
        const { signal } = controller;
        const outcome = abortedOrDone(pool.writeMany(written(1000), { signal }), "writeMany");
        await pause(stage);
        controller.abort();
        await settles(outcome, "an aborted writeMany");
        await Promise.all(
          ids.map(async (id, i) => {
            const found = await pool.read(id);
            const number = found && numberOf(found.bytes);
            // The deleteMany that was aborted before may be done only now.
            const late = stage > 0 && i < 30 && !found;
            check(
              late || number === i || number === 1000 + i,
              `key ${i} is ${number ?? "torn or gone"} after an aborted writeMany`,
            );
          }),
        );
        const deleting = new AbortController();
        const gone = abortedOrDone(
          pool.deleteMany(ids.slice(0, 30), { signal: deleting.signal }),
          "deleteMany",
        );
        await pause(stage);
        deleting.abort();
        await settles(gone, "an aborted deleteMany");
        for (const one of await pool.writeMany(written(0)))
          equal(one.error, undefined, "an error of a writeMany after an aborted one");
      }
      const read = await collect(pool.readMany(ids));
      equal(read.length, ids.length, "outcomes of readMany after aborted calls");
    });

    suite.it("after the commit: nothing happens", async ({ pool, key }) => {
      const id = key();
      const controller = new AbortController();
      const { signal } = controller;
      const version = await pool.write(id, utf8("stays"), { signal });
      const found = await pool.read(id, { signal });
      controller.abort(new Error("too late"));
      await pause(3);
      equalBytes(found?.bytes, utf8("stays"), "what was read before the abort");
      equalBytes((await pool.read(id))?.bytes, utf8("stays"), "the value after a late abort");
      if (suite.supports.conditionalWrites)
        equal((await pool.read(id))?.version, version, "the version after a late abort");
    });

    suite.it("of one reader: the others get the value", async ({ pool, key }) => {
      const id = key();
      await pool.write(id, numbered(7, 400_000));
      for (let stage = 0; stage < 5; stage++) {
        const controller = new AbortController();
        const { signal } = controller;
        const impatient = abortedOrDone(pool.read(id, { signal }), "read");
        const patient = [pool.read(id), pool.read(id)];
        await pause(stage);
        controller.abort();
        await settles(impatient, "an aborted read");
        for (const found of await settles(Promise.all(patient), "reads beside an aborted one"))
          equal(found && numberOf(found.bytes), 7, "what another reader got");
      }
    });

    if (suite.supports.conditionalWrites) {
      suite.it("of a conditional write: done once, or not at all", async ({ pool, key }) => {
        for (let stage = 0; stage < 8; stage++) {
          const id = key();
          const before = await pool.write(id, numbered(1, 2000));
          const controller = new AbortController();
          const writing = pool.write(id, numbered(2, 2000), {
            condition: { ifVersion: before ?? "" },
            signal: controller.signal,
          });
          const outcome = abortedOrDone(writing, "a conditional write");
          await pause(stage);
          controller.abort();
          const told = await settles(outcome, "an aborted conditional write");
          // What was aborted may be done a moment later: then this one loses, and only then.
          const found = await pool.read(id);
          const ifVersion = found?.version ?? "";
          const second = await pool
            .write(id, numbered(3, 2000), { condition: { ifVersion } })
            .then(() => "won")
            .catch((error: unknown) =>
              isLailaError(error, "CONFLICT") ? "lost" : fail("", error),
            );
          const last = await pool.read(id);
          equal(last && numberOf(last.bytes), second === "won" ? 3 : 2, "the value of who won");
          if (told === "done")
            equal(second, "won", "a write with the version of one that resolved");
        }
      });
    }
  });
}

type Outcome = "done" | "aborted";

/** ABORTED is the only way in which an aborted call may fail. */
function abortedOrDone(call: Promise<unknown>, what: string): Promise<Outcome> {
  const outcome = call.then(
    (): Outcome => "done",
    (error: unknown): Outcome => {
      if (isLailaError(error, "ABORTED")) return "aborted";
      return fail(`${what}, aborted, failed with another error`, error);
    },
  );
  // A test that fails early awaits the rest no more.
  outcome.catch(() => undefined);
  return outcome;
}

/** Later and later: at once, after some microtasks, a turn of the event loop, some milliseconds. */
async function pause(stage: number): Promise<void> {
  if (stage === 0) return;
  if (stage === 1) for (let tick = 0; tick < 5; tick++) await Promise.resolve();
  else if (stage < 4) for (let turn = 1; turn < stage; turn++) await turnOfEventLoop();
  else await wait(stage - 3);
}

function turnOfEventLoop(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

type Call = (pool: PoolLike, key: string, options: CallOptions) => Promise<unknown>;

const calls: readonly (readonly [string, Call])[] = [
  ["open", (pool, _, options) => pool.open(options)],
  ["read", (pool, key, options) => pool.read(key, options)],
  ["write", (pool, key, options) => pool.write(key, utf8("written"), options)],
  ["delete", (pool, key, options) => pool.delete(key, options)],
  ["exists", (pool, key, options) => pool.exists(key, options)],
  ["keys", (pool, _, options) => collect(pool.keys(options))],
  ["readMany", (pool, key, options) => collect(pool.readMany([key], options))],
  ["writeMany", (pool, key, options) => pool.writeMany([{ key, bytes: utf8("x") }], options)],
  ["deleteMany", (pool, key, options) => pool.deleteMany([key], options)],
];
