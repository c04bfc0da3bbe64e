import { isLailaError } from "@laila/schema";
import type { LazyValue, PoolLike } from "../contract.js";
import { check, collect, equal, equalBytes, fail } from "./assertions.js";
import { noise, utf8 } from "./samples.js";
import type { Suite } from "./suite.js";

/** What is kept as it is, is as good as what was written as bytes; what is not kept, changes nothing. */
export function lazyValues(suite: Suite): void {
  suite.floor("lazy values", () => {
    suite.it("gives the bytes of a value that it keeps as it is", async ({ pool, key }) => {
      const [id, other] = [key("lazy"), key("another")];
      await pool.write(other, utf8("another"));
      equal(pool.keptLazy?.(id), undefined, "keptLazy of what is not there");
      const value = lazy(noise(1000));
      if (!keeps(pool, id, value)) {
        equal(await pool.exists(id), false, "exists of a value that was not kept");
        return;
      }
      equal(pool.keptLazy?.(id), value, "keptLazy of a value that was kept");
      equalBytes((await pool.read(id))?.bytes, noise(1000), "read of a kept value");
      equal(await pool.exists(id), true, "exists of a kept value");
      equal((await collect(pool.keys({ prefix: id }))).length, 1, "keys of a kept value");
      for await (const { result } of pool.readMany([id]))
        equalBytes(result?.bytes, noise(1000), "readMany of a kept value");
      (await pool.read(id))?.bytes.fill(0);
      equalBytes(
        (await pool.read(id))?.bytes,
        noise(1000),
        "a kept value whose bytes were changed",
      );
      await pool.delete(id);
      equal(pool.keptLazy?.(id), undefined, "keptLazy after a delete");
      equal(await pool.read(id), undefined, "read after a delete");
      equalBytes((await pool.read(other))?.bytes, utf8("another"), "what another key has");
    });

    suite.it("has of kept values and of bytes the last that came", async ({ pool, key }) => {
      const id = key();
      for (const round of ["first", "second"]) {
        await pool.write(id, utf8(`${round} bytes`));
        equal(pool.keptLazy?.(id), undefined, "keptLazy of bytes");
        const kept = keeps(pool, id, lazy(utf8(`${round} value`)));
        const last = utf8(`${round} ${kept ? "value" : "bytes"}`);
        equalBytes((await pool.read(id))?.bytes, last, "what came last");
      }
    });

    if (suite.supports.conditionalWrites) {
      suite.it("keeps conditions over kept values", async ({ pool, key, rejects }) => {
        const id = key();
        const bytes = await pool.write(id, utf8("bytes"));
        if (!keeps(pool, id, lazy(utf8("value")))) return;
        const over = (condition: { ifAbsent: true } | { ifVersion: string }) =>
          pool.write(id, utf8("over"), { condition });
        await rejects(over({ ifAbsent: true }), "CONFLICT", "ifAbsent over a kept value");
        const stale = { ifVersion: bytes as string };
        await rejects(over(stale), "CONFLICT", "ifVersion of what was before a kept value");
        const version = (await pool.read(id))?.version as string;
        await over({ ifVersion: version });
        equalBytes((await pool.read(id))?.bytes, utf8("over"), "written over a kept value");
      });
    }

    suite.it("keeps nothing that is no value, and nothing once it is closed", async (room) => {
      const pool = await room.fresh();
      const id = room.key();
      await pool.open();
      for (const value of [undefined, null, "text", utf8("bytes"), {}])
        refuses(() => pool.keepLazy?.(id, value as unknown as LazyValue), typeof value);
      refuses(() => pool.keepLazy?.("", lazy(utf8("x"))), "no key");
      equal(await pool.exists(id), false, "exists after refused values");
      keeps(pool, id, lazy(utf8("x")));
      await pool.close();
      equal(keeps(pool, id, lazy(utf8("x"))), false, "keepLazy of a closed pool");
      equal(pool.keptLazy?.(id), undefined, "keptLazy of a closed pool");
    });
  });
}

function lazy(bytes: Uint8Array): LazyValue {
  return { toBytes: () => bytes.slice() };
}

/** A pool has both methods or neither. */
function keeps(pool: PoolLike, key: string, value: LazyValue): boolean {
  check(
    (pool.keepLazy === undefined) === (pool.keptLazy === undefined),
    "The pool has one of keepLazy and keptLazy, not both",
  );
  return pool.keepLazy?.(key, value) ?? false;
}

function refuses(act: () => unknown, what: string): void {
  let given: unknown;
  try {
    given = act();
  } catch (error) {
    if (isLailaError(error, "INVALID_ARGUMENT")) return;
    fail(`keepLazy of ${what} failed with another error than INVALID_ARGUMENT.`, error);
  }
  // A pool without the method cannot refuse.
  if (given !== undefined) fail(`keepLazy took ${what}.`);
}
