import { isLailaError } from "@laila/schema";
import type { PoolLike, Version, WriteCondition } from "../contract.js";
import { check, equal, equalBytes, fail } from "./assertions.js";
import { utf8 } from "./samples.js";
import type { Room, Suite } from "./suite.js";

const writers = 20;

/** Conditions hold at the moment of commit, or are refused; they are never ignored. */
export function conditions(suite: Suite): void {
  suite.floor("conditions", () => {
    if (!suite.supports.conditionalWrites) {
      suite.it("refuses conditions, which it doesn't have", async ({ pool, key, rejects }) => {
        const id = key();
        for (const condition of [{ ifAbsent: true }, { ifVersion: "1" }] as WriteCondition[]) {
          await rejects(
            pool.write(id, utf8("x"), { condition }),
            "UNSUPPORTED",
            "write with a condition",
          );
          await rejects(
            pool.writeMany([{ key: id, bytes: utf8("x"), condition }]),
            "UNSUPPORTED",
            "writeMany",
          );
        }
        equal(await pool.exists(id), false, "exists after refused writes");
      });
      return;
    }

    suite.it("ifAbsent writes once", async ({ pool, key, rejects }) => {
      const id = key();
      const first = await pool.write(id, utf8("first"), { condition: { ifAbsent: true } });
      await lost(
        rejects,
        pool.write(id, utf8("second"), { condition: { ifAbsent: true } }),
        "a second ifAbsent",
      );
      equal((await pool.read(id))?.version, first, "the version after a lost write");
      equalBytes((await pool.read(id))?.bytes, utf8("first"), "the value after a lost write");
      await pool.delete(id);
      await pool.write(id, utf8("third"), { condition: { ifAbsent: true } });
      equalBytes((await pool.read(id))?.bytes, utf8("third"), "ifAbsent after a delete");
    });

    suite.it("ifAbsent sees an empty value", async ({ pool, key, rejects }) => {
      const id = key();
      await pool.write(id, new Uint8Array(0), { condition: { ifAbsent: true } });
      await lost(
        rejects,
        pool.write(id, utf8("x"), { condition: { ifAbsent: true } }),
        "ifAbsent over an empty value",
      );
    });

    suite.it("ifVersion writes over that version alone", async ({ pool, key, rejects }) => {
      const id = key();
      const one = versionOf(await pool.write(id, utf8("one")));
      const two = versionOf(await pool.write(id, utf8("two"), { condition: { ifVersion: one } }));
      check(one !== two, "different content has the same version");
      await lost(
        rejects,
        pool.write(id, utf8("three"), { condition: { ifVersion: one } }),
        "ifVersion of an old version",
      );
      equalBytes((await pool.read(id))?.bytes, utf8("two"), "the value after a lost write");
      const read = versionOf((await pool.read(id))?.version);
      await pool.write(id, utf8("four"), { condition: { ifVersion: read } });
      equalBytes(
        (await pool.read(id))?.bytes,
        utf8("four"),
        "a write over the version that read gave",
      );
      await lost(
        rejects,
        pool.write(id, utf8("x"), { condition: { ifVersion: "no version" } }),
        "a made-up version",
      );
      await lost(
        rejects,
        pool.write(id, utf8("x"), { condition: { ifVersion: "" } }),
        "an empty version",
      );
    });

    suite.it("ifVersion never creates", async ({ pool, key, rejects }) => {
      const id = key();
      const version = versionOf(await pool.write(id, utf8("one")));
      await pool.delete(id);
      await lost(
        rejects,
        pool.write(id, utf8("two"), { condition: { ifVersion: version } }),
        "ifVersion after delete",
      );
      equal(await pool.exists(id), false, "exists after a lost write");
    });

    suite.it("refuses malformed conditions", async ({ pool, key, rejects }) => {
      const id = key();
      for (const wrong of [
        {},
        { ifAbsent: false },
        { ifVersion: 7 },
        { ifVersion: undefined },
        null,
        "ifAbsent",
      ]) {
        const condition = wrong as unknown as WriteCondition;
        await rejects(
          pool.write(id, utf8("x"), { condition }),
          "INVALID_ARGUMENT",
          `the condition ${JSON.stringify(wrong)}`,
        );
      }
      const both = { ifAbsent: true, ifVersion: "1" } as WriteCondition;
      await rejects(
        pool.write(id, utf8("x"), { condition: both }),
        "INVALID_ARGUMENT",
        "both conditions at once",
      );
      equal(await pool.exists(id), false, "exists after refused writes");
    });

    suite.it(`one of ${writers} ifAbsent writers wins`, async ({ pool, key }) => {
      for (let round = 0; round < 5; round++) await raceForAbsence([pool], key());
    });

    suite.it(`one of ${writers} ifVersion writers wins`, async ({ pool, key }) => {
      for (let round = 0; round < 5; round++) {
        const id = key();
        const condition = { ifVersion: versionOf(await pool.write(id, utf8("start"))) };
        const winner = await race([pool], id, condition);
        equalBytes((await pool.read(id))?.bytes, utf8(`writer ${winner}`), "the winner's value");
      }
    });

    suite.it(`${writers} writers who try again lose no update`, async ({ pool, key }) => {
      const id = key();
      await pool.write(id, utf8("0"));
      await Promise.all(Array.from({ length: writers }, () => increment(pool, id)));
      equalBytes((await pool.read(id))?.bytes, utf8(String(writers)), "the sum of all increments");
    });

    if (suite.supports.sharedBetweenProcesses) {
      suite.it(
        "one writer wins among those of two pools on one storage",
        async ({ fresh, reopen, key }) => {
          const one = await fresh();
          await one.open();
          const two = await reopen(one);
          for (let round = 0; round < 5; round++) await raceForAbsence([one, two], key());
          const id = key();
          await one.write(id, utf8("0"));
          await Promise.all(
            Array.from({ length: writers }, (_, i) => increment(i % 2 ? one : two, id)),
          );
          equalBytes(
            (await one.read(id))?.bytes,
            utf8(String(writers)),
            "the sum of both pools' increments",
          );
        },
      );
    }
  });
}

/** A CONFLICT that says what became of the write. */
async function lost(
  rejects: Room["rejects"],
  write: Promise<unknown>,
  what: string,
): Promise<void> {
  const { details } = await rejects(write, "CONFLICT", what);
  check(
    details.outcome === "lost" || details.outcome === "unknown",
    `${what}: details.outcome is "lost" or "unknown", not ${JSON.stringify(details.outcome)}`,
  );
}

function versionOf(version: Version | undefined): Version {
  check(
    typeof version === "string",
    "the pool gives no version, although conditions are supported",
  );
  return version;
}

async function raceForAbsence(pools: readonly PoolLike[], key: string): Promise<void> {
  const winner = await race(pools, key, { ifAbsent: true });
  for (const pool of pools) {
    equalBytes((await pool.read(key))?.bytes, utf8(`writer ${winner}`), "the winner's value");
  }
}

/** All write at once; gives the number of the only one who won. */
async function race(
  pools: readonly PoolLike[],
  key: string,
  condition: WriteCondition,
): Promise<number> {
  const outcomes = await Promise.allSettled(
    Array.from({ length: writers }, async (_, i) => {
      const pool = pools[i % pools.length];
      return pool?.write(key, utf8(`writer ${i}`), { condition });
    }),
  );
  const won: number[] = [];
  for (const [i, outcome] of outcomes.entries()) {
    if (outcome.status === "fulfilled") won.push(i);
    else if (!isLailaError(outcome.reason, "CONFLICT"))
      fail("a loser of the race got another error than CONFLICT", outcome.reason);
  }
  equal(won.length, 1, `winners among ${writers} writers`);
  return won[0] ?? -1;
}

/** Adds one to the number under the key, trying again as long as others come first. */
export async function increment(pool: PoolLike, key: string): Promise<void> {
  // With twenty writers the unluckiest loses nineteen rounds; more means that rounds have no winner.
  for (let tries = 0; tries < writers * 5; tries++) {
    const found = await pool.read(key);
    if (!found) return fail("the counter is gone");
    const next = utf8(String(Number(new TextDecoder().decode(found.bytes)) + 1));
    try {
      await pool.write(key, next, { condition: { ifVersion: versionOf(found.version) } });
      return;
    } catch (error) {
      if (!isLailaError(error, "CONFLICT")) throw error;
    }
  }
  fail(
    `an ifVersion writer lost ${writers * 5} times against ${writers - 1} others: some rounds had no winner`,
  );
}
