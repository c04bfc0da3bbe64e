import { execFile } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { place } from "./place.mjs";

const run = promisify(execFile);
const child = fileURLToPath(new URL("scale-child.mjs", import.meta.url));
const MiB = 2 ** 20;
/** What the library, its thread, and the pool's own bookkeeping may take beside the largest value. */
const overhead = 256;

/** @param {string} what  @param {number} value  @param {number} limit  @param {string} unit */
const atMost = (what, value, limit, unit) => ({
  what: `${what}, ${unit}`,
  value,
  limit: `≤ ${limit}`,
  met: value <= limit,
});

/**
 * 100,000 small values opened, and 8 GiB of arrays written, read, and half of them deleted: once, each in processes of
 * their own, because it takes minutes and tens of gigabytes of disk.
 *
 * @param {import("../types.js").Size} size
 * @returns {Promise<import("../types.js").Section[]>}
 */
export const scale = async ({ quick }) => {
  const entries = quick ? 2000 : 100_000;
  const value = quick ? 4 * MiB : 128 * MiB;
  const arrays = quick ? 8 : 64;
  const directory = await mkdtemp(join(place, "laila-bench-scale-"));
  /** @param {string} part  @param {number[]} numbers @returns {Promise<Record<string, number>>} */
  const inChild = async (part, ...numbers) => {
    const { stdout } = await run(process.execPath, [
      child,
      part,
      directory,
      ...numbers.map(String),
    ]);
    return JSON.parse(stdout);
  };
  const clear = () => rm(directory, { recursive: true, force: true });
  try {
    const fill = await inChild("fill", entries, 1024);
    const opened = await inChild("open", entries, 1024);
    await clear();
    await inChild("record", 1, value);
    const written = await inChild("arrays", arrays, value);
    const read = await inChild("read", arrays, value);
    const reclaimed = await inChild("rewrite", arrays, value);
    const total = `${(arrays * value) / 2 ** 30} GiB of arrays of ${value / MiB} MiB`;
    const row = (/** @type {string} */ what, /** @type {Record<string, number>} */ found) => ({
      "in a process of its own": what,
      seconds: (found.seconds ?? 0).toFixed(2),
      "memory at its largest, MiB": Math.round(found.peak ?? 0),
      "of that before the pool was opened": Math.round(found.before ?? 0),
      "file, MiB": Math.round((found.size ?? 0) / MiB),
      "longest block, ms": found.block ?? 0,
      "an idle thread's meanwhile": found.idle ?? 0,
      "computing at a stretch, ms": found.turn ?? 0,
    });
    const rows = [
      row(`${entries} × 1 KiB written at once, closed`, fill),
      row(`${entries} × 1 KiB opened (seconds), listed, 100 read`, opened),
      row(`${total} written, closed`, written),
      row("the same, read", read),
      row("every other one deleted, closed", reclaimed),
    ];
    const need = (/** @type {Record<string, number>} */ found) =>
      (found.peak ?? 0) - (found.before ?? 0);
    const largest = value / MiB + overhead;
    const bars = [
      atMost(`opening ${entries} × 1 KiB`, opened.seconds ?? 0, 2, "s"),
      atMost("memory of that process, all of it", opened.peak ?? 0, 150, "MiB"),
      atMost(`memory that writing ${total} needs`, need(written), largest, "MiB"),
      atMost("memory that reading them needs", need(read), largest, "MiB"),
      atMost("memory that reclaiming half of them needs", need(reclaimed), largest, "MiB"),
      atMost(
        "the file after half of them is deleted, over the rest",
        (reclaimed.size ?? 0) / ((arrays / 2) * value),
        1.05,
        "times",
      ),
    ];
    return [{ title: "Scale", rows, bars }];
  } finally {
    await clear();
  }
};
