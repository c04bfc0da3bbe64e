import { isLailaError } from "@laila/schema";
import type { PoolLike } from "../contract.js";
import { collect, equal, equalBytes, equalKeys, fail, settles } from "./assertions.js";
import { awkwardKeys } from "./keys.js";
import { sampleRecords } from "./records.js";
import { sampleValues, stamped, utf8 } from "./samples.js";
import type { Suite } from "./suite.js";

/** Open, close, and open again: nothing hangs, nothing is lost, nothing works after close. */
export function lifecycle(suite: Suite): void {
  suite.floor("open and close", () => {
    suite.it("opens by itself, and once for all who ask", async ({ fresh }) => {
      const pool = await fresh();
      await Promise.all([pool.write("a", utf8("a")), pool.open(), pool.open(), pool.exists("b")]);
      await pool.open();
      equalBytes((await pool.read("a"))?.bytes, utf8("a"), "a value written while it opened");
    });

    suite.it("closes without ever having been opened", async ({ fresh, rejects }) => {
      const pool = await fresh();
      await settles(pool.close(), "close");
      await rejects(pool.open(), "CLOSED", "open after close");
    });

    suite.it("closes while it opens", async ({ fresh }) => {
      const pool = await fresh();
      const opening = pool.open().catch(closed);
      await settles(Promise.all([pool.close(), opening]), "close during open");
    });

    suite.it("refuses every call after close, and closes twice", async ({ fresh, rejects }) => {
      const pool = await fresh();
      await pool.write("a", utf8("a"));
      await Promise.all([pool.close(), pool.close()]);
      await pool.close();
      await pool[Symbol.asyncDispose]();
      for (const [name, call] of calls) await rejects(call(pool), "CLOSED", `${name} after close`);
      await pool.close();
    });

    suite.it(
      "finishes or refuses the calls that are under way when it closes",
      async ({ fresh }) => {
        const pool = await fresh();
        await pool.writeMany(
          Array.from({ length: 50 }, (_, i) => ({ key: `old ${i}`, bytes: stamped(i) })),
        );
        const acknowledged: string[] = [];
        const running = [
          ...Array.from({ length: 20 }, async (_, i) => {
            await pool.write(`new ${i}`, stamped(i));
            acknowledged.push(`new ${i}`);
          }),
          ...calls.map(([, call]) => call(pool)),
        ].map((call) => call.catch(closed));
        await settles(pool.close(), "close while calls are under way");
        await settles(Promise.all(running), "calls that were under way when the pool closed");
      },
    );

    suite.it("closes although listings and reads were left half way", async ({ fresh }) => {
      const pool = await fresh();
      const ids = Array.from({ length: 50 }, (_, i) => `key ${i}`);
      await pool.writeMany(ids.map((key) => ({ key, bytes: utf8(key) })));
      const left = [pool.keys(), pool.readMany(ids)].map((items) => items[Symbol.asyncIterator]());
      for (const iterator of left) await iterator.next();
      await settles(pool.close(), "close after iterations were left half way");
      // What the iteration had in hand it may still give; then it ends or says CLOSED.
      for (const iterator of left) {
        const rest = async (): Promise<void> => {
          while (!(await iterator.next()).done);
        };
        await settles(rest().catch(closed), "the rest of an iteration after close");
      }
    });

    suite.it("is closed by asyncDispose", async ({ fresh, rejects }) => {
      const pool = await fresh();
      await pool.open();
      await pool[Symbol.asyncDispose]();
      await rejects(pool.read("a"), "CLOSED", "read after asyncDispose");
    });

    if (suite.supports.persistent) {
      suite.it("has everything when it is opened again", async ({ fresh, reopen, key }) => {
        const first = await fresh();
        const values = new Map([
          ...awkwardKeys.map((id) => [id, utf8(`value of ${id}`)] as const),
          ...[...sampleRecords().values()].map(({ key: id, bytes }) => [id, bytes] as const),
          ...[...sampleValues()].map(([what, bytes]) => [key(what), bytes] as const),
        ]);
        await first.writeMany([...values].map(([id, bytes]) => ({ key: id, bytes })));
        await first.write("overwritten", utf8("long before it was overwritten"));
        await first.write("overwritten", utf8("after"));
        values.set("overwritten", utf8("after"));
        await first.write("deleted", utf8("x"));
        await first.delete("deleted");
        const { globalId } = first;
        await first.close();

        const second = await reopen(first);
        equal(second.globalId, globalId, "the pool's global id after reopening");
        equalKeys(await collect(second.keys()), values.keys(), "keys() after reopening");
        await Promise.all(
          [...values].map(async ([id, bytes]) => {
            equalBytes(
              (await second.read(id))?.bytes,
              bytes,
              `${JSON.stringify(id)} after reopening`,
            );
          }),
        );
        equal(await second.exists("deleted"), false, "exists of what was deleted before");
        await second.write("overwritten", utf8("again"));
        await second.delete(":");
        await second.close();

        const third = await reopen(second);
        equalBytes(
          (await third.read("overwritten"))?.bytes,
          utf8("again"),
          "overwritten after reopening twice",
        );
        equal(await third.exists(":"), false, "exists of what was deleted after reopening");
        equal(
          (await collect(third.keys())).length,
          values.size - 1,
          "the number of keys after reopening twice",
        );
      });

      suite.it(
        "has every write that was acknowledged before it closed",
        async ({ fresh, reopen }) => {
          const pool = await fresh();
          const acknowledged: number[] = [];
          const running = Array.from({ length: 60 }, async (_, i) => {
            await pool.write(`key ${i}`, stamped(i)).then(() => acknowledged.push(i), closed);
          });
          await Promise.race(running);
          await settles(
            Promise.all([pool.close(), ...running]),
            "close while writes are under way",
          );
          const again = await reopen(pool);
          for (const i of acknowledged) {
            equalBytes(
              (await again.read(`key ${i}`))?.bytes,
              stamped(i),
              `the acknowledged key ${i}`,
            );
          }
        },
      );

      if (suite.supports.conditionalWrites) {
        suite.it(
          "keeps its conditions when it is opened again",
          async ({ fresh, reopen, rejects }) => {
            const first = await fresh();
            await first.write("a", utf8("a"));
            await first.close();
            const second = await reopen(first);
            const condition = { ifAbsent: true } as const;
            await rejects(
              second.write("a", utf8("b"), { condition }),
              "CONFLICT",
              "ifAbsent after reopening",
            );
            const ifVersion = (await second.read("a"))?.version ?? "";
            await second.write("a", utf8("c"), { condition: { ifVersion } });
            equalBytes((await second.read("a"))?.bytes, utf8("c"), "a");
          },
        );
      }
    }
  });
}

/** Lets CLOSED pass: the only way in which a call may fail because its pool closes. */
function closed(error: unknown): void {
  if (!isLailaError(error, "CLOSED"))
    fail("a call that was under way when the pool closed failed, and not with CLOSED", error);
}

const calls: readonly (readonly [string, (pool: PoolLike) => Promise<unknown>])[] = [
  ["open", (pool) => pool.open()],
  ["read", (pool) => pool.read("a")],
  ["write", (pool) => pool.write("a", utf8("b"))],
  ["delete", (pool) => pool.delete("a")],
  ["exists", (pool) => pool.exists("a")],
  ["keys", (pool) => collect(pool.keys())],
  ["readMany", (pool) => collect(pool.readMany(["a", "b"]))],
  ["writeMany", (pool) => pool.writeMany([{ key: "a", bytes: utf8("b") }])],
  ["deleteMany", (pool) => pool.deleteMany(["a", "b"])],
];
