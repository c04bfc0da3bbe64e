import { deepStrictEqual } from "node:assert/strict";
import { interleaved, measurement, ratio, timed } from "./rounds.mjs";
import { stores } from "./stores.mjs";
import { customer } from "./values.mjs";

const modes = /** @type {const} */ (["one by one", "all at once"]);

/**
 * Writes, reads and forgets all values in a new store. Microseconds for each value.
 *
 * @param {import("./types.js").Store} open
 * @param {(typeof modes)[number]} mode
 * @param {readonly unknown[]} values
 */
export const once = async (open, mode, values) => {
  const verbs = open()[mode];
  /** @type {string[]} */
  let keys = [];
  /** @type {unknown[]} */
  let read = [];
  const each = async (/** @type {() => Promise<void>} */ act) =>
    ((await timed(act)) * 1000) / values.length;
  const memorize = await each(async () => {
    keys = await verbs.write(values);
  });
  const remember = await each(async () => {
    read = await verbs.read(keys);
  });
  const forget = await each(() => verbs.forget(keys));
  deepStrictEqual([read.length, read.at(0), read.at(-1)], [keys.length, values[0], values.at(-1)]);
  return { memorize, remember, forget, all: memorize + remember + forget };
};

/**
 * @param {import("./types.js").Size} size
 * @returns {Promise<import("./types.js").Section>}
 */
export const objects = async ({ quick, rounds }) => {
  const rows = [];
  const bars = [];
  for (const count of quick ? [200, 2000] : [1000, 100_000]) {
    const values = Array.from({ length: count }, (_, i) => customer(i));
    for (const mode of modes) {
      const subjects = Object.fromEntries(
        Object.entries(stores).map(([name, open]) => [name, () => once(open, mode, values)]),
      );
      const samples = await interleaved(subjects, { rounds, warmUp: count <= 1000 });
      for (const [name, found] of Object.entries(samples)) {
        const times = ratio(found.all, samples.laila?.all);
        rows.push({
          objects: count,
          how: mode,
          store: name,
          "memorize, µs": measurement(found.memorize),
          "remember, µs": measurement(found.remember),
          "forget, µs": measurement(found.forget),
          "all three, µs": measurement(found.all),
          "laila is … times as fast": times,
        });
        if (name !== "keyv" && name !== "unstorage") continue;
        bars.push({
          what: `${count} objects ${mode}: speed of laila over that of ${name}`,
          value: times,
          limit: "≥ 1",
          met: times >= 1,
        });
      }
    }
  }
  return { title: "Objects of about 1 KB, time for each", rows, bars };
};
