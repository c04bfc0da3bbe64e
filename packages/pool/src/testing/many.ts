import { isLailaError } from "@laila/schema";
import type { ManyResult, ReadManyResult } from "../contract.js";
import { check, collect, equal, equalBytes, equalKeys } from "./assertions.js";
import { noise, stamped, utf8 } from "./samples.js";
import type { Suite } from "./suite.js";

/** The calls for many keys: an outcome for each, and one failure is not the others'. */
export function many(suite: Suite): void {
  suite.floor("many at once", () => {
    suite.it("takes nothing at all", async ({ pool }) => {
      equal(await pool.writeMany([]), [], "writeMany([])");
      equal(await pool.deleteMany([]), [], "deleteMany([])");
      equal(await collect(pool.readMany([])), [], "readMany([])");
    });

    suite.it("writes, reads and deletes 150 keys", async ({ pool, key }) => {
      const items = Array.from({ length: 150 }, (_, i) => ({
        key: key(`many ${i}`),
        bytes: stamped(i),
      }));
      const ids = items.map((item) => item.key);
      const written = await pool.writeMany(items);
      inOrder(written, ids, "writeMany");
      const missing = [key("missing 1"), key("missing 2")];
      const read = await collect(pool.readMany([...ids, ...missing]));
      equalKeys(
        read.map((one) => one.key),
        [...ids, ...missing],
        "the keys of readMany",
      );
      for (const [i, item] of items.entries()) {
        const one = outcomeOf(read, item.key);
        equalBytes(one.result?.bytes, item.bytes, `readMany's ${item.key}`);
        if (suite.supports.conditionalWrites) {
          equal(
            one.result?.version,
            written[i]?.version,
            "the version of readMany is that of writeMany",
          );
        }
      }
      for (const id of missing) {
        const one = outcomeOf(read, id);
        equal([one.result, one.error], [undefined, undefined], "a missing key in readMany");
      }
      const deleted = await pool.deleteMany([...ids.slice(0, 100), ...missing]);
      inOrder(deleted, [...ids.slice(0, 100), ...missing], "deleteMany");
      const left = await collect(pool.readMany(ids));
      equalKeys(
        left.filter((one) => one.result !== undefined).map((one) => one.key),
        ids.slice(100),
        "what deleteMany left",
      );
    });

    suite.it("takes iterables that can be read only once", async ({ pool, key }) => {
      const ids = [key(), key()];
      const items = function* () {
        for (const id of ids) yield { key: id, bytes: utf8(id) };
      };
      await pool.writeMany(items());
      equal((await collect(pool.readMany(ids.values()))).length, 2, "results of readMany");
      await pool.deleteMany(ids.values());
      equal(await pool.exists(ids[0] ?? ""), false, "exists after deleteMany");
    });

    suite.it("writes one key several times in one call, in order", async ({ pool, key }) => {
      const id = key();
      const items = [1, 2, 3].map((n) => ({ key: id, bytes: utf8(`value ${n}`) }));
      const written = await pool.writeMany(items);
      inOrder(written, [id, id, id], "writeMany");
      equalBytes((await pool.read(id))?.bytes, utf8("value 3"), "the last of three values");
      const read = await collect(pool.readMany([id, id]));
      check(read.length > 0 && read.every((one) => one.key === id), "readMany of one key twice");
      inOrder(await pool.deleteMany([id, id]), [id, id], "deleteMany of one key twice");
    });

    suite.it(
      "doesn't see changes of the callers' buffers after writeMany",
      async ({ pool, fresh, key }) => {
        for (const target of [pool, await fresh()]) {
          const items = Array.from({ length: 40 }, (_, i) => ({
            key: key(`mine ${i}`),
            bytes: noise(100, i),
          }));
          const originals = items.map((item) => item.bytes.slice());
          const done = target.writeMany(items);
          for (const item of items) item.bytes.fill(0);
          await done;
          await Promise.all(
            items.map(async ({ key: id }, i) => {
              equalBytes(
                (await target.read(id))?.bytes,
                originals[i] ?? noise(0),
                `value ${i} of writeMany`,
              );
            }),
          );
        }
      },
    );

    suite.it(
      "refuses the whole call when one key is malformed, and changes nothing",
      async ({ pool, key, rejects }) => {
        const id = key();
        const bytes = utf8("x");
        await rejects(
          pool.writeMany([
            { key: id, bytes },
            { key: "", bytes },
          ]),
          "INVALID_ARGUMENT",
          "writeMany",
        );
        equal(await pool.exists(id), false, "exists after a refused writeMany");
        await pool.write(id, bytes);
        await rejects(pool.deleteMany([id, "\ud800"]), "INVALID_ARGUMENT", "deleteMany");
        await rejects(collect(pool.readMany([id, "\ud800"])), "INVALID_ARGUMENT", "readMany");
        equal(await pool.exists(id), true, "exists after a refused deleteMany");
      },
    );

    suite.it("can be left half way", async ({ pool, key }) => {
      const ids = Array.from({ length: 50 }, (_, i) => key(`left ${i}`));
      await pool.writeMany(ids.map((id) => ({ key: id, bytes: utf8(id) })));
      for await (const one of pool.readMany(ids)) {
        equalBytes(one.result?.bytes, utf8(one.key), one.key);
        break;
      }
      equal(
        (await collect(pool.readMany(ids))).length,
        50,
        "results after a readMany that was left",
      );
    });

    if (suite.supports.conditionalWrites) {
      suite.it("gives each conditional item its own outcome", async ({ pool, key }) => {
        const [taken, free, versioned, stale] = [
          key("taken"),
          key("free"),
          key("versioned"),
          key("stale"),
        ];
        await pool.write(taken, utf8("old"));
        const version = (await pool.write(versioned, utf8("old"))) ?? "";
        const old = (await pool.write(stale, utf8("old"))) ?? "";
        await pool.write(stale, utf8("newer"));
        const results = await pool.writeMany([
          { key: taken, bytes: utf8("new"), condition: { ifAbsent: true } },
          { key: free, bytes: utf8("new"), condition: { ifAbsent: true } },
          { key: versioned, bytes: utf8("new"), condition: { ifVersion: version } },
          { key: stale, bytes: utf8("new"), condition: { ifVersion: old } },
        ]);
        equal(
          results.map(({ error }) => error !== undefined && isLailaError(error, "CONFLICT")),
          [true, false, false, true],
          "which of the four items are CONFLICT",
        );
        equalBytes((await pool.read(taken))?.bytes, utf8("old"), "the one that was taken");
        equalBytes((await pool.read(free))?.bytes, utf8("new"), "the one that was free");
        equalBytes(
          (await pool.read(versioned))?.bytes,
          utf8("new"),
          "the one of the right version",
        );
        equalBytes((await pool.read(stale))?.bytes, utf8("newer"), "the one of a stale version");
      });
    }
  });
}

function inOrder(results: readonly ManyResult[], keys: readonly string[], what: string): void {
  equal(
    results.map((one) => one.key),
    keys,
    `the order of ${what}'s results`,
  );
  const failed = results.find((one) => one.error !== undefined);
  equal(failed?.error, undefined, `an error of ${what}`);
}

function outcomeOf(results: readonly ReadManyResult[], key: string): ReadManyResult {
  const found = results.find((one) => one.key === key);
  check(found !== undefined, `readMany gave no outcome for ${JSON.stringify(key)}`);
  return found;
}
