import { check, equal, equalBytes } from "./assertions.js";
import { damaged, sampleRecords } from "./records.js";
import { noise, sampleValues, utf8 } from "./samples.js";
import type { Suite } from "./suite.js";

/** What is written comes back: the same bytes, of every size, whoever changes which buffer. */
export function roundTrips(suite: Suite): void {
  suite.floor("round trips", () => {
    for (const [what, bytes] of sampleValues()) {
      suite.it(what, async ({ pool, key }) => {
        const id = key();
        const version = await pool.write(id, bytes);
        const found = await pool.read(id);
        equalBytes(found?.bytes, bytes, "read after write");
        if (suite.supports.conditionalWrites) {
          check(
            typeof version === "string",
            "write gives no version, although conditions are supported",
          );
          equal(found?.version, version, "read gives the version that write gave");
        }
        await pool.delete(id);
      });
    }

    for (const [what, record] of sampleRecords()) {
      suite.it(
        `${what}, whole and damaged, under its own key and another`,
        async ({ pool, key }) => {
          await pool.write(record.key, record.bytes);
          equalBytes(
            (await pool.read(record.key))?.bytes,
            record.bytes,
            "the record under its own key",
          );
          for (const [damage, bytes] of [
            ["no damage", record.bytes] as const,
            ...damaged(record.bytes),
          ]) {
            const id = key(damage);
            await pool.write(id, bytes);
            equalBytes((await pool.read(id))?.bytes, bytes, `the record with ${damage}`);
          }
          await pool.delete(record.key);
        },
      );
    }

    suite.it("gives plain Uint8Arrays, not Buffers", async ({ pool, key }) => {
      const id = key();
      await pool.write(id, utf8("plain"));
      const found = await pool.read(id);
      check(
        found !== undefined && Object.getPrototypeOf(found.bytes) === Uint8Array.prototype,
        "read gives a subclass of Uint8Array, whose slice() may share memory",
      );
    });

    suite.it("stores only the window of a view", async ({ pool, key }) => {
      const id = key();
      const all = noise(300);
      await pool.write(id, all.subarray(100, 200));
      equalBytes((await pool.read(id))?.bytes, all.slice(100, 200), "a view of 100 bytes");
    });

    suite.it("takes windows of one buffer that are handed over", async ({ pool, key }) => {
      const all = noise(3000);
      const original = all.slice();
      const ids = [key(), key(), key()];
      const window = (bytes: Uint8Array, i: number) => bytes.subarray(i * 1000, (i + 1) * 1000);
      await Promise.all(ids.map((id, i) => pool.write(id, window(all, i), { handOver: true })));
      await pool.writeMany([{ key: key("of many"), bytes: window(all, 1), handOver: true }]);
      equalBytes(all, original, "the buffer whose windows were handed over");
      for (const [i, id] of ids.entries()) {
        equalBytes((await pool.read(id))?.bytes, window(original, i), `window ${i}`);
      }
      equalBytes((await pool.read(key("of many")))?.bytes, window(original, 1), "one of writeMany");
      const whole = noise(1000, 2);
      await pool.write(key("whole"), noise(1000, 2), { handOver: true });
      equalBytes(
        (await pool.read(key("whole")))?.bytes,
        whole,
        "a whole buffer that was handed over",
      );
    });

    suite.it("takes a Buffer", async ({ pool, key }) => {
      const id = key();
      await pool.write(id, Buffer.from("a small buffer of the shared slab"));
      equalBytes(
        (await pool.read(id))?.bytes,
        utf8("a small buffer of the shared slab"),
        "a Buffer",
      );
    });

    suite.it("overwrites with longer, shorter and empty values", async ({ pool, key }) => {
      const id = key();
      for (const length of [10, 5000, 3, 0, 70_000, 1]) {
        const bytes = noise(length, length + 1);
        await pool.write(id, bytes);
        equalBytes((await pool.read(id))?.bytes, bytes, `overwritten with ${length} bytes`);
      }
    });

    for (const length of [10, 100_000]) {
      suite.it(
        `doesn't see changes of the caller's ${length} bytes after the call`,
        async (room) => {
          // A pool that is not open yet has the longest way from the call to the store.
          for (const pool of [room.pool, await room.fresh()]) {
            const bytes = noise(length);
            const id = room.key();
            const done = pool.write(id, bytes);
            const original = bytes.slice();
            bytes.fill(0);
            await done;
            bytes.fill(1);
            equalBytes((await pool.read(id))?.bytes, original, "a value whose buffer was changed");
          }
        },
      );

      suite.it(`doesn't share the ${length} bytes it gives`, async ({ pool, key }) => {
        const id = key();
        const bytes = noise(length);
        await pool.write(id, bytes);
        const first = await pool.read(id);
        const second = await pool.read(id);
        first?.bytes.fill(0);
        equalBytes(second?.bytes, bytes, "another read's buffer");
        equalBytes((await pool.read(id))?.bytes, bytes, "the stored value");
      });
    }

    suite.it("refuses values that are no bytes", async ({ pool, key, rejects }) => {
      const id = key();
      for (const value of [
        "text",
        null,
        undefined,
        7,
        [1, 2],
        new ArrayBuffer(2),
        new Uint16Array(2),
      ]) {
        const bytes = value as unknown as Uint8Array;
        await rejects(pool.write(id, bytes), "INVALID_ARGUMENT", `write of ${typeof value}`);
        await rejects(
          pool.writeMany([{ key: id, bytes }]),
          "INVALID_ARGUMENT",
          `writeMany of ${typeof value}`,
        );
      }
      equal(await pool.exists(id), false, "exists after refused writes");
    });

    const { maxValueBytes } = suite.supports;
    if (maxValueBytes <= 64 * 2 ** 20) {
      suite.it("takes maxValueBytes and refuses one byte more", async ({ fresh, key, rejects }) => {
        const pool = await fresh();
        const id = key();
        await rejects(
          pool.write(id, new Uint8Array(maxValueBytes + 1)),
          "TOO_LARGE",
          "one byte too many",
        );
        equal(await pool.exists(id), false, "exists after a refused write");
        await pool.write(id, new Uint8Array(maxValueBytes));
        equal(
          (await pool.read(id))?.bytes.byteLength,
          maxValueBytes,
          "length of the largest value",
        );
      });
    }
  });
}
