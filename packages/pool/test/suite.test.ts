import { MemoryPool } from "@laila/pool";
import { type DescribePoolOptions, describePool } from "@laila/pool/testing";
import { describe, expect, it } from "vitest";

const { supports } = new MemoryPool();

const proven = {
  child: { command: "never started" },
  unreachable: () => ({ pool: new MemoryPool() }),
};
const large = { maxValueBytes: 2 ** 30, persistent: true, durable: true };

interface Registered {
  readonly name: string;
  readonly body: () => Promise<void>;
}

/** What the suite registers with a runner that runs nothing. */
function registered(options: Partial<DescribePoolOptions>, withEnd = true) {
  const tests: Registered[] = [];
  const ends: (() => Promise<void>)[] = [];
  describePool(
    "pool",
    { supports, create: () => ({ pool: new MemoryPool() }), ...options },
    {
      describe: (_, body) => body(),
      it: (name, body) => tests.push({ name, body }),
      ...(withEnd ? { afterAll: (body: () => Promise<void>) => ends.push(body) } : {}),
    },
  );
  return { tests, ends };
}

function named(tests: readonly Registered[], name: string): () => Promise<void> {
  const found = tests.find((test) => test.name === name);
  if (!found) throw new Error(`no test is called ${name}`);
  return found.body;
}

describe("the conformance suite", () => {
  it("does no work while it is declared", () => {
    registered({
      create: () => {
        throw new Error("too early");
      },
    });
  });

  it("lowers the runs of the property tests, and never raises them", () => {
    const runs = (asked: number) =>
      registered({ runs: asked }).tests.find(({ name }) => name.startsWith("behaves like a Map"))
        ?.name;
    expect([runs(7), runs(1000), runs(0)].map((name) => name?.match(/\d+/)?.[0])).toEqual([
      "7",
      "200",
      "1",
    ]);
  });

  it("lowers the kills, and never raises them", () => {
    const persistent = { ...supports, ...large };
    const kills = (rounds: number) =>
      registered({ ...proven, supports: persistent, rounds }).tests.find(({ name }) =>
        name.includes("kills"),
      )?.name;
    expect([kills(7), kills(1000), kills(0)].map((name) => name?.match(/\d+/)?.[0])).toEqual([
      "7",
      "50",
      "1",
    ]);
  });

  it("fails every test when no pool can be made, with the reason", async () => {
    const { tests } = registered({ create: () => Promise.reject(new Error("no storage here")) });
    await expect(named(tests, "one byte")()).rejects.toThrow("no storage here");
    await expect(named(tests, "declares its class")()).rejects.toThrow("no storage here");
  });

  it("closes and disposes of what a test made, the shared pool at the end, each once", async () => {
    const log: string[] = [];
    let made = 0;
    const create = () => {
      const name = `pool ${++made}`;
      const pool = new MemoryPool();
      const close = pool.close.bind(pool);
      pool.close = () => {
        log.push(`${name} closed`);
        return close();
      };
      return { pool, dispose: () => void log.push(`${name} disposed`) };
    };
    const { tests, ends } = registered({ create });
    await named(tests, "lists nothing in empty storage")();
    await named(tests, "one byte")();
    expect(log).toEqual(["pool 2 closed", "pool 2 disposed"]);
    for (const end of ends) await end();
    expect(log.slice(2)).toEqual(["pool 1 closed", "pool 1 disposed"]);

    const withoutEnd = registered({ create }, false);
    await named(withoutEnd.tests, "closes the pool that the tests shared")();
    expect(withoutEnd.tests.at(-1)?.name).toBe("closes the pool that the tests shared");
  });

  it("tells a test's own failure rather than what follows from it", async () => {
    const { tests } = registered({
      create: () => {
        const pool = new MemoryPool();
        pool.keys = () => {
          throw new Error("the cause");
        };
        pool.close = () => Promise.reject(new Error("the consequence"));
        return { pool };
      },
    });
    await expect(named(tests, "lists nothing in empty storage")()).rejects.toThrow("the cause");
    await expect(named(tests, "opens by itself, and once for all who ask")()).rejects.toThrow(
      "the consequence",
    );
  });
});
