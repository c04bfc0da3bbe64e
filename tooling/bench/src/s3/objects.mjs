import { deepStrictEqual } from "node:assert/strict";
import { interleaved } from "../rounds.mjs";
import { measured, reportOf, verbs } from "./measure.mjs";
import { rivals } from "./rivals.mjs";

const KiB = 2 ** 10;
const MiB = 2 ** 20;

/** `many`: also in one call for all. @type {Record<string, { count: number, size: number, quick: number, many: boolean }>} */
const loads = {
  "1,000 × 1 KiB": { count: 1000, size: KiB, quick: 100, many: true },
  "64 × 1 MiB": { count: 64, size: MiB, quick: 8, many: false },
};

/** @param {number} count @param {number} size */
const itemsOf = (count, size) =>
  Array.from({ length: count }, (_, i) => {
    const bytes = new Uint8Array(size);
    new Uint32Array(bytes.buffer).fill(Math.imul(i + 1, 0x9e3779b1));
    return { key: `object-${i}`, bytes };
  });

/**
 * Puts, gets and deletes all items, once as single calls and once as one call where there is one. Per item:
 * microseconds of time and of computing, and requests.
 *
 * @param {import("./types.js").Target} target
 * @param {import("./types.js").Rival} rival
 * @param {readonly import("./types.js").Item[]} items
 */
export const round = async (target, rival, items) => {
  /** @type {Record<string, number>} */
  const numbers = {};
  const keys = items.map(({ key }) => key);
  for (const [way, calls] of Object.entries({ "": rival, Many: rival.many })) {
    if (!calls) continue;
    /** @type {Uint8Array[]} */
    let read = [];
    const acts = {
      put: () => calls.put(items),
      get: async () => {
        read = await calls.get(keys);
      },
      delete: () => calls.delete(keys),
    };
    for (const verb of verbs) {
      const { wall, cpu, requests } = await measured(target, acts[verb]);
      numbers[`${verb}${way} wall`] = (wall * 1000) / items.length;
      numbers[`${verb}${way} cpu`] = (cpu * 1000) / items.length;
      numbers[`${verb}${way} requests`] = requests / items.length;
    }
    for (const [i, { bytes }] of items.entries()) deepStrictEqual(read[i]?.length, bytes.length);
    for (const i of [0, items.length - 1])
      deepStrictEqual(Buffer.compare(read[i] ?? Buffer.of(), items[i]?.bytes ?? Buffer.of()), 0);
  }
  return numbers;
};

/**
 * @param {import("./types.js").Target} target
 * @param {string} load
 * @param {number} latency
 * @param {import("../types.js").Size} size
 * @returns {Promise<import("../types.js").Section>}
 */
export const objects = async (target, load, latency, { quick, rounds }) => {
  const found = loads[load];
  if (!found) throw new Error(`There is no load ${load}.`);
  const { count, size, quick: few, many } = found;
  const items = itemsOf(quick ? few : count, size);
  const place = await target.at(latency);
  const open = Object.fromEntries(
    await Promise.all(
      Object.entries(rivals).map(async ([name, make]) => [name, waysOf(await make(place), many)]),
    ),
  );
  const samples = await interleaved(
    Object.fromEntries(
      Object.entries(open).map(([name, rival]) => [name, () => round(target, rival, items)]),
    ),
    { rounds },
  );
  for (const rival of Object.values(open)) await rival.close();
  await place.close();
  return reportOf(`${load} on ${target.name}, ${latency} ms of added round trip`, samples);
};

/** @param {import("./types.js").Rival} rival @param {boolean} many @returns {import("./types.js").Rival} */
const waysOf = (rival, many) => {
  if (many) return rival;
  const { many: _, ...single } = rival;
  return single;
};
