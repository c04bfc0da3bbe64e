import { createLaila } from "@laila/core";
import { oneWay } from "./arrays.mjs";
import { once } from "./objects.mjs";
import { collectGarbage, timed } from "./rounds.mjs";
import { stores } from "./stores.mjs";
import { customer, floats, setting } from "./values.mjs";

/** @typedef {Record<string, number>} Numbers */

/** Bytes that are in use once everything has been collected that can be. */
const inUse = async () => {
  for (let i = 0; i < 4; i++) {
    await new Promise((resolve) => setImmediate(resolve));
    collectGarbage();
  }
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
};

/**
 * Memorizes and realizes a manifest with that many leaves: milliseconds, and by how much the process
 * grew at its largest beyond what the stored payload takes.
 *
 * @param {string} argument
 * @returns {Promise<Numbers>}
 */
const manifest = async (argument) => {
  const count = Number(argument);
  const round = async (/** @type {number} */ leaves) => {
    const laila = createLaila();
    const values = Array.from({ length: leaves }, (_, i) => setting(i));
    const payload = values.reduce((sum, value) => sum + JSON.stringify(value).length, 0);
    const contents = Object.fromEntries(
      values.map((value, i) => [`leaf-${i}`, laila.constant(value)]),
    );
    const made = laila.manifest(contents, { nickname: "bench" });
    const memorize = await timed(() => laila.memorize(made));
    /** @type {Record<string, unknown>} */
    let realized = {};
    const realize = await timed(async () => {
      const found = await laila.recallManifest("bench");
      realized = await found.realize();
    });
    if (Object.keys(realized).length !== leaves) throw new Error("Leaves are missing.");
    await laila.close();
    return { memorize, realize, payload };
  };
  await round(1000);
  await inUse();
  const before = process.memoryUsage().rss;
  const { memorize, realize, payload } = await round(count);
  const largest = process.resourceUsage().maxRSS * 1024;
  return { memorize, realize, all: memorize + realize, memory: largest - before - payload };
};

/** @type {Record<string, () => unknown[]>} */
const loads = {
  "100000 objects": () => Array.from({ length: 100_000 }, (_, i) => customer(i)),
  "5000 objects": () => Array.from({ length: 5000 }, (_, i) => customer(i)),
  "64 arrays of 1 MiB": () => Array.from({ length: 64 }, () => floats(2 ** 20)),
};

/**
 * What a store still holds after everything in it was forgotten, and what it held before. `argument`:
 * the store and the load.
 *
 * @param {string} argument
 * @returns {Promise<Numbers>}
 */
const forgetting = async (argument) => {
  const [store = "", load = ""] = argument.split("|");
  const open = stores[/** @type {keyof typeof stores} */ (store)];
  const make = loads[load];
  if (!open || !make) throw new Error(`There is no ${argument}.`);
  const verbs = open()["all at once"];
  const work = async (/** @type {unknown[]} */ values) => {
    const keys = await verbs.write(values);
    await verbs.read(keys);
    values.length = 0;
    const held = await inUse();
    await verbs.forget(keys);
    return held;
  };
  // What is compiled and cached on first use is no leak.
  await work(make().slice(0, 1000));
  const before = await inUse();
  const held = await work(make());
  const after = await inUse();
  // The store has to be alive until here.
  await verbs.read([]);
  return { held: held - before, left: after - before };
};

/**
 * Writes, reads and forgets the first objects of a process, while nothing is compiled yet. `argument`: the
 * store, the mode and how many.
 *
 * @param {string} argument
 * @returns {Promise<Numbers>}
 */
const firstObjects = async (argument) => {
  const [store = "", mode = "", count = ""] = argument.split("|");
  const open = stores[/** @type {keyof typeof stores} */ (store)];
  const values = Array.from({ length: Number(count) }, (_, i) => customer(i));
  return once(open, /** @type {"one by one"} */ (mode), values);
};

/** @type {Record<string, (argument: string) => Promise<Numbers>>} */
export const childMeasurements = { manifest, forgetting, firstObjects, oneWay };
