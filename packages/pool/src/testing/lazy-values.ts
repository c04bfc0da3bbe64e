import type { LazyValue, PoolLike, ReadResult } from "../contract.js";
import { check, collect, equal, equalBytes } from "./assertions.js";
import { noise, utf8 } from "./samples.js";
import type { Room, Suite } from "./suite.js";

/** A value that can be kept as it is, is as good as one that was written as bytes. */
export function lazyValues(suite: Suite): void {
  suite.floor("lazy values", () => {
    suite.it("gives a lazy value's bytes, or the value itself", async (room) => {
      const { pool, key } = room;
      const [id, other] = [key("lazy"), key("another")];
      const value = lazy(noise(1000));
      const [writeLazy, readLazy] = both(pool);
      equal(await readLazy(id), undefined, "readLazy of what is not there");
      const version = await writeLazy(id, value);
      await writeLazy(other, lazy(utf8("another")));
      for (const at of await readers(suite, room)) {
        const found = await at.read(id);
        equalBytes(found?.bytes, noise(1000), "read of a lazy value");
        equal(found?.version, version, "the version that writeLazy gave");
        equal(await at.exists(id), true, "exists of a lazy value");
        equal((await collect(at.keys({ prefix: id }))).length, 1, "keys of a lazy value");
        for await (const item of at.readMany([id]))
          equalBytes(item.result?.bytes, noise(1000), "readMany of a lazy value");
        const [, readThere] = both(at);
        equalBytes(bytesOf(await readThere(id)), noise(1000), "readLazy of a lazy value");
      }
      (await pool.read(id))?.bytes.fill(0);
      equalBytes(
        (await pool.read(id))?.bytes,
        noise(1000),
        "a lazy value after its bytes were changed",
      );
      await pool.delete(id);
      equal(await readLazy(id), undefined, "readLazy after a delete");
      equalBytes((await pool.read(other))?.bytes, utf8("another"), "what another key has");
    });

    suite.it(
      "overwrites lazy values with bytes, and bytes with lazy values",
      async ({ pool, key }) => {
        const id = key();
        const [writeLazy, readLazy] = both(pool);
        for (const round of ["first", "second"]) {
          await pool.write(id, utf8(`${round} bytes`));
          equalBytes(bytesOf(await readLazy(id)), utf8(`${round} bytes`), "readLazy of bytes");
          await writeLazy(id, lazy(utf8(`${round} lazy value`)));
          equalBytes(
            (await pool.read(id))?.bytes,
            utf8(`${round} lazy value`),
            "a lazy value over bytes",
          );
        }
      },
    );

    suite.it(
      "keeps the conditions of lazy writes, or refuses them",
      async ({ pool, key, rejects }) => {
        const id = key();
        const [writeLazy] = both(pool);
        const condition = { ifAbsent: true } as const;
        if (!suite.supports.conditionalWrites) {
          const refused = writeLazy(id, lazy(utf8("x")), { condition });
          await rejects(refused, "UNSUPPORTED", "writeLazy with a condition");
          return;
        }
        const first = await writeLazy(id, lazy(utf8("first")), { condition });
        const again = writeLazy(id, lazy(utf8("again")), { condition });
        const { details } = await rejects(again, "CONFLICT", "a second ifAbsent");
        equal(details.outcome, "lost", "the outcome of a second ifAbsent");
        await pool.write(id, utf8("second"), { condition: { ifVersion: first as string } });
        const stale = { condition: { ifVersion: first as string } };
        await rejects(writeLazy(id, lazy(utf8("stale")), stale), "CONFLICT", "a stale ifVersion");
        equalBytes((await pool.read(id))?.bytes, utf8("second"), "the value after lost writes");
      },
    );

    suite.it(
      "refuses what is no lazy value, and calls that are aborted",
      async ({ pool, key, rejects }) => {
        const id = key();
        const [writeLazy, readLazy] = both(pool);
        for (const value of [undefined, null, "text", utf8("bytes"), {}]) {
          const refused = writeLazy(id, value as unknown as LazyValue);
          await rejects(refused, "INVALID_ARGUMENT", `writeLazy of ${typeof value}`);
        }
        await rejects(
          writeLazy("", lazy(utf8("x"))),
          "INVALID_ARGUMENT",
          "writeLazy without a key",
        );
        await rejects(readLazy(""), "INVALID_ARGUMENT", "readLazy without a key");
        const signal = AbortSignal.abort();
        await rejects(
          writeLazy(id, lazy(utf8("x")), { signal }),
          "ABORTED",
          "an aborted writeLazy",
        );
        await rejects(readLazy(id, { signal }), "ABORTED", "an aborted readLazy");
        equal(await pool.exists(id), false, "exists after refused writes");
      },
    );
  });
}

function lazy(bytes: Uint8Array): LazyValue {
  return { toBytes: () => bytes.slice() };
}

function bytesOf(found: ReadResult | LazyValue | undefined): Uint8Array | undefined {
  return found && "toBytes" in found ? found.toBytes() : found?.bytes;
}

/** A pool has both calls or neither; where it has neither, a policy writes the bytes and reads them. */
function both(
  pool: PoolLike,
): [write: NonNullable<PoolLike["writeLazy"]>, read: NonNullable<PoolLike["readLazy"]>] {
  check(
    (pool.writeLazy === undefined) === (pool.readLazy === undefined),
    "The pool has one of writeLazy and readLazy, not both",
  );
  return [
    pool.writeLazy?.bind(pool) ??
      (async (key, value, options) => pool.write(key, value.toBytes(), options)),
    pool.readLazy?.bind(pool) ?? ((key, options) => pool.read(key, options)),
  ];
}

/** The pool itself, and another on the same storage where there may be one at the same time. */
async function readers({ supports }: Suite, { pool, reopen }: Room): Promise<PoolLike[]> {
  return supports.sharedBetweenProcesses ? [pool, await reopen(pool)] : [pool];
}
