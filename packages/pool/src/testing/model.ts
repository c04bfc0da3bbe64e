import { isLailaError } from "@laila/schema";
import type { PoolLike, Version, WriteCondition } from "../contract.js";
import { collect, equal, equalBytes, equalKeys, fail } from "./assertions.js";
import { fastCheck } from "./fast-check.js";
import { noise } from "./samples.js";
import type { Suite } from "./suite.js";

/** Few keys, so that operations meet; pairs that a sloppy backend would make one. */
const names = ["a", "A", "a/b", "a%2Fb", "e\u0301", "\u00e9", "😀", "..", " "];

type Operation =
  | {
      readonly do: "write";
      readonly name: string;
      readonly size: number;
      readonly when: "always" | "absent" | "current" | "stale";
    }
  | { readonly do: "read" | "exists" | "delete"; readonly name: string }
  | { readonly do: "writeMany"; readonly names: readonly string[]; readonly size: number }
  | { readonly do: "readMany" | "deleteMany"; readonly names: readonly string[] }
  | { readonly do: "keys"; readonly name: string };

interface Held {
  readonly bytes: Uint8Array;
  readonly version: Version | undefined;
}

/** Random sequences of calls behave as they would on a Map. */
export function model(suite: Suite): void {
  suite.floor("model", () => {
    suite.it(`behaves like a Map in ${suite.runs} random histories`, async (room) => {
      const fc = await fastCheck();
      const name = fc.constantFrom(...names);
      const some = fc.array(name, { maxLength: 5 });
      const size = fc.oneof(
        fc.constant(0),
        fc.integer({ min: 1, max: 40 }),
        fc.integer({ min: 1, max: 5000 }),
      );
      const when = suite.supports.conditionalWrites
        ? fc.constantFrom(
            "always" as const,
            "absent" as const,
            "current" as const,
            "stale" as const,
          )
        : fc.constant("always" as const);
      const operation: import("fast-check").Arbitrary<Operation> = fc.oneof(
        {
          weight: 4,
          arbitrary: fc.record({ do: fc.constant("write" as const), name, size, when }),
        },
        {
          weight: 4,
          arbitrary: fc.record({
            do: fc.constantFrom("read" as const, "exists" as const, "delete" as const),
            name,
          }),
        },
        {
          weight: 1,
          arbitrary: fc.record({ do: fc.constant("writeMany" as const), names: some, size }),
        },
        {
          weight: 1,
          arbitrary: fc.record({
            do: fc.constantFrom("readMany" as const, "deleteMany" as const),
            names: some,
          }),
        },
        { weight: 1, arbitrary: fc.record({ do: fc.constant("keys" as const), name }) },
      );
      const history = fc.array(operation, { minLength: 1, maxLength: 14, size: "max" });
      let run = 0;
      await fc.assert(
        fc.asyncProperty(history, async (operations) => {
          const play = new Play(room.pool, `${room.key("run")} ${++run} `);
          for (const [i, one] of operations.entries()) await play.step(one, i);
          await play.end();
        }),
        { numRuns: suite.runs },
      );
    });
  });
}

/** One history: the pool, the Map that it must equal, and the prefix under which it plays. */
class Play {
  readonly #pool: PoolLike;
  readonly #prefix: string;
  readonly #model = new Map<string, Held>();
  #stale: Version | undefined;

  constructor(pool: PoolLike, prefix: string) {
    this.#pool = pool;
    this.#prefix = prefix;
  }

  async step(operation: Operation, seed: number): Promise<void> {
    const pool = this.#pool;
    switch (operation.do) {
      case "write":
        return this.#write(
          this.#prefix + operation.name,
          noise(operation.size, seed + 1),
          operation.when,
        );
      case "read":
        return this.#same(
          this.#prefix + operation.name,
          await pool.read(this.#prefix + operation.name),
        );
      case "exists": {
        const key = this.#prefix + operation.name;
        return equal(
          await pool.exists(key),
          this.#model.has(key),
          `exists(${JSON.stringify(key)})`,
        );
      }
      case "delete":
        await pool.delete(this.#prefix + operation.name);
        this.#forget(this.#prefix + operation.name);
        return;
      case "writeMany": {
        const items = this.#unique(operation.names).map((key, i) => ({
          key,
          bytes: noise(operation.size + i, seed + i),
        }));
        const results = await pool.writeMany(items);
        for (const [i, item] of items.entries()) {
          if (results[i]?.error !== undefined)
            fail("an item of writeMany failed", results[i]?.error);
          this.#hold(item.key, { bytes: item.bytes, version: results[i]?.version });
        }
        return;
      }
      case "readMany": {
        const keys = this.#unique(operation.names);
        const found = await collect(pool.readMany(keys));
        equalKeys(
          found.map(({ key }) => key),
          keys,
          "the keys of readMany",
        );
        for (const one of found) {
          if (one.error !== undefined) fail("an item of readMany failed", one.error);
          this.#same(one.key, one.result);
        }
        return;
      }
      case "deleteMany": {
        const keys = this.#unique(operation.names);
        const failed = (await pool.deleteMany(keys)).find(({ error }) => error !== undefined);
        if (failed) fail("an item of deleteMany failed", failed.error);
        for (const key of keys) this.#forget(key);
        return;
      }
      case "keys": {
        const prefix = this.#prefix + operation.name;
        const expected = [...this.#model.keys()].filter((key) => key.startsWith(prefix));
        return equalKeys(
          await collect(pool.keys({ prefix })),
          expected,
          `keys({ prefix: ${JSON.stringify(prefix)} })`,
        );
      }
    }
  }

  async end(): Promise<void> {
    equalKeys(
      await collect(this.#pool.keys({ prefix: this.#prefix })),
      this.#model.keys(),
      "keys() at the end",
    );
    await this.#pool.deleteMany(this.#model.keys());
  }

  async #write(
    key: string,
    bytes: Uint8Array,
    when: "always" | "absent" | "current" | "stale",
  ): Promise<void> {
    const held = this.#model.get(key);
    let condition: WriteCondition | undefined;
    let allowed = true;
    if (when === "absent") {
      condition = { ifAbsent: true };
      allowed = held === undefined;
    } else if (when === "current" && held?.version !== undefined) {
      condition = { ifVersion: held.version };
    } else if (when === "stale" && this.#stale !== undefined) {
      condition = { ifVersion: this.#stale };
      // Versions may repeat when the content does.
      allowed = held?.version === this.#stale;
    }
    try {
      const version = await this.#pool.write(key, bytes, { condition });
      if (!allowed) fail(`a write with ${JSON.stringify(condition)} was let through`);
      this.#hold(key, { bytes, version });
    } catch (error) {
      if (allowed || !isLailaError(error, "CONFLICT")) throw error;
    }
  }

  #hold(key: string, value: Held): void {
    this.#stale = this.#model.get(key)?.version ?? this.#stale;
    this.#model.set(key, value);
  }

  #forget(key: string): void {
    this.#stale = this.#model.get(key)?.version ?? this.#stale;
    this.#model.delete(key);
  }

  #same(key: string, found: Held | undefined): void {
    const held = this.#model.get(key);
    if (!held) {
      equal(found, undefined, `read(${JSON.stringify(key)})`);
      return;
    }
    equalBytes(found?.bytes, held.bytes, `read(${JSON.stringify(key)})`);
    if (held.version !== undefined) {
      equal(found?.version, held.version, `the version of ${JSON.stringify(key)}`);
    }
  }

  #unique(names: readonly string[]): string[] {
    return [...new Set(names)].map((name) => this.#prefix + name);
  }
}
