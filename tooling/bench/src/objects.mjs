import { deepStrictEqual } from "node:assert/strict";
import { inChild } from "./children.mjs";
import { interleaved, measurement, ratio, timed } from "./rounds.mjs";
import { stores } from "./stores.mjs";
import { customer } from "./values.mjs";

const modes = /** @type {const} */ (["one by one", "all at once"]);

/** Objects in a round: of few it takes several stores, one after another, or V8's compiler is what is measured. */
const perRound = 100_000;

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

/** @type {(...args: [...Parameters<typeof once>, times: number]) => ReturnType<typeof once>} */
const repeated = async (open, mode, values, times) => {
  const sum = await once(open, mode, values);
  for (let i = 1; i < times; i++) {
    const more = await once(open, mode, values);
    for (const verb of verbNames) sum[verb] += more[verb];
  }
  for (const verb of verbNames) sum[verb] /= times;
  return sum;
};
const verbNames = /** @type {const} */ (["memorize", "remember", "forget", "all"]);

/**
 * @param {import("./types.js").Size} size
 * @returns {Promise<import("./types.js").Section>}
 */
export const objects = async ({ quick, rounds }) => {
  const rows = [];
  const bars = [];
  for (const count of quick ? [200, 2000] : [1000, 100_000]) {
    const values = Array.from({ length: count }, (_, i) => customer(i));
    const times = quick ? 1 : perRound / count;
    for (const mode of modes) {
      const subjects = Object.fromEntries(
        Object.entries(stores).map(([name, open]) => [
          name,
          () => repeated(open, mode, values, times),
        ]),
      );
      const samples = await interleaved(subjects, { rounds, warmUp: count <= 1000 });
      for (const [name, found] of Object.entries(samples)) {
        const speed = ratio(found.all, samples.laila?.all);
        rows.push(row(String(count), mode, name, found, speed));
        if (name !== "keyv" && name !== "unstorage") continue;
        bars.push({
          what: `${count} objects ${mode}: speed of laila over that of ${name}`,
          value: speed,
          limit: "≥ 1",
          met: speed >= 1,
        });
      }
    }
  }
  const first = quick ? 200 : 1000;
  for (const mode of modes) {
    const samples = await interleaved(
      Object.fromEntries(
        Object.keys(stores).map((name) => [
          name,
          () => inChild("firstObjects", `${name}|${mode}|${first}`),
        ]),
      ),
      { rounds, warmUp: false },
    );
    for (const [name, found] of Object.entries(samples)) {
      const speed = ratio(found.all, samples.laila?.all);
      rows.push(row(`the first ${first} of a process`, mode, name, found, speed));
    }
  }
  return { title: "Objects of about 1 KB, time for each", rows, bars };
};

/** @type {(objects: string, how: string, store: string, found: Record<string, number[]>, speed: number) => import("./types.js").Row} */
const row = (objects, how, store, found, speed) => ({
  objects,
  how,
  store,
  "memorize, µs": measurement(found.memorize),
  "remember, µs": measurement(found.remember),
  "forget, µs": measurement(found.forget),
  "all three, µs": measurement(found.all),
  "laila is … times as fast": speed,
});
