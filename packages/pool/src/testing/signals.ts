import { getEventListeners } from "node:events";
import { isLailaError } from "@laila/schema";
import type { CallOptions, PoolLike } from "../contract.js";
import { check, collect, equal, equalBytes, fail, settles } from "./assertions.js";
import { noise, utf8 } from "./samples.js";
import type { Suite } from "./suite.js";

/** Every call takes a signal, and an aborted call leaves the pool as usable as before. */
export function signals(suite: Suite): void {
  suite.floor("signals", () => {
    for (const [name, call] of calls) {
      suite.it(`${name}: a signal aborted before`, async ({ pool, key, rejects }) => {
        const id = key();
        await pool.write(id, utf8("before"));
        const reason = new Error("changed my mind");
        const error = await rejects(
          call(pool, id, { signal: AbortSignal.abort(reason) }),
          "ABORTED",
          name,
        );
        equal(error.cause === reason, true, "the signal's reason is the error's cause");
        const timeout = new DOMException("too long", "TimeoutError");
        await rejects(
          call(pool, id, { signal: AbortSignal.abort(timeout) }),
          "TIMEOUT",
          `${name} after a TimeoutError`,
        );
        equalBytes(
          (await pool.read(id))?.bytes,
          utf8("before"),
          "the value after calls that never began",
        );
      });

      suite.it(
        `${name}: a signal aborted during the call`,
        async ({ pool, fresh, key, rejects }) => {
          for (const target of [pool, await fresh()]) {
            const id = key();
            const controller = new AbortController();
            const running = call(target, id, { signal: controller.signal });
            controller.abort(new Error("never mind"));
            const error = await settles(
              rejects(running, "ABORTED", `${name}, aborted at once`),
              name,
            );
            equal(
              (error.cause as Error).message,
              "never mind",
              "the signal's reason is the error's cause",
            );
          }
          // A little later it may be done already; it may not fail in another way, or hang.
          for (let ticks = 0; ticks < 8; ticks++) {
            const controller = new AbortController();
            const running = call(pool, key(), { signal: controller.signal });
            const outcome = running.catch((error: unknown) => {
              if (!isLailaError(error, "ABORTED"))
                fail(`${name}, aborted after ${ticks} ticks`, error);
            });
            for (let tick = 0; tick < ticks; tick++) await Promise.resolve();
            if (ticks > 4) await new Promise((resolve) => setTimeout(resolve, ticks - 5));
            controller.abort();
            await settles(outcome, name);
          }
          const id = key();
          await pool.write(id, utf8("after"));
          equalBytes(
            (await pool.read(id))?.bytes,
            utf8("after"),
            "a value written after aborted calls",
          );
        },
      );
    }

    suite.it(
      "open: a signal aborted before, and another open goes on",
      async ({ fresh, key, rejects }) => {
        const pool = await fresh();
        await rejects(pool.open({ signal: AbortSignal.abort() }), "ABORTED", "open");
        const controller = new AbortController();
        const [impatient, patient] = [pool.open({ signal: controller.signal }), pool.open()];
        controller.abort();
        await rejects(impatient, "ABORTED", "an open aborted during it");
        await patient;
        const id = key();
        await pool.write(id, utf8("x"));
        equal(await pool.exists(id), true, "exists");
      },
    );

    suite.it("an aborted write leaves the old value or the new", async ({ pool, key }) => {
      const [before, after] = [noise(200_000, 1), noise(200_000, 2)];
      for (let ticks = 0; ticks < 6; ticks++) {
        const id = key();
        await pool.write(id, before);
        const controller = new AbortController();
        const running = pool.write(id, after, { signal: controller.signal });
        const outcome = running.then(
          () => "written",
          () => "aborted",
        );
        if (ticks > 0) await new Promise((resolve) => setTimeout(resolve, ticks - 1));
        controller.abort();
        const told = await outcome;
        const found = await pool.read(id);
        const isNew = found?.bytes[0] === after[0];
        equalBytes(found?.bytes, isNew ? after : before, "a value whose overwriting was aborted");
        check(told === "aborted" || isNew, "a write that resolved has left the old value");
      }
    });

    suite.it("keys and readMany stop between two items", async ({ pool, key, rejects }) => {
      const ids = Array.from({ length: 30 }, (_, i) => key(`stop ${i}`));
      await pool.writeMany(ids.map((id) => ({ key: id, bytes: utf8(id) })));
      for (const list of [
        (options: CallOptions) => pool.keys({ prefix: key("stop"), ...options }),
        (options: CallOptions) => pool.readMany(ids, options),
      ]) {
        const controller = new AbortController();
        const iterator = list({ signal: controller.signal })[Symbol.asyncIterator]();
        check((await iterator.next()).done !== true, "there is a first item");
        controller.abort();
        await rejects(iterator.next(), "ABORTED", "the next item after the abort");
        equal((await iterator.next()).done, true, "the iteration is over after its error");
      }
    });

    suite.it("one signal ends any number of calls, without a warning", async ({ pool, key }) => {
      const warnings: string[] = [];
      const listen = (warning: Error): void => {
        if (warning.name === "MaxListenersExceededWarning") warnings.push(warning.message);
      };
      process.on("warning", listen);
      try {
        const controller = new AbortController();
        const { signal } = controller;
        const ids = Array.from({ length: 100 }, (_, i) => key(`together ${i}`));
        const items = ids.map((id) => ({ key: id, bytes: utf8(id) }));
        const outcomes = Promise.allSettled([
          ...ids.map((id) => pool.write(id, utf8(id), { signal })),
          ...ids.map((id) => pool.read(id, { signal })),
          pool.writeMany(items, { signal }),
          collect(pool.readMany(ids, { signal })),
        ]);
        await Promise.resolve();
        controller.abort();
        for (const outcome of await settles(outcomes, "calls that share a signal")) {
          if (outcome.status === "rejected" && !isLailaError(outcome.reason, "ABORTED")) {
            fail("a call whose signal was aborted", outcome.reason);
          }
        }
        // Warnings come on the next tick.
        await new Promise((resolve) => setTimeout(resolve, 0));
        equal(warnings, [], "warnings of the process");
      } finally {
        process.off("warning", listen);
      }
    });

    suite.it("leaves no listener on a signal that outlives the calls", async ({ pool, key }) => {
      const controller = new AbortController();
      const { signal } = controller;
      for (const [, call] of calls) await call(pool, key(), { signal });
      for await (const _ of pool.keys({ signal })) break;
      equal(getEventListeners(signal, "abort").length, 0, "listeners left on the signal");
    });
  });
}

type Call = (pool: PoolLike, key: string, options: CallOptions) => Promise<unknown>;

const calls: readonly (readonly [string, Call])[] = [
  ["read", (pool, key, options) => pool.read(key, options)],
  ["write", (pool, key, options) => pool.write(key, utf8("written"), options)],
  ["delete", (pool, key, options) => pool.delete(key, options)],
  ["exists", (pool, key, options) => pool.exists(key, options)],
  ["keys", (pool, key, options) => collect(pool.keys({ ...options, prefix: key }))],
  ["readMany", (pool, key, options) => collect(pool.readMany([key, `${key}2`], options))],
  ["writeMany", (pool, key, options) => pool.writeMany([{ key, bytes: utf8("written") }], options)],
  ["deleteMany", (pool, key, options) => pool.deleteMany([key, `${key}2`], options)],
];
