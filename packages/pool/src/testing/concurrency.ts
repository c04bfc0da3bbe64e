import { check, collect, equal, equalBytes, equalKeys } from "./assertions.js";
import { stamped, stampOf, utf8 } from "./samples.js";
import type { Suite } from "./suite.js";

const operations = 200;

/** Many at once: no value is torn, no write is lost, and no call waits for ever. */
export function concurrency(suite: Suite): void {
  suite.floor("concurrency", () => {
    suite.it(`keeps values whole under ${operations} operations at once`, async ({ pool, key }) => {
      const ids = Array.from({ length: 5 }, (_, i) => key(`shared ${i}`));
      const stamps = Array.from({ length: operations }, (_, i) => i);
      const idOf = (i: number) => ids[i % ids.length] ?? "";
      await Promise.all(
        stamps.map(async (i) => {
          if (i % 2 === 0) await pool.write(idOf(i), stamped(i));
          else {
            const found = await pool.read(idOf(i));
            check(
              !found || stampOf(found.bytes, stamps) !== undefined,
              `a torn value under ${idOf(i)}`,
            );
          }
        }),
      );
      for (const id of ids) {
        const found = await pool.read(id);
        check(
          found !== undefined && stampOf(found.bytes, stamps) !== undefined,
          `a torn value under ${id}`,
        );
      }
    });

    suite.it(`does ${operations} operations on different keys at once`, async ({ fresh }) => {
      const pool = await fresh();
      const ids = Array.from({ length: operations }, (_, i) => `own ${i}`);
      await Promise.all(
        ids.map(async (id, i) => {
          await pool.write(id, stamped(i));
          equalBytes((await pool.read(id))?.bytes, stamped(i), id);
          if (i % 2 === 0) await pool.delete(id);
          equal(await pool.exists(id), i % 2 === 1, `exists(${id})`);
        }),
      );
      equalKeys(
        await collect(pool.keys()),
        ids.filter((_, i) => i % 2 === 1),
        "keys() afterwards",
      );
    });

    suite.it("reads its own writes in the order they were awaited", async ({ pool, key }) => {
      const id = key();
      for (let i = 0; i < 30; i++) {
        await pool.write(id, stamped(i));
        equalBytes((await pool.read(id))?.bytes, stamped(i), `value ${i}`);
      }
    });

    if (suite.supports.sharedBetweenProcesses) {
      suite.it("two pools on one storage see each other's values", async ({ fresh, reopen }) => {
        const one = await fresh();
        await one.write("of one", utf8("1"));
        const two = await reopen(one);
        equalBytes(
          (await two.read("of one"))?.bytes,
          utf8("1"),
          "the first pool's value, read by the second",
        );
        await two.write("of two", utf8("2"));
        await two.write("of one", utf8("overwritten"));
        equalBytes(
          (await one.read("of two"))?.bytes,
          utf8("2"),
          "the second pool's value, read by the first",
        );
        equalBytes(
          (await one.read("of one"))?.bytes,
          utf8("overwritten"),
          "a value that the other overwrote",
        );
        equalKeys(await collect(one.keys()), ["of one", "of two"], "keys()");
        await two.delete("of one");
        equal(await one.exists("of one"), false, "exists of what the other deleted");
        await two.close();
        equalBytes((await one.read("of two"))?.bytes, utf8("2"), "after the other was closed");
      });
    }
  });
}
