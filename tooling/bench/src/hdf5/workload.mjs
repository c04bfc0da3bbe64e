import { mkdtemp, readdir, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { monitorEventLoopDelay } from "node:perf_hooks";
import { subjects } from "./subjects.mjs";
import { watchTurns } from "./turns.mjs";
import { arrayItems, shuffled, smallItems } from "./values.mjs";

/** @typedef {import("./values.mjs").Item} Item */

/**
 * @typedef {{ count: number, bytes: number, singles: number }} Load `singles`: how many are written one after the other,
 *   each durably
 * @type {Readonly<Record<string, Load>>}
 */
export const loads = {
  "10,000 × 1 KiB": { count: 10_000, bytes: 1024, singles: 1000 },
  "64 × 1 MiB": { count: 64, bytes: 2 ** 20, singles: 64 },
  "1 × 256 MiB": { count: 1, bytes: 2 ** 28, singles: 1 },
  "200 × 1 KiB": { count: 200, bytes: 1024, singles: 20 },
  "1 × 4 MiB": { count: 1, bytes: 2 ** 22, singles: 1 },
  "4 × 64 KiB": { count: 4, bytes: 2 ** 16, singles: 2 },
};

/** Small ones are bytes, larger ones float32. */
const itemsOf = (/** @type {Load} */ { count, bytes }) =>
  bytes < 4096 ? smallItems(count) : arrayItems(count, bytes);

const writers = 64;

const bytesIn = async (/** @type {string} */ directory) => {
  let sum = 0;
  for (const name of await readdir(directory, { recursive: true })) {
    const found = await stat(join(directory, name));
    if (found.isFile()) sum += found.size;
  }
  return sum;
};

/** Times phases, and notes how long the event loop stood still at most. */
class Clock {
  /** @type {Record<string, number>} */
  numbers = {};

  /** @param {string} phase  @param {() => Promise<unknown> | unknown} act */
  async time(phase, act) {
    const delay = monitorEventLoopDelay({ resolution: 1 });
    delay.enable();
    // So that the histogram sees also what begins at once.
    await new Promise((resolve) => setTimeout(resolve, 5));
    const turns = watchTurns();
    const start = performance.now();
    const result = await act();
    this.numbers[phase] = performance.now() - start;
    const turn = turns();
    await new Promise((resolve) => setTimeout(resolve, 5));
    delay.disable();
    this.numbers[`${phase} block`] = delay.max / 1e6;
    if (turn !== undefined) this.numbers[`${phase} turn`] = turn;
    return result;
  }
}

/**
 * One subject's round with one load, in milliseconds by phase; `bytes` on the disk after closing;
 * `PHASE block`, the longest time for which the event loop stood still; `PHASE turn`, the longest for which it computed.
 *
 * @param {string} subject
 * @param {string} load
 * @param {string} parent the directory in which it makes its own
 * @returns {Promise<Record<string, number>>}
 */
export const workload = async (subject, load, parent) => {
  const open = subjects[subject];
  const wanted = loads[load];
  if (!open || !wanted) throw new Error(`There is no ${subject} with ${load}.`);
  const { singles } = wanted;
  const items = itemsOf(wanted);
  const clock = new Clock();
  /** @type {string[]} */
  const directories = [];
  const fresh = async () => {
    const directory = await mkdtemp(join(parent, "bench-"));
    directories.push(directory);
    return directory;
  };
  try {
    // What is loaded and compiled on first use is not what is measured.
    const warm = await open(await fresh());
    for (const item of items.slice(0, 2)) if (items.length > 1) await warm.write(item);
    await warm.close();

    const first = await fresh();
    const single = await open(first);
    await clock.time("single", async () => {
      for (const item of items.slice(0, singles)) await single.write(item);
    });
    await single.close();

    const second = items.length > 1 ? await fresh() : first;
    if (items.length > 1) {
      const store = await open(second);
      await clock.time("concurrent", async () => {
        const rest = items.values();
        const writer = async () => {
          for (const item of rest) await store.write(item);
        };
        await Promise.all(Array.from({ length: writers }, writer));
      });
      await clock.time("close", () => store.close());
    }
    const size = await bytesIn(second);

    if (subject !== "disk") await readBack(clock, open, second, items);
    if (items.length > 1) {
      const store = await open(await fresh());
      await clock.time("batch", () => store.batch(items));
      await store.close();
    }
    return { ...clock.numbers, bytes: size };
  } finally {
    for (const directory of directories) await rm(directory, { recursive: true, force: true });
  }
};

/** @param {Clock} clock  @param {import("./subjects.mjs").Open} open  @param {string} directory  @param {readonly Item[]} items */
const readBack = async (clock, open, directory, items) => {
  /** @type {import("./subjects.mjs").Store | undefined} */
  let store;
  await clock.time("open", async () => {
    store = await open(directory);
  });
  if (!store) return;
  const { read, list, close } = store;
  const order = shuffled(items.length);
  await clock.time("read", async () => {
    for (const i of order) check(await read(items[i]?.key ?? ""), items[i]);
  });
  await clock.time("list", async () => {
    if ((await list()) !== items.length) throw new Error("The list is not whole.");
  });
  await close();
};

/** Some of the bytes: all of them would be most of the time. */
const check = (/** @type {unknown} */ found, /** @type {Item | undefined} */ item) => {
  const expected = found instanceof Float32Array ? item?.floats : item?.bytes;
  const array = /** @type {ArrayLike<number>} */ (found);
  if (!expected || array?.length !== expected.length) throw new Error("A value is missing or cut.");
  for (const at of [0, expected.length >> 1, expected.length - 1])
    if (array[at] !== expected[at]) throw new Error("A value is not what was written.");
};
