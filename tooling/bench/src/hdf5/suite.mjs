import { execFile } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { interleaved, measurement, ratio } from "../rounds.mjs";
import { place } from "./place.mjs";
import { findH5py, throughH5py } from "./python.mjs";
import { scale } from "./scale.mjs";
import { subjects } from "./subjects.mjs";
import { loads } from "./workload.mjs";

/** @typedef {Record<string, number[]>} Samples Of all rounds, by phase. */

const run = promisify(execFile);
const child = fileURLToPath(new URL("child.mjs", import.meta.url));

/**
 * One load through every subject, each round in processes of their own.
 *
 * @param {string} load
 * @param {number} rounds
 */
const measure = async (load, rounds) => {
  const found = await findH5py();
  const wanted = loads[load];
  if (!wanted) throw new Error(`There is no load ${load}.`);
  const directory = await mkdtemp(join(place, "laila-bench-hdf5-"));
  /** @param {string} subject @returns {Promise<Record<string, number>>} */
  const inChild = async (subject) => {
    const { stdout } = await run(process.execPath, [child, subject, load, directory]);
    return JSON.parse(stdout);
  };
  try {
    /** @type {Record<string, () => Promise<Record<string, number>>>} */
    const all = Object.fromEntries(
      Object.keys(subjects).map((name) => [name, () => inChild(name)]),
    );
    if (found) all[`h5py ${found.version}`] = () => throughH5py(found.python, wanted, directory);
    return await interleaved(all, { rounds, warmUp: false });
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
};

/** @param {number[] | undefined} milliseconds  @param {number} count */
const each = (milliseconds, count) =>
  milliseconds
    ? measurement(
        milliseconds.map((ms) => (ms * 1000) / count),
        "",
      )
    : "–";

/** @param {number[] | undefined} milliseconds  @param {number} bytes */
const bandwidth = (milliseconds, bytes) =>
  milliseconds
    ? measurement(
        milliseconds.map((ms) => (bytes / 2 ** 20) * (1000 / ms)),
        "",
      )
    : "–";

const plain = (/** @type {number[] | undefined} */ values) =>
  values ? measurement(values, "") : "–";

/** How many times as fast as the other the first is, in the median round; and in all of them. */
const timesAsFast = (
  /** @type {number[] | undefined} */ mine,
  /** @type {number[] | undefined} */ other,
) => {
  if (!mine || !other) return "–";
  const all = other.map((ms, i) => ms / (mine[i] ?? Number.NaN));
  return { ...measurement(all, ""), median: ratio(other, mine) };
};

/** @param {Samples} samples  @param {"block" | "turn"} what */
const longest = (samples, what) => {
  const rounds = samples.single?.length ?? 0;
  const blocks = Array.from({ length: rounds }, (_, round) =>
    Math.max(...everything.map((phase) => samples[`${phase} ${what}`]?.[round] ?? 0)),
  );
  return blocks.every((block) => block === 0) ? "–" : measurement(blocks, "");
};

const everything = ["single", "concurrent", "batch", "close", "open", "read", "list"];

/**
 * @param {string} load
 * @param {Record<string, Samples>} samples
 */
const tables = (load, samples) => {
  const { count = 1, bytes = 1, singles = 1 } = loads[load] ?? {};
  const small = bytes < 4096;
  const payload = count * bytes;
  const laila = samples.laila ?? {};
  const per = (/** @type {number[] | undefined} */ ms, /** @type {number} */ n) =>
    small ? each(ms, n) : bandwidth(ms, n * bytes);
  const unit = small ? "µs each" : "MiB/s";
  const times = Object.entries(samples).map(([name, found]) => ({
    [load]: name,
    [`durable single, ${unit}`]: per(found.single, singles),
    ...(count > 1
      ? {
          [`64 at once, ${unit}`]: per(found.concurrent, count),
          [`batch, ${unit}`]: per(found.batch, count),
        }
      : {}),
    [`random reads, ${unit}`]: per(found.read, count),
    "list, ms": plain(found.list),
    "open, ms": plain(found.open),
    "close, ms": plain(found.close),
    "on disk / payload": measurement(
      (found.bytes ?? []).map((size) => size / payload),
      "",
    ),
    "longest block, ms": longest(found, "block"),
    "of that computing": longest(found, "turn"),
  }));
  const ratios = Object.entries(samples)
    .filter(([name]) => name !== "laila")
    .map(([name, found]) => ({
      [`${load}: laila is … times as fast as`]: name,
      "durable single": timesAsFast(laila.single, found.single),
      ...(count > 1
        ? {
            "64 at once": timesAsFast(laila.concurrent, found.concurrent),
            batch: timesAsFast(laila.batch, found.batch),
          }
        : {}),
      "random reads": timesAsFast(laila.read, found.read),
      open: timesAsFast(laila.open, found.open),
    }));
  return [
    { title: `${load}`, rows: times, bars: barsOf(load, samples) },
    { title: `${load}: ratios`, rows: ratios, bars: [] },
  ];
};

/**
 * @param {string} load
 * @param {Record<string, Samples>} samples
 * @returns {import("../types.js").Bar[]}
 */
const barsOf = (load, { laila = {}, ...others }) => {
  const { count = 1, bytes = 1 } = loads[load] ?? {};
  /** @type {import("../types.js").Bar[]} */
  const bars = [];
  const atLeast = (
    /** @type {string} */ what,
    /** @type {string} */ phase,
    /** @type {string} */ other,
    /** @type {number} */ limit,
  ) => {
    const value = ratio(others[other]?.[phase], laila[phase]);
    bars.push({ what: `${load}: ${what}`, value, limit: `≥ ${limit}`, met: value >= limit });
  };
  if (bytes < 4096) {
    atLeast("64 durable writes at once, speed over SQLite", "concurrent", "SQLite", 1);
    atLeast(
      "64 durable writes at once, speed over classic-level",
      "concurrent",
      "classic-level",
      1,
    );
  } else {
    atLeast("random reads, speed over raw h5wasm", "read", "h5wasm", 0.9);
    const phases = count > 1 ? ["single", "concurrent", "batch"] : ["single"];
    for (const phase of phases) {
      const how = { single: "one by one", concurrent: "64 at once" }[phase] ?? "in a batch";
      atLeast(`writes, ${how}, speed over write + fsync`, phase, "disk", 0.5);
    }
    const stored = measurement(
      (laila.bytes ?? []).map((size) => size / (count * bytes)),
      "",
    ).high;
    bars.push({
      what: `${load}: bytes stored over the payload`,
      value: stored,
      limit: "≤ 1.05",
      met: stored <= 1.05,
    });
  }
  // A checkpoint runs in `close`, and (the journal being full) behind the writes of 64 MiB.
  for (const [what, how] of [
    ["block", "the event loop stands still"],
    ["turn", "the event loop's thread computes at a stretch"],
  ]) {
    const value = measurement(laila[`close ${what}`] ?? laila[`single ${what}`], "").median;
    const met = value <= 50;
    bars.push({ what: `${load}: how long ${how} in a checkpoint, ms`, value, limit: "≤ 50", met });
  }
  return bars;
};

const section = (/** @type {string} */ load, /** @type {string} */ quickLoad) => {
  /** @param {import("../types.js").Size} size */
  return async ({ quick, rounds }) => {
    const chosen = quick ? quickLoad : load;
    return tables(chosen, await measure(chosen, rounds));
  };
};

/** @type {import("../types.js").Suite} */
export const sections = {
  small: section("10,000 × 1 KiB", "200 × 1 KiB"),
  arrays: section("64 × 1 MiB", "4 × 64 KiB"),
  large: section("1 × 256 MiB", "1 × 4 MiB"),
  scale,
};
