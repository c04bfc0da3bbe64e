import { measurement, ratio } from "../rounds.mjs";

export const verbs = /** @type {const} */ (["put", "get", "delete"]);

/**
 * What passed, in milliseconds; what this process computed, with all its threads, in milliseconds; and the
 * requests that the server counted.
 *
 * @param {import("./types.js").Target} target
 * @param {() => Promise<unknown>} act
 */
export const measured = async (target, act) => {
  await target.requests();
  const cpu = process.cpuUsage();
  const begin = performance.now();
  await act();
  const wall = performance.now() - begin;
  const { user, system } = process.cpuUsage(cpu);
  return { wall, cpu: (user + system) / 1000, requests: await target.requests() };
};

/**
 * Rows of every verb (and of its `…Many`) and rival, and the bars of laila.
 *
 * @param {string} title
 * @param {Record<string, Record<string, number[]>>} samples microseconds and requests of each round
 * @param {{ oneRequest?: boolean }} options
 * @returns {import("../types.js").Section}
 */
export const reportOf = (title, samples, { oneRequest = true } = {}) => {
  const rows = [];
  const bars = [];
  const own = samples.laila ?? {};
  for (const verb of verbs.flatMap((verb) => [verb, `${verb}Many`])) {
    for (const [name, found] of Object.entries(samples)) {
      if (!found[`${verb} wall`]) continue;
      const speed = ratios(found[`${verb} wall`], own[`${verb} wall`]);
      const cpu = ratios(own[`${verb} cpu`], found[`${verb} cpu`]);
      const requests = measurement(found[`${verb} requests`]).median;
      rows.push({
        verb,
        by: name,
        "µs each": measurement(found[`${verb} wall`]),
        "CPU µs each": measurement(found[`${verb} cpu`]),
        "requests each": Number.isNaN(requests) ? "?" : requests,
        "laila's throughput ÷ its": speed,
        "laila's CPU ÷ its": cpu,
      });
      const what = `${title}, ${verb}`;
      if (name === "laila") {
        if (oneRequest && !verb.endsWith("Many") && !Number.isNaN(requests))
          bars.push({
            what: `${what}: requests each`,
            value: requests,
            limit: "= 1",
            met: requests === 1,
          });
        continue;
      }
      const least = name.startsWith("raw SDK") ? 0.95 : 1;
      bars.push({
        what: `${what}: throughput over ${name}`,
        value: speed.median,
        limit: `≥ ${least}`,
        met: speed.median >= least,
      });
      if (!name.startsWith("raw SDK")) continue;
      bars.push({
        what: `${what}: CPU over ${name}`,
        value: cpu.median,
        limit: "≤ 1.10",
        met: cpu.median <= 1.1,
      });
    }
  }
  return { title, rows, bars };
};

/** The rounds' own ratios, with their spread. @param {number[] | undefined} above @param {number[] | undefined} below */
const ratios = (above = [], below = []) => ({
  ...measurement(above.map((value, i) => value / (below[i] ?? Number.NaN))),
  median: ratio(above, below),
});
