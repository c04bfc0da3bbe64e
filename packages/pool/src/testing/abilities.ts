import type { PoolLike, Supports } from "../contract.js";
import { check, collect, equal, equalBytes, fail } from "./assertions.js";
import { numbered, numberOf } from "./numbered.js";
import { utf8 } from "./samples.js";
import type { Suite } from "./suite.js";

/** Below this a value is cheap enough to be written, whatever the pool. */
const affordable = 16 * 2 ** 20;
/** What every Node can allocate, untouched, as one array. */
const allocatable = 2 ** 31;

const flags = [
  "conditionalWrites",
  "durable",
  "persistent",
  "batch",
  "streams",
  "sharedBetweenProcesses",
  "evicts",
] as const satisfies readonly (keyof Supports)[];

/**
 * `supports` says what the pool does: what it claims is tried, and so is what it denies, where a denial
 * would leave promises unchecked. (conditionalWrites, durable: their own floors; persistent, shared: also
 * in open and close, and in concurrency.)
 */
export function abilities(suite: Suite): void {
  const { supports } = suite;
  suite.floor("supports", () => {
    suite.it("says every ability, of its type, before it opens and after", async ({ fresh }) => {
      const pool = await fresh();
      const before = { ...pool.supports };
      for (const name of flags) equal(typeof before[name], "boolean", `typeof supports.${name}`);
      for (const name of ["maxValueBytes", "maxKeyBytes"] as const) {
        const most = before[name];
        check(Number.isSafeInteger(most) && most > 0, `supports.${name} is a number of bytes`);
      }
      equal(
        Object.keys(before).sort(),
        [...flags, "maxKeyBytes", "maxValueBytes"].sort(),
        "the abilities of supports",
      );
      await pool.write("a", utf8("a"));
      equal({ ...pool.supports }, before, "supports after the first call");
    });

    suite.it("is persistent if it is durable or shared", async ({ pool }) => {
      const { persistent, durable, sharedBetweenProcesses } = pool.supports;
      check(persistent || !durable, "a pool that is durable is persistent");
      check(persistent || !sharedBetweenProcesses, "a pool that is shared is persistent");
    });

    if (!supports.persistent) {
      suite.it("has nothing when it is opened again, as it denies to persist", async (room) => {
        const first = await room.fresh();
        await first.write("a", utf8("a"));
        await first.close();
        const second = await room.reopen(first);
        equal(
          await second.exists("a"),
          false,
          "exists after reopening (where it is true, supports.persistent should be)",
        );
        equal(await collect(second.keys()), [], "keys() after reopening");
      });
    } else if (!supports.sharedBetweenProcesses) {
      suite.it("refuses a second pool on its storage, as it denies to share", async (room) => {
        const first = await room.fresh();
        await first.write("a", utf8("a"));
        const second = await room.reopen(first);
        await room.rejects(
          second.write("a", utf8("of the second")),
          ["LOCKED", "CONFLICT", "ACCESS_DENIED", "UNAVAILABLE"],
          "a write of a second pool (where it works, supports.sharedBetweenProcesses should be true)",
        );
        equalBytes((await first.read("a"))?.bytes, utf8("a"), "the first pool's value");
      });
    }

    suite.it("has the streams it says it has, and no others", async ({ pool }) => {
      const hooks = pool as unknown as Record<string, unknown>;
      for (const name of ["_readStream", "_writeStream"])
        equal(typeof hooks[name] === "function", supports.streams, `it has ${name}`);
    });

    if (supports.batch) {
      suite.it("does many with less than a call for each, as batch says", async ({ fresh }) => {
        const pool = await fresh();
        const ids = Array.from({ length: 60 }, (_, i) => `key ${i}`);
        await pool.open();
        const single = countSingleCalls(pool);
        await pool.writeMany(ids.map((key, i) => ({ key, bytes: numbered(i, 20) })));
        await collect(pool.readMany(ids));
        await pool.deleteMany(ids);
        check(
          Object.values(single).some((calls) => calls < ids.length),
          `supports.batch is true, but readMany, writeMany and deleteMany of ${ids.length} keys made a single call for each`,
        );
      });
    }

    if (supports.evicts) {
      suite.it("never refuses for want of room, and what it has is whole", async ({ fresh }) => {
        const pool = await fresh();
        const length = Math.min(supports.maxValueBytes, affordable);
        const ids = Array.from({ length: 6 }, (_, i) => `key ${i}`);
        for (const [i, id] of ids.entries()) {
          await pool.write(id, numbered(i, length));
          const found = await pool.read(id);
          equal(found && numberOf(found.bytes), i, "the value that was written last");
        }
        const listed = await collect(pool.keys());
        for (const [i, id] of ids.entries()) {
          const found = await pool.read(id);
          equal(found !== undefined, listed.includes(id), `${id} is listed`);
          if (found) equal(numberOf(found.bytes), i, `the value of ${id}, which was not evicted`);
        }
      });
    }

    if (supports.maxValueBytes > affordable && supports.maxValueBytes < allocatable) {
      suite.it("refuses a value of one byte more than maxValueBytes", async (room) => {
        const pool = await room.fresh();
        // Nobody touches its pages, if the pool asks for its length first.
        const value = new Uint8Array(supports.maxValueBytes + 1);
        await room.rejects(pool.write("a", value), "TOO_LARGE", "write of one byte too many");
        await room.rejects(
          pool.writeMany([{ key: "a", bytes: value }]),
          "TOO_LARGE",
          "writeMany of one byte too many",
        );
        equal(await pool.exists("a"), false, "exists after a refused write");
      });
    }
  });
}

/** Counts the calls for one key, public or hooks, that the calls for many make on the same pool. */
function countSingleCalls(pool: PoolLike): Record<string, number> {
  const counts: Record<string, number> = {};
  const methods = pool as unknown as Record<string, unknown>;
  for (const verb of ["read", "write", "delete"]) {
    counts[verb] = 0;
    for (const name of [verb, `_${verb}`]) {
      const method = methods[name];
      if (typeof method !== "function") continue;
      const counted = (...values: unknown[]): unknown => {
        counts[verb] = (counts[verb] ?? 0) + 1;
        return Reflect.apply(method, pool, values);
      };
      if (!Reflect.set(pool, name, counted)) fail(`The suite could not watch ${name}.`);
    }
  }
  return counts;
}
