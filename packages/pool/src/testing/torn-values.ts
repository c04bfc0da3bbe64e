import type { PoolLike } from "../contract.js";
import { check, collect, equal, equalKeys, fail } from "./assertions.js";
import { numbered, numberOf } from "./numbered.js";
import type { Room, Suite } from "./suite.js";

/** From what fits into a packet to what no system call takes in one piece. */
const sizes: readonly (readonly [what: string, bytes: number, overwrites: number])[] = [
  ["10 bytes", 10, 60],
  ["4 KiB", 4096, 60],
  ["100 KiB", 100 * 1024, 30],
  ["1 MiB", 2 ** 20, 12],
  ["4 MiB", 4 * 2 ** 20, 5],
];

/** A reader sees the old bytes or the new: never a part, a mixture, a gap, or what was already replaced. */
export function tornValues(suite: Suite): void {
  suite.floor("torn values", () => {
    for (const [what, length, overwrites] of sizes) {
      suite.it(`gives old bytes or new while ${what} are overwritten`, async (room) => {
        const id = room.key();
        const { pool } = room;
        let [begun, done] = [0, 0];
        await pool.write(id, numbered(0, length));
        const finished = { value: false };
        const writer = (async () => {
          for (begun = 1; begun <= overwrites; begun++) {
            // Longer and shorter by turns, so that a tail of the old value would show.
            await pool.write(id, numbered(begun, begun % 2 ? length >> 1 : length));
            done = begun;
          }
        })();
        const readers = [0, 1, 2].map((reader) =>
          until(finished, async () => {
            const oldest = done;
            const number = wholeNumber(await pool.read(id), what);
            if (number < oldest || number > begun) {
              fail(
                `reader ${reader} got value ${number} of ${what}, after value ${oldest} was acknowledged and before ${begun + 1} was begun`,
              );
            }
          }),
        );
        const watcher = until(finished, async () => {
          check(await pool.exists(id), "exists says no while the value is overwritten");
          equalKeys(await collect(pool.keys({ prefix: id })), [id], "keys() while it is written");
          for await (const { result, error } of pool.readMany([id])) {
            equal(error, undefined, "readMany's error while the value is overwritten");
            wholeNumber(result, `${what}, of readMany`);
          }
        });
        await during(finished, writer, [...readers, watcher]);
        equal(wholeNumber(await pool.read(id), what), overwrites, "the last value");
      });
    }

    suite.it("keeps values whole that several overwrite and delete", async (room) => {
      await contest(room.pool, room.pool, room);
    });

    if (suite.supports.sharedBetweenProcesses) {
      suite.it("keeps values whole between two pools on one storage", async (room) => {
        const one = await room.fresh();
        await one.open();
        await contest(one, await room.reopen(one), room);
      });
    }
  });
}

/** Writers of very different sizes and one who deletes, on one key; readers in both pools. */
async function contest(one: PoolLike, two: PoolLike, room: Room): Promise<void> {
  const id = room.key("contested");
  const finished = { value: false };
  const lengths = [20, 3000, 70_000, 700_000];
  const writers = lengths.map(async (length, writer) => {
    const pool = writer % 2 ? two : one;
    for (let i = 0; i < 10; i++) {
      await pool.write(id, numbered(writer * 1000 + i, length));
      if (writer === 0 && i % 3 === 2) await pool.delete(id);
    }
  });
  const readers = [one, two].map((pool) =>
    until(finished, async () => {
      const found = await pool.read(id);
      if (found) wholeNumber(found, "a contested value");
    }),
  );
  await during(finished, Promise.all(writers), readers);
  await one.write(id, numbered(9999, 5));
  equal(wholeNumber(await two.read(id), "the value"), 9999, "the last value");
}

/** Acts again and again, leaving the event loop its turn, also where a pool answers without one. */
async function until(finished: { readonly value: boolean }, act: () => Promise<void>) {
  while (!finished.value) {
    await act();
    await new Promise((resolve) => setImmediate(resolve));
  }
}

/** The first failure is told, and nothing goes on when this is over. */
async function during(
  finished: { value: boolean },
  writing: Promise<unknown>,
  watching: readonly Promise<void>[],
): Promise<void> {
  const watched = Promise.all(watching);
  try {
    await Promise.race([writing, watched]);
  } finally {
    finished.value = true;
    await Promise.allSettled([writing, ...watching]);
  }
  await Promise.all([writing, watched]);
}

function wholeNumber(found: { readonly bytes: Uint8Array } | undefined, what: string): number {
  if (!found) return fail(`${what}: the value is gone while it is overwritten`);
  return (
    numberOf(found.bytes) ??
    fail(`${what}: a torn value of ${found.bytes.byteLength} bytes, which nobody wrote so`)
  );
}
