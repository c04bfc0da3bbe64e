// `node scale-child.mjs PART DIRECTORY COUNT BYTES`: one part of the scale section in a process of its own, as JSON.
import { mkdir, readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { monitorEventLoopDelay } from "node:perf_hooks";
import { HDF5Pool } from "@laila/pool-hdf5";
import { watchIdle } from "./idle.mjs";
import { watchTurns } from "./turns.mjs";
import { arrayItems, smallItems } from "./values.mjs";

const [part = "", directory = "", ...numbers] = process.argv.slice(2);
const [count = 0, bytes = 0] = numbers.map(Number);
const record = join(directory, "record");
const filePath = join(directory, "pool", "pool.h5");
const pool = new HDF5Pool({ filePath });

/** The most that the process has had in memory, all of it: Node, the library, and what the caller holds; in MiB. */
const peak = () => process.resourceUsage().maxRSS / 1024;

/** What the parts find before the clock runs: the caller's own values. */
const prepare = async () => {
  await mkdir(directory, { recursive: true });
  if (part === "fill") return smallItems(count);
  return part === "arrays" ? [{ key: "record", bytes: await readFile(record) }] : [];
};

/** @type {Record<string, (items: readonly import("./values.mjs").Item[]) => Promise<number | void>>} */
const parts = {
  /** Apart, so that what it takes to make the record is not in the process that writes it. */
  record: async () => {
    const [item] = arrayItems(1, bytes);
    if (item) await writeFile(record, item.bytes);
  },
  fill: async (items) => {
    for (const { error } of await pool.writeMany(items)) if (error) throw error;
    await pool.close();
  },
  open: async () => {
    const start = performance.now();
    await pool.open();
    const opening = performance.now() - start;
    let listed = 0;
    for await (const _ of pool.keys()) listed++;
    if (listed !== count) throw new Error(`${listed} keys are listed, ${count} were written.`);
    for (let i = 0; i < count; i += Math.ceil(count / 100)) {
      const key = `item-${i}`;
      if ((await pool.read(key))?.bytes.length !== 1024) throw new Error(`${key} is not there.`);
    }
    await pool.close();
    return opening;
  },
  arrays: async ([item]) => {
    if (!item) throw new Error("There is nothing to write.");
    for (let i = 0; i < count; i++) await pool.write(`array-${i}`, item.bytes, { handOver: true });
    await pool.close();
  },
  read: async () => {
    for (let i = 0; i < count; i++) {
      const found = await pool.read(`array-${i}`);
      if (!found || found.bytes.length < bytes) throw new Error(`array-${i} is not there.`);
    }
    await pool.close();
  },
  rewrite: async () => {
    for (let i = 0; i < count; i += 2) await pool.delete(`array-${i}`);
    await pool.close();
  },
};

const measure = parts[part];
if (!measure) throw new Error(`There is no ${part}.`);
const items = await prepare();
const before = peak();
const idle = watchIdle();
const delay = monitorEventLoopDelay({ resolution: 1 });
delay.enable();
await new Promise((resolve) => setTimeout(resolve, 100));
delay.reset();
const turns = watchTurns();
const start = performance.now();
const opening = await measure(items);
const seconds = (opening ?? performance.now() - start) / 1000;
const turn = turns();
await new Promise((resolve) => setTimeout(resolve, 5));
const block = delay.max / 1e6;
const size = part === "record" ? 0 : (await stat(filePath)).size;
console.log(
  JSON.stringify({ seconds, before, peak: peak(), size, block, turn, idle: await idle() }),
);
