import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { expect, it } from "vitest";
import { copyPool } from "../../src/index.js";
import { fill, ProbedPool, record } from "./support.js";

setFlagsFromString("--expose-gc");
const collect = runInNewContext("gc") as () => void;

/** Follows what two pools hand out and what they are handed, by whether it is still in memory. */
class Ledger {
  mostValues = 0;
  mostBytes = 0;
  #given: { readonly ref: WeakRef<ArrayBufferLike>; readonly size: number }[] = [];
  #operations = 0;

  constructor(from: ProbedPool, to: ProbedPool, every: number) {
    for (const pool of [from, to]) {
      pool.leaving = (_, bytes) => {
        this.#given.push({ ref: new WeakRef(bytes.buffer), size: bytes.byteLength });
        return bytes;
      };
      pool.before = () => {
        if (++this.#operations % every === 0) this.#look();
      };
    }
    // What the destination keeps is its own affair; the transfer has given it away.
    to.arriving = (_, bytes) => bytes.slice();
  }

  #look(): void {
    collect();
    this.#given = this.#given.filter(({ ref }) => ref.deref() !== undefined);
    this.mostValues = Math.max(this.mostValues, this.#given.length);
    const bytes = this.#given.reduce((sum, { size }) => sum + size, 0);
    this.mostBytes = Math.max(this.mostBytes, bytes);
  }
}

it("20,000 keys: never more than `concurrency` values in memory, and the listing is not run through ahead", async () => {
  const [from, to] = [new ProbedPool(), new ProbedPool()];
  const values = Array.from({ length: 20_000 }, (_, i) => ({
    key: `key ${i}`,
    bytes: new Uint8Array(64).fill(i),
  }));
  await fill(from, values);
  const ledger = new Ledger(from, to, 4001);
  let ahead = 0;
  const report = await copyPool(from, to, {
    concurrency: 8,
    onProgress: ({ done }) => {
      ahead = Math.max(ahead, from.listed - done);
    },
  });
  expect(report).toMatchObject({ copied: 20_000, bytes: 20_000 * 64, unverified: 20_000 });
  expect(ahead).toBeLessThanOrEqual(8);
  expect(ledger.mostValues).toBeGreaterThan(0);
  expect(ledger.mostValues).toBeLessThanOrEqual(8);
  for (const i of [0, 777, 19_999])
    expect((await to.read(`key ${i}`))?.bytes).toEqual(values[i]?.bytes);
});

it("large values: never more bytes in memory than maxBytes, and more than one at a time", async () => {
  const [from, to] = [new ProbedPool(), new ProbedPool()];
  const MiB = 1024 * 1024;
  await fill(
    from,
    Array.from({ length: 60 }, (_, i) => record(new Uint8Array(MiB - 4096).fill(i), `large ${i}`)),
  );
  const ledger = new Ledger(from, to, 4);
  await copyPool(from, to, { concurrency: 32, maxBytes: 6 * MiB });
  expect(ledger.mostBytes).toBeGreaterThan(MiB);
  expect(ledger.mostBytes).toBeLessThanOrEqual(6 * MiB);
  expect(ledger.mostValues).toBeLessThanOrEqual(6);
});

it("a value larger than maxBytes travels alone", async () => {
  const [from, to] = [new ProbedPool(), new ProbedPool()];
  await fill(
    from,
    Array.from({ length: 8 }, (_, i) => record(new Uint8Array(50_000).fill(i), `l${i}`)),
  );
  const ledger = new Ledger(from, to, 1);
  expect(await copyPool(from, to, { maxBytes: 10_000 })).toMatchObject({ copied: 8 });
  expect(ledger.mostValues).toBe(1);
});

it("large values between many small ones are reckoned with", async () => {
  const [from, to] = [new ProbedPool(), new ProbedPool()];
  const isLarge = (i: number): boolean => i === 20 || (i >= 60 && i % 20 < 10);
  const values = Array.from({ length: 140 }, (_, i) =>
    record(new Uint8Array(isLarge(i) ? 200_000 : 1000).fill(i), `mixed ${i}`),
  );
  await fill(from, values);
  const ledger = new Ledger(from, to, 7);
  await copyPool(from, to, { concurrency: 32, maxBytes: 1_000_000 });
  expect(ledger.mostBytes).toBeLessThanOrEqual(1_020_000);
  expect(ledger.mostValues).toBeGreaterThan(2);
});
