import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

setFlagsFromString("--expose-gc");
/** @type {() => void} */
export const collectGarbage = runInNewContext("gc");

/**
 * Runs every subject once a round, each round beginning with another one, so that whatever else the
 * machine does meets them all. A subject gives its numbers by name.
 *
 * @template {string} S
 * @param {Readonly<Record<S, () => Promise<Readonly<Record<string, number>>>>>} subjects
 * @param {{ rounds: number, warmUp?: boolean | number }} options `warmUp`: one round more, or so many, which do not count
 * @returns {Promise<Record<S, Record<string, number[]>>>} the numbers of all rounds, in their order
 */
export const interleaved = async (subjects, { rounds, warmUp = true }) => {
  const names = /** @type {S[]} */ (Object.keys(subjects));
  const samples = /** @type {Record<S, Record<string, number[]>>} */ (
    Object.fromEntries(names.map((name) => [name, {}]))
  );
  for (let round = -Number(warmUp); round < rounds; round++) {
    for (let i = 0; i < names.length; i++) {
      const name = /** @type {S} */ (names[(i + Math.max(round, 0)) % names.length]);
      collectGarbage();
      const numbers = await subjects[name]();
      if (round < 0) continue;
      for (const [what, value] of Object.entries(numbers)) {
        /** @type {Record<string, number[]>} */
        const own = samples[name];
        own[what] ??= [];
        own[what].push(value);
      }
    }
  }
  return samples;
};

/** @param {readonly number[]} values */
export const median = (values) => {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? Number.NaN) + upper) / 2;
};

/**
 * @param {readonly number[] | undefined} values
 * @param {string} unit
 * @returns {import("./types.js").Measurement}
 */
export const measurement = (values = [], unit = "") => ({
  median: median(values),
  low: Math.min(...values),
  high: Math.max(...values),
  unit,
});

/**
 * The median of the rounds' own ratios: what slowed the machine down in one round slowed down both.
 *
 * @param {readonly number[] | undefined} above
 * @param {readonly number[] | undefined} below
 */
export const ratio = (above = [], below = []) =>
  median(above.map((value, i) => value / (below[i] ?? Number.NaN)));

/** "wall", or "cpu" with LAILA_BENCH_CLOCK=cpu (which child processes inherit). */
export const clock = () => (process.env.LAILA_BENCH_CLOCK === "cpu" ? "cpu" : "wall");

/** In milliseconds: the time that passes, or what this process computes, with all its threads. */
const now = () => {
  if (clock() === "wall") return performance.now();
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
};

/**
 * @param {() => Promise<unknown> | unknown} act
 * @returns {Promise<number>} milliseconds
 */
export const timed = async (act) => {
  const start = now();
  await act();
  return now() - start;
};
