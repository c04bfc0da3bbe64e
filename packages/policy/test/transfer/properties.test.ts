import fc from "fast-check";
import { expect, it } from "vitest";
import { copyPool, mirror, movePool } from "../../src/index.js";
import { contents, fill, flipped, outcomeOf, PlainPool, ProbedPool, record } from "./support.js";

/** For each key some values: sound ones and, where the key is a global id, a damaged one. */
const universe: Readonly<Record<string, readonly Uint8Array[]>> = Object.fromEntries([
  ...["a", "b", "c", "d"].map((nickname) => {
    const values = [1, 2].map((data) => record(data, nickname).bytes);
    return [record(0, nickname).key, [...values, flipped(values[0] ?? new Uint8Array(1))]] as const;
  }),
  ...["plain", "a/b", "é", "LAILA:MANIFEST:GLOBAL_ID:none"].map(
    (key) => [key, [new Uint8Array(), Uint8Array.of(1, 2, 3), Uint8Array.of(0x7b)]] as const,
  ),
]);
const damagedAt = 2;
const isId = (key: string): boolean => /-[0-9a-f]{12}$/.test(key);

/** A pool's contents: for each key which of its values. */
type Model = Readonly<Record<string, number>>;
const model: fc.Arbitrary<Model> = fc.dictionary(
  fc.constantFrom(...Object.keys(universe)),
  fc.integer({ min: 0, max: 2 }),
);

const setUp = fc.record({
  from: model,
  to: model,
  plain: fc.boolean(),
  concurrency: fc.integer({ min: 1, max: 5 }),
  maxBytes: fc.constantFrom(1, 500, 10_000),
  /** A transfer that is ended after so many keys, and started again. */
  interrupt: fc.option(fc.integer({ min: 1, max: 8 }), { nil: undefined }),
});

async function poolOf(values: Model, plain: boolean): Promise<ProbedPool> {
  const pool = plain ? new PlainPool() : new ProbedPool();
  const stored = Object.entries(values).flatMap(([key, which]) => {
    const bytes = universe[key]?.[which];
    return bytes ? [{ key, bytes }] : [];
  });
  await fill(pool, stored);
  return pool;
}

const textOf = async (values: Model): Promise<Record<string, string>> =>
  contents(await poolOf(values, false));
const isDamaged = (key: string, which: number): boolean => isId(key) && which === damagedAt;

it("a copy leaves the destination with what the rules say, interrupted or not", () =>
  fc.assert(
    fc.asyncProperty(
      setUp,
      fc.constantFrom("fail", "skip", "overwrite" as const),
      async ({ interrupt, plain, ...given }, onConflict) => {
        const { concurrency, maxBytes } = given;
        const [from, to] = [await poolOf(given.from, plain), await poolOf(given.to, plain)];
        const settings = { concurrency, maxBytes, onConflict };
        if (interrupt !== undefined) {
          const controller = new AbortController();
          const { signal } = controller;
          const onProgress = ({ done }: { done: number }): unknown =>
            done === interrupt && controller.abort();
          await outcomeOf(copyPool(from, to, { ...settings, signal, onProgress }));
        }
        const { report } = await outcomeOf(copyPool(from, to, settings));
        const expected: Record<string, number> = { ...given.to };
        let failures = 0;
        for (const [key, which] of Object.entries(given.from)) {
          if (isDamaged(key, which)) failures++;
          else if (given.to[key] === undefined || onConflict === "overwrite") expected[key] = which;
          else if (given.to[key] !== which && onConflict === "fail") failures++;
        }
        expect(await contents(to)).toEqual(await textOf(expected));
        expect(await contents(from)).toEqual(await textOf(given.from));
        expect(report.failures).toBe(failures);
        const { copied, skipped, conflicts } = report;
        expect(copied + skipped + conflicts + failures).toBe(Object.keys(given.from).length);
      },
    ),
    { numRuns: 200 },
  ));

it("a mirror leaves both pools equal, but for what is damaged at the source", () =>
  fc.assert(
    fc.asyncProperty(setUp, async ({ plain, concurrency, maxBytes, ...given }) => {
      const [from, to] = [await poolOf(given.from, plain), await poolOf(given.to, plain)];
      const { report } = await outcomeOf(mirror(from, to, { concurrency, maxBytes }));
      const expected: Record<string, number> = {};
      for (const [key, which] of Object.entries(given.from)) {
        const left = isDamaged(key, which) ? given.to[key] : which;
        if (left !== undefined) expected[key] = left;
      }
      expect(await contents(to)).toEqual(await textOf(expected));
      expect(await contents(from)).toEqual(await textOf(given.from));
      const extra = Object.keys(given.to).filter((key) => given.from[key] === undefined);
      expect(report.deleted).toBe(extra.length);
      const exact = await outcomeOf(mirror(from, to, { verify: "bytes" }));
      expect(exact.code).toBeUndefined();
      expect(await contents(to)).toEqual(await contents(from));
    }),
    { numRuns: 200 },
  ));

it("a move loses nothing, wherever it is interrupted, and empties the source of what arrived", () =>
  fc.assert(
    fc.asyncProperty(setUp, async ({ interrupt, plain, concurrency, ...given }) => {
      const [from, to] = [await poolOf(given.from, plain), await poolOf(given.to, plain)];
      if (interrupt !== undefined) {
        const controller = new AbortController();
        const { signal } = controller;
        let operations = 0;
        for (const pool of [from, to])
          pool.after = () => ++operations === interrupt * 5 && controller.abort();
        await outcomeOf(movePool(from, to, { concurrency, signal }));
        for (const pool of [from, to]) pool.after = () => undefined;
        // Every value is in one of the pools at least.
        const all = { ...(await contents(to)), ...(await contents(from)) };
        expect(all).toMatchObject(await textOf(given.from));
      }
      await outcomeOf(movePool(from, to, { concurrency }));
      const stays = Object.entries(given.from).filter(
        ([key, which]) =>
          isDamaged(key, which) || (given.to[key] !== undefined && given.to[key] !== which),
      );
      expect(await contents(from)).toEqual(await textOf(Object.fromEntries(stays)));
      const left = Object.fromEntries(stays.map(([key]) => [key, given.to[key]]));
      const arrived: Record<string, number> = {};
      for (const [key, which] of Object.entries({ ...given.to, ...given.from, ...left }))
        if (which !== undefined) arrived[key] = which;
      expect(await contents(to)).toEqual(await textOf(arrived));
    }),
    { numRuns: 200 },
  ));
