import type { PoolLike } from "../contract.js";
import { check, collect, equal, equalKeys } from "./assertions.js";
import { utf8 } from "./samples.js";
import type { Suite } from "./suite.js";

/** More than two pages of a thousand, the page of every object store. */
const many = 2500;

/** `keys()` gives every key exactly once and is never silently cut. */
export function listing(suite: Suite): void {
  suite.floor("listing", () => {
    suite.it("lists nothing in empty storage", async ({ fresh }) => {
      const pool = await fresh();
      equalKeys(await collect(pool.keys()), [], "keys()");
      equalKeys(await collect(pool.keys({ prefix: "a" })), [], "keys({ prefix })");
    });

    suite.it(`lists ${many} keys, also by prefix, also while others write`, async ({ fresh }) => {
      const pool = await fresh();
      const prod = Array.from({ length: many - 300 }, (_, i) => `prod/${i}`);
      const prod2 = Array.from({ length: 295 }, (_, i) => `prod2/${i}`);
      const others = ["prod", "pro", "Prod/1", "prod%2F1", "qrod/1"];
      const all = [...prod, ...prod2, ...others];
      const written = await pool.writeMany(all.map((key) => ({ key, bytes: utf8(key) })));
      equal(
        written.find(({ error }) => error !== undefined)?.error,
        undefined,
        "an error of writeMany",
      );

      equalKeys(await collect(pool.keys()), all, "keys()");
      equalKeys(await collect(pool.keys({ prefix: "" })), all, 'keys({ prefix: "" })');
      equalKeys(await collect(pool.keys({ prefix: "prod/" })), prod, 'keys({ prefix: "prod/" })');
      equalKeys(await collect(pool.keys({ prefix: "prod2" })), prod2, 'keys({ prefix: "prod2" })');
      equalKeys(
        await collect(pool.keys({ prefix: "prod" })),
        [...prod, ...prod2, "prod", "prod%2F1"],
        'keys({ prefix: "prod" })',
      );
      equalKeys(
        await collect(pool.keys({ prefix: "prod%" })),
        ["prod%2F1"],
        'keys({ prefix: "prod%" })',
      );
      equalKeys(
        await collect(pool.keys({ prefix: "prod2/294" })),
        ["prod2/294"],
        "a whole key as prefix",
      );
      equalKeys(await collect(pool.keys({ prefix: "nobody" })), [], "a prefix of nothing");

      await whileOthersWrite(pool, all);

      const results = await pool.deleteMany(all);
      equal(
        results.find(({ error }) => error !== undefined)?.error,
        undefined,
        "an error of deleteMany",
      );
      equalKeys(await collect(pool.keys({ prefix: "prod" })), [], "keys() after deleteMany");
    });

    suite.it("lists by prefixes with awkward characters", async ({ fresh }) => {
      const pool = await fresh();
      const prefixes = [
        "a b",
        "100%",
        "%41",
        "A",
        "ä",
        "a\u0308",
        "😀",
        "..",
        "/",
        "*",
        "a_",
        "[a]",
        "\\",
      ];
      const all = prefixes.flatMap((prefix) => [prefix, `${prefix}x`, `x${prefix}`]);
      await Promise.all(all.map((key) => pool.write(key, utf8(key))));
      for (const prefix of prefixes) {
        const expected = all.filter((key) => key.startsWith(prefix));
        equalKeys(
          await collect(pool.keys({ prefix })),
          expected,
          `keys({ prefix: ${JSON.stringify(prefix)} })`,
        );
      }
    });

    suite.it("refuses an ill-formed prefix", async ({ pool, rejects }) => {
      for (const prefix of ["\ud800", 7]) {
        await rejects(
          collect(pool.keys({ prefix: prefix as string })),
          "INVALID_ARGUMENT",
          "keys() with such a prefix",
        );
      }
    });

    suite.it(
      "lists twice at once, and again after a listing was left half way",
      async ({ fresh }) => {
        const pool = await fresh();
        const all = Array.from({ length: 60 }, (_, i) => `key ${i}`);
        await pool.writeMany(all.map((key) => ({ key, bytes: utf8(key) })));
        for await (const key of pool.keys()) {
          check(all.includes(key), `a foreign key ${JSON.stringify(key)}`);
          break;
        }
        const left = pool.keys()[Symbol.asyncIterator]();
        await left.next();
        const [one, two] = await Promise.all([collect(pool.keys()), collect(pool.keys())]);
        equalKeys(one, all, "the first of two listings");
        equalKeys(two, all, "the second of two listings");
        await left.return?.();
      },
    );
  });
}

/** Keys that nobody touches are listed exactly once, whatever comes and goes meanwhile. */
async function whileOthersWrite(pool: PoolLike, standing: readonly string[]): Promise<void> {
  let listed = false;
  const writers = [0, 1, 2, 3].map(async (writer) => {
    const left: string[] = [];
    for (let i = 0; !listed && i < 500; i++) {
      const key = `prod/${writer}/${i}`;
      await pool.write(key, utf8(key));
      if (i % 2 === 0) await pool.delete(key);
      else left.push(key);
      await new Promise((resolve) => setTimeout(resolve, 0));
    }
    await pool.deleteMany(left);
  });
  try {
    const seen = await collect(pool.keys());
    const known = new Set(standing);
    equal(new Set(seen).size, seen.length, "keys listed while others write, without repetition");
    equalKeys(
      seen.filter((key) => known.has(key)),
      standing,
      "keys that stood while others wrote",
    );
    const foreign = seen.find((key) => !known.has(key) && !/^prod\/[0-3]\/\d+$/.test(key));
    equal(foreign, undefined, "a key that nobody wrote");
  } finally {
    listed = true;
    await Promise.all(writers);
  }
}
