import { isLailaError, type LailaError } from "@laila/schema";
import type { PoolLike, WriteCondition } from "../contract.js";
import { check, equal, equalBytes } from "./assertions.js";
import { utf8 } from "./samples.js";
import type { Room, Suite } from "./suite.js";

/** The storage did it, and the answer never came: nothing is done twice, and nothing is said that is not so. */
export function lostReplies(suite: Suite): void {
  const { loseReply } = suite;
  if (!loseReply) return;
  const { conditionalWrites } = suite.supports;
  suite.floor("lost replies", () => {
    suite.it("of a write: it resolves, or fails; what is there is whole", async (room) => {
      const { pool, id } = await start(room);
      await pool.write(id, utf8("old"));
      await loseReply(pool);
      const outcome = await outcomeOf(suite, pool.write(id, utf8("new")));
      const found = await pool.read(id);
      if (typeof outcome === "object") {
        const isNew = found?.bytes[0] === utf8("new")[0];
        equalBytes(found?.bytes, utf8(isNew ? "new" : "old"), "the value after a failed write");
      } else {
        equalBytes(found?.bytes, utf8("new"), "the value after a write that resolved");
        if (conditionalWrites) equal(found?.version, outcome, "the version of read and of write");
      }
    });

    suite.it("of a delete: it resolves, or fails; a second one ends it", async (room) => {
      const { pool, id } = await start(room);
      await pool.write(id, utf8("old"));
      await loseReply(pool);
      const outcome = await outcomeOf(suite, pool.delete(id));
      if (typeof outcome !== "object") equal(await pool.exists(id), false, "exists after delete");
      await pool.delete(id);
      equal(await pool.exists(id), false, "exists after a second delete");
    });

    suite.it("of writeMany: each outcome is true", async (room) => {
      const { pool } = await start(room);
      const ids = Array.from({ length: 10 }, (_, i) => `key ${i}`);
      await loseReply(pool);
      const results = await pool.writeMany(ids.map((key) => ({ key, bytes: utf8(key) })));
      for (const { key, error } of results) {
        if (error !== undefined) suite.laila(error);
        const found = await pool.read(key);
        if (found || error === undefined) equalBytes(found?.bytes, utf8(key), key);
      }
    });

    if (!conditionalWrites) return;

    suite.it("of ifAbsent: it won, or it cannot know", async (room) => {
      const { pool, id } = await start(room);
      await loseReply(pool);
      await ours(suite, pool, id, { ifAbsent: true });
    });

    suite.it("of ifVersion: it won, or it cannot know", async (room) => {
      const { pool, id } = await start(room);
      const ifVersion = (await pool.write(id, utf8("old"))) ?? "";
      await loseReply(pool);
      await ours(suite, pool, id, { ifVersion });
    });

    suite.it("of a write whose condition does not hold: CONFLICT all the same", async (room) => {
      const { pool, id } = await start(room);
      const stale = (await pool.write(id, utf8("old"))) ?? "";
      await pool.write(id, utf8("theirs"));
      for (const condition of [{ ifAbsent: true }, { ifVersion: stale }] as WriteCondition[]) {
        await loseReply(pool);
        const outcome = await outcomeOf(suite, pool.write(id, utf8("ours"), { condition }));
        check(typeof outcome === "object", "a write resolved whose condition did not hold");
        equalBytes((await pool.read(id))?.bytes, utf8("theirs"), "the other's value");
      }
    });
  });
}

async function start(room: Room): Promise<{ readonly pool: PoolLike; readonly id: string }> {
  const pool = await room.fresh();
  // What a pool finds out once (does the server honour conditions?) is found out before.
  await pool.write("first", utf8("first"), {
    ...(pool.supports.conditionalWrites ? { condition: { ifAbsent: true } } : {}),
  });
  const version = (await pool.read("first"))?.version;
  if (version !== undefined && pool.supports.conditionalWrites)
    await pool.write("first", utf8("second"), { condition: { ifVersion: version } });
  return { pool, id: "the key" };
}

/** A version, or the error; anything but a LailaError is a failure. */
async function outcomeOf(
  suite: Suite,
  call: Promise<unknown>,
): Promise<string | undefined | LailaError> {
  try {
    const version = await call;
    return typeof version === "string" ? version : undefined;
  } catch (error) {
    return suite.laila(error);
  }
}

/** Nobody else writes: "lost" would be a lie as soon as the value is there. */
async function ours(
  suite: Suite,
  pool: PoolLike,
  id: string,
  condition: WriteCondition,
): Promise<void> {
  const outcome = await outcomeOf(suite, pool.write(id, utf8("ours"), { condition }));
  const found = await pool.read(id);
  const done = found?.bytes[0] === utf8("ours")[0];
  if (typeof outcome !== "object") {
    equalBytes(found?.bytes, utf8("ours"), "the value after a conditional write that resolved");
    equal(outcome, found?.version, "the version of write and of read");
  } else if (isLailaError(outcome, "CONFLICT")) {
    const told = outcome.details.outcome;
    check(
      told === "unknown" || (told === "lost" && !done),
      `the pool says that the write ${JSON.stringify(told)}, and its value is there: nobody else wrote`,
    );
  } else if (!done && found) {
    equalBytes(found.bytes, utf8("old"), "the value after a failed conditional write");
  }
}
